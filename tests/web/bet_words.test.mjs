// What is printed for bets.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SPOTS } from "../../web/js/bets.js";
import { PAYTABLES } from "../../web/js/paytable.js";
import { NAMES, VARIANT_NAMES, exceptionText, oddsText, payLines } from "../../web/js/view/bet_words.js";

const odds = (version, spot) => PAYTABLES[version].odds[spot];

test("odds are printed compactly", () => {
  const printed = (version, ...spots) => spots.map((spot) => oddsText(odds(version, spot)));
  assert.deepEqual(printed("commission-8/3", "PLAYER", "BANKER", "TIE", "BIG"), ["1:1", "0.95:1", "9:1", "0.54:1"]);
  assert.deepEqual(printed("no-commission-8/2", "BANKER", "SUPER_6", "LUCKY_6"), ["1:1", "15:1", "12 / 20:1"]);
  assert.deepEqual(printed("ez-6/1", "PERFECT_PAIR", "PLAYER_BONUS"), ["25 / 200:1", "1 – 30:1"]);
});

test("what a variant takes from Banker is printed beside the odds", () => {
  assert.equal(exceptionText(odds("commission-8/1", "BANKER")), "");
  assert.equal(exceptionText(odds("no-commission-8/1", "BANKER")), "0.5:1 on 6");
  assert.equal(exceptionText(odds("ez-8/1", "BANKER")), "push on 3-card 7");
  assert.equal(exceptionText(odds("ez-8/1", "PLAYER_PAIR")), "");
});

test("every bet of every paytable has its words", () => {
  for (const { variant, odds: spots } of Object.values(PAYTABLES)) {
    assert.ok(VARIANT_NAMES[variant]);
    for (const [spot, ways] of Object.entries(spots)) {
      for (const { when, pays } of payLines(spot, ways)) assert.ok(when && pays, spot);
    }
  }
  assert.deepEqual(Object.keys(NAMES).sort(), [...SPOTS].sort());
});

test("ways that pay the same as any win are not told apart", () => {
  assert.deepEqual(payLines("BANKER", odds("commission-8/1", "BANKER")), [
    { when: "Banker wins", pays: "0.95:1" }, { when: "Tie", pays: "push" },
  ]);
  assert.deepEqual(payLines("BANKER", odds("ez-8/1", "BANKER")).map(({ pays }) => pays), ["1:1", "push", "push"]);
});
