// One connection for several tables: who hears what, what belongs to the player and what to a table.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Refused, Session, tableIdOf } from "../../web/js/session.js";
import { SessionRecord } from "../../web/js/session_record.js";
import { ServerClock } from "../../web/js/server_clock.js";
import { Log, OPENED_AT, joined, roundIdOf } from "./builders.mjs";
import { Line, memory } from "./line.mjs";

const wallet = (available, version) => ({ currency: "EUR", available_minor: available, version });
const seat = (number, you) => ({ seat: number, nickname: "Player 00AF", since_ms: 1, you });
let line;
let now;
let session;
let notices;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  notices = [];
  now = 0;
  session = new Session({
    api: {}, onChange: () => {}, onNotice: (notice) => notices.push(notice), onSignedOut: () => assert.fail("signed out"),
    connect: (options) => (line = new Line(options)), clock: new ServerClock(() => now), record: new SessionRecord(memory()),
  });
});

afterEach(() => {
  session.stop();
  mock.timers.reset();
});

/** The answer of a table to its newest join, with its round 1 open. */
function answerJoin(
  tableId, { available = 1_000, version = 1, seats = [], serverMs = OPENED_AT, currency = "EUR" } = {},
) {
  const event = new Log().opened(1);
  const opened = {
    ...event, tableId, roundId: roundIdOf(1).replace("bac-1", tableId), data: { ...event.data, currency },
  };
  const message = joined([opened]);
  line.say({
    ...message, id: line.last("join", tableId).id, table: { ...message.table, tableId, currency },
    wallet: { ...wallet(available, version), currency }, seats, server_ms: serverMs,
  });
  return opened.roundId;
}

const at = (tableId) => session.table(tableId).snapshot();

test("the lobby needs no table", async () => {
  session.start();
  assert.equal(session.connection, "online");
  assert.equal(line.last("join"), undefined);
  const asked = session.ask({ action: "lobby" });
  line.say({ type: "lobby", id: line.last("lobby").id, tables: [], server_ms: 1 });
  assert.deepEqual((await asked).tables, []);
});

test("each table joins by itself and hears of itself alone", () => {
  session.start();
  session.showTables(["bac-1", "bac-2"]);
  answerJoin("bac-1");
  assert.equal(at("bac-1").connection, "online");
  assert.equal(at("bac-2").connection, "connecting");
  answerJoin("bac-2");
  const closed = { ...new Log().closed(1)[0], tableId: "bac-2", roundId: "bac-2.000000001", seq: 2 };
  line.say({ type: "events", tableId: "bac-2", events: [closed] });
  assert.equal(at("bac-1").phase, "open");
  assert.equal(at("bac-2").round.phase, "closed");
});

test("bets of all tables lie on one balance", () => {
  session.start();
  session.showTables(["bac-1", "bac-2"]);
  const roundId = answerJoin("bac-1");
  answerJoin("bac-2");
  session.table("bac-1").placeBets([{ spot: "PLAYER", minor: 400 }]);
  assert.equal(at("bac-2").spendableMinor, 600);
  session.table("bac-2").placeBets([{ spot: "TIE", minor: 100 }]);
  assert.equal(at("bac-1").spendableMinor, 500);
  const sent = line.sent.find((message) => message.action === "bet" && message.roundId === roundId);
  const bet = { betId: sent.bets[0].betId, roundId, spot: "PLAYER", stake_minor: 400, state: "PLACED", payout_minor: 0, reason: null };
  line.say({ type: "bets_accepted", id: sent.id, bets: [bet], wallet: wallet(600, 2) });
  assert.deepEqual(at("bac-1").bets.onSpot(roundId, "PLAYER"), { accepted: 400, pending: 0 });
  assert.equal(at("bac-2").wallet.available_minor, 600);
  assert.equal(at("bac-2").spendableMinor, 500);
});

test("a table shows, holds and stakes the balance of its own currency", () => {
  session.start();
  session.showTables(["bac-1", "bac-2"]);
  const roundId = answerJoin("bac-1", { available: 1_000, version: 9 });
  answerJoin("bac-2", { available: 70, version: 2, currency: "USD" });
  assert.equal(at("bac-1").wallet.available_minor, 1_000);
  assert.equal(at("bac-2").wallet.available_minor, 70);
  assert.equal(at("bac-2").currency, "USD");
  session.table("bac-1").placeBets([{ spot: "PLAYER", minor: 400 }]);
  assert.equal(at("bac-1").spendableMinor, 600);
  assert.equal(at("bac-2").spendableMinor, 70);
  const closed = { ...new Log().closed(1)[0], tableId: "bac-1", roundId, seq: 2 };
  line.say({ type: "events", tableId: "bac-1", events: [closed] });
  line.say({ type: "wallet", wallet: { ...wallet(90, 3), currency: "USD" } });
  line.say({ type: "wallet", wallet: wallet(1_400, 10) });
  assert.equal(at("bac-2").wallet.available_minor, 90);
  assert.equal(at("bac-1").wallet.available_minor, 1_000);
  assert.equal(session.wallet().currency, "EUR");
});

test("a balance may not rise while cards that may pay are hidden at any table", () => {
  session.start();
  session.showTables(["bac-1", "bac-2"]);
  const roundId = answerJoin("bac-1");
  answerJoin("bac-2");
  session.table("bac-1").placeBets([{ spot: "PLAYER", minor: 400 }]);
  const closed = { ...new Log().closed(1)[0], tableId: "bac-1", roundId, seq: 2 };
  line.say({ type: "wallet", wallet: wallet(600, 2) });
  assert.equal(session.wallet().available_minor, 600);
  line.say({ type: "events", tableId: "bac-1", events: [closed] });
  line.say({ type: "wallet", wallet: wallet(1_400, 3) });
  assert.equal(at("bac-2").wallet.available_minor, 600);
  session.showTables(["bac-2"]);
  assert.equal(at("bac-2").wallet.available_minor, 1_400);
});

test("leaving a table tells the house and keeps the others", () => {
  session.start();
  session.showTables(["bac-1", "bac-2"]);
  session.showTables(["bac-2"]);
  assert.equal(line.last("leave").tableId, "bac-1");
  assert.equal(session.table("bac-1"), null);
  assert.deepEqual(session.tables.map(({ tableId }) => tableId), ["bac-2"]);
});

test("at most four tables stand side by side", () => {
  session.start();
  session.showTables(["a", "b", "c", "d", "e"]);
  assert.deepEqual(session.tables.map(({ tableId }) => tableId), ["a", "b", "c", "d"]);
});

test("after a lost connection every table joins again, from where it stood", () => {
  session.start();
  session.showTables(["bac-1", "bac-2"]);
  answerJoin("bac-1");
  answerJoin("bac-2");
  const before = line.last("join", "bac-1").id;
  session.reset();
  assert.notEqual(line.last("join", "bac-1").id, before);
  assert.deepEqual(line.last("join", "bac-2").last, { epoch: 1, seq: 1 });
  assert.equal(at("bac-1").connection, "connecting");
});

test("a player sits, and sits again after a lost connection", async () => {
  session.start();
  session.showTables(["bac-1"]);
  answerJoin("bac-1");
  const sitting = session.table("bac-1").sit(3);
  line.say({ type: "seats", id: line.last("sit").id, tableId: "bac-1", seats: [seat(3, true)], server_ms: OPENED_AT + 1 });
  await sitting;
  assert.deepEqual(at("bac-1").seats, [seat(3, true)]);
  line.say({ type: "seats", id: null, tableId: "bac-1", seats: [], server_ms: OPENED_AT }); // older: overtaken
  assert.deepEqual(at("bac-1").seats, [seat(3, true)]);
  const first = line.last("sit").id;
  session.reset();
  answerJoin("bac-1", { serverMs: OPENED_AT + 2 });
  assert.notEqual(line.last("sit").id, first);
  assert.equal(line.last("sit").seat, 3);
});

test("a refused seat is told and not asked for again", async () => {
  session.start();
  session.showTables(["bac-1"]);
  answerJoin("bac-1");
  const sitting = session.table("bac-1").sit(3);
  line.say({ type: "error", id: line.last("sit").id, code: "SEAT_TAKEN", message: "seat 3 is taken", details: { seat: 3 } });
  await sitting;
  assert.deepEqual(notices, [{ kind: "error", text: "You are not seated: seat 3 is taken", tableId: "bac-1" }]);
  const sent = line.sent.length;
  session.reset();
  answerJoin("bac-1");
  assert.ok(line.sent.slice(sent).every(({ action }) => action !== "sit"));
});

test("a join that stays unanswered is sent again, one that is refused is not", () => {
  session.start();
  session.showTables(["bac-1", "bac-9"]);
  const [lost, refused] = ["bac-1", "bac-9"].map((tableId) => line.last("join", tableId).id);
  line.say({ type: "error", id: refused, code: "TABLE_NOT_FOUND", message: "there is no table bac-9", details: {} });
  assert.deepEqual(notices.map(({ tableId }) => tableId), ["bac-9"]);
  mock.timers.tick(2_000);
  assert.equal(line.last("join", "bac-1").id, lost);
  now = 8_000;
  mock.timers.tick(2_000);
  assert.notEqual(line.last("join", "bac-1").id, lost);
  assert.equal(line.last("join", "bac-9").id, refused);
});

test("a refusal goes to whoever asked, and to the player when nobody did", async () => {
  session.start();
  const asked = session.ask({ action: "match" });
  line.say({ type: "error", id: line.last("match").id, code: "CONTENTION", message: "busy", details: {} });
  await assert.rejects(asked, (error) => error instanceof Refused && error.code === "CONTENTION");
  line.say({ type: "error", id: null, code: "MALFORMED_JSON", message: "not JSON", details: {} });
  line.say({ type: "error", id: "told-already", code: "BETTING_CLOSED", message: "closed", details: {} });
  assert.deepEqual(notices.map(({ text }) => text), ["not JSON"]);
});

test("a question without an answer ends", async () => {
  session.start();
  const asked = session.ask({ action: "lobby" });
  mock.timers.tick(15_000);
  await assert.rejects(asked, /did not answer/);
  line.isOpen = false;
  await assert.rejects(session.ask({ action: "lobby" }), /no connection/);
});

test("messages name their table in one way or another", () => {
  assert.equal(tableIdOf({ tableId: "bac-1" }), "bac-1");
  assert.equal(tableIdOf({ table: { tableId: "bac-1" } }), "bac-1");
  for (const message of [{ roundId: roundIdOf(7) }, { bet: { roundId: roundIdOf(7) } }, { bets: [{ roundId: roundIdOf(7) }] }]) {
    assert.equal(tableIdOf(message), "bac-1");
  }
  assert.equal(tableIdOf({ type: "wallet" }), undefined);
});
