// The browser's verifier against the transcripts that every verifier must accept or refuse, with the
// same name for the rule that is broken (tests/vectors/transcripts/index.json).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { verifyRound, verifyTranscript } from "../../web/js/fairness.js";
import { importKeySet, thumbprint } from "../../web/js/keys.js";
import { readStrictJson } from "../../web/js/strict_json.js";
import { RuleBroken, checkLink, checkTranscript } from "../../web/js/transcript.js";

const folder = new URL("../vectors/transcripts/", import.meta.url);
const read = (file) => readFileSync(new URL(file, folder));
const { vectors, links } = JSON.parse(read("index.json"));
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

for (const { earlier, later, check } of links) {
  test(`${earlier} → ${later}: ${check ?? "links"}`, async () => {
    const rounds = [];
    for (const file of [earlier, later]) {
      const document = readStrictJson(read(file));
      rounds.push({ document, round: (await checkTranscript(document, keys)).round });
    }
    if (check === null) await checkLink(...rounds);
    else await assert.rejects(checkLink(...rounds), (error) => error instanceof RuleBroken && error.rule === check);
  });
}

test("the worked example of the format's page", async () => {
  const example = new URL("../../docs/formats/example/", import.meta.url);
  const exampleKeys = await importKeySet(JSON.parse(readFileSync(new URL("keys.json", example))));
  const document = readStrictJson(readFileSync(new URL("transcript.json", example)));
  const { passed } = await checkTranscript(document, exampleKeys);
  assert.equal(passed.length, 11);
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
  const opened = events.findIndex(({ type }) => type === "ROUND_OPENED");
  assert.deepEqual(await state(opened + 2), {
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

test("consecutive rounds share a shoe, and a new one follows a closed one", async () => {
  const verdict = async (round, previous) => {
    const checks = await verifyRound(round.events, { keys, shoe: round.shoe, previous });
    return checks.find(({ name }) => name === "shoe");
  };
  for (const { earlier, later, check } of links) {
    const [before, after] = [earlier, later].map((file) => readStrictJson(read(file)));
    const found = await verdict(after, before);
    // A chain that is broken between two rounds is the chain's matter.
    if (check !== "chain") assert.equal(found.ok, check === null, `${later}: ${found.detail}`);
    assert.equal((await verdict(after, null)).ok, null);
  }
  const [last, next] = ["last", "next-shoe"].map((name) => readStrictJson(read(`holds/shuffler-${name}.json`)));
  assert.match((await verdict(next, last)).detail, /all its cards are accounted for/);
});

test("without the opening of the shoe its cards are followed, but not how many hands are left", async () => {
  const [before, after] = ["void-before-last", "last"].map((name) => readStrictJson(read(`holds/rng-${name}.json`)));
  const shoeOf = async (events) => (await verifyRound(events, { keys, previous: { events: before.events, shoe: null } }))
    .find(({ name }) => name === "shoe").ok;
  assert.equal(await shoeOf(after.events), true);
  const changed = structuredClone(after.events);
  changed.find(({ type }) => type === "ROUND_OPENED").data.drawn += 1;
  assert.equal(await shoeOf(changed), false);
  assert.equal(await shoeOf(readStrictJson(read("holds/rng-next-shoe.json")).events), null);
});

for (const [mode, evidence] of [["shuffler", /^(.. proven at position \d+(, |\.))+$/], ["shoe", /as scanned at the table/]]) {
  test(`cards of mode ${mode} are told for what they are, also while they come`, async () => {
    const { events, shoe } = readStrictJson(read(`holds/${mode}-middle.json`));
    const told = async (count, opening) => Object.fromEntries(
      (await verifyRound(events.slice(0, count), { keys, shoe: opening })).map((found) => [found.name, found]));
    const whole = await told(events.length, shoe);
    for (const name of ["chain", "signatures", "transitions", "commitment", "cards", "outcome", "payouts"]) {
      assert.equal(whole[name].ok, true, `${name}: ${whole[name].detail}`);
    }
    assert.match(whole.cards.detail, evidence);
    assert.match(whole.cards.title, mode === "shuffler" ? /^Provable/ : /^Attested/);
    const first = events.findIndex(({ type }) => type === "CARDS_DEALT") + 1;
    assert.equal((await told(first - 1, shoe)).cards.ok, null);
    assert.equal((await told(first, shoe)).cards.ok, true);
    const unseen = await told(events.length, null);
    assert.deepEqual([unseen.commitment.ok, unseen.cards.ok], [null, mode === "shuffler" ? null : true]);
    const other = structuredClone(shoe);
    other.data.commitment = "cd".repeat(32);
    assert.equal((await told(events.length, other)).commitment.ok, false);
    const record = await verifyTranscript(readStrictJson(read(`holds/${mode}-middle.json`)), { keys });
    assert.equal(record.every(({ ok }) => ok), true);
    assert.match(record.find(({ name }) => name === "cards").detail, evidence);
  });
}

test("keys are known by the thumbprint that is computed, not by what they say", async () => {
  const [jwk] = keySet.keys;
  assert.equal(await thumbprint(jwk), jwk.kid);
  await assert.rejects(importKeySet({ keys: [{ ...jwk, kid: "another" }] }), /not the key it says/);
  await assert.rejects(importKeySet({ keys: [] }), RangeError);
  await assert.rejects(importKeySet({ keys: [{ ...jwk, crv: "P-384" }] }), RangeError);
});
