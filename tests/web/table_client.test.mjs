// Bets of one command on their way through the table client: one message, one answer, one notice.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Log, OPENED_AT } from "./builders.mjs";

const ROUND = "bac-1.000000001";
const WALLET = { currency: "EUR", available_minor: 9_000, version: 3 };

class FakeSocket {
  static OPEN = 1;
  static last = null;
  readyState = FakeSocket.OPEN;
  sent = [];

  constructor() {
    FakeSocket.last = this;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {}

  receive(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  commands(action) {
    return this.sent.filter((message) => message.action === action);
  }
}

Object.assign(globalThis, {
  WebSocket: FakeSocket,
  addEventListener: () => {},
  removeEventListener: () => {},
  document: { addEventListener: () => {}, removeEventListener: () => {}, visibilityState: "visible" },
  sessionStorage: { getItem: () => null, setItem: () => {} },
});
const { Session } = await import("../../web/js/session.js");

/** A client that has joined an open round; `play` gets it with its socket and the notices so far. */
async function joined(play) {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const notices = [];
  const session = new Session({
    api: { ticket: async () => ({ ticket: "t", url: "wss://x", playerId: "anna", role: "player" }) },
    onChange: () => {},
    onNotice: (notice) => notices.push(notice),
    onSignedOut: assert.fail,
  });
  try {
    session.start();
    session.showTables(["bac-1"]);
    const client = session.table("bac-1");
    await Promise.resolve();
    await Promise.resolve();
    const socket = FakeSocket.last;
    socket.onopen();
    socket.receive({
      type: "joined", id: socket.commands("join")[0].id, complete: false, bets: [], wallet: WALLET,
      table: { tableId: "bac-1", currency: "EUR", limits: {}, history: [], epoch: 1 }, seats: [],
      events: [new Log().opened(1)], server_ms: OPENED_AT,
    });
    play({ client, socket, notices, bets: () => client.snapshot().bets });
  } finally {
    session.stop();
    mock.timers.reset();
  }
}

const view = ({ betId, spot, stake_minor }, more = {}) =>
  ({ betId, roundId: ROUND, spot, stake_minor, state: "PLACED", payout_minor: 0, reason: null, ...more });
const TWO = [{ spot: "PLAYER", minor: 500 }, { spot: "TIE", minor: 100 }];

test("several stakes are one command, and its answer settles them all", () => joined(({ client, socket, bets }) => {
  client.placeBets(TWO);
  const [command, ...others] = socket.commands("bet");
  assert.deepEqual(others, []);
  assert.deepEqual(Object.keys(command), ["action", "id", "roundId", "bets"]);
  assert.deepEqual(command.bets.map(({ spot, stake_minor: stake }) => [spot, stake]), [["PLAYER", 500], ["TIE", 100]]);
  assert.equal(new Set(command.bets.map(({ betId }) => betId)).size, 2);
  assert.equal(bets().pendingMinor(), 600);
  socket.receive({ type: "bets_accepted", id: command.id, bets: command.bets.map((bet) => view(bet)), wallet: WALLET });
  assert.equal(bets().pendingMinor(), 0);
  assert.deepEqual(bets().onSpot(ROUND, "TIE"), { accepted: 100, pending: 0 });
  mock.timers.tick(5_000);
  assert.equal(socket.commands("bet").length, 1);
}));

test("no answer: the same command goes out again until every bet of it is known", () => joined(({ client, socket }) => {
  client.placeBets(TWO);
  const [{ bets: [first, second] }] = socket.commands("bet");
  socket.receive({ type: "bet", bet: view(first) });
  mock.timers.tick(4_000);
  const sent = socket.commands("bet");
  assert.equal(sent.length, 2);
  assert.deepEqual(sent[1], sent[0]);
  socket.receive({ type: "bet", bet: view(second) });
  mock.timers.tick(20_000);
  assert.equal(socket.commands("bet").length, 2);
}));

test("a refusal takes all bets of the command away, with one notice", () => joined(({ client, socket, bets, notices }) => {
  client.placeBets([{ spot: "BANKER", minor: 200 }]);
  client.placeBets(TWO);
  const { id } = socket.commands("bet")[1];
  socket.receive({
    type: "error", id, code: "TABLE_DIFFERENTIAL", message: "", details: { spot: "PLAYER", allowed_minor: 300 },
  });
  assert.deepEqual(notices, [{ kind: "error", tableId: "bac-1", text: "Bets not taken: this side of the table takes €3 more for now" }]);
  assert.deepEqual(bets().ofRound(ROUND).map(({ spot }) => spot), ["BANKER"]);
}));

test("what the differential leaves out is told once", () => joined(({ client, socket, notices }) => {
  client.placeBets(TWO);
  const [{ id, bets: [first, second] }] = socket.commands("bet");
  socket.receive({ type: "bets_accepted", id, bets: [view(first), view(second)], wallet: WALLET });
  const returned = view(first, { state: "REFUNDED", payout_minor: 500, reason: "TABLE_DIFFERENTIAL" });
  socket.receive({ type: "bet", bet: returned });
  socket.receive({ type: "bet", bet: returned });
  assert.deepEqual(notices.map(({ text }) => text), [
    "Your bet of €5 on PLAYER was too much for one side of the table and was returned.",
  ]);
}));

test("side bets are taken back before the main bets that they need", () => joined(({ client, socket }) => {
  client.placeBets([{ spot: "BIG", minor: 100 }, { spot: "PLAYER", minor: 500 }]);
  const [{ id, bets: [side, main] }] = socket.commands("bet");
  socket.receive({ type: "bets_accepted", id, bets: [view(side), view(main)], wallet: WALLET });
  client.clear();
  const [first] = socket.commands("cancel");
  assert.equal(first.betId, side.betId);
  socket.receive({ type: "bet_cancelled", id: first.id, bet: view(side, { state: "CANCELLED" }), wallet: WALLET });
  assert.equal(socket.commands("cancel")[1].betId, main.betId);
}));
