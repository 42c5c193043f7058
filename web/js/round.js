// One round as its events tell it. Pure and tolerant: an event of an unknown type is kept and
// changes nothing, so that an older page survives a newer table. The strict reading is fairness.js.

import { isByHand } from "./shoe.js";

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
  mode: null,
  dealerId: null,
  commitment: null,
  shoeId: null,
  shoe: null, // the event that opened the shoe, when it was seen
  decks: 0,
  remaining: null,
  drawn: 0,
  handsLeft: null, // hands that may be played, this one included; null until the cut card is out
  bookRoot: null,
  bookCount: 0,
  stakesMinor: {},
  cards: [], // {to, card, atMs}: those that count, in dealing order
  burned: [],
  cutCardOut: false, // in this round
  paused: null, // why dealing waits, else null
  dealtAtMs: 0,
  shownAtMs: 0,
  result: null,
  seed: null,
  endedAtMs: 0,
  voidReason: null,
});

/** Whether nothing more can happen to the round. */
export const isFinal = (round) => round.phase === "settled" || round.phase === "voided";

/** The round after one more event, its own or one of the table in its midst. */
export function withEvent(round, event) {
  const change = event.roundId === "" ? {} : changeOf(round, event);
  return { ...round, ...change, events: [...round.events, event] };
}

function changeOf(round, { type, at_ms: atMs, data }) {
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
        mode: data.mode,
        dealerId: data.dealerId,
        commitment: data.commitment,
        shoeId: data.shoeId,
        decks: data.decks,
        remaining: data.remaining,
        drawn: data.drawn,
        handsLeft: data.hands_left,
      };
    case "BETS_CLOSED":
      return { phase: "closed" };
    case "BOOK_SEALED":
      return { bookRoot: data.root, bookCount: data.count, stakesMinor: data.stakes_minor };
    case "DEALING_STARTED":
      return { phase: "dealing" };
    case "CARDS_DEALT":
      return {
        cards: [...round.cards, ...data.cards.map((card) => ({ ...card, atMs }))],
        dealtAtMs: atMs,
        shownAtMs: isByHand(round.mode) ? atMs : data.shown_at_ms,
      };
    case "CARDS_RETRACTED":
      return { cards: round.cards.slice(0, data.place - 1) };
    case "CARD_BURNED":
      return { burned: [...round.burned, data.card] };
    case "CUT_CARD_OUT":
      return { cutCardOut: true };
    case "DEALING_PAUSED":
      return { paused: data.reason };
    case "DEALING_RESUMED":
      return { paused: null };
    case "ROUND_RESOLVED":
      return { phase: "resolved", result: data };
    case "ROUND_SETTLED":
      return { phase: "settled", seed: data.seed, endedAtMs: atMs };
    case "ROUND_VOIDED":
      return { phase: "voided", paused: null, voidReason: data.reason, endedAtMs: atMs };
    default:
      return {};
  }
}
