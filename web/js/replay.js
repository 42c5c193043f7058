// The strict reading of a round's events: which may follow which, and what each must carry. The
// table of states is that of docs/formats/transcript.md, section 3.

import { SPOTS } from "./bets.js";
import { DECK } from "./coup.js";
import { offers, paytableOf } from "./paytable.js";

const TRANSITIONS = {
  "": { ROUND_OPENED: "OPEN" },
  OPEN: { BETS_CLOSED: "CLOSED", ROUND_VOIDED: "VOIDED", EPOCH_STARTED: "OPEN" },
  CLOSED: {
    BOOK_SEALED: "CLOSED", DEALING_STARTED: "DEALING", ROUND_VOIDED: "VOIDED",
    EPOCH_STARTED: "CLOSED",
  },
  DEALING: {
    CARDS_DEALT: "DEALING", ROUND_RESOLVED: "RESOLVED", ROUND_VOIDED: "VOIDED",
    EPOCH_STARTED: "DEALING",
  },
  RESOLVED: { ROUND_SETTLED: "SETTLED", EPOCH_STARTED: "RESOLVED" },
};
const VOID_REASONS = [
  "TABLE_DOWN", "CLOSE_FAILED", "DEAL_FAILED", "NO_CARD_BY_DEADLINE", "PIT_DECISION",
];

/** The types an event may have. */
export const EVENT_TYPES = new Set(Object.values(TRANSITIONS).flatMap(Object.keys));

/**
 * The round that events tell: {state, opened, book, cards, shownAtMs, resolved, settled}. `state` is
 * "" before the first event; `cards` are those of all CARDS_DEALT together.
 * Throws: RangeError when they tell no possible round.
 */
export function replay(events) {
  const round = {
    state: "", opened: null, book: null, cards: [], shownAtMs: 0, resolved: null, settled: null,
  };
  for (const event of events) {
    if (event.roundId !== events[0].roundId || event.tableId !== events[0].tableId) {
      throw new RangeError(`${event.type} number ${event.seq} belongs to another round`);
    }
    const after = Object.hasOwn(TRANSITIONS[round.state] ?? {}, event.type)
      ? TRANSITIONS[round.state][event.type] : undefined;
    if (after === undefined) {
      throw new RangeError(`${event.type} cannot happen to a round that is ${round.state || "not open"}`);
    }
    APPLY[event.type]?.(round, event.data, event);
    round.state = after;
  }
  return round;
}

const APPLY = {
  ROUND_OPENED(round, data, { roundId, tableId }) {
    const { round_no: number, decks, remaining, limits } = data;
    must(isInteger(number) && roundId === `${tableId}.${String(number).padStart(9, "0")}`,
      `round ${number} of table ${tableId} cannot have the id ${roundId}`);
    must([data.closes_at_ms, data.card_interval_ms].every(isInteger), "the times of the round are no integers");
    must(["dealerId", "currency", "paytable", "commitment", "shoeId"].every((name) => typeof data[name] === "string"),
      "the opening lacks a text that it needs");
    must(isInteger(decks) && decks >= 1 && decks <= 9 && typeof remaining === "string"
      && /^[0-9]{52}$/.test(remaining) && [...remaining].every((count) => Number(count) <= decks),
    "the shoe is not possible");
    must(isObject(limits) && Object.entries(limits).every(([spot, limit]) => SPOTS.includes(spot)
      && isObject(limit) && Object.keys(limit).sort().join() === "max_minor,min_minor"
      && limit.min_minor > 0 && limit.min_minor <= limit.max_minor), "the limits are not possible");
    checkPaytable(data);
    round.opened = data;
  },
  BETS_CLOSED(round, _data, { at_ms: atMs }) {
    must(atMs >= round.opened.closes_at_ms, "bets were closed before the announced time");
  },
  BOOK_SEALED(round, data) {
    must(round.book === null, "the book was sealed twice");
    must(typeof data.root === "string" && isInteger(data.count), "the seal of the book lacks root or count");
    round.book = data;
  },
  DEALING_STARTED(round) {
    must(round.book !== null, "dealing started before the book was sealed");
  },
  CARDS_DEALT(round, data) {
    must(Array.isArray(data.cards) && isInteger(data.shown_at_ms), "the deal lacks cards or time");
    for (const item of data.cards) {
      must(isObject(item) && Object.keys(item).sort().join() === "card,to"
        && ["PLAYER", "BANKER"].includes(item.to) && DECK.includes(item.card), "a dealt card is none");
    }
    round.cards = [...round.cards, ...data.cards];
    round.shownAtMs = data.shown_at_ms;
  },
  ROUND_RESOLVED(round, data, { at_ms: atMs }) {
    must(["PLAYER", "BANKER", "TIE"].includes(data.outcome), "the result names no outcome");
    must(atMs >= round.shownAtMs, "the round was resolved before its last card was shown");
    round.resolved = data;
  },
  ROUND_SETTLED(round, data) {
    must(isInteger(data.paid_minor), "the settlement lacks paid_minor");
    round.settled = data;
  },
  ROUND_VOIDED(_round, data) {
    must(VOID_REASONS.includes(data.reason), "the void carries no known reason");
  },
};

function checkPaytable({ paytable: version, decks, limits }) {
  const paytable = paytableOf(version);
  if (paytable === null) return; // Only payouts need it, and a void round has none.
  must(Object.keys(limits).every((spot) => offers(version, spot)),
    `limits are announced for spots that ${version} does not offer`);
  must(decks === paytable.decks, `paytable ${version} is for ${paytable.decks} decks, the shoe has ${decks}`);
}

const isInteger = Number.isSafeInteger;
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function must(holds, message) {
  if (!holds) throw new RangeError(message);
}
