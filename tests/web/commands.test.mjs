// Bets on their way: states, repeats, sums; and the outbox that repeats what stays unanswered.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { backoffMs } from "../../web/js/connection.js";
import { randomId } from "../../web/js/ids.js";
import { moneyText, shortMoneyText, signedMoneyText } from "../../web/js/money.js";
import { Outbox } from "../../web/js/outbox.js";
import { OwnBets } from "../../web/js/own_bets.js";
import { refusalText } from "../../web/js/refusals.js";
import { emptyRound } from "../../web/js/round.js";
import { ServerClock } from "../../web/js/server_clock.js";

const BANKER_WINS = [
  { to: "PLAYER", card: "KS" }, { to: "BANKER", card: "4H" },
  { to: "PLAYER", card: "7C" }, { to: "BANKER", card: "5D" },
];
const ROUND = "bac-1.000000001";
const bet = (betId, spot = "PLAYER", stake = 500) => ({ betId, roundId: ROUND, spot, stake_minor: stake });
const view = (betId, state, more = {}) => ({ ...bet(betId), state, payout_minor: 0, reason: null, ...more });

test("a bet is pending until the table has accepted it", () => {
  const bets = new OwnBets();
  bets.place(bet("a"));
  assert.deepEqual(bets.onSpot(ROUND, "PLAYER"), { accepted: 0, pending: 500 });
  assert.equal(bets.pendingMinor(), 500);
  bets.update(view("a", "PLACED"));
  assert.deepEqual(bets.onSpot(ROUND, "PLAYER"), { accepted: 500, pending: 0 });
  bets.cancelling("a");
  bets.update(view("a", "PLACED")); // a repeated answer does not end the cancel
  assert.equal(bets.get("a").pending, "cancelling");
  bets.update(view("a", "CANCELLED"));
  bets.update(view("a", "PLACED")); // nor does it bring the bet back
  assert.equal(bets.get("a").state, "CANCELLED");
  assert.deepEqual(bets.onSpot(ROUND, "PLAYER"), { accepted: 0, pending: 0 });
});

test("an ended round is summed up: told payouts count, missing ones are computed", () => {
  const settled = { ...emptyRound(ROUND), phase: "settled", paytable: "commission-8/1", cards: BANKER_WINS };
  const bets = new OwnBets();
  assert.equal(bets.sumUp(settled), null);
  bets.update(view("a", "PLACED", { spot: "BANKER", stake_minor: 1_000 }));
  bets.update(view("b", "PLACED", { spot: "PLAYER", stake_minor: 300 }));
  bets.place(bet("never-answered"));
  assert.deepEqual(bets.sumUp(settled), { stakeMinor: 1_300, returnMinor: 1_950 });
  bets.update(view("a", "PAID", { spot: "BANKER", stake_minor: 1_000, payout_minor: 1_949 }));
  assert.equal(bets.sumUp(settled).returnMinor, 1_949);
  // Cards that are no coup, of a table that this page does not understand, pay nothing by themselves.
  assert.equal(bets.sumUp({ ...settled, cards: BANKER_WINS.slice(1) }).returnMinor, 1_949);
  assert.deepEqual(bets.sumUp({ ...settled, phase: "voided" }), { stakeMinor: 1_300, returnMinor: 1_300 });
});

test("an unanswered command is sent again, a bounded number of times, under the same key", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const sent = [];
    const lost = [];
    const outbox = new Outbox({ send: (m) => sent.push(m) > 0, onGivenUp: (key) => lost.push(key) });
    outbox.post("a", { betId: "a" });
    outbox.post("b", { betId: "b" });
    assert.deepEqual(outbox.answered("b"), { betId: "b" });
    assert.equal(outbox.answered("b"), null);
    mock.timers.tick(4_000);
    outbox.resendAll();
    assert.deepEqual(sent.map(({ betId }) => betId), ["a", "b", "a", "a"]);
    for (let tries = 0; tries < 20; tries += 1) mock.timers.tick(4_000);
    assert.deepEqual(lost, ["a"]);
    assert.equal(sent.length, 7);
  } finally {
    mock.timers.reset();
  }
});

test("what could not be sent waits for the connection and is not counted", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let online = false;
    const sent = [];
    const outbox = new Outbox({
      send: (m) => online && sent.push(m) > 0, onGivenUp: () => assert.fail("given up while offline"),
    });
    outbox.post("a", { betId: "a" });
    for (let tries = 0; tries < 50; tries += 1) mock.timers.tick(4_000);
    online = true;
    outbox.resendAll();
    assert.equal(sent.length, 1);
    outbox.clear();
  } finally {
    mock.timers.reset();
  }
});

test("reconnecting backs off, with jitter and a bound", () => {
  assert.equal(backoffMs(0, () => 1), 500);
  assert.equal(backoffMs(0, () => 0), 250);
  assert.equal(backoffMs(3, () => 1), 4_000);
  assert.equal(backoffMs(50, () => 1), 15_000);
});

test("the quickest exchange sets the clock", () => {
  let now = 0;
  const clock = new ServerClock(() => now);
  now = 1_000;
  clock.sample(500_000, 0); // one second there and back
  assert.equal(clock.nowMs(), 500_500);
  now = 1_020;
  clock.sample(500_700, 1_000);
  assert.equal(clock.nowMs(), 500_710);
  now = 4_020;
  clock.sample(999_999, 1_020);
  assert.equal(clock.nowMs(), 503_710);
});

test("bet ids are long and never the same", () => {
  const ids = new Set(Array.from({ length: 1_000 }, randomId));
  assert.equal(ids.size, 1_000);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{22}$/);
});

test("money is written from minor units", () => {
  assert.equal(moneyText(123_450, "EUR"), "€1,234.50");
  assert.equal(shortMoneyText(500, "EUR"), "€5");
  assert.equal(shortMoneyText(550, "EUR"), "€5.50");
  assert.deepEqual([950, 0, -500].map((minor) => signedMoneyText(minor, "EUR")), ["+€9.50", "€0.00", "−€5.00"]);
});

test("refusals name amounts as money, else in the server's words", () => {
  const text = (code, details) => refusalText({ code, details, message: "as the server says" }, "EUR");
  assert.equal(text("STAKE_ABOVE_MAXIMUM", { allowed_minor: 500 }), "this spot takes €5 more from you in this round");
  assert.equal(text("STAKE_ABOVE_MAXIMUM", { allowed_minor: 0 }), "this spot holds the most it takes from you in this round");
  assert.equal(text("SIDE_BET_ABOVE_SHARE", { allowed_minor: 500 }), "with your bets on Player and Banker this side bet may be up to €5");
  assert.equal(text("SIDE_BET_ABOVE_SHARE", { allowed_minor: 0 }), "for this side bet put more on Player or Banker first");
  assert.equal(text("PAYOUT_ABOVE_MAXIMUM", { allowed_minor: 500, max_payout_minor: 90_000 }), "a player can get back €900 a round, so €5 more fits here");
  assert.equal(text("PAYOUT_ABOVE_MAXIMUM", { allowed_minor: 0, max_payout_minor: 90_000 }), "a player can get back €900 a round, and your bets reach that");
  assert.equal(text("TABLE_DIFFERENTIAL", { allowed_minor: 500 }), "this side of the table takes €5 more for now");
  assert.equal(text("TABLE_DIFFERENTIAL", { allowed_minor: 0 }), "this side of the table takes no more until there is more on the other");
  assert.equal(text("MAIN_BET_NEEDED", { side_bets_minor: 250 }), "take €2.50 of your side bets back first");
  assert.equal(text("MAIN_BET_NEEDED", {}), "as the server says");
  assert.equal(text("STAKE_BELOW_MINIMUM", {}), "as the server says");
  assert.equal(text("BETTING_CLOSED", {}), "as the server says");
});
