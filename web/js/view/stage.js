// The stage: both hands, the countdown and the result; where the table is filmed, small and over its
// picture.

import { total as totalOf } from "../coup.js";
import { signedMoneyText, moneyText } from "../money.js";
import { cardMotion } from "../presentation.js";
import { h, s, setAttribute, setText, setVariable, whenChanged } from "./dom.js";
import { playingCard, revealCard } from "./playing_card.js";
import { squeezable } from "./squeeze.js";

const HANDS = ["PLAYER", "BANKER"];
const FRESH_MS = 450; // a card younger than this is seen arriving
const WINNER = { PLAYER: "PLAYER WINS", BANKER: "BANKER WINS", TIE: "TIE" };
const VOID_REASONS = {
  TABLE_DOWN: "the table went down",
  CLOSE_FAILED: "the bets could not be closed",
  DEAL_FAILED: "the cards could not be dealt",
  NO_CARD_BY_DEADLINE: "no card came in time",
  DEAL_ABANDONED: "the hand could not be finished",
  PIT_DECISION: "by decision of the pit",
};

export class Stage {
  #status = h("p", { class: "status", role: "status", "aria-live": "polite", "data-testid": "status", "data-phase": "waiting" });
  #seconds = h("span", { class: "countdown-seconds", "data-testid": "countdown" });
  #countdown;
  #hands = {};
  #result = h("div", { class: "result", "data-testid": "result", hidden: true });
  #winnings = h("p", { class: "winnings", role: "status", "data-testid": "winnings", hidden: true });
  #rest = h("p", { class: "rest", hidden: true }, "Waiting for the next round");

  constructor() {
    this.#countdown = h(
      "div", { class: "countdown", role: "timer", "aria-label": "Seconds left to bet" },
      s("svg", { viewBox: "0 0 100 100", "aria-hidden": "true" },
        s("circle", { class: "countdown-track", cx: 50, cy: 50, r: 44 }),
        s("circle", { class: "countdown-left", cx: 50, cy: 50, r: 44, pathLength: 100 })),
      this.#seconds,
    );
    this.element = h(
      "section", { class: "stage", "aria-label": "The table", "data-testid": "stage" },
      h("div", { class: "stage-top" }, this.#status),
      h("div", { class: "hands" },
        this.#hand("PLAYER", "Player"),
        h("div", { class: "stage-middle" }, this.#result, this.#countdown),
        this.#hand("BANKER", "Banker")),
      this.#rest,
      this.#winnings,
    );
  }

  #hand(hand, name) {
    const total = h("output", { class: "hand-total", "data-testid": `total-${hand}`, "aria-label": `${name} total` });
    const cards = h("div", { class: "hand-cards" },
      h("span", { class: "card-place", "aria-hidden": "true" }),
      h("span", { class: "card-place", "aria-hidden": "true" }));
    const element = h("div", { class: `hand hand-${hand.toLowerCase()}` },
      h("div", { class: "hand-head" }, h("span", { class: "hand-name" }, name), total), cards);
    this.#hands[hand] = { element, cards, total, shown: [] };
    return element;
  }

  update(snapshot) {
    const { phase, resting, secondsLeft, fractionLeft, stage, nowMs } = snapshot;
    setText(this.#status, statusText(snapshot));
    setAttribute(this.#status, "data-phase", phase);
    setAttribute(this.#status, "data-outcome", phase === "resolved" || phase === "settled" ? snapshot.round.result.outcome : null);
    setAttribute(this.#status, "data-paused", snapshot.paused ? "true" : null);
    const open = phase === "open";
    setAttribute(this.element, "data-phase", resting ? "resting" : phase);
    setAttribute(this.element, "data-round", stage.round?.roundId ?? "");
    const cleared = resting || stage.cards.length === 0;
    this.#rest.hidden = !resting;

    this.element.classList.toggle("stage-afterglow", open && stage.result !== null);
    this.#countdown.classList.toggle("countdown-on", open);
    this.#countdown.classList.toggle("countdown-last", open && secondsLeft <= 5);
    setText(this.#seconds, open ? String(secondsLeft) : "");
    setVariable(this.#countdown, "--left", (fractionLeft * 100).toFixed(1));

    const presentation = snapshot.table?.presentation ?? "standard";
    for (const hand of HANDS) this.#drawHand(hand, cleared ? { ...stage, cards: [] } : stage, nowMs, presentation);
    this.#drawResult(snapshot, cleared);
  }

  #drawHand(hand, stage, nowMs, presentation) {
    const view = this.#hands[hand];
    const due = stage.cards.filter(({ to }) => to === hand);
    const roundId = stage.round?.roundId;
    // Cards of another round, or fewer than lie here: start from an empty hand.
    const same = view.shown.every((shown, at) => shown.roundId === roundId && due[at]?.card === shown.card);
    if (!same) {
      for (const { element } of view.shown) element.remove();
      view.shown = [];
    }
    for (const [at, card] of due.entries()) {
      if (view.shown[at] === undefined) {
        const fresh = nowMs - card.startMs < FRESH_MS && presentation !== "speed";
        const interval = stage.round.cardIntervalMs;
        const element = playingCard(card, {
          animate: fresh, sideways: at === 2, flipMs: fresh ? cardMotion(interval).flipMs : 0,
        });
        view.cards.append(element);
        view.shown[at] = { element, card: card.card, roundId, open: false, endSqueeze: null };
      }
      turn(view.shown[at], card, stage, presentation);
    }
    setText(view.total, totalText(hand, view.shown, stage, presentation));
    setAttribute(view.element, "data-result",
      stage.result === null || due.length === 0 ? null
        : stage.result.outcome === hand ? "won" : stage.result.outcome === "TIE" ? "tie" : "lost");
  }

  #drawResult({ stage, bets, currency }, cleared) {
    const { round, result } = stage;
    const voided = round?.phase === "voided" && !cleared;
    const shown = result !== null && !cleared;
    this.#result.hidden = !shown;
    whenChanged(this.#result, shown ? round.roundId : "", () => {
      setAttribute(this.#result, "data-outcome", shown ? result.outcome : null);
      if (!shown) {
        this.#result.replaceChildren();
        return;
      }
      this.#result.replaceChildren(
        h("span", { class: "result-name" }, WINNER[result.outcome]),
        h("span", { class: "result-points" }, `${result.player_total} – ${result.banker_total}`),
        ...(result.natural ? [h("span", { class: "result-natural" }, "Natural")] : []),
      );
    });
    const sums = (shown && round.phase === "settled") || voided ? bets.sumUp(round) : null;
    const text = sums === null ? "" : winningsText(sums, currency, voided);
    this.#winnings.hidden = text === "";
    this.#winnings.classList.toggle("winnings-won", sums !== null && sums.returnMinor > sums.stakeMinor);
    setText(this.#winnings, text);
  }
}

/** Turn a card over when it is time to, or let the player do it first. */
function turn(shown, card, stage, presentation) {
  if (shown.open) return;
  const open = (options) => {
    shown.open = true;
    shown.endSqueeze?.();
    revealCard(shown.element, shown.card, options);
  };
  if (presentation === "speed") open({ atOnce: true });
  else if (presentation === "squeeze" && !mustLieOpen(card, stage)) {
    if (card.turning) shown.endSqueeze ??= squeezable(shown.element, () => open({ atOnce: true }));
  } else if (card.turning) open();
}

/** Whether no player can keep a card closed any more: another has come after it, or the round is over. */
const mustLieOpen = (card, { cards, result, round }) =>
  card !== cards.at(-1) || result !== null || round.phase === "voided";

/** The total of a hand's open cards. Who squeezes sees it sooner or later than the table's own time. */
function totalText(hand, shown, stage, presentation) {
  if (presentation === "standard") return shown.length > 0 ? String(stage.totals[hand] ?? "") : "";
  const open = shown.filter((card) => card.open).map(({ card }) => card);
  return open.length > 0 ? String(totalOf(open)) : "";
}

function statusText({ phase, paused, resting, round }) {
  if (phase === "voided" && !resting) {
    const reason = VOID_REASONS[round.voidReason] ?? round.voidReason;
    return `ROUND VOID – bets returned: ${reason}`;
  }
  if (resting) return "WAITING FOR THE NEXT ROUND";
  switch (phase) {
    case "open": return "PLACE YOUR BETS";
    case "closed": return "NO MORE BETS";
    case "dealing": return paused ? "DEALING IS PAUSED – ONE MOMENT, PLEASE" : "DEALING";
    default: {
      const { outcome, player_total: player, banker_total: banker } = round.result;
      return `${WINNER[outcome]} ${outcome === "BANKER" ? banker : player}`;
    }
  }
}

/** A return below the stake is a loss and is not dressed up as a win. */
function winningsText({ stakeMinor, returnMinor }, currency, voided) {
  const net = returnMinor - stakeMinor;
  if (voided) return `${moneyText(returnMinor, currency)} returned`;
  if (net > 0) return `You win ${moneyText(net, currency)}`;
  if (net === 0) return `Stake returned: ${moneyText(returnMinor, currency)}`;
  return returnMinor > 0
    ? `${moneyText(returnMinor, currency)} back, ${signedMoneyText(net, currency)} this round`
    : `${signedMoneyText(net, currency)} this round`;
}
