// The scoreboard: bead plate, Big Road, the derived roads, and what either winner would add to them.

import { DERIVED_ROADS, ask, bigRoad, depthsOf, derivedRoad, places, runLengths, statistics } from "../roads.js";
import { BeadPlate } from "./bead_plate.js";
import { Road, derivedMark } from "./road.js";
import { h, s, setText, whenChanged } from "./dom.js";

const NAMES = { P: "Player", B: "Banker", T: "Tie" };
const COLOURS = { R: "red", B: "blue" };
const BIG_ROAD_COLUMNS = 24;
/** Derived cells are half as large; Big Eye Boy has the whole width, the other two half of it. */
const DERIVED_COLUMNS = { big_eye_boy: 48, small_road: 23, cockroach_pig: 23 };

export class Scoreboard {
  #counts = byKey(["P", "B", "T"], (letter) =>
    h("span", { class: `count count-${letter.toLowerCase()}`, "data-testid": `count-${letter}` }));
  #ending = h("span", { class: "shoe-ending", role: "status", "data-testid": "shoe-ending" });
  #beads = new BeadPlate();
  #bigRoad = new Road({ key: "big_road", name: "Big Road", columns: BIG_ROAD_COLUMNS, cellsPerSquare: 1 });
  #derived = byKey(DERIVED_ROADS.map(({ key }) => key), (key) =>
    new Road({ ...DERIVED_ROADS.find((road) => road.key === key), columns: DERIVED_COLUMNS[key], cellsPerSquare: 2 }));
  #asks = byKey(["P", "B"], (winner) => new Ask(winner));

  constructor() {
    this.element = h("section", { class: "panel roads", "aria-label": "Scoreboard of this shoe" },
      h("div", { class: "panel-head" }, h("h2", {}, "Scoreboard"), this.#ending,
        h("div", { class: "counts" }, Object.values(this.#counts))),
      h("div", { class: "board" },
        this.#beads.element, this.#bigRoad.element,
        Object.values(this.#derived).map(({ element }) => element),
        h("div", { class: "asks" }, Object.values(this.#asks).map(({ element }) => element))));
  }

  update({ history, shoe }) {
    setText(this.#ending, shoe.lastHand ? "Last hand of this shoe" : shoe.cutCardOut ? "Cut card is out" : "");
    this.#beads.update({ history });
    whenChanged(this.element, history.join(""), () => this.#draw(history));
  }

  #draw(history) {
    const road = bigRoad(history);
    const depths = depthsOf(road);
    this.#drawCounts(statistics(history));
    this.#drawBigRoad(road, depths);
    for (const { key, columnsBack } of DERIVED_ROADS) {
      const colours = derivedRoad(depths, columnsBack);
      this.#derived[key].draw(places(runLengths(colours)),
        (_, at, x, y) => derivedMark(key, colours[at], x, y), derivedSummary(colours));
    }
    for (const winner of ["P", "B"]) this.#asks[winner].show(ask(road, winner));
  }

  #drawCounts({ hands, count, longest }) {
    for (const [letter, element] of Object.entries(this.#counts)) {
      setText(element, `${letter} ${count[letter]}`);
      element.title = `${NAMES[letter]} ${count[letter]} of ${hands} hands, longest run ${longest[letter]}`;
    }
  }

  #drawBigRoad(road, depths) {
    const marks = road.runs.flatMap(({ winner, ties }) => ties.map((count) => ({ winner, ties: count })));
    const waiting = { winner: "none", ties: road.waitingTies };
    const shown = road.waitingTies > 0 ? [waiting] : marks;
    const cells = road.waitingTies > 0 ? [{ column: 0, row: 0 }] : places(depths);
    this.#bigRoad.draw(cells, (_, at, x, y) => bigRoadMark(shown[at], x, y), bigRoadSummary(road));
  }
}

/** What the derived roads would get next if `winner` won. */
class Ask {
  #winner;
  #marks = h("span", { class: "ask-marks" });
  #words = h("span", { class: "sr-only" });

  constructor(winner) {
    this.#winner = winner;
    this.element = h("p", { class: `ask ask-${winner.toLowerCase()}`, "data-testid": `ask-${winner}` },
      h("span", { class: "ask-name", "aria-hidden": "true" }, `${NAMES[winner]}?`), this.#marks, this.#words);
  }

  show(colours) {
    setText(this.#words, `If ${NAMES[this.#winner]} wins: ${DERIVED_ROADS.map(({ key, name }) =>
      `${name} ${COLOURS[colours[key]] ?? "nothing yet"}`).join(", ")}.`);
    this.element.title = this.#words.textContent;
    this.#marks.replaceChildren(...DERIVED_ROADS.map(({ key }) =>
      s("svg", { class: "ask-mark", viewBox: "0 0 10 10", "aria-hidden": "true", "data-road": key, "data-colour": colours[key] ?? "-" },
        colours[key] ? derivedMark(key, colours[key], 5, 5) : s("path", { class: "road-none", d: "M3.5 5H6.5" }))));
  }
}

function bigRoadMark({ winner, ties }, x, y) {
  const group = s("g", { class: `big big-${winner.toLowerCase()}` });
  if (winner !== "none") group.append(s("circle", { class: "big-ring", cx: x, cy: y, r: 3.7 }));
  if (ties > 0) group.append(s("path", { class: "big-tie", d: `M${x - 3.6} ${y + 3.6}L${x + 3.6} ${y - 3.6}` }));
  if (ties > 1) group.append(s("text", { class: "big-ties", x, y: y + 2.3 }, String(ties)));
  return group;
}

function bigRoadSummary({ runs, waitingTies }) {
  const newest = runs.at(-1);
  if (newest === undefined) return waitingTies > 0 ? `only ties so far, ${waitingTies}` : "no hand yet";
  const ties = newest.ties.at(-1);
  const after = ties > 0 ? `, then ${ties} ${ties === 1 ? "tie" : "ties"}` : "";
  return `${plural(runs.length, "run")}; the newest is ${NAMES[newest.winner]}, ${plural(newest.ties.length, "win")}${after}`;
}

function derivedSummary(colours) {
  if (colours.length === 0) return "not begun";
  const reds = colours.filter((colour) => colour === "R").length;
  return `${reds} red, ${colours.length - reds} blue; the newest is ${COLOURS[colours.at(-1)]}, ${runLengths(colours).at(-1)} in a row`;
}

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function byKey(keys, make) {
  return Object.fromEntries(keys.map((key) => [key, make(key)]));
}
