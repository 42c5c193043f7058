// The page's roads against the pictures worked out by hand and against the domain's random shoes.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import {
  DERIVED_ROADS, ROWS, ask, beadPlate, bigRoad, depthsOf, derivedRoad, places, runLengths, statistics,
} from "../../web/js/roads.js";

const FOLDER = new URL("../vectors/roads/", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
const BY_HAND = readdirSync(FOLDER).filter((name) => name.endsWith(".json") && name !== "random.json");

function picture(cells, letters) {
  const width = Math.max(-1, ...cells.map(({ column }) => column)) + 1;
  const rows = Array.from({ length: ROWS }, () => Array(width).fill("."));
  cells.forEach(({ column, row }, at) => { rows[row][column] = letters[at]; });
  return rows.map((row) => row.join(""));
}

function roadsOf(letters) {
  const results = [...letters];
  const road = bigRoad(results);
  const depths = depthsOf(road);
  const columns = road.runs.map(({ winner, ties }) => winner.repeat(ties.length));
  const value = {
    results: letters,
    bead_plate: picture(beadPlate(results.length), letters),
    big_road: {
      columns,
      ties: road.runs.flatMap(({ ties }, column) =>
        ties.map((count, row) => [column, row, count]).filter(([, , count]) => count > 0)),
      waiting_ties: road.waitingTies,
      drawn: picture(places(depths), columns.join("")),
    },
  };
  for (const { key, columnsBack } of DERIVED_ROADS) {
    const colours = derivedRoad(depths, columnsBack);
    value[key] = { colours: colours.join(""), drawn: picture(places(runLengths(colours)), colours) };
  }
  value.ask = Object.fromEntries(["B", "P"].map((winner) => {
    const colours = ask(road, winner);
    return [winner, DERIVED_ROADS.map(({ key }) => colours[key] ?? "-").join("")];
  }));
  value.statistics = statistics(results);
  return value;
}

for (const name of BY_HAND) {
  test(`roads by hand: ${name}`, () => {
    const { name: _, comment: __, ...expected } = read(name);
    assert.deepEqual(roadsOf(expected.results), expected);
  });
}

test("no picture is missing", () => assert.equal(BY_HAND.length, 9));

test("the domain's random shoes", () => {
  const shoes = read("random.json");
  assert.equal(shoes.length, 50);
  for (const expected of shoes) assert.deepEqual(roadsOf(expected.results), expected);
});
