// The reducer of the table's log: order, repeats, gaps, takeovers, joins, voids, results.

import assert from "node:assert/strict";
import { test } from "node:test";

import { HISTORY_LENGTH, ROUNDS_KEPT, currentRound, initialState, join, receive } from "../../web/js/table_state.js";
import { Log, joined, roundIdOf } from "./builders.mjs";

const after = (events, options) => join(initialState(), joined(events, options)).state;
const types = (events) => events.map(({ type }) => type);

test("a round runs through its phases", () => {
  const log = new Log();
  let state = after([log.opened(1)]);
  assert.equal(currentRound(state).phase, "open");
  const steps = [
    [log.closed(1), "closed"], [log.dealt(1), "dealing"], [[log.resolved(1)], "resolved"], [[log.settled(1)], "settled"],
  ];
  for (const [events, phase] of steps) {
    ({ state } = receive(state, events));
    assert.equal(currentRound(state).phase, phase);
  }
  assert.deepEqual(state.history, ["P"]);
  assert.deepEqual(state.position, { epoch: 1, seq: 7 });
  assert.equal(currentRound(state).events.length, 7);
});

test("what was lost after a join that told of no round is a gap", () => {
  const log = new Log();
  const round = log.round(1);
  const lost = receive(after([]), round.slice(3));
  assert.equal(lost.gap, true);
  assert.equal(lost.state.position, null);
  const again = join(lost.state, joined(round)).state;
  assert.deepEqual(again.position, { epoch: 1, seq: 7 });
  assert.equal(currentRound(again).phase, "settled");
  const whole = receive(after([]), round);
  assert.equal(whole.gap, false);
  assert.deepEqual(whole.state.position, { epoch: 1, seq: 7 });
});

test("repeats change nothing", () => {
  const log = new Log();
  const events = log.round(1);
  const state = after(events, { history: ["P"] });
  const again = receive(state, events);
  assert.deepEqual(again.applied, []);
  assert.equal(again.gap, false);
  assert.equal(again.forked, false);
  assert.deepEqual(again.state.history, ["P"]);
  assert.equal(currentRound(again.state).events.length, 7);
});

test("events of one message are put in order", () => {
  const log = new Log();
  const first = log.opened(1);
  const rest = [...log.closed(1), ...log.dealt(1)];
  const result = receive(after([first]), [...rest].reverse());
  assert.deepEqual(types(result.applied), types(rest));
  assert.equal(result.gap, false);
});

test("a gap holds later events back, and the missing one releases them", () => {
  const log = new Log();
  const first = log.opened(1);
  const [closed, sealed] = log.closed(1);
  const dealt = log.dealt(1);
  const held = receive(after([first]), [sealed, ...dealt]);
  assert.equal(held.gap, true);
  assert.deepEqual(held.applied, []);
  assert.equal(currentRound(held.state).phase, "open");
  assert.deepEqual(held.state.position, { epoch: 1, seq: 1 });
  const released = receive(held.state, [closed]);
  assert.equal(released.gap, false);
  assert.deepEqual(types(released.applied), ["BETS_CLOSED", "BOOK_SEALED", "DEALING_STARTED", "CARDS_DEALT"]);
});

test("a complete join fills the gap and counts no result twice", () => {
  const log = new Log();
  const one = log.round(1);
  const two = log.round(2, { outcome: "BANKER" });
  let { state } = join(initialState(), joined(one.slice(0, 3)));
  ({ state } = receive(state, two.slice(0, 2)));
  const repaired = join(state, joined([...one.slice(3), ...two], { complete: true, history: ["P", "B"] }));
  assert.equal(repaired.reset, false);
  assert.equal(repaired.gap, false);
  assert.equal(repaired.applied.length, 11);
  assert.deepEqual(repaired.state.history, ["P", "B"]);
  assert.deepEqual(receive(repaired.state, two).applied, []);
});

test("an incomplete join starts from the newest round and keeps ended ones", () => {
  const log = new Log();
  const { state } = receive(after(log.round(1), { history: ["P"] }), log.round(2, { outcome: "TIE" }));
  for (let no = 3; no < 9; no += 1) log.round(no);
  const fresh = [log.opened(9)];
  const result = join(state, joined(fresh, { history: [..."PTBBBBBB"] }));
  assert.equal(result.reset, true);
  assert.deepEqual(result.state.position, { epoch: fresh[0].epoch, seq: fresh[0].seq });
  assert.deepEqual(result.state.rounds.map(({ roundId }) => roundId), [1, 2, 9].map(roundIdOf));
  assert.deepEqual(result.state.history, [..."PTBBBBBB"]);
});

test("a takeover is next only when its prev is our newest event", () => {
  const log = new Log();
  const state = after([log.opened(1)]);
  const lost = log.closed(1);
  log.takeOver();
  const started = log.event("EPOCH_STARTED", roundIdOf(1), 0, { reason: "lease" });
  const early = receive(state, [started]);
  assert.equal(early.gap, true);
  const whole = receive(early.state, lost);
  assert.deepEqual(types(whole.applied), ["BETS_CLOSED", "BOOK_SEALED", "EPOCH_STARTED"]);
  assert.deepEqual(whole.state.position, { epoch: 2, seq: 1 });
  assert.equal(currentRound(whole.state).phase, "closed");
});

test("a takeover between two rounds belongs to none", () => {
  const log = new Log();
  const state = after(log.round(1));
  log.takeOver();
  const started = log.event("EPOCH_STARTED", "", 0, { reason: "lease" });
  const opened = log.opened(2);
  const missing = receive(state, [opened]);
  assert.equal(missing.gap, true);
  const result = receive(missing.state, [started]);
  assert.equal(result.gap, false);
  assert.equal(currentRound(result.state).roundId, roundIdOf(2));
  assert.deepEqual(result.state.position, { epoch: 2, seq: 2 });
});

test("another event in a known place means another log", () => {
  const log = new Log();
  const [first, ...rest] = log.round(1);
  const state = after([first, ...rest]);
  assert.equal(receive(state, [{ ...rest[0], hash: "other" }]).forked, true);
});

test("a void round adds no result", () => {
  const log = new Log();
  let state = after([log.opened(1), ...log.closed(1)], { history: ["B"] });
  ({ state } = receive(state, [log.voided(1)]));
  assert.equal(currentRound(state).phase, "voided");
  assert.equal(currentRound(state).voidReason, "DEAL_FAILED");
  assert.deepEqual(state.history, ["B"]);
});

test("a new shoe starts a new plate", () => {
  const log = new Log();
  let state = after(log.round(1), { history: [..."PBPB"] });
  ({ state } = receive(state, [log.event("SHOE_CLOSED", "", 0, { shoeId: "bac-1.s1" })]));
  assert.deepEqual(state.history, [..."PBPB"]);
  const opening = log.shoeOpened("bac-1.s2");
  ({ state } = receive(state, [opening]));
  assert.deepEqual(state.history, []);
  ({ state } = receive(state, [log.opened(2, { shoeId: "bac-1.s2" })]));
  assert.equal(currentRound(state).shoe, opening);
  assert.deepEqual(state.history, []);
});

test("a shoe whose opening was not seen is not made up", () => {
  const log = new Log();
  assert.equal(currentRound(after([log.opened(1)])).shoe, null);
  const other = new Log();
  const { state } = receive(after([other.shoeOpened()]), [{ ...other.opened(1), data: { ...other.opened(1).data, shoe_hash: "x" } }]);
  assert.equal(currentRound(state).shoe, null);
});

test("events of the table stand where they happened: before a round, or in its midst", () => {
  const log = new Log();
  const between = [log.event("DEALER_SEATED", "", 0), log.shoeOpened()];
  const opened = log.opened(1, { mode: "shoe" });
  const inMidst = log.event("TABLE_PAUSED", "", 0);
  const ended = [...log.closed(1), log.voided(1)];
  const late = log.event("TABLE_CLOSED", "", 0);
  const { state } = receive(after(between), [opened, inMidst, ...ended, late]);
  assert.deepEqual(types(currentRound(state).events),
    ["DEALER_SEATED", "SHOE_OPENED", "ROUND_OPENED", "TABLE_PAUSED", "BETS_CLOSED", "BOOK_SEALED", "ROUND_VOIDED"]);
  assert.deepEqual(types(state.between), ["TABLE_CLOSED"]);
  assert.equal(receive(state, [{ ...late, hash: "other" }]).forked, true);
  const next = receive(state, [log.opened(2)]).state;
  assert.deepEqual(types(currentRound(next).events), ["TABLE_CLOSED", "ROUND_OPENED"]);
  assert.deepEqual(next.between, []);
});

test("a dealer's hand: card by card, taken back, burned, paused", () => {
  const log = new Log();
  let state = after([log.opened(1, { mode: "shoe" }), ...log.closed(1)]);
  const give = (...events) => { ({ state } = receive(state, events)); return currentRound(state); };
  const cards = (round) => round.cards.map(({ card }) => card);
  assert.equal(give(log.event("CARD_BURNED", roundIdOf(1), 0, { card: "KS" })).phase, "closed");
  assert.equal(give(log.event("DEALING_STARTED", roundIdOf(1), 0)).phase, "dealing");
  assert.deepEqual(cards(give(log.dealtByHand(1, 0), log.dealtByHand(1, 1), log.dealtByHand(1, 2))), ["4H", "KS", "5D"]);
  assert.equal(give(log.event("SCAN_UNDONE", roundIdOf(1), 0, { card: "AS" })).cards.length, 3);
  assert.deepEqual(cards(give(log.event("CARDS_RETRACTED", roundIdOf(1), 0, { place: 2 }))), ["4H"]);
  assert.equal(give(log.event("DEALING_PAUSED", roundIdOf(1), 0, { reason: "WRONG_CARD" })).paused, "WRONG_CARD");
  assert.equal(give(log.event("DEALING_RESUMED", roundIdOf(1), 0)).paused, null);
  assert.equal(give(log.event("CUT_CARD_OUT", roundIdOf(1), 0, { by: "dora" })).cutCardOut, true);
  assert.deepEqual(currentRound(state).burned, ["KS"]);
  give(log.event("DEALING_PAUSED", roundIdOf(1), 0, { reason: "DEALER_GONE" }));
  assert.equal(give(log.voided(1)).paused, null);
});

test("a correction tells the results as they are now, unless they are those of an earlier shoe", () => {
  const log = new Log();
  let state = after([...log.round(1), ...log.round(2, { outcome: "TIE" })], { history: ["P", "T"] });
  const corrected = (history) => {
    ({ state } = receive(state, [log.event("CORRECTION_APPLIED", "", 0, { roundId: roundIdOf(1), history })]));
    return state.history.join("");
  };
  assert.equal(corrected("BT"), "BT");
  assert.equal(corrected(null), "BT");
  assert.equal(corrected("T"), "T");
  ({ state } = receive(state, log.round(3)));
  assert.equal(state.history.join(""), "TP");
});

test("the dealer is known by the name that the house shows, never by the id", () => {
  const log = new Log();
  const message = joined([log.event("DEALER_SEATED", "", 0, { dealerId: "d1", name: "Dora", was: null }), log.opened(1)]);
  let { state } = join(initialState(), { ...message, table: { ...message.table, dealer: "Emil" } });
  assert.equal(state.dealer, "Emil", "the table is newer than the events before it");
  const seated = (data) => {
    ({ state } = receive(state, [log.event("DEALER_SEATED", "", 0, data)]));
    return state.dealer;
  };
  assert.equal(seated({ dealerId: "f1", name: "Fay", was: "d1" }), "Fay");
  assert.equal(seated({ dealerId: "g1", name: null, was: "f1" }), null);
  assert.equal(seated({ dealerId: "h1", was: "g1" }), null);
});

test("history and rounds are bounded", () => {
  const log = new Log();
  let state = after(log.round(1), { history: Array(HISTORY_LENGTH).fill("P") });
  for (let no = 2; no < 20; no += 1) ({ state } = receive(state, log.round(no, { outcome: "TIE" })));
  assert.equal(state.history.length, HISTORY_LENGTH);
  assert.equal(state.history.at(-1), "T");
  assert.equal(state.rounds.length, ROUNDS_KEPT);
});

test("an event of a type that this page does not know is kept and passed by", () => {
  const log = new Log();
  const state = after([log.opened(1)]);
  const result = receive(state, [log.event("SOMETHING_NEW", roundIdOf(1), 0, {}), ...log.closed(1)]);
  assert.equal(result.applied.length, 3);
  assert.equal(currentRound(result.state).phase, "closed");
});

test("a table that rests has no round", () => {
  const state = after([]);
  assert.equal(currentRound(state), null);
  assert.equal(state.position, null);
  const log = new Log();
  assert.equal(receive(state, [log.opened(1)]).applied.length, 1);
});
