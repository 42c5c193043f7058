// Leave to watch that is asked for before the press.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Leaves } from "../../web/js/video/leaves.js";

function house({ fails = false } = {}) {
  const asked = [];
  const time = { ms: 0 };
  const leaves = new Leaves(async (tableId) => {
    asked.push(tableId);
    if (fails) throw new Error("refused");
    return `token ${asked.length}`;
  }, () => time.ms);
  return { leaves, asked, time };
}

test("what was asked for before the press is taken, once", async () => {
  const { leaves, asked } = house();
  leaves.expect("bac-1");
  leaves.expect("bac-1");
  assert.deepEqual(asked, ["bac-1"]);
  assert.equal(await leaves.take("bac-1"), "token 1");
  assert.equal(await leaves.take("bac-1"), "token 2");
});

test("every table has its own", async () => {
  const { leaves, asked } = house();
  leaves.expect("bac-1");
  assert.equal(await leaves.take("bac-3"), "token 2");
  assert.equal(await leaves.take("bac-1"), "token 1");
  assert.deepEqual(asked, ["bac-1", "bac-3"]);
});

test("an old one is left, and asked for anew when a press seems near again", async () => {
  const { leaves, asked, time } = house();
  leaves.expect("bac-1");
  time.ms = 5_000;
  assert.equal(await leaves.take("bac-1"), "token 2");
  leaves.expect("bac-1");
  time.ms = 10_000;
  leaves.expect("bac-1");
  assert.equal(asked.length, 4);
});

test("a refusal is not kept, and is told to who took it", async () => {
  const { leaves, asked } = house({ fails: true });
  leaves.expect("bac-1");
  await assert.rejects(leaves.take("bac-1"), /refused/);
  leaves.expect("bac-1");
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(leaves.take("bac-1"), /refused/);
  assert.equal(asked.length, 3);
});
