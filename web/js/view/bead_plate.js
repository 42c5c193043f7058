// The bead plate: results of the shoe in six rows, filled by column, ties shown.

import { h, setText, whenChanged } from "./dom.js";

const ROWS = 6;
const COLUMNS = 12;
const NAMES = { P: "Player", B: "Banker", T: "Tie" };

export class BeadPlate {
  #grid = h("ol", { class: "beads", "data-testid": "beads", "aria-label": "Results of this shoe, oldest first" });
  #counts = Object.fromEntries(["P", "B", "T"].map((letter) => [
    letter, h("span", { class: `count count-${letter.toLowerCase()}`, "data-testid": `count-${letter}` }),
  ]));

  constructor() {
    this.element = h("section", { class: "panel roads" },
      h("div", { class: "panel-head" }, h("h2", {}, "Bead plate"),
        h("div", { class: "counts" }, Object.values(this.#counts))),
      this.#grid);
  }

  update({ history }) {
    whenChanged(this.#grid, history.join(""), () => {
      const first = Math.max(0, Math.ceil(history.length / ROWS) - COLUMNS) * ROWS;
      const shown = history.slice(first);
      const cells = Array.from({ length: ROWS * COLUMNS }, (_, at) => {
        const letter = shown[at];
        return letter === undefined
          ? h("li", { class: "bead bead-empty", "aria-hidden": "true" })
          : h("li", {
            class: `bead bead-${letter.toLowerCase()}${at === shown.length - 1 ? " bead-newest" : ""}`,
            "data-testid": "bead", "data-outcome": letter, "aria-label": NAMES[letter],
          }, letter);
      });
      this.#grid.replaceChildren(...cells);
      for (const [letter, element] of Object.entries(this.#counts)) {
        setText(element, `${letter} ${history.filter((result) => result === letter).length}`);
        element.title = `${NAMES[letter]} in the last ${history.length} hands`;
      }
    });
  }
}
