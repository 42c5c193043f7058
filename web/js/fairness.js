// The verifier: what a round claims, checked again from its signed events alone.
//
// Pure: no DOM, no network, no clock; only WebCrypto. The table's fairness panel uses it, and so can
// a page of its own. Every function resolves to a list of checks and never rejects because of what
// the events say: {name, title, ok, detail}, where ok is null for what cannot be known yet.

import { fromHex, toHex, utf8Bytes } from "./bytes.js";
import { canonical, digest } from "./canonical.js";
import { handOf, resultOf } from "./coup.js";
import { SEED_BYTES, commitment, dealCoup, dealKey, without } from "./deal.js";
import { checkSignature } from "./keys.js";
import { leafHash, rootFromProof } from "./merkle.js";
import { moneyText } from "./money.js";
import { knowsPaytable, payoutsOf } from "./paytable.js";

const EVENT_MEMBERS = "at_ms,data,epoch,hash,prev,roundId,seq,sig,tableId,type";
const TRANSCRIPT_MEMBERS = "book,events,format,payouts,roundId,seal,tableId,view";
const TRANSCRIPT_FORMAT = "baccarat-transcript/1";

const FINAL = new Set(["SETTLED", "VOIDED"]);
const TRANSITIONS = {
  "": { ROUND_OPENED: "OPEN" },
  OPEN: { BETS_CLOSED: "CLOSED", ROUND_VOIDED: "VOIDED", EPOCH_STARTED: "OPEN" },
  CLOSED: {
    BOOK_SEALED: "CLOSED", DEALING_STARTED: "DEALING", ROUND_VOIDED: "VOIDED",
    EPOCH_STARTED: "CLOSED",
  },
  DEALING: {
    CARDS_DEALT: "DEALING", ROUND_RESOLVED: "RESOLVED", ROUND_VOIDED: "VOIDED",
    EPOCH_STARTED: "DEALING",
  },
  RESOLVED: { ROUND_SETTLED: "SETTLED", EPOCH_STARTED: "RESOLVED" },
};

const TITLES = {
  chain: "Nothing was changed or left out",
  signatures: "Every event is signed by the house",
  transitions: "The round went its proper way",
  commitment: "The seed is the one promised before the bets",
  shoe: "The shoe carries on from the round before",
  cards: "Seed and sealed bets give exactly these cards",
  outcome: "The result follows from the cards",
  payouts: "Your bets were paid what they are due",
  transcript: "The record is the round you watched",
  book: "Your bets are in the sealed book",
  "record-payouts": "The record pays what your bets are due",
  seal: "The record is signed by the house",
};

class Failed extends Error {}
class NotYet extends Error {}

/** The hash of an event: SHA-256 over the canonical form of all but `hash` and `sig`. */
export function eventHash(event) {
  const { hash: _hash, sig: _sig, ...covered } = event;
  return digest(covered);
}

/** The bytes that are signed for an event, or a transcript, with that hash. */
export const signingInput = (hash) => utf8Bytes(`baccarat-log-v1:${hash}`);

/**
 * Check one round.
 *   events    its signed events, first to last; the round may still be running
 *   keys      trusted keys by thumbprint (see keys.js)
 *   bets      the viewer's own bets as the table told them ({betId, spot, stake_minor, state,
 *             payout_minor}); may be empty
 *   previous  the events of the round before, when they are at hand, else null
 */
export async function verifyRound(events, { keys, bets = [], previous = null }) {
  const found = factsOf(events);
  return Promise.all([
    check("chain", () => checkChain(events)),
    check("signatures", () => checkSignatures(events, keys)),
    check("transitions", () => checkTransitions(events)),
    check("commitment", () => checkCommitment(found)),
    check("shoe", () => checkShoe(events, previous)),
    check("cards", () => checkCards(found)),
    check("outcome", () => checkOutcome(found)),
    check("payouts", () => checkOwnPayouts(found, bets)),
  ]);
}

/**
 * Check the transcript of an ended round as one player may see it.
 *   keys      trusted keys by thumbprint
 *   playerId  whose bets the transcript may hold
 *   seen      hashes of the round's events as they came over the wire, or null
 *   bets      own bets as the table told them, to be found in the book again
 */
export async function verifyTranscript(transcript, { keys, playerId, seen = null, bets = [] }) {
  const events = Array.isArray(transcript?.events) ? transcript.events : [];
  const found = factsOf(events);
  return Promise.all([
    check("transcript", () => checkTranscript(transcript, events, seen, keys)),
    check("book", () => checkBook(transcript, found, playerId, bets)),
    check("record-payouts", () => checkTranscriptPayouts(transcript, found)),
    check("seal", () => checkSeal(transcript, keys)),
  ]);
}

async function check(name, rule) {
  const title = TITLES[name];
  try {
    return { name, title, ok: true, detail: await rule() };
  } catch (error) {
    if (error instanceof NotYet) return { name, title, ok: null, detail: error.message };
    // A RangeError is what the building blocks throw for contents that cannot be right; anything
    // else means that the contents have a shape nobody expects. Neither passes.
    return { name, title, ok: false, detail: error.message };
  }
}

/** The data of a round's events by type, with the ids that all of them share. */
function factsOf(events) {
  const byType = new Map(events.map((event) => [event?.type, event?.data]));
  return {
    roundId: events[0]?.roundId,
    opened: byType.get("ROUND_OPENED"),
    sealed: byType.get("BOOK_SEALED"),
    dealt: byType.get("CARDS_DEALT"),
    resolved: byType.get("ROUND_RESOLVED"),
    settled: byType.get("ROUND_SETTLED"),
    voided: byType.get("ROUND_VOIDED"),
  };
}

const nameOf = (event) => `${event.type} (epoch ${event.epoch}, number ${event.seq})`;
const short = (hash) => `${String(hash).slice(0, 12)}…`;

async function checkChain(events) {
  if (events.length === 0) throw new NotYet("There are no events yet.");
  for (const [place, event] of events.entries()) {
    if (Object.keys(event).sort().join() !== EVENT_MEMBERS) {
      throw new Failed(`Event ${place + 1} has members missing or unknown.`);
    }
    const actual = await eventHash(event);
    if (actual !== event.hash) {
      throw new Failed(`${nameOf(event)} was changed: it hashes to ${short(actual)}, not ${short(event.hash)}`);
    }
    if (place > 0) checkPlace(events[place - 1], event);
  }
  return `${events.length} events; each holds the hash of the one before it.`;
}

function checkPlace(before, after) {
  const nextInEpoch = after.epoch === before.epoch && after.seq === before.seq + 1;
  const firstOfNext = after.epoch === before.epoch + 1 && after.seq === 1;
  if (!nextInEpoch && !firstOfNext) throw new Failed(`An event is missing before ${nameOf(after)}.`);
  if (after.prev !== before.hash) throw new Failed(`${nameOf(after)} does not follow ${nameOf(before)}.`);
  if (after.at_ms < before.at_ms) throw new Failed(`${nameOf(after)} happened before ${nameOf(before)}.`);
}

async function checkSignatures(events, keys) {
  if (events.length === 0) throw new NotYet("There are no events yet.");
  for (const event of events) {
    try {
      await checkSignature(keys, event.sig, signingInput(event.hash));
    } catch (error) {
      throw new Failed(`${nameOf(event)}: ${error.message}.`);
    }
  }
  const signers = [...new Set(events.map((event) => event.sig.kid))];
  return `ECDSA P-256, key ${signers.map(short).join(", ")}`;
}

function checkTransitions(events) {
  let state = "";
  for (const event of events) {
    if (event.roundId !== events[0].roundId || event.tableId !== events[0].tableId) {
      throw new Failed(`${nameOf(event)} belongs to another round.`);
    }
    const after = TRANSITIONS[state]?.[event.type];
    if (after === undefined) throw new Failed(`${event.type} cannot happen to a round that is ${state || "not open"}.`);
    state = after;
  }
  const { sealed, dealt } = factsOf(events);
  if (dealt && !sealed) throw new Failed("Cards were dealt before the bets were sealed.");
  if (!FINAL.has(state)) throw new NotYet(`The round is ${state.toLowerCase()}; so far each step was allowed.`);
  return state === "VOIDED"
    ? "The round was voided in a state in which that is allowed; all stakes go back."
    : "Opened, closed, bets sealed, dealt, resolved, settled: in that order.";
}

function seedOf({ settled, voided }) {
  if (voided) throw new NotYet("The round was voided: no seed is revealed, nothing was won or lost.");
  if (!settled) throw new NotYet("The seed is revealed when the round is settled.");
  const seed = fromHex(settled.seed);
  if (seed.length !== SEED_BYTES) throw new Failed(`The revealed seed has ${seed.length} bytes.`);
  return seed;
}

async function checkCommitment(found) {
  const seed = seedOf(found);
  const actual = await commitment(seed, found.roundId);
  if (actual !== found.opened.commitment) {
    throw new Failed(`The seed hashes to ${short(actual)}, promised was ${short(found.opened.commitment)}`);
  }
  return `SHA-256 of seed and round id is ${short(actual)}, as published at the opening.`;
}

function checkShoe(events, previous) {
  const before = previous ? factsOf(previous) : null;
  const { opened } = factsOf(events);
  if (!before?.opened || !opened) throw new NotYet("The round before was not seen by this page.");
  if (events[0].prev !== previous[previous.length - 1].hash) {
    throw new NotYet("There are events between this round and the one seen before it.");
  }
  if (opened.shoeId !== before.opened.shoeId) {
    if (opened.remaining !== String(opened.decks).repeat(52)) {
      throw new Failed(`Shoe ${opened.shoeId} is new, but not full.`);
    }
    return `A new shoe, ${opened.shoeId}, with all cards of ${opened.decks} decks.`;
  }
  const used = (before.dealt?.cards ?? []).map(({ card }) => card);
  if (without(before.opened.remaining, used) !== opened.remaining) {
    throw new Failed("The shoe is not what the round before left.");
  }
  return `Shoe ${opened.shoeId} is what the round before left of it.`;
}

async function checkCards(found) {
  const seed = seedOf(found);
  const key = await dealKey(seed, {
    shoeId: found.opened.shoeId,
    roundId: found.roundId,
    bookRoot: found.sealed.root,
  });
  const due = await dealCoup(found.opened.remaining, key);
  const write = (cards) => cards.map(({ to, card }) => `${to[0]}:${card}`).join(" ");
  if (write(due) !== write(found.dealt.cards)) {
    throw new Failed(`Dealt were ${write(found.dealt.cards)}; the seed gives ${write(due)}.`);
  }
  return `Drawn again here: ${due.map(({ card }) => card).join(" ")}`;
}

function checkOutcome({ dealt, resolved, voided }) {
  if (!resolved) throw new NotYet(voided ? "The round was voided." : "There is no result yet.");
  const due = resultOf(dealt.cards);
  if (canonical(resolved) !== canonical(due)) {
    throw new Failed(`The result says ${resolved.outcome}, the cards give ${due.outcome} ${due.player_total}–${due.banker_total}.`);
  }
  const player = handOf(dealt.cards, "PLAYER").join(" ");
  const banker = handOf(dealt.cards, "BANKER").join(" ");
  return `Player ${player} = ${due.player_total}, Banker ${banker} = ${due.banker_total}.`;
}

function checkOwnPayouts({ opened, resolved, settled, voided }, bets) {
  if (!settled && !voided) throw new NotYet("Bets are paid when the round is settled.");
  if (voided) {
    const open = bets.filter(({ state }) => state === "PLACED" || state === "PAID");
    if (open.length > 0) throw new NotYet(`${open.length} of your stakes are still on their way back.`);
    return bets.length ? "Every stake came back." : "You had no bet in this round.";
  }
  const played = bets.filter(({ state }) => state === "PLACED" || state === "PAID");
  if (played.length === 0) return "You had no bet in this round.";
  if (!knowsPaytable(opened.paytable)) throw new Failed(`This page does not know paytable ${opened.paytable}.`);
  const due = payoutsOf(opened.paytable, played, resolved.outcome);
  const money = (minor) => moneyText(minor, opened.currency);
  for (const bet of played) {
    const paid = bet.state === "PAID" ? bet.payout_minor : 0;
    if (paid !== due.get(bet.betId)) {
      throw new Failed(`Your bet on ${bet.spot} is due ${money(due.get(bet.betId))}; paid were ${money(paid)}.`);
    }
  }
  const sum = [...due.values()].reduce((a, b) => a + b, 0);
  const subject = played.length === 1 ? "Your bet was" : `Your ${played.length} bets were`;
  return `${subject} due ${money(sum)}, and got it.`;
}

async function checkTranscript(transcript, events, seen, keys) {
  if (transcript?.format !== TRANSCRIPT_FORMAT) throw new Failed(`The record's format is ${transcript?.format}.`);
  if (Object.keys(transcript).sort().join() !== TRANSCRIPT_MEMBERS || transcript.view !== "player") {
    throw new Failed("The record has members missing or unknown.");
  }
  if (events.some((event) => event.roundId !== transcript.roundId)) {
    throw new Failed("The record holds events of another round.");
  }
  await checkChain(events);
  await checkSignatures(events, keys);
  checkTransitions(events);
  if (seen && canonical(events.map(({ hash }) => hash)) !== canonical(seen)) {
    throw new Failed("The record's events are not those that this page saw during the round.");
  }
  return seen
    ? `Its ${events.length} events are the very ones this page saw.`
    : `Its ${events.length} events are whole and signed.`;
}

async function checkBook(transcript, { sealed }, playerId, bets) {
  if (!sealed) {
    if (transcript.book !== null) throw new Failed("Bets are listed, but no book was sealed.");
    return "The round was voided before a book was sealed.";
  }
  const listed = new Map();
  for (const { index, entry, proof } of transcript.book) {
    if (entry.playerId !== playerId) throw new Failed("The record holds a bet of another player.");
    const leaf = await leafHash(utf8Bytes(canonical(entry)));
    const root = await rootFromProof(leaf, index, sealed.count, proof.map(fromHex));
    if (toHex(root) !== sealed.root) throw new Failed(`Bet ${entry.betId} is not in the sealed book: its proof fails.`);
    listed.set(entry.betId, entry);
  }
  // A voided round gives stakes back after its book was sealed; only a bet that came too late for
  // the book, or was taken back in time, may be absent.
  const inBook = (bet) => bet.state !== "CANCELLED" && bet.reason !== "NOT_IN_BOOK";
  for (const bet of bets.filter(inBook)) {
    const entry = listed.get(bet.betId);
    if (entry?.spot !== bet.spot || entry?.stake_minor !== bet.stake_minor) {
      throw new Failed(`Your bet ${bet.betId} is not in the book as you placed it.`);
    }
  }
  return `${listed.size} of ${sealed.count} sealed bets are yours; each one's path leads to root ${short(sealed.root)}`;
}

function checkTranscriptPayouts(transcript, { opened, resolved, settled }) {
  if (!settled) {
    if (transcript.payouts.length > 0) throw new Failed("A voided round pays nothing, but payouts are listed.");
    return "The round was voided: stakes go back, nothing is paid.";
  }
  if (!knowsPaytable(opened.paytable)) throw new Failed(`This page does not know paytable ${opened.paytable}.`);
  const entries = transcript.book.map(({ entry }) => entry);
  const due = payoutsOf(opened.paytable, entries, resolved.outcome);
  const listed = new Map(transcript.payouts.map((payout) => [payout.betId, payout.payout_minor]));
  for (const [betId, amount] of due) {
    if ((listed.get(betId) ?? 0) !== amount) {
      throw new Failed(`Bet ${betId} is due ${amount} minor units; the record says ${listed.get(betId) ?? 0}.`);
    }
    listed.delete(betId);
  }
  if (listed.size > 0) throw new Failed("The record lists payouts for bets that are not in the book.");
  return "The record's payouts are those that book, result and paytable give.";
}

async function checkSeal(transcript, keys) {
  const { seal, ...covered } = transcript;
  const actual = await digest(covered);
  if (seal?.hash !== actual) throw new Failed("The record was changed after it was sealed.");
  try {
    await checkSignature(keys, seal.sig, signingInput(actual));
  } catch (error) {
    throw new Failed(`The seal does not hold: ${error.message}.`);
  }
  return `Sealed over ${short(actual)} by key ${short(seal.sig.kid)}`;
}
