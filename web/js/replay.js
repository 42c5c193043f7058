// The strict reading of a round's events: which may follow which, and what each must carry. The
// table of states is that of docs/formats/transcript.md, section 3.

import { SPOTS } from "./bets.js";
import { DECK, nextHand } from "./coup.js";
import { offers, paytableOf } from "./paytable.js";
import { MODES, isByHand, isOpening } from "./shoe.js";

const TRANSITIONS = {
  "": { ROUND_OPENED: "OPEN" },
  OPEN: { BETS_CLOSED: "CLOSED", ROUND_VOIDED: "VOIDED", EPOCH_STARTED: "OPEN" },
  CLOSED: {
    BOOK_SEALED: "CLOSED", DEALING_STARTED: "DEALING", CUT_CARD_OUT: "CLOSED", SCAN_UNDONE: "CLOSED",
    CARD_BURNED: "CLOSED", DEALING_PAUSED: "CLOSED", DEALING_RESUMED: "CLOSED", ROUND_VOIDED: "VOIDED",
    EPOCH_STARTED: "CLOSED",
  },
  DEALING: {
    CARDS_DEALT: "DEALING", CUT_CARD_OUT: "DEALING", SCAN_UNDONE: "DEALING", CARD_BURNED: "DEALING",
    CARDS_RETRACTED: "DEALING", DEALING_PAUSED: "DEALING", DEALING_RESUMED: "DEALING",
    ROUND_RESOLVED: "RESOLVED", ROUND_VOIDED: "VOIDED", EPOCH_STARTED: "DEALING",
  },
  RESOLVED: { ROUND_SETTLED: "SETTLED", EPOCH_STARTED: "RESOLVED" },
};
/** What only happens where a dealer draws the cards, once the book is sealed. */
const BY_HAND = new Set([
  "SCAN_UNDONE", "CARD_BURNED", "CARDS_RETRACTED", "DEALING_PAUSED", "DEALING_RESUMED",
]);
const TABLE_EVENTS = new Set([
  "EPOCH_STARTED", "TABLE_OPENED", "TABLE_PAUSED", "TABLE_CLOSED", "DEALER_SEATED", "SHOE_OPENED", "SHOE_CLOSED",
  "CORRECTION_PROPOSED", "CORRECTION_APPROVED", "CORRECTION_REJECTED", "CORRECTION_APPLIED",
  "VIDEO_ANCHORED",
]);
const VOID_REASONS = [
  "TABLE_DOWN", "CLOSE_FAILED", "DEAL_FAILED", "NO_CARD_BY_DEADLINE", "DEAL_ABANDONED", "PIT_DECISION",
];
const PAUSE_REASONS = ["DEALER_GONE", "WRONG_CARD", "PIT_DECISION"];
const CAPS = "differential_minor,max_payout_minor,side_bet_percent";

/** The types an event may have. */
export const EVENT_TYPES = new Set([...Object.values(TRANSITIONS).flatMap(Object.keys), ...TABLE_EVENTS]);

/** Whether an event belongs to no round. */
export const isOfTheTable = ({ roundId, type }) => roundId === "" && TABLE_EVENTS.has(type);

/**
 * A round before its first event. `state` is "" until then; `cards` are those that count, `openings`
 * theirs where the order was committed, `burned` what left the shoe besides, `takenBack` what was dealt,
 * does not count, and did not come again.
 */
export const noRound = () => ({
  state: "", opened: null, book: null, cards: [], openings: [], burned: [], takenBack: [], cutCardOut: false, paused: null,
  shownAtMs: 0, resolved: null, settled: null,
});

/**
 * The round that events tell; those of the table are passed by.
 * Throws: RangeError when they tell no possible round.
 */
export function replay(events) {
  const own = events.filter((event) => !isOfTheTable(event));
  const round = noRound();
  for (const event of own) {
    must(event.roundId === own[0].roundId && event.tableId === own[0].tableId,
      `${event.type} number ${event.seq} belongs to another round`);
    step(round, event);
  }
  return round;
}

/** Take the round one event further. Throws: RangeError when that is not possible. */
export function step(round, event) {
  const { type, data } = event;
  const after = Object.hasOwn(TRANSITIONS[round.state] ?? {}, type) ? TRANSITIONS[round.state][type] : undefined;
  must(after !== undefined, `${type} cannot happen to a round that is ${round.state || "not open"}`);
  must(!BY_HAND.has(type) || (round.book !== null && isByHand(round.opened.mode)),
    `${type}, but no dealer draws the cards`);
  APPLY[type]?.(round, data, event);
  round.state = after;
}

const APPLY = {
  ROUND_OPENED(round, data, { roundId, tableId }) {
    const { round_no: number, decks, remaining, limits } = data;
    must(isInteger(number) && roundId === `${tableId}.${String(number).padStart(9, "0")}`,
      `round ${number} of table ${tableId} cannot have the id ${roundId}`);
    must([data.closes_at_ms, data.card_interval_ms].every(isInteger), "the times of the round are no integers");
    must(["dealerId", "currency", "paytable", "shoeId", "shoe_hash"].every((name) => typeof data[name] === "string")
      && (data.commitment === null || typeof data.commitment === "string"), "the opening lacks a text that it needs");
    must(MODES.includes(data.mode), `${data.mode} is no way of dealing`);
    must(isInteger(data.drawn) && (data.hands_left === null || isInteger(data.hands_left)),
      "the opening does not tell its shoe");
    must(isObject(data.caps) && Object.keys(data.caps).sort().join() === CAPS
      && Object.values(data.caps).every((cap) => cap === null || (isInteger(cap) && cap > 0)),
    "the caps are not possible");
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
    if (isByHand(round.opened.mode)) {
      must(data.cards.length === 1, "a dealer deals one card at a time");
      must(data.source === "PIT" || (data.source === "SCANNER" && round.paused === null),
        "a card was scanned while dealing was paused, or by nobody");
    }
    const openings = openingsOf(round, data);
    for (const item of data.cards) {
      must(isObject(item) && Object.keys(item).sort().join() === "card,to"
        && ["PLAYER", "BANKER"].includes(item.to) && DECK.includes(item.card), "a dealt card is none");
      const due = nextHand(round.cards);
      must(item.to === due, `${item.card} went to ${item.to}, but it was due to ${due ?? "no hand"}`);
      round.cards = [...round.cards, item];
      round.takenBack = round.takenBack.slice(1);
    }
    round.openings = [...round.openings, ...openings];
    round.shownAtMs = Math.max(round.shownAtMs, data.shown_at_ms);
  },
  CUT_CARD_OUT(round) {
    must(!round.cutCardOut && round.opened.hands_left === null, "the cut card came out twice");
    round.cutCardOut = true;
  },
  CARD_BURNED(round, data) {
    must(DECK.includes(data.card), "a burned card is none");
    openingsOf(round, data);
    round.burned = [...round.burned, data.card];
    round.takenBack = round.takenBack.slice(1);
  },
  CARDS_RETRACTED(round, { place }) {
    must(isInteger(place) && place >= 1 && place <= round.cards.length, `there is no card ${place} to take back`);
    must(round.burned.length === 0, "a card was taken back after another was burned");
    round.takenBack = [...round.cards.slice(place - 1).map(({ card }) => card), ...round.takenBack];
    round.cards = round.cards.slice(0, place - 1);
    round.openings = round.openings.slice(0, place - 1);
  },
  DEALING_PAUSED(round, { reason }) {
    must(round.paused === null, "dealing was paused twice");
    must(PAUSE_REASONS.includes(reason), "the pause carries no known reason");
    round.paused = reason;
  },
  DEALING_RESUMED(round) {
    must(round.paused !== null, "dealing went on, but it was not paused");
    round.paused = null;
  },
  ROUND_RESOLVED(round, data, { at_ms: atMs }) {
    must(round.paused === null, "the round was resolved while dealing was paused");
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

/** What proves the card of an event, in a list; none where no order is committed. */
function openingsOf({ opened }, { opening }) {
  if (opened.mode !== "shuffler") return [];
  must(isOpening(opening), "an opening has position, salt and proof, and nothing else");
  return [opening];
}

const isInteger = Number.isSafeInteger;
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function must(holds, message) {
  if (!holds) throw new RangeError(message);
}
