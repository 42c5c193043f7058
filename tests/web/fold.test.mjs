// The geometry of a peeled card.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fold, grip } from "../../web/js/fold.js";

const SIZE = { width: 90, height: 126 };
const near = (actual, expected, message) => assert.ok(Math.abs(actual - expected) < 1e-6, `${message ?? ""} ${actual} is not ${expected}`);
const area = (polygon) => Math.abs(polygon.reduce((sum, { x, y }, at) => {
  const next = polygon[(at + 1) % polygon.length];
  return sum + x * next.y - next.x * y;
}, 0)) / 2;
const laid = ([a, b, c, d, e, f], { x, y }) => ({ x: a * x + c * y + e, y: b * x + d * y + f });
const onFace = ({ x, y }) => ({ x: SIZE.width - x, y });

/** Grips at every corner and edge, each drawn to many places. */
function* folds() {
  for (const touched of [[3, 3], [45, 2], [88, 5], [4, 60], [86, 70], [2, 124], [50, 100], [89, 120]]) {
    const from = grip({ x: touched[0], y: touched[1] }, SIZE);
    for (let step = 0; step < 24; step += 1) {
      const to = { x: from.x + 70 * Math.cos(step), y: from.y + (3 + 4 * step) * Math.sin(step) };
      const folded = fold(SIZE, from, to);
      if (folded !== null) yield { from, to, folded };
    }
  }
}

test("a card is taken at the corner or edge that is nearest", () => {
  assert.deepEqual(grip({ x: 80, y: 120 }, SIZE), { x: 90, y: 126 });
  assert.deepEqual(grip({ x: 5, y: 60 }, SIZE), { x: 0, y: 60 });
  assert.deepEqual(grip({ x: 45, y: 10 }, SIZE), { x: 45, y: 0 });
  assert.deepEqual(grip({ x: 45, y: 70 }, SIZE), { x: 45, y: 126 });
});

test("nothing is lifted where a card is not drawn over itself", () => {
  assert.equal(fold(SIZE, { x: 0, y: 60 }, { x: 0, y: 60 }), null);
  assert.equal(fold(SIZE, { x: 0, y: 60 }, { x: -40, y: 60 }), null);
  assert.equal(fold(SIZE, { x: 90, y: 126 }, { x: 120, y: 150 }), null);
});

test("an edge drawn to the one across folds the card in the middle", () => {
  const folded = fold(SIZE, { x: 0, y: 63 }, { x: 90, y: 63 });
  near(area(folded.lying), 45 * 126);
  near(area(folded.flap), 45 * 126);
  assert.equal(folded.share, 1);
  assert.ok(folded.lying.every(({ x }) => x >= 45));
});

test("the flap lies where the pointer drew it, face up, and the sheet is neither torn nor doubled", () => {
  let count = 0;
  for (const { from, to, folded } of folds()) {
    const tip = laid(folded.matrix, onFace(from));
    near(tip.x, to.x);
    near(tip.y, to.y);
    const [a, b, c, d] = folded.matrix;
    near(a * d - b * c, 1, "turned over, not mirrored:");
    near(area(folded.lying) + area(folded.flap), SIZE.width * SIZE.height);
    assert.ok(folded.share > 0 && folded.share <= 1);
    count += 1;
  }
  assert.ok(count > 80);
});

test("a card drawn over entirely lies nowhere and has its whole face up", () => {
  const folded = fold(SIZE, { x: 0, y: 63 }, { x: 200, y: 63 });
  assert.deepEqual(folded.lying, []);
  near(area(folded.flap), 90 * 126);
  assert.equal(folded.share, 1);
});

test("the shade begins at the fold", () => {
  for (const { folded: { lying, flap, shade } } of folds()) {
    if (lying.length === 0) continue;
    const [sin, cos] = [Math.sin(shade.angle), Math.cos(shade.angle)];
    const length = Math.abs(SIZE.width * sin) + Math.abs(SIZE.height * cos);
    const along = ({ x, y }) => length / 2 + (x - SIZE.width / 2) * sin - (y - SIZE.height / 2) * cos;
    near(Math.min(...flap.map(along)), shade.at);
  }
});
