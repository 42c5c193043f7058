// One round as its events tell it. Pure and tolerant: an event of an unknown type is kept and
// changes nothing, so that an older page survives a newer table. The strict reading is fairness.js.

/** A round about which nothing is known yet. */
export const emptyRound = (roundId) => ({
  roundId,
  roundNo: Number(roundId.slice(roundId.lastIndexOf(".") + 1)),
  phase: "open",
  events: [],
  openedAtMs: 0,
  closesAtMs: 0,
  cardIntervalMs: 0,
  currency: null,
  paytable: null,
  limits: {},
  commitment: null,
  shoeId: null,
  remaining: null,
  bookRoot: null,
  bookCount: 0,
  stakesMinor: {},
  cards: [],
  dealtAtMs: 0,
  shownAtMs: 0,
  result: null,
  seed: null,
  endedAtMs: 0,
  voidReason: null,
});

/** Whether nothing more can happen to the round. */
export const isFinal = (round) => round.phase === "settled" || round.phase === "voided";

/** The round after one more event. */
export function withEvent(round, event) {
  return { ...round, ...changeOf(event), events: [...round.events, event] };
}

function changeOf({ type, at_ms: atMs, data }) {
  switch (type) {
    case "ROUND_OPENED":
      return {
        phase: "open",
        roundNo: data.round_no,
        openedAtMs: atMs,
        closesAtMs: data.closes_at_ms,
        cardIntervalMs: data.card_interval_ms,
        currency: data.currency,
        paytable: data.paytable,
        limits: data.limits,
        commitment: data.commitment,
        shoeId: data.shoeId,
        remaining: data.remaining,
      };
    case "BETS_CLOSED":
      return { phase: "closed" };
    case "BOOK_SEALED":
      return { bookRoot: data.root, bookCount: data.count, stakesMinor: data.stakes_minor };
    case "DEALING_STARTED":
      return { phase: "dealing" };
    case "CARDS_DEALT":
      return { cards: data.cards, dealtAtMs: atMs, shownAtMs: data.shown_at_ms };
    case "ROUND_RESOLVED":
      return { phase: "resolved", result: data };
    case "ROUND_SETTLED":
      return { phase: "settled", seed: data.seed, endedAtMs: atMs };
    case "ROUND_VOIDED":
      return { phase: "voided", voidReason: data.reason, endedAtMs: atMs };
    default:
      return {};
  }
}
