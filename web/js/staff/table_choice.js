// Which table to work at: from the address, from the house's list where it gives one, or typed.

import { h, setText } from "../view/dom.js";
import { MODE_WORDS, STATUS_WORDS } from "./words.js";

const TABLE_ID = /^[a-z0-9][a-z0-9-]{0,23}$/;

/** The table that an address names with ?table= or #table=, or null. */
export function tableOfAddress({ search, hash }) {
  const named = new URLSearchParams(search).get("table")
    ?? new URLSearchParams(hash.replace(/^#/, "")).get("table");
  return named !== null && TABLE_ID.test(named) ? named : null;
}

/** The tables of the house, or null when it does not list them. */
export async function askTables(session) {
  try {
    const { tables } = await session.ask({ action: "lobby" }, { timeoutMs: 4_000 });
    return Array.isArray(tables) ? tables : null;
  } catch {
    return null;
  }
}

export class TableChoice {
  #field;
  #list;
  #error;
  #fits;

  /** `fits(table)` says which tables of the list can be chosen here. */
  constructor({ tableId, onChoose, fits = () => true, title = "Which table?" }) {
    this.#fits = fits;
    this.#field = h("input", {
      id: "table-field", type: "text", value: tableId ?? "", autocomplete: "off", autocapitalize: "none",
      spellcheck: "false", maxlength: 24, "data-testid": "table-field",
    });
    this.#list = h("div", { class: "choice-list", "data-testid": "table-list" });
    this.#error = h("p", { class: "sign-in-error", role: "alert", "data-testid": "table-error" });
    const form = h(
      "form", { class: "sign-in-card choice-card", novalidate: true },
      h("h1", {}, title), this.#list,
      h("label", { for: "table-field" }, "Table"), this.#field, this.#error,
      h("button", { type: "submit", class: "button-gold", "data-testid": "table-open" }, "Open"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = this.#field.value.trim().toLowerCase();
      if (TABLE_ID.test(chosen)) onChoose(chosen);
      else setText(this.#error, "A table is named such as bac-1.");
    });
    this.element = h("section", { class: "sign-in", "aria-label": title, "data-testid": "table-choice" }, form);
    this.onChoose = onChoose;
  }

  show(message = "") {
    this.element.hidden = false;
    setText(this.#error, message);
    this.#field.focus();
  }

  hide() {
    this.element.hidden = true;
  }

  list(tables) {
    const buttons = (tables ?? []).filter(this.#fits).map(({ tableId, name, mode, status }) => h(
      "button", {
        type: "button", class: "choice", "data-table": tableId, "data-testid": "table-choice-item",
        onclick: () => this.onChoose(tableId),
      },
      h("strong", {}, name ?? tableId),
      h("span", {}, [tableId, MODE_WORDS[mode], STATUS_WORDS[status]].filter(Boolean).join(" · ")),
    ));
    this.#list.replaceChildren(...buttons);
  }
}
