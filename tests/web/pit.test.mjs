// The pit: which actions make sense, the log for reading, drafts of corrections; and the staff's
// commands, one after the other.

import assert from "node:assert/strict";
import { test } from "node:test";

import { newestSettled, reasonsAgainst, silentMs } from "../../web/js/pit/actions.js";
import { EMPTY, describe, withCard } from "../../web/js/pit/correction_draft.js";
import { KEPT, isGap, shortData, withEvents } from "../../web/js/pit/event_feed.js";
import { Commands } from "../../web/js/staff/commands.js";
import { tableOfAddress } from "../../web/js/staff/table_choice.js";

const hand = (state, more = {}) => ({
  roundId: "bac-5.000000042", state, cards: [], next: "PLAYER", place: 1, pending: null, paused: null, ...more,
});
const desk = (more = {}) => ({
  tableId: "bac-5", mode: "shoe", status: "OPEN", missing: null, dealerId: "dealer", heard_at_ms: 1_000,
  shoe: { unseen: 300 }, hand: null, ...more,
});

/** The names of the actions that can be done. */
const can = (view, line = "online") => Object.entries(reasonsAgainst({ desk: view, line }))
  .filter(([, reason]) => reason === null).map(([action]) => action);

test("between rounds the table and its shoe can be dealt with", () => {
  assert.deepEqual(can(desk()), ["pause", "close", "relieve", "endShoe", "propose"]);
  assert.deepEqual(can(desk({ status: "PAUSED", dealerId: null, shoe: null })), ["open", "close", "propose"]);
  assert.deepEqual(can(desk({ status: "CLOSED", hand: hand("SETTLED") })), ["open", "relieve", "endShoe", "propose"]);
});

test("while cards are dealt the hand can be put right", () => {
  assert.deepEqual(can(desk({ hand: hand("OPEN") })), ["pause", "close", "relieve", "void", "propose"]);
  assert.deepEqual(
    can(desk({ hand: hand("DEALING", { cards: [{ to: "PLAYER", card: "KH" }] }) })),
    ["pause", "close", "relieve", "void", "pauseDealing", "rescan", "enterCard", "burnCard", "propose"],
  );
  const paused = can(desk({ hand: hand("DEALING", { paused: "WRONG_CARD", next: null }) }));
  assert.ok(paused.includes("resume") && !paused.includes("pauseDealing") && !paused.includes("enterCard"));
  assert.ok(!can(desk({ hand: hand("RESOLVED") })).includes("void"));
});

test("a server's hand is voided before it is dealt only, and its cards are nobody's", () => {
  assert.deepEqual(can(desk({ mode: "rng", dealerId: null, hand: hand("OPEN") })), ["pause", "close", "void", "propose"]);
  assert.deepEqual(can(desk({ mode: "rng", dealerId: null, hand: hand("DEALING") })), ["pause", "close", "propose"]);
});

test("without a connection or a table nothing can be done, and every reason is a sentence", () => {
  assert.deepEqual(can(desk(), "offline"), []);
  assert.deepEqual(can(null), []);
  for (const reason of Object.values(reasonsAgainst({ desk: desk({ mode: "rng" }), line: "online" }))) {
    if (reason !== null) assert.match(reason, /^[A-Z].*\.$/);
  }
});

test("only a dealer who should be heard is silent", () => {
  assert.equal(silentMs(desk(), 41_000), 40_000);
  assert.equal(silentMs(desk(), 500), 0);
  assert.equal(silentMs(desk({ dealerId: null }), 41_000), null);
  assert.equal(silentMs(desk({ mode: "rng" }), 41_000), null);
});

const event = (seq, type = "BETS_CLOSED", more = {}) => ({
  epoch: 1, seq, type, roundId: "bac-5.000000001", data: {}, prev: `${seq - 1}`, hash: `${seq}`, ...more,
});

test("the log shows each event once and in order, and where some are missing", () => {
  const feed = withEvents([event(3), event(1)], [event(2), event(3), event(6)]);
  assert.deepEqual(feed.map(({ seq }) => seq), [1, 2, 3, 6]);
  assert.deepEqual(feed.map((each, at) => isGap(feed[at - 1], each)), [false, false, false, true]);
  assert.equal(isGap(event(6), event(1, "EPOCH_STARTED", { epoch: 2, prev: "6" })), false);
  assert.equal(isGap(event(6), event(1, "EPOCH_STARTED", { epoch: 2, prev: "7" })), true);
  const many = Array.from({ length: 80 }, (_, at) => event(at + 1));
  assert.deepEqual(withEvents([], many).map(({ seq }) => seq).slice(0, 2), [80 - KEPT + 1, 80 - KEPT + 2]);
});

test("an event's data is short: who, what and why, without proofs", () => {
  assert.equal(shortData(event(1, "CARDS_DEALT", { data: { cards: [{ to: "PLAYER", card: "KH" }], source: "PIT", opening: { long: 1 } } })), "PLAYER KH · by PIT");
  assert.equal(shortData(event(1, "TABLE_PAUSED", { data: { by: "anna", note: "spill", commitment: "f".repeat(64) } })), "by anna · note spill");
  assert.ok(shortData(event(1, "TABLE_PAUSED", { data: { note: "x".repeat(300) } })).length < 120);
});

test("a correction is most likely of the newest settled round", () => {
  assert.equal(newestSettled(desk({ hand: hand("SETTLED") }), []), "bac-5.000000042");
  assert.equal(newestSettled(desk({ hand: hand("OPEN") }), [event(1, "ROUND_SETTLED"), event(2)]), "bac-5.000000001");
  assert.equal(newestSettled(desk(), []), "");
});

test("the rules say who gets a corrected card, and when the hand is whole", () => {
  let draft = EMPTY;
  assert.equal(describe(draft).next, "PLAYER");
  for (const card of ["KH", "7C", "4S", "9D"]) draft = withCard(draft, card);
  assert.deepEqual([describe(draft).next, describe(draft).cards], ["PLAYER", null]);
  draft = withCard(draft, "5H");
  assert.deepEqual(describe(draft), { next: null, complete: true, cards: "KH7C4S9D5H", text: "Player 9 : 6 Banker. PLAYER wins." });
  assert.equal(withCard(draft, "2C"), draft, "a whole hand takes no more");
});

test("an address names a table, or does not", () => {
  assert.equal(tableOfAddress({ search: "?table=bac-5", hash: "" }), "bac-5");
  assert.equal(tableOfAddress({ search: "", hash: "#table=bac-6" }), "bac-6");
  assert.equal(tableOfAddress({ search: "?table=Bac%205", hash: "" }), null);
  assert.equal(tableOfAddress({ search: "", hash: "" }), null);
});

/** Commands whose answers the test gives: `asked` are the commands, `answer(n)` and `refuse(n)` end one. */
function harness() {
  const asked = [];
  const ends = [];
  const seen = { answers: [], refused: [] };
  const commands = new Commands({
    ask: (command) => {
      asked.push(command.kind);
      return new Promise((resolve, reject) => ends.push({ resolve, reject }));
    },
    refreshing: { kind: "beat" },
    onAnswer: (answer) => seen.answers.push(answer),
    onRefused({ code }, { kind }) {
      seen.refused.push(`${kind} ${code}`);
      if (kind !== "beat") commands.refresh();
    },
  });
  const turn = () => new Promise((resolve) => { setImmediate(resolve); });
  return {
    commands, asked, seen,
    answer: async (at) => { ends[at].resolve(at); await turn(); },
    refuse: async (at, code) => { ends[at].reject({ code }); await turn(); },
  };
}

test("commands wait for each other, and are made when their turn has come", async () => {
  const { commands, asked, answer, seen } = harness();
  let made = 0;
  const first = commands.give({ kind: "scan" });
  const second = commands.give(() => { made += 1; return { kind: "confirm" }; });
  commands.refresh();
  commands.refresh();
  assert.deepEqual([asked, made], [["scan"], 0]);
  await answer(0);
  assert.deepEqual([asked, made, await first], [["scan", "confirm"], 1, true]);
  await answer(1);
  assert.equal(await second, true);
  assert.deepEqual(asked, ["scan", "confirm", "beat"], "two wishes to refresh are one");
  await answer(2);
  assert.deepEqual([asked.length, seen.answers], [3, [0, 1, 2]]);
});

test("after a refusal nothing that was meant to follow is sent, and the table is asked", async () => {
  const { commands, asked, refuse, answer, seen } = harness();
  const first = commands.give({ kind: "scan" });
  const second = commands.give({ kind: "confirm" });
  await refuse(0, "WRONG_CARD");
  assert.deepEqual([await first, await second], [false, false]);
  assert.deepEqual([asked, seen.refused], [["scan", "beat"], ["scan WRONG_CARD"]]);
  await refuse(1, "NOT_YOUR_TABLE");
  assert.deepEqual(asked, ["scan", "beat"], "a refused question is not repeated at once");
  const skipped = commands.give(() => null);
  assert.equal(await skipped, false);
  commands.give({ kind: "scan" });
  await answer(2);
  assert.equal(commands.isBusy, false);
});
