// Reads are tried again where the failure may pass; nothing else is.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Api, ApiError } from "../../web/js/api.js";

const ROUNDS = { rounds: [], before: null };

/** An Api whose house gives `answers` in turn: a status, or an error to throw; and what it was asked. */
function house(t, answers) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  t.mock.method(globalThis, "fetch", async (url, { method }) => {
    asked.push(`${method} ${new URL(url).pathname}`);
    const answer = answers[asked.length - 1];
    if (answer instanceof Error) throw answer;
    return new Response(JSON.stringify(answer === 200 ? ROUNDS : { code: "CODE" }), { status: answer });
  });
  const api = new Api("https://house.example/", { idToken: async () => "token" });
  return { api, asked };
}

/** Let time go by until `promise` is settled. */
async function settle(t, promise) {
  let over = false;
  promise.then(() => (over = true), () => (over = true));
  for (let n = 0; n < 100 && !over; n += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(500);
  }
  return promise;
}

test("a read is tried again after a failure that may pass", async (t) => {
  const { api, asked } = house(t, [new TypeError("fetch failed"), 503, 200]);
  assert.deepEqual(await settle(t, api.pastRounds("bac-1")), ROUNDS);
  assert.deepEqual(asked, Array(3).fill("GET /tables/bac-1/rounds"));
});

test("a read that fails three times is given up", async (t) => {
  const { api, asked } = house(t, [503, 429, 500, 200]);
  await assert.rejects(settle(t, api.pastRounds("bac-1")), (error) => error instanceof ApiError && error.status === 500);
  assert.equal(asked.length, 3);
});

test("what was wrong with the question is not asked again", async (t) => {
  const { api, asked } = house(t, [404, 200]);
  await assert.rejects(settle(t, api.pastRounds("bac-9")), { status: 404, code: "CODE" });
  assert.equal(asked.length, 1);
});

test("a write is sent once", async (t) => {
  const { api, asked } = house(t, [503, 200]);
  await assert.rejects(settle(t, api.ticket()), { status: 503 });
  assert.deepEqual(asked, ["POST /tickets"]);
});
