// The verifier of transcripts: docs/formats/transcript.md, rule by rule and in its order, so that a
// failure has the same name here as in any other verifier of that page. Pure: only WebCrypto.

import { SPOTS } from "./bets.js";
import { fromHex, toHex, utf8Bytes } from "./bytes.js";
import { canonical, digest } from "./canonical.js";
import { resultOf } from "./coup.js";
import { SEED_BYTES, commitment, dealCoup, dealKey, without } from "./deal.js";
import { checkSignature } from "./keys.js";
import { leafHash, root, rootFromProof } from "./merkle.js";
import { knowsPaytable, offers, payoutsInBookOrder } from "./paytable.js";
import { EVENT_TYPES, isOfTheTable, noRound, step as stepOf } from "./replay.js";
import {
  cardsAfter, checkOpening, checkShoeCarriesOn, checkShoeOf, freshShoe, isByHand, isShoeChange,
} from "./shoe.js";

const FORMAT = "baccarat-transcript/2";
const MEMBERS = "book,events,format,payouts,roundId,seal,shoe,tableId,view";
const EVENT_MEMBERS = "at_ms,data,epoch,hash,prev,roundId,seq,sig,tableId,type";
const ENTRY_MEMBERS = "betId,playerId,spot,stake_minor";
const MAX_EVENTS = 1_000;

/** The rules in the order in which they are checked. */
export const RULES = [
  "structure", "chain", "signature", "shoe", "transitions", "book", "commitment", "cards", "outcome",
  "payouts", "seal",
];

/** A rule does not hold; `rule` is its name. */
export class RuleBroken extends Error {
  constructor(rule, message) {
    super(message);
    this.rule = rule;
  }
}

/** The hash of an event: SHA-256 over the canonical form of all but `hash` and `sig`. */
export function eventHash(event) {
  const { hash: _hash, sig: _sig, ...covered } = event;
  return digest(covered);
}

/** The bytes that are signed for an event, or a transcript, with that hash. */
export const signingInput = (hash) => utf8Bytes(`baccarat-log-v1:${hash}`);

/**
 * Check everything that a transcript (of either view) claims, with trusted keys by thumbprint.
 * Resolves to {round, entries, passed}; `passed` names the rules that held, in order.
 * Rejects: RuleBroken with the first rule that does not hold.
 */
export async function checkTranscript(document, keys) {
  const passed = [];
  const step = async (rule, check) => {
    try {
      const result = await check();
      passed.push(rule);
      return result;
    } catch (error) {
      // Building blocks throw RangeError for contents that cannot be right, and a TypeError means a
      // shape that nobody expects. Neither passes.
      throw error instanceof RuleBroken ? error : new RuleBroken(rule, error.message);
    }
  };
  await step("structure", () => checkDocument(document));
  const { events, shoe } = document;
  await checkEvents(events, keys);
  passed.push("chain", "signature");
  await step("shoe", () => checkShoe(document, keys));
  const round = await step("transitions", () => checkRound(document));
  const entries = await step("book", () => checkBook(document, round));
  if (round.state === "SETTLED") {
    const seed = await step("commitment", () => checkSeed(round, document.roundId));
    await step("cards", async () => {
      if (seed !== null) await checkCards(round, document.roundId, seed);
      checkCutCard(round, shoe);
      resultOf(round.cards);
    });
    await step("outcome", () => checkResult(round));
    await step("payouts", () => checkPayouts(document, round, entries));
  } else {
    await step("payouts", () => must(document.payouts.length === 0, "a voided round pays nothing, but payouts are listed"));
  }
  await step("seal", () => checkSeal(document, keys));
  return { round, entries, passed };
}

/**
 * Check members, order, hashes and signatures of events, one after the other.
 * Rejects: RuleBroken (structure, chain or signature).
 */
export async function checkEvents(events, keys) {
  for (const [place, event] of events.entries()) {
    await checkEvent(event, events[place - 1] ?? null, keys);
  }
}

async function checkEvent(event, before, keys) {
  mustBeEvent(event);
  const name = `${event.type} (epoch ${event.epoch}, number ${event.seq})`;
  if (before !== null) checkPlace(before, event, name);
  await checkHash(event, name);
  if (before !== null && event.prev !== before.hash) {
    throw new RuleBroken("chain", `${name} does not follow the event before it`);
  }
  await checkEventSignature(event, name, keys);
}

function mustBeEvent(event) {
  if (!isSignedEvent(event)) throw new RuleBroken("structure", "an event has members missing, unknown or of another type");
}

async function checkHash(event, name) {
  let actual;
  try {
    actual = await eventHash(event);
  } catch (error) {
    throw new RuleBroken("structure", `${name}: ${error.message}`);
  }
  if (actual !== event.hash) {
    throw new RuleBroken("chain", `${name} was changed: it hashes to ${short(actual)}, not ${short(event.hash)}`);
  }
}

async function checkEventSignature(event, name, keys) {
  try {
    await checkSignature(keys, event.sig, signingInput(event.hash));
  } catch (error) {
    throw new RuleBroken("signature", `${name}: ${error.message}`);
  }
}

function checkPlace(before, after, name) {
  const nextInEpoch = after.epoch === before.epoch && after.seq === before.seq + 1;
  const firstOfNext = after.epoch === before.epoch + 1 && after.seq === 1;
  if (!nextInEpoch && !firstOfNext) throw new RuleBroken("chain", `an event is missing before ${name}`);
  if (after.at_ms < before.at_ms) throw new RuleBroken("chain", `${name} happened before the event in front of it`);
}

function checkDocument(document) {
  must(isObject(document), "a transcript is a JSON object");
  must(document.format === FORMAT, `the format is ${document.format}, this verifier reads ${FORMAT}`);
  must(members(document) === MEMBERS, "members are missing or unknown");
  must(document.view === "house" || document.view === "player", "the view is neither house nor player");
  must(Array.isArray(document.events) && document.events.length > 0 && document.events.length <= MAX_EVENTS,
    `there must be 1 to ${MAX_EVENTS} events`);
  must(document.book === null || Array.isArray(document.book), "the book is neither null nor a list");
  must(Array.isArray(document.payouts), "the payouts are no list");
}

async function checkShoe({ shoe, tableId }, keys) {
  mustBeEvent(shoe);
  must(shoe.type === "SHOE_OPENED" && shoe.tableId === tableId && shoe.roundId === "",
    "shoe is not an event that opens a shoe of this table");
  await checkHash(shoe, "the opening of the shoe");
  await checkEventSignature(shoe, "the opening of the shoe", keys);
  await freshShoe(shoe);
}

async function checkRound({ tableId, roundId, shoe, events }) {
  const round = noRound();
  for (const [place, event] of events.entries()) {
    must(event.tableId === tableId, `event ${event.seq} belongs to another table`);
    if (isOfTheTable(event)) {
      if (round.state !== "" && isShoeChange(event)) {
        throw new RuleBroken("shoe", "the shoe was changed in the middle of the round");
      }
      continue;
    }
    must(event.roundId === roundId, `event ${event.seq} belongs to another round`);
    const before = round.cards.length + round.burned.length;
    stepOf(round, event);
    if (event.type === "ROUND_OPENED") {
      await named("shoe", () => checkShoeOf(round, shoe, events.slice(0, place)));
    }
    if (event.type === "CARDS_DEALT" || event.type === "CARD_BURNED") {
      await named("cards", () => checkDrawn(round, event, before, shoe));
    }
  }
  must(events.at(-1).roundId === roundId, "the last event is not one of the round");
  must(round.state === "SETTLED" || round.state === "VOIDED",
    `the round ends in state ${round.state}: its last events are missing`);
  return round;
}

async function named(rule, check) {
  try {
    await check();
  } catch (error) {
    throw new RuleBroken(rule, error.message);
  }
}

/** Check that what left the shoe with `event` can have left it; `before` cards had in this round. */
async function checkDrawn({ opened, cards, burned }, { type, data }, before, shoe) {
  without(opened.remaining, [...cards.map(({ card }) => card), ...burned]);
  if (opened.mode !== "shuffler") return;
  const card = type === "CARD_BURNED" ? data.card : data.cards[0].card;
  await checkOpening(card, data.opening, opened.drawn + before, shoe.data);
}

/**
 * Check of a round's events, also of one under way, that each card can have left the shoe; in mode
 * shuffler that the order of `shoe` (the event that opened it) has it at its place.
 * Resolves to the replayed round. Rejects: RangeError.
 */
export async function checkDrawnCards(events, shoe) {
  const round = noRound();
  for (const event of events.filter((one) => !isOfTheTable(one))) {
    const before = round.cards.length + round.burned.length;
    stepOf(round, event);
    if (event.type === "CARDS_DEALT" || event.type === "CARD_BURNED") await checkDrawn(round, event, before, shoe);
  }
  return round;
}

/** Check, where a server or a machine knows it, that the cut card came out when it had to. */
function checkCutCard(round, shoe) {
  const { mode, hands_left: handsLeft } = round.opened;
  if (mode === "shoe") return;
  const due = handsLeft === null && cardsAfter(round) <= shoe.data.procedure.cut_cards;
  must(round.cutCardOut === due, `${cardsAfter(round)} cards were left, but the cut card is said to be ${round.cutCardOut ? "out" : "in"}`);
}

/**
 * Check that `later` is the round right after `earlier`; both are documents that hold, with the
 * rounds that checkTranscript made of them: {document, round}.
 * Rejects: RuleBroken (chain or shoe).
 */
export async function checkLink(earlier, later) {
  const [before, after] = [earlier.document, later.document];
  if (before.tableId !== after.tableId || later.round.opened.round_no !== earlier.round.opened.round_no + 1) {
    throw new RuleBroken("chain", `${after.roundId} is not the round after ${before.roundId}`);
  }
  if (after.events[0].prev !== before.events.at(-1).hash) {
    throw new RuleBroken("chain", `${after.roundId} does not follow ${before.roundId} in the log`);
  }
  await named("shoe", () => checkShoeCarriesOn(earlier.round, before.shoe, after.events, later.round));
}

async function checkBook({ view, book }, round) {
  if (round.book === null) {
    must(book === null, "bets are listed, but no book was sealed");
    return [];
  }
  must(Array.isArray(book), "a book was sealed, but none is here");
  const entries = view === "house" ? await houseBook(book, round.book) : await provenEntries(book, round.book);
  const { paytable } = round.opened;
  must(!knowsPaytable(paytable) || entries.every(({ spot }) => offers(paytable, spot)),
    "a bet lies on a spot that the paytable does not offer");
  must(entries.every((entry, at) => at === 0 || inOrder(entries[at - 1], entry)), "the bets are not in order, each once");
  return entries;
}

async function houseBook(book, sealed) {
  must(book.every(isEntry), "a bet is not one");
  const actual = toHex(await root(await Promise.all(book.map(leafOf))));
  must(book.length === sealed.count && actual === sealed.root,
    `the ${book.length} bets hash to ${short(actual)}, sealed were ${sealed.count} under ${short(sealed.root)}`);
  const stakes = {};
  for (const { spot, stake_minor: stake } of book) stakes[spot] = (stakes[spot] ?? 0) + stake;
  must(canonical(stakes) === canonical(sealed.stakes_minor ?? null), "the stakes announced are not those of the book");
  return book;
}

async function provenEntries(book, sealed) {
  const byIndex = new Map();
  for (const item of book) {
    must(isObject(item) && members(item) === "entry,index,proof" && Array.isArray(item.proof) && isEntry(item.entry),
      "an own bet has index, entry and proof, and nothing else");
    const reached = await rootFromProof(await leafOf(item.entry), item.index, sealed.count, item.proof.map(fromHex));
    must(toHex(reached) === sealed.root, `bet ${item.entry.betId} is not in the sealed book: its proof fails`);
    byIndex.set(item.index, item.entry);
  }
  return [...byIndex].sort(([a], [b]) => a - b).map(([, entry]) => entry);
}

/**
 * The revealed seed, when it is the one that was committed to; null where a dealer draws and none is
 * claimed. Throws: RangeError.
 */
export async function checkSeed({ opened, settled }, roundId) {
  if (isByHand(opened.mode)) {
    must(opened.commitment === null && settled.seed === null, "cards drawn by a dealer come from no seed");
    return null;
  }
  const seed = fromHex(settled.seed);
  must(seed.length === SEED_BYTES, `the revealed seed has ${seed.length} bytes`);
  const actual = await commitment(seed, roundId);
  must(actual === opened.commitment, `the seed hashes to ${short(actual)}, promised was ${short(opened.commitment)}`);
  return seed;
}

/** Draw the cards again. Throws: RangeError when others were dealt. */
export async function checkCards({ opened, book, cards }, roundId, seed) {
  const key = await dealKey(seed, { shoeId: opened.shoeId, roundId, bookRoot: book.root });
  const due = await dealCoup(opened.remaining, key);
  const write = (dealt) => dealt.map(({ to, card }) => `${to[0]}:${card}`).join(" ");
  must(write(due) === write(cards), `dealt were ${write(cards)}; the seed gives ${write(due)}`);
  return due;
}

/** The result that the cards make. Throws: RangeError when another was stated. */
export function checkResult({ cards, resolved }) {
  const due = resultOf(cards);
  must(canonical(resolved) === canonical(due),
    `the result says ${resolved.outcome}, the cards give ${due.outcome} ${due.player_total}–${due.banker_total}`);
  return due;
}

async function checkPayouts({ view, payouts }, { opened, cards, settled }, entries) {
  must(knowsPaytable(opened.paytable), `this verifier does not know paytable ${opened.paytable}`);
  const amounts = payoutsInBookOrder(opened.paytable, entries, cards);
  const due = entries
    .map(({ playerId, betId }, at) => ({ playerId, betId, payout_minor: amounts[at] }))
    .filter(({ payout_minor: amount }) => amount > 0);
  for (const [at, payout] of due.entries()) {
    must(payouts[at] !== undefined && canonical(payouts[at]) === canonical(payout),
      `bet ${payout.betId} is due ${payout.payout_minor} minor units, the record says otherwise`);
  }
  must(payouts.length === due.length, "a payout is listed for which nothing is due");
  if (view !== "house") return;
  const sum = (amountsOf) => amountsOf.reduce((a, b) => a + b, 0);
  const totals = {
    payouts_root: toHex(await root(await Promise.all(due.map(leafOf)))),
    paid_count: due.length,
    staked_minor: sum(entries.map((entry) => entry.stake_minor)),
    paid_minor: sum(due.map((payout) => payout.payout_minor)),
  };
  for (const [name, value] of Object.entries(totals)) {
    must(settled[name] === value, `${name} is ${settled[name]} in the log, ${value} by the book`);
  }
}

async function checkSeal(document, keys) {
  const { seal, ...covered } = document;
  must(isObject(seal) && members(seal) === "hash,sig" && isSignature(seal.sig), "a seal has hash and sig, and nothing else");
  must(seal.hash === (await digest(covered)), "the record was changed after it was sealed");
  await checkSignature(keys, seal.sig, signingInput(seal.hash));
  // Nothing signs the seal's own key number, but a key has the same one everywhere.
  must([document.shoe, ...document.events].every(({ sig }) => sig.kid !== seal.sig.kid || sig.ver === seal.sig.ver),
    "the key of the seal signed under another number before");
}

const leafOf = (value) => leafHash(utf8Bytes(canonical(value)));
const short = (hash) => `${String(hash).slice(0, 12)}…`;
const members = (value) => Object.keys(value).sort().join();
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isText = (value) => typeof value === "string";
const isSignature = (sig) => isObject(sig) && members(sig) === "kid,val,ver"
  && isText(sig.kid) && Number.isSafeInteger(sig.ver) && isText(sig.val);
const isSignedEvent = (event) => isObject(event) && members(event) === EVENT_MEMBERS
  && [event.tableId, event.roundId, event.prev, event.hash].every(isText)
  && [event.epoch, event.seq, event.at_ms].every(Number.isSafeInteger)
  && EVENT_TYPES.has(event.type) && isObject(event.data) && isSignature(event.sig);
const isEntry = (entry) => isObject(entry) && members(entry) === ENTRY_MEMBERS
  && isText(entry.playerId) && isText(entry.betId) && SPOTS.includes(entry.spot)
  && Number.isSafeInteger(entry.stake_minor) && entry.stake_minor > 0;

/** Whether b comes after a: by player, then by bet, both by code points. */
function inOrder(a, b) {
  return (comparePoints(a.playerId, b.playerId) || comparePoints(a.betId, b.betId)) < 0;
}

function comparePoints(a, b) {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const difference = left[at].codePointAt(0) - right[at].codePointAt(0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function must(holds, message) {
  if (!holds) throw new RangeError(message);
}
