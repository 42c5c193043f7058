// The construction, against vectors that the Python domain wrote (tests/vectors/fairness.json).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromHex, toHex, utf8Bytes } from "../../web/js/bytes.js";
import { canonical, digest } from "../../web/js/canonical.js";
import { resultOf } from "../../web/js/coup.js";
import { Keystream, commitment, dealCoup, dealKey, without } from "../../web/js/deal.js";
import { leafHash, root, rootFromProof } from "../../web/js/merkle.js";
import { payoutsInBookOrder, payoutsOf } from "../../web/js/paytable.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/fairness.json", import.meta.url)));
const leafOf = (value) => leafHash(utf8Bytes(canonical(value)));

for (const deal of vectors.deals) {
  test(`deal: ${deal.name}`, async () => {
    const seed = fromHex(deal.seed);
    assert.equal(await commitment(seed, deal.roundId), deal.commitment);
    const key = await dealKey(seed, deal);
    assert.equal(toHex(key), deal.dealKey);
    const stream = new Keystream(key);
    for (const word of deal.words) assert.equal(await stream.word(), word);
    const cards = await dealCoup(deal.remaining, key);
    assert.deepEqual(cards, deal.cards);
    assert.deepEqual(resultOf(cards), deal.result);
    assert.equal(without(deal.remaining, cards.map(({ card }) => card)), deal.remainingAfter);
  });
}

test("another book root deals other cards", async () => {
  const [deal] = vectors.deals;
  const key = await dealKey(fromHex(deal.seed), { ...deal, bookRoot: "00".repeat(32) });
  assert.notDeepEqual(await dealCoup(deal.remaining, key), deal.cards);
});

test("HKDF agrees with WebCrypto's own", async () => {
  const deal = vectors.deals[3];
  const material = await crypto.subtle.importKey("raw", fromHex(deal.seed), "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({
    name: "HKDF", hash: "SHA-256", salt: fromHex(deal.bookRoot),
    info: utf8Bytes(`baccarat/deal/v1|${deal.shoeId}|${deal.roundId}|`),
  }, material, 256);
  assert.equal(toHex(new Uint8Array(bits)), deal.dealKey);
});

test("below() throws words of the last, incomplete stretch away", async () => {
  class Fixed extends Keystream {
    words = [0xffffffff, 0xfffffffe, 7];
    async word() { return this.words.shift(); }
  }
  assert.equal(await new Fixed(new Uint8Array(32)).below(5), 4); // 2^32 − 1 is one too many
  assert.equal(await new Fixed(new Uint8Array(32)).below(2 ** 31), 2 ** 31 - 1);
});

test("a shoe of fewer than six cards deals nothing", async () => {
  await assert.rejects(dealCoup(`5${"0".repeat(51)}`, new Uint8Array(32)), RangeError);
  assert.throws(() => without("0".repeat(52), ["AC"]), RangeError);
});

test("a coup with a card too many, too few or in the wrong hand is refused", () => {
  const natural = [["PLAYER", "4H"], ["BANKER", "KS"], ["PLAYER", "5D"], ["BANKER", "7C"]]
    .map(([to, card]) => ({ to, card }));
  assert.equal(resultOf(natural).outcome, "PLAYER");
  assert.throws(() => resultOf(natural.slice(0, 3)), /not complete/);
  assert.throws(() => resultOf([...natural, { to: "PLAYER", card: "2C" }]), /no hand takes/);
  assert.throws(() => resultOf([natural[1], ...natural.slice(1)]), /due to PLAYER/);
  assert.throws(() => resultOf([{ to: "PLAYER", card: "1H" }]), /not a card/);
});

test("canonical JSON", async () => {
  for (const { value, text, digest: expected } of vectors.canonical) {
    assert.equal(canonical(value), text);
    assert.equal(await digest(value), expected);
  }
});

test("what has no canonical form is refused", () => {
  let deep = [];
  for (let level = 0; level < 33; level += 1) deep = [deep];
  for (const value of [0.5, 2 ** 53, Number.NaN, undefined, () => 0, "\ud800", { "\udc00": 1 }, deep]) {
    assert.throws(() => canonical(value), RangeError);
  }
});

test("Merkle roots and proofs", async () => {
  assert.equal(toHex(await root([])), vectors.emptyRoot);
  for (const { entries, root: expected, proofs } of vectors.books) {
    const leaves = await Promise.all(entries.map(leafOf));
    assert.equal(toHex(await root(leaves)), expected);
    for (const [index, proof] of proofs.entries()) {
      const siblings = proof.map(fromHex);
      const follow = (leaf, at, path) => rootFromProof(leaf, at, leaves.length, path);
      assert.equal(toHex(await follow(leaves[index], index, siblings)), expected);
      await assert.rejects(follow(leaves[index], index, [...siblings, leaves[0]]), RangeError);
      await assert.rejects(follow(leaves[index], leaves.length, siblings), RangeError);
      if (leaves.length > 1) {
        await assert.rejects(follow(leaves[index], index, siblings.slice(1)), RangeError);
        const other = (index + 1) % leaves.length;
        assert.notEqual(toHex(await follow(leaves[other], index, siblings)), expected);
      }
    }
  }
});

test("payouts are rounded once per player and spot", () => {
  for (const { paytable, cards, book, payouts } of vectors.payouts) {
    const amounts = payoutsInBookOrder(paytable, book, cards);
    const due = book.map(({ playerId, betId }, at) => ({ playerId, betId, payout_minor: amounts[at] }))
      .filter(({ payout_minor: amount }) => amount > 0);
    assert.deepEqual(due, payouts);
    const [{ playerId }] = book;
    const own = payoutsOf(paytable, book.filter((bet) => bet.playerId === playerId).reverse(), cards);
    for (const payout of payouts.filter((item) => item.playerId === playerId)) {
      assert.equal(own.get(payout.betId), payout.payout_minor);
    }
  }
});
