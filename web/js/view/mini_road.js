// A small Big Road for the lobby and for tables side by side: the newest columns, without numbers.

import { ROWS, bigRoad, depthsOf, places } from "../roads.js";
import { h, s, setAttribute, whenChanged } from "./dom.js";

const COLUMNS = 20;
const UNIT = 10;

export class MiniRoad {
  element = s("svg", { class: "mini-road", role: "img", viewBox: `0 0 ${COLUMNS * UNIT} ${ROWS * UNIT}`, "data-testid": "mini-road" });

  /** `history` are letters, oldest first. */
  update(history) {
    const letters = [...history];
    whenChanged(this.element, letters.join(""), () => this.#draw(letters));
  }

  #draw(letters) {
    const road = bigRoad(letters);
    const cells = places(depthsOf(road));
    const winners = road.runs.flatMap(({ winner, ties }) => ties.map((count) => ({ winner, tied: count > 0 })));
    const newest = cells.at(-1)?.column ?? 0;
    const first = Math.max(0, newest + 2 - COLUMNS);
    const lines = [
      ...Array.from({ length: COLUMNS - 1 }, (_, at) => `M${(at + 1) * UNIT} 0V${ROWS * UNIT}`),
      ...Array.from({ length: ROWS - 1 }, (_, at) => `M0 ${(at + 1) * UNIT}H${COLUMNS * UNIT}`),
    ];
    this.element.replaceChildren(
      s("path", { class: "road-grid", d: lines.join("") }),
      ...cells.flatMap(({ column, row }, at) => {
        const [x, y] = [(column - first + 0.5) * UNIT, (row + 0.5) * UNIT];
        if (column < first || column >= first + COLUMNS) return [];
        const { winner, tied } = winners[at];
        const group = s("g", { class: `big big-${winner.toLowerCase()}` },
          s("circle", { class: "big-ring", cx: x, cy: y, r: 3.6 }));
        if (tied) group.append(s("path", { class: "big-tie", d: `M${x - 3.4} ${y + 3.4}L${x + 3.4} ${y - 3.4}` }));
        return [group];
      }));
    const count = (letter) => letters.filter((found) => found === letter).length;
    setAttribute(this.element, "aria-label", letters.length === 0
      ? "Big Road: a new shoe"
      : `Big Road: ${letters.length} hands, Player ${count("P")}, Banker ${count("B")}, Tie ${count("T")}`);
  }
}

/** The counts of a shoe as three small badges. */
export class Counts {
  #badges = Object.fromEntries(["P", "B", "T"].map((letter) => [letter, h("span", { class: `count count-${letter.toLowerCase()}` })]));
  element = h("span", { class: "counts", "aria-hidden": "true" }, Object.values(this.#badges));

  update(history) {
    for (const [letter, badge] of Object.entries(this.#badges)) {
      const text = String([...history].filter((found) => found === letter).length);
      if (badge.textContent !== text) badge.textContent = text;
    }
  }
}
