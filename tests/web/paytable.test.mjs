// What bets pay, against what the Python domain pays (tests/vectors/paytables.json).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { SPOTS, way } from "../../web/js/bets.js";
import { completeCoup, isComplete } from "../../web/js/coup.js";
import { PAYTABLES, ending, knowsPaytable, payoutsInBookOrder, returned } from "../../web/js/paytable.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/paytables.json", import.meta.url)));
const coups = vectors.coups.map(({ cards, ...due }) => ({
  ...due, cards: cards.map(([to, card]) => ({ to, card })),
}));

test("every paytable, its decks, spots, ways and odds", () => {
  assert.deepEqual(PAYTABLES, vectors.paytables);
});

test("every coup sorts the bets into the same ways", () => {
  for (const { cards, ways } of coups) {
    const coup = completeCoup(cards);
    for (const spot of SPOTS) assert.equal(way(spot, coup), ways[spot] ?? "LOSE", `${spot} ${JSON.stringify(cards)}`);
  }
});

test("every stake gets back the same, and is called what it is", () => {
  const stake = vectors.stake_minor;
  for (const { cards, returned: due } of coups) {
    const coup = completeCoup(cards);
    for (const [version, amounts] of Object.entries(due)) {
      for (const [place, spot] of Object.keys(vectors.paytables[version].odds).entries()) {
        const back = returned(version, spot, stake, coup);
        assert.equal(back, amounts[place], `${version} ${spot} ${JSON.stringify(cards)}`);
        assert.equal(ending(version, spot, coup), back === 0 ? "lost" : back === stake ? "pushed" : "won");
      }
    }
  }
});

test("what is not offered is refused, not lost", () => {
  const [{ cards }] = coups;
  const coup = completeCoup(cards);
  assert.throws(() => returned("commission-8/1", "DRAGON_7", 100, coup), /does not offer/);
  assert.throws(() => returned("commission-8/1", "toString", 100, coup), /does not offer/);
  assert.throws(() => ending("generous-8/1", "PLAYER", coup), /does not offer/);
  assert.throws(() => payoutsInBookOrder("ez-8/1", [], cards.slice(0, 3)), /not complete/);
  assert.equal(knowsPaytable("toString"), false);
  assert.equal(isComplete(cards), true);
  assert.equal(isComplete(cards.slice(0, 3)), false);
});
