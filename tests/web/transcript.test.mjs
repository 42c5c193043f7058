// The browser's verifier against the transcripts that every verifier must accept or refuse, with the
// same name for the rule that is broken (tests/vectors/transcripts/index.json).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { verifyRound, verifyTranscript } from "../../web/js/fairness.js";
import { importKeySet, thumbprint } from "../../web/js/keys.js";
import { readStrictJson } from "../../web/js/strict_json.js";
import { RuleBroken, checkTranscript } from "../../web/js/transcript.js";

const folder = new URL("../vectors/transcripts/", import.meta.url);
const read = (file) => readFileSync(new URL(file, folder));
const { vectors } = JSON.parse(read("index.json"));
const keySet = JSON.parse(read("keys.json"));
const keys = await importKeySet(keySet);

// The format's page refuses every fraction when the file is read; the command line notices it in a
// payout only when it hashes.
const READ_EARLIER = new Set(["fails/fraction-in-a-payout.json"]);

async function brokenRule(file) {
  let document;
  try {
    document = readStrictJson(read(file));
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return "structure";
  }
  try {
    await checkTranscript(document, keys);
    return null;
  } catch (error) {
    assert.ok(error instanceof RuleBroken, String(error.stack));
    return error.rule;
  }
}

for (const { file, check } of vectors) {
  test(`${file}: ${check ?? "holds"}`, async () => {
    assert.equal(await brokenRule(file), READ_EARLIER.has(file) ? "structure" : check);
  });
}

test("the worked example of the format's page", async () => {
  const example = new URL("../../docs/formats/example/", import.meta.url);
  const exampleKeys = await importKeySet(JSON.parse(readFileSync(new URL("keys.json", example))));
  const document = readStrictJson(readFileSync(new URL("transcript.json", example)));
  const { passed } = await checkTranscript(document, exampleKeys);
  assert.equal(passed.length, 10);
});

test("a player's own record: own bets, what the page saw, nobody else's bets", async () => {
  const document = readStrictJson(read("holds/player-with-bets.json"));
  const [{ entry }] = document.book;
  const paid = new Map(document.payouts.map((payout) => [payout.betId, payout.payout_minor]));
  const bets = document.book.map((item) => ({
    ...item.entry,
    state: paid.has(item.entry.betId) ? "PAID" : "PLACED",
    payout_minor: paid.get(item.entry.betId) ?? 0,
    reason: null,
  }));
  const seen = document.events.map(({ hash }) => hash);
  const verdict = async (options) => {
    const checks = await verifyTranscript(document, { keys, ...options });
    return checks.filter(({ ok }) => ok !== true).map(({ name, ok }) => `${name}:${ok}`);
  };
  assert.deepEqual(await verdict({ playerId: entry.playerId, seen, bets }), []);
  assert.deepEqual(await verdict({ playerId: "somebody-else", seen, bets }), ["seen:false"]);
  assert.deepEqual(await verdict({ playerId: entry.playerId, seen: seen.slice(1), bets }), ["seen:false"]);
  const forgotten = { ...bets[0], betId: "bet-that-was-left-out" };
  assert.deepEqual(await verdict({ seen, bets: [...bets, forgotten] }), ["seen:false"]);
  for (const reason of ["NOT_IN_BOOK", "TABLE_DIFFERENTIAL"]) {
    const returned = { ...forgotten, state: "REFUNDED", reason };
    assert.deepEqual(await verdict({ seen, bets: [...bets, returned] }), []);
  }
});

test("rules after a broken one are not looked at", async () => {
  const document = readStrictJson(read("fails/card-changed-house.json"));
  const checks = await verifyTranscript(document, { keys });
  assert.deepEqual(checks.map(({ name, ok }) => [name, ok]), [
    ["cards", false], ["outcome", null], ["payouts", null], ["seal", null],
  ]);
});

test("a round is checked while it runs, and what cannot be known is not claimed", async () => {
  const { events } = readStrictJson(read("holds/player-with-bets.json"));
  const state = async (count, options = {}) => Object.fromEntries(
    (await verifyRound(events.slice(0, count), { keys, ...options })).map(({ name, ok }) => [name, ok]),
  );
  assert.deepEqual(await state(2), {
    chain: true, signatures: true, transitions: null, commitment: null, shoe: null, cards: null,
    outcome: null, payouts: null,
  });
  assert.deepEqual(await state(events.length), {
    chain: true, signatures: true, transitions: true, commitment: true, shoe: null, cards: true,
    outcome: true, payouts: true,
  });
  const unpaid = [{ betId: "mine", spot: "PLAYER", stake_minor: 100, state: "PAID", payout_minor: 1, reason: null }];
  assert.equal((await state(events.length, { bets: unpaid })).payouts, false);
});

test("a changed event is seen", async () => {
  const { events } = readStrictJson(read("holds/one-bet.json"));
  const changed = structuredClone(events);
  changed.find(({ type }) => type === "CARDS_DEALT").data.cards[0].card = "AS";
  const found = Object.fromEntries((await verifyRound(changed, { keys })).map(({ name, ok }) => [name, ok]));
  assert.equal(found.chain, false);
  assert.equal(found.cards, false);
});

test("consecutive rounds share a shoe", async () => {
  const { in_order: files } = JSON.parse(read("index.json"));
  const rounds = files.map((file) => readStrictJson(read(file)).events);
  for (const [at, events] of rounds.entries()) {
    const checks = await verifyRound(events, { keys, previous: rounds[at - 1] ?? null });
    assert.equal(checks.find(({ name }) => name === "shoe").ok, at === 0 ? null : true);
  }
});

test("keys are known by the thumbprint that is computed, not by what they say", async () => {
  const [jwk] = keySet.keys;
  assert.equal(await thumbprint(jwk), jwk.kid);
  await assert.rejects(importKeySet({ keys: [{ ...jwk, kid: "another" }] }), /not the key it says/);
  await assert.rejects(importKeySet({ keys: [] }), RangeError);
  await assert.rejects(importKeySet({ keys: [{ ...jwk, crv: "P-384" }] }), RangeError);
});
