// What is on the screen when: the log may know the result, the eyes must not.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isRevealed, present } from "../../web/js/presentation.js";
import { currentRound, initialState, join, receive } from "../../web/js/table_state.js";
import { Balance } from "../../web/js/wallet.js";
import { CLOSES_AT, DEALT_AT, INTERVAL, Log, OPENED_AT, SHOWN_AT, joined } from "./builders.mjs";

const settledState = () => join(initialState(), joined(new Log().round(1), { history: ["P"] })).state;

test("the countdown runs on the server's clock and ends as NO MORE BETS", () => {
  const { state } = join(initialState(), joined([new Log().opened(1)]));
  const at = (nowMs) => present(state, nowMs);
  assert.deepEqual([at(OPENED_AT).phase, at(OPENED_AT).secondsLeft, at(OPENED_AT).fractionLeft], ["open", 10, 1]);
  assert.equal(at(CLOSES_AT - 1).secondsLeft, 1);
  assert.deepEqual([at(CLOSES_AT).phase, at(CLOSES_AT).secondsLeft], ["closed", 0]);
});

test("cards come one by one, and nothing tells the result before the last", () => {
  const state = settledState();
  for (let nowMs = DEALT_AT; nowMs < SHOWN_AT; nowMs += 50) {
    const { phase, stage, history } = present(state, nowMs);
    assert.equal(phase, "dealing");
    assert.equal(stage.cards.length, Math.floor((nowMs - DEALT_AT) / INTERVAL) + 1);
    assert.equal(stage.result, null);
    assert.deepEqual(history, []);
    assert.equal(isRevealed(currentRound(state), nowMs), false);
  }
  const { phase, stage, history } = present(state, SHOWN_AT);
  assert.equal(phase, "settled");
  assert.equal(stage.result.outcome, "PLAYER");
  assert.deepEqual(stage.totals, { PLAYER: 9, BANKER: 7 });
  assert.deepEqual(history, ["P"]);
});

test("a total counts only cards that lie face up", () => {
  const state = settledState();
  assert.equal(present(state, DEALT_AT + 100).stage.totals.PLAYER, null);
  assert.equal(present(state, DEALT_AT + INTERVAL - 1).stage.totals.PLAYER, 4);
  assert.equal(present(state, DEALT_AT + 2 * INTERVAL + 100).stage.totals.PLAYER, 4);
  assert.equal(present(state, DEALT_AT + 3 * INTERVAL - 1).stage.totals.PLAYER, 9);
});

test("who joins late sees at once what lies there", () => {
  const { stage } = present(settledState(), DEALT_AT + 2.5 * INTERVAL);
  assert.deepEqual(stage.cards.map(({ card }) => card), ["4H", "KS", "5D"]);
});

test("the last hand stays for a moment while bets are open again", () => {
  const log = new Log();
  const openedAt = SHOWN_AT + 500;
  const { state } = receive(join(initialState(), joined(log.round(1))).state, [log.opened(2, { atMs: openedAt })]);
  const during = present(state, openedAt + 1_000);
  assert.deepEqual([during.phase, during.round.roundNo, during.stage.round.roundNo], ["open", 2, 1]);
  const later = present(state, openedAt + 4_000);
  assert.deepEqual([later.stage.round.roundNo, later.stage.cards.length], [2, 0]);
});

test("a table without a new round rests", () => {
  assert.equal(present(settledState(), SHOWN_AT + 2_000).resting, false);
  assert.equal(present(settledState(), SHOWN_AT + 60_000).resting, true);
  assert.equal(present(initialState(), 0).phase, "waiting");
});

test("the balance falls at once, and rises only when it may", () => {
  const balance = new Balance();
  const wallet = (version, minor) => ({ currency: "EUR", version, available_minor: minor });
  assert.equal(balance.shown(false), null);
  balance.offer(wallet(5, 1_000));
  balance.offer(wallet(4, 9_999));
  assert.equal(balance.shown(true).available_minor, 1_000);
  balance.offer(wallet(6, 900));
  assert.equal(balance.shown(true).available_minor, 900);
  balance.offer(wallet(7, 1_100));
  assert.equal(balance.shown(true).available_minor, 900);
  assert.equal(balance.shown(false).available_minor, 1_100);
  assert.equal(balance.shown(true).available_minor, 1_100);
});

test("a dealer's cards are shown at once, and the hand is dealt until it is resolved", () => {
  const log = new Log();
  let { state } = join(initialState(), joined([log.opened(1, { mode: "shuffler" }), ...log.closed(1)]));
  const give = (...events) => { ({ state } = receive(state, events)); };
  give(log.event("DEALING_STARTED", "bac-1.000000001", DEALT_AT));
  for (const [at, shown] of [[0, { PLAYER: 4, BANKER: null }], [1, { PLAYER: 4, BANKER: 0 }], [2, { PLAYER: 9, BANKER: 0 }]]) {
    give(log.dealtByHand(1, at));
    // The server's clock is only estimated: a card that was dealt is never held back.
    const { phase, stage, paused } = present(state, DEALT_AT - 5_000);
    assert.deepEqual([phase, paused, stage.cards.length], ["dealing", false, at + 1]);
    assert.deepEqual(stage.totals, shown);
    assert.equal(stage.cards.every(({ faceUp, turning }) => faceUp && turning), true);
    assert.equal(stage.cards.at(-1).startMs, DEALT_AT + at * 100);
  }
  give(log.event("DEALING_PAUSED", "bac-1.000000001", DEALT_AT, { reason: "DEALER_GONE" }));
  assert.deepEqual([present(state, DEALT_AT).phase, present(state, DEALT_AT).paused], ["dealing", true]);
  give(log.event("DEALING_RESUMED", "bac-1.000000001", DEALT_AT), log.dealtByHand(1, 3));
  assert.deepEqual([present(state, SHOWN_AT).phase, present(state, SHOWN_AT).stage.result], ["dealing", null]);
  give(log.resolved(1));
  assert.deepEqual([present(state, DEALT_AT).phase, present(state, DEALT_AT).stage.result.outcome], ["resolved", "PLAYER"]);
  give(log.settled(1));
  assert.equal(isRevealed(currentRound(state), DEALT_AT), true);
  assert.deepEqual(present(state, DEALT_AT).history, ["P"]);
});

test("the end of a shoe is told, and a server's cut card not before its cards", () => {
  const shoeOf = (events, nowMs) => present(join(initialState(), joined(events)).state, nowMs).shoe;
  const log = new Log();
  const dealt = [log.opened(1), ...log.closed(1), ...log.dealt(1)];
  const cut = log.event("CUT_CARD_OUT", "bac-1.000000001", DEALT_AT, { by: null });
  assert.deepEqual(shoeOf([...dealt, cut], DEALT_AT), { cutCardOut: false, lastHand: false });
  assert.deepEqual(shoeOf([...dealt, cut], SHOWN_AT), { cutCardOut: true, lastHand: false });
  const opened = (handsLeft) => [new Log().opened(2, { handsLeft })];
  assert.deepEqual(shoeOf(opened(null), OPENED_AT), { cutCardOut: false, lastHand: false });
  assert.deepEqual(shoeOf(opened(2), OPENED_AT), { cutCardOut: true, lastHand: false });
  assert.deepEqual(shoeOf(opened(1), OPENED_AT), { cutCardOut: true, lastHand: true });
  assert.deepEqual(present(initialState(), 0).shoe, { cutCardOut: false, lastHand: false });
});

test("each currency has a balance of its own, and versions of one say nothing of another", () => {
  const balance = new Balance();
  const wallet = (currency, version, minor) => ({ currency, version, available_minor: minor });
  balance.offer(wallet("EUR", 9, 1_000));
  balance.offer(wallet("USD", 2, 70));
  balance.offer(wallet("EUR", 8, 5));
  assert.equal(balance.shown(false, "USD").available_minor, 70);
  assert.equal(balance.shown(false, "EUR").available_minor, 1_000);
  assert.equal(balance.shown(false).currency, "EUR");
  assert.equal(balance.shown(false, "GBP"), null);
  balance.offer(wallet("USD", 3, 90));
  assert.equal(balance.shown(true, "USD").available_minor, 70);
  assert.equal(balance.shown(false, "USD").available_minor, 90);
});
