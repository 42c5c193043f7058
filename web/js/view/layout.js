// The betting layout: the table's spots, each of which takes the selected chip. The hands and the tie
// in the middle, pairs and bonuses beside their hand, all other side bets in a strip below.

import { SPOTS } from "../bets.js";
import { completeCoup, isComplete } from "../coup.js";
import { shortMoneyText } from "../money.js";
import { ending, offers, paytableOf } from "../paytable.js";
import { NAMES, exceptionText, oddsText, payLines } from "./bet_words.js";
import { chipStack } from "./chip.js";
import { h, setAttribute, setText, whenChanged } from "./dom.js";

const MAIN = ["PLAYER", "TIE", "BANKER"];
const GROUPS = {
  "spots-wing spots-wing-player": ["PLAYER_PAIR", "PLAYER_BONUS"],
  "spots-main": MAIN,
  "spots-wing spots-wing-banker": ["BANKER_PAIR", "BANKER_BONUS"],
  "spots-strip": ["SMALL", "EITHER_PAIR", "SUPER_6", "PANDA_8", "DRAGON_7", "LUCKY_6", "PERFECT_PAIR", "BIG"],
};
const ENDINGS = { won: "Won", pushed: "Push", lost: "" };

export class Layout {
  element = h("section", { class: "layout", "aria-label": "Betting layout" });
  #spots = new Map();
  #canBet = false;
  #onSpot;

  constructor({ onSpot }) {
    this.#onSpot = onSpot;
  }

  update({ round, bets, canBet, currency, paytable, limits, stage, resting }) {
    this.#canBet = canBet;
    const offered = SPOTS.filter((spot) => spot in limits);
    this.#lay(offered.length > 0 ? offered : MAIN);
    const odds = paytableOf(paytable)?.odds ?? {};
    const endings = resting ? () => null : endingsOf(stage);
    for (const [spot, view] of this.#spots) {
      const { accepted, pending } = round && !resting ? bets.onSpot(round.roundId, spot) : { accepted: 0, pending: 0 };
      whenChanged(view.element, `${paytable}/${currency}/${JSON.stringify(limits[spot])}`, () => {
        const ways = odds[spot];
        setText(view.odds, ways ? oddsText(ways) : "");
        setText(view.exception, ways ? exceptionText(ways) : "");
        setText(view.limits, limits[spot] ? limitText(limits[spot], currency) : "");
        view.element.title = descriptionOf(spot, ways, limits[spot], currency);
      });
      const result = endings(spot);
      // The last result still glows when the next round has opened, but its bets are gone.
      const mine = accepted > 0 && stage.round === round ? result : null;
      setAttribute(view.element, "data-staked-minor", accepted);
      setAttribute(view.element, "data-pending-minor", pending);
      // Not `disabled`: the focus of a keyboard player would be lost at every close.
      setAttribute(view.element, "aria-disabled", canBet ? null : "true");
      setAttribute(view.element, "data-result", result);
      setText(view.ending, mine === null ? "" : ENDINGS[mine]);
      setAttribute(view.element, "aria-label", label(spot, view.odds.textContent, { accepted, pending, mine }, currency));
      whenChanged(view.stacks, `${accepted}/${pending}/${currency}`, () => {
        view.stacks.replaceChildren(
          ...(accepted ? [chipStack(accepted, currency, false)] : []),
          ...(pending ? [chipStack(pending, currency, true)] : []),
        );
      });
    }
  }

  /** Build the spots that are offered; a running table keeps them. */
  #lay(offered) {
    whenChanged(this.element, offered.join(), () => {
      this.#spots.clear();
      this.element.replaceChildren(...Object.entries(GROUPS).map(([name, spots]) => h("div", { class: name },
        spots.filter((spot) => offered.includes(spot)).map((spot) => this.#spot(spot)))));
    });
  }

  #spot(spot) {
    const view = {
      odds: h("span", { class: "spot-odds" }),
      exception: h("span", { class: "spot-exception" }),
      limits: h("span", { class: "spot-limits" }),
      stacks: h("span", { class: "spot-stacks" }),
      ending: h("span", { class: "spot-ending" }),
    };
    view.element = h(
      "button", {
        type: "button", "data-testid": `spot-${spot}`, "data-staked-minor": 0, "data-pending-minor": 0,
        class: `spot spot-${spot.toLowerCase().replaceAll("_", "-")}${MAIN.includes(spot) ? "" : " spot-side"}`,
        onclick: () => { if (this.#canBet) this.#onSpot(spot); },
      },
      h("span", { class: "spot-name" }, NAMES[spot]),
      view.ending, h("span", { class: "spot-pays" }, view.odds, view.exception),
      view.stacks, view.limits,
    );
    this.#spots.set(spot, view);
    return view.element;
  }
}

/** How a bet on each spot of the shown round ended, as far as the table has shown it and we can tell. */
function endingsOf({ round, result }) {
  if (result === null || !isComplete(round.cards)) return () => null;
  const coup = completeCoup(round.cards);
  return (spot) => (offers(round.paytable, spot) ? ending(round.paytable, spot, coup) : null);
}

const limitText = ({ min_minor: min, max_minor: max }, currency) =>
  `${shortMoneyText(min, currency)} – ${shortMoneyText(max, currency)}`;

function descriptionOf(spot, ways, limit, currency) {
  const lines = ways ? payLines(spot, ways).map(({ when, pays }) => `${when}: ${pays}`) : [];
  if (limit) lines.push(`Stakes ${limitText(limit, currency)}`);
  return lines.join("\n");
}

function label(spot, odds, { accepted, pending, mine }, currency) {
  const parts = [odds ? `${NAMES[spot]}, pays ${odds.replace(":", " to ")}` : NAMES[spot]];
  if (accepted) parts.push(`your stake ${shortMoneyText(accepted, currency)}`);
  if (pending) parts.push(`${shortMoneyText(pending, currency)} being placed`);
  if (mine) parts.push(mine);
  return parts.join(", ");
}
