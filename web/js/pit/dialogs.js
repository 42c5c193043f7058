// The pit's questions before something is done: a reason, a card, a word to type. Each resolves with
// what was given, or with null when it was called off.

import { RANKS, SUITS } from "../coup.js";
import { readCards } from "../staff/card_codes.js";
import { cardText } from "../staff/words.js";
import { h, setText } from "../view/dom.js";
import { cardName } from "../view/playing_card.js";
import { EMPTY, describe, withCard } from "./correction_draft.js";

const NOTE = { least: 3, most: 300 };
const ROUND_ID = /^[a-z0-9][a-z0-9-]{0,23}\.[0-9]{9}$/;
let made = 0;

/** A part of a dialog: {element, value(), missing()}; `missing` says what is not there yet, or null. */
function noteField(label = "Reason, for the signed log") {
  const id = `reason-${made += 1}`;
  const input = h("textarea", { id, class: "dialog-reason", rows: 2, maxlength: NOTE.most, "data-testid": "pit-note" });
  return {
    element: h("div", { class: "dialog-field" }, h("label", { for: id }, label), input),
    value: () => input.value.trim(),
    missing: () => (input.value.trim().length < NOTE.least ? "a reason" : null),
  };
}

function typedWord(word) {
  const id = `word-${made += 1}`;
  const input = h("input", { id, type: "text", autocomplete: "off", spellcheck: "false", "data-testid": "pit-confirm-word" });
  return {
    element: h("div", { class: "dialog-field" }, h("label", { for: id }, `Type ${word} to confirm`), input),
    value: () => null,
    missing: () => (input.value.trim().toUpperCase() === word ? null : `the word ${word}`),
  };
}

function placeField(cards) {
  const id = `place-${made += 1}`;
  const select = h("select", { id, "data-testid": "pit-place" }, ...cards.map(({ to, card }, at) =>
    h("option", { value: at + 1 }, `Card ${at + 1}: ${cardText(card)} (${to})`)));
  select.value = String(cards.length);
  return {
    element: h("div", { class: "dialog-field" }, h("label", { for: id }, "From this card on"), select),
    value: () => Number(select.value),
    missing: () => null,
  };
}

/** All 52 cards as buttons; `onPick(card)`. */
function cardGrid(onPick) {
  return h("div", { class: "card-grid", role: "group", "aria-label": "Cards" },
    ...[...SUITS].flatMap((suit) => [...RANKS].map((rank) => h(
      "button", {
        type: "button", class: `card-pick${"HD".includes(suit) ? " card-pick-red" : ""}`, "data-card": rank + suit,
        "data-testid": "pit-card", "aria-label": cardName(rank + suit), onclick: () => onPick(rank + suit),
      }, cardText(rank + suit),
    ))));
}

function oneCard(changed) {
  let card = null;
  const grid = cardGrid((picked) => {
    card = picked;
    for (const button of grid.children) button.setAttribute("aria-pressed", button.dataset.card === picked);
    changed();
  });
  return { element: grid, value: () => card, missing: () => (card === null ? "the card" : null) };
}

/** Cards of cards left in a shoe, pasted. */
function cardsField(wanted) {
  const id = `cards-${made += 1}`;
  const input = h("textarea", { id, rows: 4, spellcheck: "false", "data-testid": "pit-left" });
  const read = () => readCards(input.value);
  return {
    element: h("div", { class: "dialog-field" },
      h("label", { for: id }, `The ${wanted} cards that nobody has seen, as codes`), input),
    value: () => read().cards.join(""),
    missing: () => {
      const { cards, unread } = read();
      if (unread !== null) return `a readable code instead of “${unread}…”`;
      return cards.length === 0 ? "the cards" : null;
    },
    note: () => `${read().cards.length} of ${wanted} cards${read().cards.length === wanted ? "" : "; another number pauses the table"}.`,
  };
}

function roundField(roundId) {
  const id = `round-${made += 1}`;
  const input = h("input", { id, type: "text", value: roundId, autocomplete: "off", spellcheck: "false", "data-testid": "pit-correction-round" });
  return {
    element: h("div", { class: "dialog-field" }, h("label", { for: id }, "Round"), input),
    value: () => input.value.trim(),
    missing: () => (ROUND_ID.test(input.value.trim()) ? null : "the round, such as bac-1.000000042"),
  };
}

function correctedCards(changed) {
  let draft = EMPTY;
  let isVoid = false;
  const text = h("p", { class: "dialog-note", role: "status", "data-testid": "pit-correction-text" });
  const row = h("p", { class: "draft-row" });
  const grid = cardGrid((card) => set(withCard(draft, card)));
  const back = h("button", { type: "button", class: "button-plain", onclick: () => set(draft.slice(0, -1)) }, "Take back");
  const id = `void-${made += 1}`;
  const voids = h("input", { id, type: "checkbox", "data-testid": "pit-correction-void", onchange: () => { isVoid = voids.checked; set(draft); } });
  function set(next) {
    draft = next;
    const { text: words, complete } = describe(draft);
    setText(text, isVoid ? "The round is void: everybody gets the stake back, and pays back what was won." : words);
    row.replaceChildren(...draft.map(({ to, card }) => h("span", { class: `draft-card draft-${to.toLowerCase()}` }, cardText(card))));
    for (const button of grid.children) button.disabled = isVoid || complete;
    back.disabled = isVoid || draft.length === 0;
    changed();
  }
  const element = h("div", { class: "dialog-field" },
    h("label", { class: "dialog-check", for: id }, voids, "Void: everybody gets the stake back"),
    h("p", { class: "dialog-label" }, "The cards that were really dealt, in dealing order"),
    row, text, grid, h("div", { class: "dialog-buttons" }, back));
  return {
    element,
    start: () => set(EMPTY),
    value: () => (isVoid ? null : describe(draft).cards),
    missing: () => (isVoid || describe(draft).complete ? null : "the whole hand"),
  };
}

/** Ask with these parts, by name; resolves with their values by name, or null. */
function ask({ title, text, danger = false, button, make }) {
  return new Promise((resolve) => {
    const missing = h("p", { class: "dialog-note", role: "status", "data-testid": "pit-missing" });
    const send = h("button", { type: "button", class: danger ? "button-danger" : "button-gold", "data-testid": "pit-send" }, button);
    let parts = {};
    const changed = () => {
      const lacking = Object.values(parts).map((part) => part.missing()).filter((what) => what !== null);
      send.disabled = lacking.length > 0;
      const notes = Object.values(parts).map((part) => part.note?.()).filter(Boolean);
      setText(missing, lacking.length > 0 ? `Still needed: ${lacking.join(", ")}.` : notes.join(" "));
    };
    parts = make(changed);
    for (const part of Object.values(parts)) part.start?.();
    let answer = null;
    send.addEventListener("click", () => {
      answer = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.value()]));
      element.close();
    });
    const element = h(
      "dialog", { class: "staff-dialog", "aria-label": title, "data-testid": "pit-dialog" },
      h("h2", {}, title), text && h("p", { class: "dialog-text" }, text),
      ...Object.values(parts).map((part) => part.element), missing,
      h("div", { class: "dialog-buttons" },
        h("button", { type: "button", class: "button-plain", "data-testid": "pit-cancel", onclick: () => element.close() }, "Cancel"), send),
    );
    element.addEventListener("input", changed);
    element.addEventListener("close", () => {
      element.remove();
      resolve(answer);
    });
    document.body.append(element);
    changed();
    element.showModal();
  });
}

export const askReason = (title, text, button, { danger = false } = {}) =>
  ask({ title, text, button, danger, make: () => ({ note: noteField() }) });

export const askYes = (title, text, button, { danger = false } = {}) =>
  ask({ title, text, button, danger, make: () => ({}) });

export const askVoid = (roundId) => ask({
  title: "Void the round", danger: true, button: "Void the round",
  text: `Round ${roundId}: the hand does not count and every stake is given back. This cannot be taken back.`,
  make: () => ({ note: noteField(), word: typedWord("VOID") }),
});

export const askRescan = (cards) => ask({
  title: "Scan cards again", button: "Take them back",
  text: "The cards from here on leave the log's hand, and the dealer scans them again.",
  make: () => ({ place: placeField(cards), note: noteField() }),
});

export const askCard = ({ place, next }) => ask({
  title: `Enter card ${place}`, button: "Deal this card",
  text: `It goes to ${next}. Read it from the card on the table.`,
  make: (changed) => ({ card: oneCard(changed) }),
});

export const askBurn = () => ask({
  title: "Burn a card", danger: true, button: "Burn this card",
  text: "An exposed or doubly drawn card leaves the shoe and goes to no hand. Cards dealt before it cannot be scanned again.",
  make: (changed) => ({ card: oneCard(changed), note: noteField() }),
});

export const askEndShoe = ({ mode, shoe }) => ask({
  title: "End the shoe", danger: true, button: "Close the shoe",
  text: mode === "shoe" ? "The house's record of the shuffle is opened and the cards are reconciled."
    : "The machine's order is opened and published.",
  make: () => (mode === "shoe" ? { left: cardsField(shoe.unseen) } : {}),
});

export const askCorrection = (roundId) => ask({
  title: "Propose a correction", button: "Propose",
  text: "Nothing moves until another person has approved it.",
  make: (changed) => ({ roundId: roundField(roundId), cards: correctedCards(changed), note: noteField() }),
});
