// The lobby's filters, groups and countdowns; places in the address; rounds recalled from transcripts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { filtered, grouped, languageName, reasonsText, stateOf } from "../../web/js/lobby.js";
import { hashOf, placeOf } from "../../web/js/places.js";
import { recall } from "../../web/js/recall.js";

const table = (tableId, more = {}) => ({
  tableId, group: "salon", variant: "commission", language: "en", status: "OPEN",
  limits: { PLAYER: { min_minor: 100, max_minor: 5_000 }, BANKER: { min_minor: 100, max_minor: 5_000 } },
  round: { phase: "OPEN", closes_at_ms: 10_000 }, ...more,
});
const ids = (tables) => tables.map(({ tableId }) => tableId);

test("tables are filtered by variant, language and stake", () => {
  const tables = [table("a"), table("b", { variant: "ez" }), table("c", { language: "de" }),
    table("d", { limits: { PLAYER: { min_minor: 100, max_minor: 900 }, BANKER: { min_minor: 100, max_minor: 200 } } })];
  const by = (wish) => ids(filtered(tables, { variant: "", language: "", stakeMinor: 0, ...wish }));
  assert.deepEqual(by({}), ["a", "b", "c", "d"]);
  assert.deepEqual(by({ variant: "ez" }), ["b"]);
  assert.deepEqual(by({ language: "de" }), ["c"]);
  assert.deepEqual(by({ stakeMinor: 500 }), ["a", "b", "c"]);
  assert.deepEqual(by({ stakeMinor: 99 }), []);
});

test("groups come in the order of their first table", () => {
  const groups = grouped([table("a", { group: "speed" }), table("b"), table("c", { group: "speed" })]);
  assert.deepEqual(groups.map(([name, tables]) => [name, ids(tables)]), [["speed", ["a", "c"]], ["salon", ["b"]]]);
});

test("a table's state goes on between two answers", () => {
  assert.deepEqual(stateOf(table("a"), 7_001), { key: "open", text: "Place your bets", secondsLeft: 3 });
  assert.equal(stateOf(table("a"), 10_000).key, "closed");
  assert.equal(stateOf(table("a", { status: "CLOSED" }), 0).key, "shut");
  assert.equal(stateOf(table("a", { round: null }), 0).key, "waiting");
  const keys = ["CLOSED", "DEALING", "RESOLVED", "SETTLED", "VOIDED"].map((phase) =>
    stateOf(table("a", { round: { phase, closes_at_ms: 0 } }), 0).key);
  assert.deepEqual(keys, ["closed", "dealing", "settled", "settled", "voided"]);
});

test("reasons and languages are words; unknown ones do no harm", () => {
  assert.equal(reasonsText(["STAKE", "SOMETHING_NEW", "SEAT_FREE"]), "takes your stake · has a free seat");
  assert.equal(languageName("de"), "German");
  assert.equal(languageName("not a tag"), "not a tag");
});

test("a place is read from the address as it is written", () => {
  for (const place of [
    { tableIds: [], adding: false }, { tableIds: ["bac-1"], adding: false },
    { tableIds: ["bac-1", "bac-2"], adding: true },
  ]) assert.deepEqual(placeOf(hashOf(place), 4), place);
  assert.deepEqual(placeOf("#table=bac-1,bac-1,BAD/,bac-2", 4).tableIds, ["bac-1", "bac-2"]);
  assert.deepEqual(placeOf("#table=a,b,c,d,e&add", 4), { tableIds: ["a", "b", "c", "d"], adding: false });
  assert.deepEqual(placeOf("#nonsense", 4), { tableIds: [], adding: false });
  assert.deepEqual(placeOf("#add", 4), { tableIds: [], adding: false });
});

test("a round is recalled from its transcript with the own bets", () => {
  const transcript = JSON.parse(readFileSync(new URL("../../docs/formats/example/transcript.json", import.meta.url)));
  const entry = (betId, spot, stake) => ({ entry: { playerId: "p", betId, spot, stake_minor: stake }, index: 0, proof: [] });
  const own = {
    ...transcript, book: [entry("lost", "TIE", 100), entry("paid", "PLAYER", 200)],
    payouts: [{ playerId: "p", betId: "paid", payout_minor: 400 }],
  };
  const { round, bets } = recall(own);
  assert.equal(round.roundId, transcript.roundId);
  assert.equal(round.events.length, transcript.events.length);
  assert.deepEqual(bets.map(({ betId, state, payout_minor: paid }) => [betId, state, paid]), [["lost", "PLACED", 0], ["paid", "PAID", 400]]);
  assert.deepEqual(recall({ ...own, book: null, payouts: [] }).bets, []);
});
