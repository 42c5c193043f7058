// Codes of playing cards as scanners, machines and people write them.

import { DECK } from "../coup.js";

const CODE = /^(10|[A2-9TJQK])([CDHS])$/;

/** The card of a code such as "KH", "td" or "10D"; null when it is none. */
export function readCard(text) {
  const found = CODE.exec(text.trim().toUpperCase());
  return found === null ? null : (found[1] === "10" ? "T" : found[1]) + found[2];
}

/**
 * All cards of a text, in its order; what separates them is ignored.
 * Returns {cards, unread}: `unread` is the first piece that is no card, or null.
 */
export function readCards(text) {
  const left = text.toUpperCase().replace(/[\s,;]+/g, "");
  const cards = [];
  const next = /(10|[A2-9TJQK])([CDHS])/y;
  let at = 0;
  while (at < left.length) {
    next.lastIndex = at;
    const found = next.exec(left);
    if (found === null) return { cards, unread: left.slice(at, at + 6) };
    cards.push((found[1] === "10" ? "T" : found[1]) + found[2]);
    at = next.lastIndex;
  }
  return { cards, unread: null };
}

/** The cards that are more often in `cards` than `decks` full decks hold them. */
export function tooMany(cards, decks) {
  const counts = new Map(DECK.map((card) => [card, 0]));
  for (const card of cards) counts.set(card, counts.get(card) + 1);
  return DECK.filter((card) => counts.get(card) > decks);
}
