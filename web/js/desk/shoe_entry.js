// What is entered when a shoe is opened or closed, checked before it is sent. Pure.

import { points } from "../coup.js";
import { readCards, tooMany } from "../staff/card_codes.js";
import { cardText } from "../staff/words.js";

export const DECK_CARDS = 52;

/** How many cards are burned face down after the first one of a shoe: its value, ten for zeros. */
export const burnedWith = (card) => points(card) || 10;

const list = (cards) => cards.slice(0, 5).map(cardText).join(" ") + (cards.length > 5 ? " …" : "");

/** The order that a machine gave, as text: {cards, text, ready}. `text` says what is missing. */
export function readOrder(source, decks) {
  const wanted = decks * DECK_CARDS;
  const { cards, unread } = readCards(source);
  const surplus = tooMany(cards, decks);
  const ready = unread === null && cards.length === wanted && surplus.length === 0;
  let text = `${cards.length} of ${wanted} cards`;
  if (unread !== null) text = `not readable after ${cards.length} cards: “${unread}…”`;
  else if (surplus.length > 0) text += `; more than ${decks} times: ${list(surplus)}`;
  return { cards, ready, text };
}

/**
 * What is needed to open a shoe, and the command for it.
 * `procedure` = {shoeId, mode, burn, decks}; `entry` = {shuffledBy, cutBy, seals, order (text),
 * burnCard}. Returns {command, missing}: one of them is null.
 */
export function enterShoe({ shoeId, mode, burn, decks }, entry) {
  const missing = [];
  const command = { kind: "enter_shoe", shoeId };
  if (mode === "shuffler") {
    const order = readOrder(entry.order, decks);
    if (!order.ready) missing.push("the whole order of the machine");
    command.order = order.cards.join("");
    if (burn && order.ready && entry.burnCard !== null && entry.burnCard !== order.cards[0]) {
      missing.push(`the right shoe: the machine's first card is not ${cardText(entry.burnCard)}`);
    }
  } else {
    const shuffle = {
      shuffled_by: entry.shuffledBy.trim(), cut_by: entry.cutBy.trim(), seals: entry.seals.trim(),
    };
    if (shuffle.shuffled_by === "") missing.push("who shuffled");
    if (shuffle.cut_by === "") missing.push("who cut");
    if (shuffle.seals === "") missing.push("the seals");
    command.shuffle = shuffle;
  }
  if (burn) {
    if (entry.burnCard === null) missing.push("the scan of the burn card");
    else command.burn_card = entry.burnCard;
  }
  return missing.length > 0 ? { command: null, missing } : { command, missing: null };
}

/** The count of the cards nobody has seen: {count, wanted, full, text, problem}. */
export function countLeft(cards, { unseen, decks }) {
  const surplus = tooMany(cards, decks);
  return {
    count: cards.length,
    wanted: unseen,
    full: cards.length === unseen,
    problem: surplus.length > 0 ? `A shoe of ${decks} decks has no more than ${decks} of each: ${list(surplus)} was counted twice.`
      : cards.length > unseen ? `${cards.length - unseen} cards too many.` : null,
  };
}
