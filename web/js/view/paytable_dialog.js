// Every bet of this table with all its odds.

import { SPOTS } from "../bets.js";
import { shortMoneyText } from "../money.js";
import { paytableOf } from "../paytable.js";
import { NAMES, VARIANT_NAMES, payLines } from "./bet_words.js";
import { h, setText, whenChanged } from "./dom.js";

export class PaytableDialog {
  #rules = h("p", { class: "paytable-rules" });
  #rows = h("tbody");

  constructor() {
    this.element = h(
      "dialog", { class: "paytable", "aria-labelledby": "paytable-title", "data-testid": "paytable" },
      h("div", { class: "fair-head" },
        h("h2", { id: "paytable-title" }, "Paytable"),
        h("button", { type: "button", class: "button-plain", "data-testid": "paytable-close", onclick: () => this.element.close() }, "Close")),
      h("div", { class: "paytable-body" },
        this.#rules,
        h("table", { class: "paytable-bets" },
          h("thead", {}, h("tr", {}, ["Bet", "When", "Pays"].map((name) => h("th", { scope: "col" }, name)))),
          this.#rows)),
    );
    // A click on the element itself, not on what is in it, is one on the backdrop.
    this.element.addEventListener("click", ({ target }) => { if (target === this.element) this.element.close(); });
  }

  open() {
    this.element.showModal();
  }

  update({ paytable: version, limits, currency }) {
    whenChanged(this.#rows, JSON.stringify([version, limits, currency]), () => {
      const paytable = paytableOf(version);
      setText(this.#rules, paytable
        ? `${VARIANT_NAMES[paytable.variant]}. ${paytable.decks} decks. Paytable ${version}.`
        : "This page does not know the table's odds.");
      const spots = paytable ? SPOTS.filter((spot) => spot in limits && spot in paytable.odds) : [];
      this.#rows.replaceChildren(...spots.flatMap((spot) => rowsOf(spot, paytable.odds[spot], limits[spot], currency)));
    });
  }
}

function rowsOf(spot, ways, { min_minor: min, max_minor: max }, currency) {
  const lines = payLines(spot, ways);
  return lines.map(({ when, pays }, at) => h("tr", { class: at === 0 ? "paytable-first" : null },
    ...(at > 0 ? [] : [h("th", { scope: "rowgroup", rowspan: lines.length },
      NAMES[spot], h("span", {}, `${shortMoneyText(min, currency)} – ${shortMoneyText(max, currency)}`))]),
    h("td", {}, when), h("td", { class: "paytable-pays" }, pays)));
}
