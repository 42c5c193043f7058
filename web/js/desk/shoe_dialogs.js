// Opening and closing a shoe at the desk. While one of these is open, scans are its.

import { h, setText } from "../view/dom.js";
import { readCards } from "../staff/card_codes.js";
import { cardText } from "../staff/words.js";
import { burnedWith, countLeft, enterShoe, readOrder } from "./shoe_entry.js";

const SHOWN_LAST = 8;

/** A modal dialog with a head, a body and buttons below. */
function dialog(testid, title, body, buttons) {
  const element = h(
    "dialog", { class: "staff-dialog", "data-testid": testid, "aria-label": title },
    h("h2", {}, title), ...body, h("div", { class: "dialog-buttons" }, ...buttons),
  );
  return element;
}

const field = (id, label, input) => h("div", { class: "dialog-field" }, h("label", { for: id }, label), input);

export class EnterShoeDialog {
  #procedure;
  #entry = { shuffledBy: "", cutBy: "", seals: "", order: "", burnCard: null };
  #burn = h("p", { class: "scan-area", tabindex: 0, role: "status", "data-testid": "shoe-burn" });
  #count = h("p", { class: "dialog-note", role: "status", "data-testid": "shoe-count" });
  #missing = h("p", { class: "dialog-note", role: "status", "data-testid": "shoe-missing" });
  #send;

  /** `procedure` = {shoeId, mode, burn, decks}; `onSend(command)` resolves with whether the shoe was taken. */
  constructor({ procedure, onSend }) {
    this.#procedure = procedure;
    this.#send = h("button", { type: "button", class: "button-gold", "data-testid": "shoe-send" }, "Open the shoe");
    this.#send.addEventListener("click", async () => {
      const { command } = enterShoe(this.#procedure, this.#entry);
      if (command === null) return;
      this.#send.disabled = true;
      if (await onSend(command)) this.element.close();
      else this.#update();
    });
    this.element = dialog(
      "shoe-dialog", "New shoe",
      [
        ...(procedure.mode === "shuffler" ? this.#orderFields() : this.#shuffleFields()),
        ...(procedure.burn ? [this.#burn] : []),
        this.#missing,
      ],
      [h("button", { type: "button", class: "button-plain", onclick: () => this.element.close() }, "Later"), this.#send],
    );
    this.#update();
  }

  /** A scan is the burn card. */
  scanned(card) {
    if (!this.#procedure.burn) return;
    this.#entry.burnCard = card;
    this.#update();
  }

  #shuffleFields() {
    const input = (id, label, name) => field(id, label, h("input", {
      id, type: "text", maxlength: 60, autocomplete: "off", "data-testid": id,
      oninput: ({ target }) => this.#set(name, target.value),
    }));
    return [
      input("shoe-shuffled-by", "Shuffled by", "shuffledBy"),
      input("shoe-cut-by", "Cut by", "cutBy"),
      input("shoe-seals", "Seals of the decks", "seals"),
    ];
  }

  #orderFields() {
    const text = h("textarea", {
      id: "shoe-order", rows: 5, spellcheck: "false", autocomplete: "off", "data-testid": "shoe-order",
      oninput: ({ target }) => this.#set("order", target.value),
    });
    const file = h("input", {
      id: "shoe-file", type: "file", accept: ".txt,.csv,text/plain", "data-testid": "shoe-file",
      onchange: async ({ target }) => {
        const [chosen] = target.files;
        if (!chosen) return;
        text.value = await chosen.text();
        this.#set("order", text.value);
      },
    });
    return [
      field("shoe-order", "The machine's order, first card out first: paste it, scan it, or load its file", text),
      file, this.#count,
    ];
  }

  #set(name, value) {
    this.#entry[name] = value;
    this.#update();
  }

  #update() {
    const { burnCard } = this.#entry;
    setText(this.#burn, burnCard === null
      ? "Turn the first card of the shoe and scan it (click here first if a field is active)."
      : `Burn card ${cardText(burnCard)}: burn ${burnedWith(burnCard)} more face down.`);
    this.#burn.classList.toggle("scan-done", burnCard !== null);
    if (this.#procedure.mode === "shuffler") {
      setText(this.#count, readOrder(this.#entry.order, this.#procedure.decks).text);
    }
    const { missing } = enterShoe(this.#procedure, this.#entry);
    this.#send.disabled = missing !== null;
    setText(this.#missing, missing === null ? "Everything is there." : `Still missing: ${missing.join(", ")}.`);
  }
}

export class EndShoeDialog {
  #shoe;
  #decks;
  #storage;
  #key;
  #cards = [];
  #number = h("p", { class: "count-number", role: "status", "data-testid": "shoe-left-count" });
  #last = h("p", { class: "count-last", "data-testid": "shoe-left-last" });
  #problem = h("p", { class: "dialog-note dialog-problem", role: "alert", "data-testid": "shoe-left-problem" });
  #send = h("button", { type: "button", class: "button-gold", "data-testid": "shoe-end-send" }, "Close the shoe");
  #anyway = h("input", { id: "shoe-anyway", type: "checkbox", "data-testid": "shoe-anyway" });
  #anywayField;
  #counts;

  /** `desk` is the DeskView; `onSend(cards)` gets null where nothing is counted. */
  constructor({ desk, onSend, storage = globalThis.sessionStorage }) {
    this.#shoe = desk.shoe;
    this.#decks = desk.decks;
    this.#counts = desk.mode === "shoe";
    this.#storage = storage;
    // A reloaded page does not lose a count of hundreds of cards.
    this.#key = `baccarat.desk.left.${desk.shoe.shoeId}`;
    this.#cards = readCards(storage.getItem(this.#key) ?? "").cards;
    this.#send.addEventListener("click", async () => {
      this.#send.disabled = true;
      if (await onSend(this.#counts ? this.#cards : null)) {
        storage.removeItem(this.#key);
        this.element.close();
      } else {
        this.#update();
      }
    });
    this.#anyway.addEventListener("change", () => this.#update());
    this.#anywayField = h(
      "label", { class: "dialog-check", for: "shoe-anyway" }, this.#anyway,
      "The count is final although it differs. The table will be paused for the pit.",
    );
    this.element = dialog(
      "shoe-end-dialog", "End of the shoe",
      this.#counts ? this.#countFields() : [h("p", { class: "dialog-text" },
        `Shoe ${desk.shoe.shoeId}: ${desk.shoe.drawn} cards were drawn. The machine's order is opened and published.`)],
      [h("button", { type: "button", class: "button-plain", onclick: () => this.element.close() }, "Later"), this.#send],
    );
    this.#update();
  }

  scanned(card) {
    if (!this.#counts) return;
    this.#take([card]);
  }

  #countFields() {
    const paste = h("textarea", {
      id: "shoe-left", rows: 2, spellcheck: "false", autocomplete: "off", "data-testid": "shoe-left",
    });
    const add = () => {
      const { cards, unread } = readCards(paste.value);
      if (unread === null) {
        paste.value = "";
        this.#take(cards);
      } else {
        setText(this.#problem, `Not readable after ${cards.length} cards: “${unread}…”. Nothing was added.`);
      }
    };
    return [
      h("p", { class: "dialog-text" }, "Scan every card that nobody has seen: those burned face down and those left in the shoe."),
      h("div", { class: "scan-area count", tabindex: 0, autofocus: true }, this.#number, this.#last),
      this.#problem,
      field("shoe-left", "Or paste many codes at once", paste),
      h("div", { class: "dialog-buttons" },
        h("button", { type: "button", class: "button-plain", "data-testid": "shoe-left-add", onclick: add }, "Add these"),
        h("button", { type: "button", class: "button-plain", "data-testid": "shoe-left-undo", onclick: () => this.#drop(1) }, "Take the last one back"),
        h("button", { type: "button", class: "button-plain", onclick: () => this.#drop(this.#cards.length) }, "Start again")),
      this.#anywayField,
    ];
  }

  #take(cards) {
    this.#cards = [...this.#cards, ...cards];
    this.#store();
  }

  #drop(count) {
    this.#cards = this.#cards.slice(0, this.#cards.length - count);
    this.#store();
  }

  #store() {
    this.#storage.setItem(this.#key, this.#cards.join(""));
    this.#update();
  }

  #update() {
    if (!this.#counts) {
      this.#send.disabled = false;
      return;
    }
    const { count, wanted, full, problem } = countLeft(this.#cards, { unseen: this.#shoe.unseen, decks: this.#decks });
    setText(this.#number, `${count} / ${wanted}`);
    setText(this.#last, this.#cards.slice(-SHOWN_LAST).map(cardText).join("  "));
    setText(this.#problem, problem ?? "");
    this.#anywayField.hidden = full || count === 0;
    this.#send.disabled = problem !== null && count > wanted ? !this.#anyway.checked : !full && !this.#anyway.checked;
  }
}
