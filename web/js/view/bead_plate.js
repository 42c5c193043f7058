// The bead plate: results of the shoe in six rows, filled by column, ties shown.

import { ROWS } from "../roads.js";
import { h, whenChanged } from "./dom.js";

const COLUMNS = 12;
const NAMES = { P: "Player", B: "Banker", T: "Tie" };

export class BeadPlate {
  element = h("ol", { class: "beads", "data-testid": "beads", "aria-label": "Bead plate: results of this shoe, oldest first" });

  update({ history }) {
    whenChanged(this.element, history.join(""), () => {
      const first = Math.max(0, Math.ceil(history.length / ROWS) - COLUMNS) * ROWS;
      const shown = history.slice(first);
      this.element.replaceChildren(...Array.from({ length: ROWS * COLUMNS }, (_, at) => {
        const letter = shown[at];
        return letter === undefined
          ? h("li", { class: "bead bead-empty", "aria-hidden": "true" })
          : h("li", {
            class: `bead bead-${letter.toLowerCase()}${at === shown.length - 1 ? " bead-newest" : ""}`,
            "data-testid": "bead", "data-outcome": letter, "aria-label": NAMES[letter],
          }, letter);
      }));
    });
  }
}
