// A shoe: what the event that opens it says, what a round leaves of it, and what the house committed
// to when it was opened. docs/formats/transcript.md, sections 3, 7, 8 and 14. Throws RangeError for
// what does not hold.

import { concat, fromHex, hmacSha256, sha256, toHex, utf8Bytes } from "./bytes.js";
import { canonical } from "./canonical.js";
import { DECK, points } from "./coup.js";
import { cardsLeft, without } from "./deal.js";
import { leafHash, root, rootFromProof } from "./merkle.js";

const TAG = "baccarat/shoe/v1";
const CARDS_OF_A_HAND = 6;
const MOST_HANDS_AFTER_CUT = 3;
export const MODES = ["rng", "shoe", "shuffler"];

/** Whether a dealer draws the cards of a round or shoe of that mode. */
export const isByHand = (mode) => mode === "shoe" || mode === "shuffler";

/** The salt of a card of a committed order, in hex. */
export const cardSalt = async (saltKey, shoeId, position) =>
  toHex(await hmacSha256(saltKey, utf8Bytes(`${TAG}|${shoeId}|${position}`)));

/** The leaf of one card of a committed order. */
export const cardLeaf = (position, card, salt) => leafHash(utf8Bytes(canonical({ position, card, salt })));

/** Whether a value has the form of an opening. */
export const isOpening = (value) => isObject(value) && members(value) === "position,proof,salt"
  && Number.isSafeInteger(value.position) && typeof value.salt === "string"
  && Array.isArray(value.proof) && value.proof.every((sibling) => typeof sibling === "string");

/** Check that `opening` proves `card` at `position` of the order that the data of SHOE_OPENED commit to. */
export async function checkOpening(card, opening, position, { decks, commitment }) {
  must(isOpening(opening), "an opening has position, salt and proof, and nothing else");
  must(opening.position === position, `${card} was opened at position ${opening.position}, due was ${position}`);
  const leaf = await cardLeaf(position, card, opening.salt);
  const reached = await rootFromProof(leaf, position, decks * DECK.length, opening.proof.map(fromHex));
  must(toHex(reached) === commitment, `${card} is not the card at position ${position} of the committed order`);
}

/**
 * The shoe right after the event that opened it: {hash, shoeId, decks, remaining, drawn, handsLeft},
 * as a round finds it.
 */
export async function freshShoe({ hash, data }) {
  const { mode, shoeId, decks, procedure, commitment, burned } = data;
  must(MODES.includes(mode), `${mode} is no way of dealing`);
  must(typeof shoeId === "string" && Number.isSafeInteger(decks) && decks >= 1 && decks <= 9,
    "the shoe is not possible");
  must((commitment === null) === (mode === "rng") && (commitment === null || typeof commitment === "string"),
    `a shoe of mode ${mode} has the commitment ${commitment}`);
  checkProcedure(procedure);
  must(!(procedure.burn && mode === "rng"), "a server's shoe has no order, so there is nothing to burn from it");
  must((burned !== null) === procedure.burn, "a card was burned against the procedure, or none was");
  const full = { hash, shoeId, decks, remaining: String(decks).repeat(DECK.length), drawn: 0, handsLeft: null };
  if (burned === null) return full;
  must(isObject(burned) && members(burned) === "card,face_down,opening" && DECK.includes(burned.card),
    "a burned card has card, face_down and opening");
  must(burned.face_down === (points(burned.card) || 10), `${burned.face_down} cards were burned with ${burned.card}`);
  if (mode === "shuffler") await checkOpening(burned.card, burned.opening, 0, data);
  return { ...full, remaining: without(full.remaining, [burned.card]), drawn: 1 + burned.face_down };
}

function checkProcedure(procedure) {
  must(isObject(procedure) && members(procedure) === "burn,cut_cards,hands_after_cut"
    && typeof procedure.burn === "boolean", "a shoe procedure has cut_cards, hands_after_cut and burn");
  const { cut_cards: cutCards, hands_after_cut: hands } = procedure;
  must(Number.isSafeInteger(hands) && hands >= 0 && hands <= MOST_HANDS_AFTER_CUT, "too many hands after the cut card");
  must(Number.isSafeInteger(cutCards) && cutCards >= CARDS_OF_A_HAND * (hands + 1) - 1,
    "the cut card leaves too few cards");
}

/** The shoe as the data of ROUND_OPENED tell it. */
export const shoeOf = (opened) => ({
  hash: opened.shoe_hash, shoeId: opened.shoeId, decks: opened.decks, remaining: opened.remaining,
  drawn: opened.drawn, handsLeft: opened.hands_left,
});

/**
 * What left the shoe in a replayed round. What was taken back and did not come again lies on the table;
 * one that the shoe cannot have held was misread.
 */
function goneIn({ opened, cards, burned, takenBack }) {
  const gone = [...cards.map(({ card }) => card), ...burned];
  for (const card of takenBack) {
    const held = Number(opened.remaining[DECK.indexOf(card)]);
    if (gone.filter((other) => other === card).length < held) gone.push(card);
  }
  return gone;
}

/** How many cards a replayed round leaves to be drawn. */
export const cardsAfter = (round) => {
  const { decks, drawn } = round.opened;
  return decks * DECK.length - drawn - goneIn(round).length;
};

/** The shoe as a replayed round leaves it; `shoe` is the event that opened it. */
export function shoeAfter(round, shoe) {
  const found = shoeOf(round.opened);
  const gone = goneIn(round);
  const afterCut = round.cutCardOut ? shoe.data.procedure.hands_after_cut : null;
  return {
    ...found,
    remaining: without(found.remaining, gone),
    drawn: found.drawn + gone.length,
    handsLeft: found.handsLeft === null ? afterCut : found.handsLeft - (gone.length > 0 ? 1 : 0),
  };
}

/** Whether two shoes are the same in every member. */
export const sameShoe = (one, other) => canonical(one) === canonical(other);

/** Check that a round opens with the shoe `shoe` opened; `before` are the events in front of its opening. */
export async function checkShoeOf({ opened }, shoe, before) {
  const [found, fresh] = [shoeOf(opened), await freshShoe(shoe)];
  must(found.hash === fresh.hash && found.shoeId === fresh.shoeId && found.decks === fresh.decks
    && opened.mode === shoe.data.mode, "the round names another shoe than the one enclosed");
  must(found.handsLeft !== 0, "the round was opened after the last hand of its shoe");
  const last = before.filter(isShoeChange).at(-1);
  must(last === undefined || last.hash === fresh.hash, "the round is not dealt from the newest shoe of the log");
  must(last === undefined || sameShoe(found, fresh), "the first round of a shoe does not find it as opened");
  const unseenButGone = ({ remaining, decks, drawn }) => cardsLeft(remaining) - (decks * DECK.length - drawn);
  must(unseenButGone(found) === unseenButGone(fresh), "remaining and drawn of the round do not fit each other");
}

/** Whether an event closes or opens a shoe. */
export const isShoeChange = ({ type }) => type === "SHOE_CLOSED" || type === "SHOE_OPENED";

/**
 * Follow the shoe from one round to the next: `before` is the replayed round before, `shoe` the event
 * that opened its shoe, `events` those since its end up to the opening of `round`.
 */
export async function checkShoeCarriesOn(before, shoe, events, round) {
  let [current, left, isOpen] = [shoe, shoeAfter(before, shoe), true];
  for (const event of events.filter(isShoeChange)) {
    must(isOpen === (event.type === "SHOE_CLOSED"), "a shoe was changed without closing the old one");
    if (isOpen) await checkClosed(event.data, current.data, left);
    else [current, left] = [event, await freshShoe(event)];
    isOpen = !isOpen;
  }
  must(isOpen && sameShoe(left, shoeOf(round.opened)), "the shoe is not what the round before left");
}

async function checkClosed(data, opened, left) {
  must(data.shoeId === left.shoeId && data.drawn === left.drawn && data.unseen === left.remaining,
    "the shoe was not closed as it was left");
  const { commitment, reconciled } = await OPENED_BY[opened.mode](data, left);
  must(commitment === opened.commitment, "what the shoe was opened with is not what was committed to");
  must(data.reconciled === reconciled, `the shoe is said to be reconciled: ${data.reconciled}, it is ${reconciled}`);
}

/** What the event that closes a shoe opens, by the shoe's mode. */
const OPENED_BY = {
  rng: async () => ({ commitment: null, reconciled: true }),
  async shoe({ opened, counted, unseen }) {
    must(isObject(opened) && members(opened) === "record,salt" && isObject(opened.record),
      "the record of the shuffle is not opened");
    const bytes = concat(fromHex(opened.salt), utf8Bytes(canonical(opened.record)));
    return { commitment: toHex(await sha256(bytes)), reconciled: counted === unseen };
  },
  async shuffler({ opened, shoeId }, { decks }) {
    must(isObject(opened) && members(opened) === "order,salt_key" && typeof opened.order === "string",
      "the committed order is not opened");
    const order = opened.order.match(/.{1,2}/g) ?? [];
    must(order.every((card) => DECK.includes(card)), "the opened order has what is no card");
    const key = fromHex(opened.salt_key);
    const leaves = await Promise.all(order.map(
      async (card, at) => cardLeaf(at, card, await cardSalt(key, shoeId, at))));
    const complete = DECK.every((card) => order.filter((other) => other === card).length === decks);
    return { commitment: toHex(await root(leaves)), reconciled: complete };
  },
};

const members = (value) => Object.keys(value).sort().join();
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function must(holds, message) {
  if (!holds) throw new RangeError(message);
}
