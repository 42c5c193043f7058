// The roads: what a shoe's results look like on a scoreboard. Pure; the twin of the domain's roads.py.
//
// Results are "P", "B", "T", oldest first. The Big Road has logical columns, one for each run of the
// same winner; the derived roads are computed from their depths only. A screen has six rows, so a run
// is drawn downwards and turns right where it can go no deeper: `places`, which no rule reads back.

/** Rows of every drawn road. */
export const ROWS = 6;

/** The derived roads and how many columns of the Big Road each looks back. */
export const DERIVED_ROADS = [
  { key: "big_eye_boy", name: "Big Eye Boy", columnsBack: 1 },
  { key: "small_road", name: "Small Road", columnsBack: 2 },
  { key: "cockroach_pig", name: "Cockroach Pig", columnsBack: 3 },
];

/** Where the beads of so many hands lie, oldest first. */
export const beadPlate = (hands) =>
  Array.from({ length: hands }, (_, hand) => ({ column: Math.floor(hand / ROWS), row: hand % ROWS }));

/**
 * The Big Road: {runs: [{winner, ties}], waitingTies}; `ties` holds the ties counted on each cell.
 * A tie is counted on the cell before it; ties before the first win wait and go to the first cell.
 */
export function bigRoad(results) {
  const runs = [];
  let waitingTies = 0;
  for (const result of results) {
    const run = runs.at(-1);
    if (result === "T") {
      if (run) run.ties[run.ties.length - 1] += 1;
      else waitingTies += 1;
    } else if (run?.winner === result) {
      run.ties.push(0);
    } else {
      runs.push({ winner: result, ties: [waitingTies] });
      waitingTies = 0;
    }
  }
  return { runs, waitingTies };
}

/** The depths of the logical columns of a Big Road. */
export const depthsOf = (road) => road.runs.map(({ ties }) => ties.length);

/** The colours, "R" or "B", of the derived road that looks `columnsBack`, oldest first. */
export const derivedRoad = (depths, columnsBack) =>
  depths.flatMap((depth, column) =>
    Array.from({ length: depth }, (_, row) => colourOf(depths, columnsBack, column, row)))
    .filter((colour) => colour !== null);

/** What the Big Road's cell says when it is the newest, or null; later columns are not looked at. */
function colourOf(depths, back, column, row) {
  if (row === 0) {
    if (column < back + 1) return null;
    return depths[column - 1] === depths[column - 1 - back] ? "R" : "B";
  }
  if (column < back) return null;
  return depths[column - back] === row ? "B" : "R";
}

/** What each derived road would get next if `winner` won: {key: "R" | "B" | null}. */
export function ask(road, winner) {
  const depths = depthsOf(road);
  const same = road.runs.at(-1)?.winner === winner;
  const [column, row] = same ? [depths.length - 1, depths.at(-1)] : [depths.length, 0];
  return Object.fromEntries(
    DERIVED_ROADS.map(({ key, columnsBack }) => [key, colourOf(depths, columnsBack, column, row)]),
  );
}

/** How long each run of equal neighbours is. */
export function runLengths(cells) {
  const lengths = [];
  cells.forEach((cell, at) => {
    if (at > 0 && cells[at - 1] === cell) lengths[lengths.length - 1] += 1;
    else lengths.push(1);
  });
  return lengths;
}

/**
 * Where the cells of runs of these lengths are drawn, oldest first; no two share one.
 * A run starts in the first free cell of the top row after the start of the run before it. When the
 * cell below is taken, or there is none, it turns right and stays in its row, which is free: what
 * lies to the right came straight through this column and would have stopped the run a row higher.
 */
export function places(lengths) {
  const taken = new Set();
  const drawn = [];
  const key = (column, row) => column * ROWS + row;
  let start = -1;
  for (const length of lengths) {
    do start += 1; while (taken.has(key(start, 0)));
    let [column, row, turned] = [start, 0, false];
    for (let cell = 0; cell < length; cell += 1) {
      if (cell > 0) {
        turned ||= row + 1 === ROWS || taken.has(key(column, row + 1));
        if (turned) column += 1;
        else row += 1;
      }
      taken.add(key(column, row));
      drawn.push({ column, row });
    }
  }
  return drawn;
}

/** Counts of a shoe. A tie does not end a run of wins; `longest.T` are ties in a row. */
export function statistics(results) {
  const wins = results.filter((result) => result !== "T");
  const longestOf = (letter, cells) => {
    const lengths = runLengths(cells);
    let [at, longest] = [0, 0];
    for (const length of lengths) {
      if (cells[at] === letter) longest = Math.max(longest, length);
      at += length;
    }
    return longest;
  };
  return {
    hands: results.length,
    count: Object.fromEntries(["P", "B", "T"].map((letter) =>
      [letter, results.filter((result) => result === letter).length])),
    longest: { P: longestOf("P", wins), B: longestOf("B", wins), T: longestOf("T", results) },
  };
}
