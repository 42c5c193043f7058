// The betting layout: three spots that take the selected chip.

import { shortMoneyText } from "../money.js";
import { SPOTS, oddsText } from "../paytable.js";
import { chipStack } from "./chip.js";
import { h, setAttribute, setText, whenChanged } from "./dom.js";

const NAMES = { PLAYER: "Player", TIE: "Tie", BANKER: "Banker" };

export class Layout {
  #spots = new Map();
  #canBet = false;

  constructor({ onSpot }) {
    for (const spot of SPOTS) {
      const odds = h("span", { class: "spot-odds" });
      const limits = h("span", { class: "spot-limits" });
      const stacks = h("span", { class: "spot-stacks" });
      const element = h(
        "button", {
          type: "button", class: `spot spot-${spot.toLowerCase()}`, "data-testid": `spot-${spot}`,
          "data-staked-minor": 0, "data-pending-minor": 0, onclick: () => { if (this.#canBet) onSpot(spot); },
        },
        h("span", { class: "spot-name" }, NAMES[spot]), odds, stacks, limits,
      );
      this.#spots.set(spot, { element, odds, limits, stacks });
    }
    this.element = h("section", { class: "layout", "aria-label": "Betting layout" },
      [...this.#spots.values()].map(({ element }) => element));
  }

  update({ round, bets, canBet, currency, paytable, limits, stage, resting }) {
    this.#canBet = canBet;
    const winner = resting ? null : stage.result?.outcome ?? null;
    for (const [spot, { element, odds, limits: limitText, stacks }] of this.#spots) {
      const { accepted, pending } = round && !resting ? bets.onSpot(round.roundId, spot) : { accepted: 0, pending: 0 };
      const limit = limits[spot];
      setText(odds, oddsText(paytable, spot));
      setText(limitText, limit
        ? `${shortMoneyText(limit.min_minor, currency)} – ${shortMoneyText(limit.max_minor, currency)}` : "");
      setAttribute(element, "data-staked-minor", accepted);
      setAttribute(element, "data-pending-minor", pending);
      // Not `disabled`: the focus of a keyboard player would be lost at every close.
      setAttribute(element, "aria-disabled", canBet ? null : "true");
      setAttribute(element, "data-result", winner === null ? null : winner === spot ? "won" : winner === "TIE" ? "pushed" : "lost");
      setAttribute(element, "aria-label", label(spot, oddsText(paytable, spot), accepted, pending, currency));
      whenChanged(stacks, `${accepted}/${pending}/${currency}`, () => {
        stacks.replaceChildren(
          ...(accepted ? [chipStack(accepted, currency, false)] : []),
          ...(pending ? [chipStack(pending, currency, true)] : []),
        );
      });
    }
  }
}

function label(spot, odds, accepted, pending, currency) {
  const parts = [`${NAMES[spot]}, pays ${odds.replace(":", " to ")}`];
  if (accepted) parts.push(`your stake ${shortMoneyText(accepted, currency)}`);
  if (pending) parts.push(`${shortMoneyText(pending, currency)} being placed`);
  return parts.join(", ");
}
