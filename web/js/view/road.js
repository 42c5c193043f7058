// One road: a grid of six rows that grows to the right and shows its newest column.

import { ROWS } from "../roads.js";
import { h, s, setAttribute, setText, setVariable } from "./dom.js";

/** Free columns kept to the right of the newest one, where the eye looks for what comes next. */
const COLUMNS_AHEAD = 1;
const UNIT = 10;

/** The mark of a derived road around the middle (x, y) of its cell. */
export function derivedMark(key, colour, x, y) {
  const name = `road-mark road-${key.replaceAll("_", "-")} road-${colour === "R" ? "red" : "blue"}`;
  if (key === "cockroach_pig") return s("path", { class: name, d: `M${x - 3.4} ${y + 3.4}L${x + 3.4} ${y - 3.4}` });
  return s("circle", { class: name, cx: x, cy: y, r: key === "small_road" ? 3.9 : 3.2 });
}

export class Road {
  #columns;
  #cellsPerSquare;
  #summary = h("span", { class: "sr-only" });
  #svg = s("svg", { "aria-hidden": "true", preserveAspectRatio: "xMinYMin meet" });
  #scroller;

  /**
   * `columns` fit without scrolling; `key` names the road in tests and style sheets. The paper's
   * squares are `cellsPerSquare` cells wide and high: two for small cells, as on printed cards.
   */
  constructor({ key, name, columns, cellsPerSquare }) {
    this.#columns = columns;
    this.#cellsPerSquare = cellsPerSquare;
    this.#scroller = h("div", { class: "road-scroll" }, this.#svg);
    this.element = h("figure", { class: `road road-of-${key.replaceAll("_", "-")}`, "data-testid": `road-${key}`, "aria-label": name },
      h("figcaption", { class: "road-name" }, name, this.#summary), this.#scroller);
  }

  /** Draw `cells`, [{column, row}] oldest first, with `mark(cell, at, x, y)`; `summary` says it in words. */
  draw(cells, mark, summary) {
    const used = cells.reduce((most, { column }) => Math.max(most, column + 1), 0);
    const columns = Math.max(this.#columns, used + COLUMNS_AHEAD);
    const newest = cells.at(-1);
    setText(this.#summary, `: ${summary}`);
    setVariable(this.element, "--columns", columns);
    setAttribute(this.#svg, "viewBox", `0 0 ${columns * UNIT} ${ROWS * UNIT}`);
    setAttribute(this.element, "data-cells", cells.length);
    setAttribute(this.#scroller, "tabindex", columns > this.#columns ? 0 : null);
    setAttribute(this.#scroller, "role", columns > this.#columns ? "group" : null);
    setAttribute(this.#scroller, "aria-label", columns > this.#columns ? "All columns" : null);
    this.#svg.replaceChildren(
      ...(newest ? [s("rect", { class: "road-newest", x: newest.column * UNIT, y: newest.row * UNIT, width: UNIT, height: UNIT })] : []),
      s("path", { class: "road-grid", d: gridLines(columns, this.#cellsPerSquare) }),
      ...cells.map((cell, at) => mark(cell, at, (cell.column + 0.5) * UNIT, (cell.row + 0.5) * UNIT)),
    );
    this.#show(newest?.column ?? 0, columns);
  }

  /**
   * Scroll to the right end, or, where an earlier run's tail reaches so far that the newest column
   * would be out of sight, to that column.
   */
  #show(newestColumn, columns) {
    const hidden = newestColumn < columns - this.#columns;
    const beyond = hidden ? columns - Math.max(this.#columns, newestColumn + 1 + COLUMNS_AHEAD) : 0;
    // The scroller runs from right to left (table.css): 0 is its right end, also after a resize.
    this.#scroller.scrollLeft = beyond === 0 ? 0 : -beyond * (this.#scroller.clientWidth / this.#columns);
  }
}

function gridLines(columns, step) {
  const lines = [];
  for (let column = step; column < columns; column += step) lines.push(`M${column * UNIT} 0V${ROWS * UNIT}`);
  for (let row = step; row < ROWS; row += step) lines.push(`M0 ${row * UNIT}H${columns * UNIT}`);
  return lines.join("");
}
