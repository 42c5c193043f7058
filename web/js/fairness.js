// The verifier for players: what a round claims, checked again and told in plain words.
//
// Pure: no DOM, no network, no clock; only WebCrypto. Every function resolves to a list of checks and
// never rejects because of what it reads: {name, title, ok, detail}, where ok is null for what cannot
// be known (yet). The rules themselves are in transcript.js and replay.js.

import { DECK, handOf } from "./coup.js";
import { moneyText } from "./money.js";
import { knowsPaytable, payoutsOf } from "./paytable.js";
import { isOfTheTable, replay } from "./replay.js";
import { checkShoeCarriesOn, checkShoeOf, isByHand, isShoeChange, sameShoe, shoeAfter, shoeOf } from "./shoe.js";
import {
  RULES, RuleBroken, checkCards, checkDrawnCards, checkEvents, checkResult, checkSeed, checkTranscript,
} from "./transcript.js";

export { checkTranscript, eventHash, signingInput } from "./transcript.js";

const OUT_OF_BOOK = new Set(["NOT_IN_BOOK", "TABLE_DIFFERENTIAL"]);

const TITLES = {
  chain: "Nothing was changed or left out",
  signatures: "Every event is signed by the house",
  transitions: "The round went its proper way",
  commitment: "The seed is the one promised before the bets",
  shoe: "The shoe carries on from the round before",
  cards: "Seed and sealed bets give exactly these cards",
  outcome: "The result follows from the cards",
  payouts: "Your bets were paid what they are due",
};
/** Where a dealer draws, other things stand for the seed. */
const TITLES_BY_HAND = {
  shuffler: {
    commitment: "The order of the shoe was promised before its first bet",
    cards: "Provable: each card lies at its place of the promised order",
  },
  shoe: {
    commitment: "The shuffle was put on record before the first bet",
    cards: "Attested: the shoe had each card that was scanned",
  },
};
const RECORD_TITLES = {
  ...TITLES,
  structure: "The record has the agreed form",
  signature: TITLES.signatures,
  book: "Your bets are in the sealed book",
  payouts: "The record pays what your bets are due",
  seal: "The record is signed by the house",
  seen: "The record is the round you played",
};

class NotYet extends Error {}
class Failed extends Error {}

const short = (hash) => `${String(hash).slice(0, 12)}…`;

/**
 * Check one round, running or ended.
 *   events    its signed events, first to last
 *   keys      trusted keys by thumbprint (see keys.js)
 *   bets      the viewer's own bets as the table told them ({betId, spot, stake_minor, state,
 *             payout_minor}); may be empty
 *   shoe      the event that opened the shoe of the round, when it is at hand, else null
 *   previous  {events, shoe} of the round before, when they are at hand, else null
 */
export async function verifyRound(events, { keys, bets = [], shoe = null, previous = null }) {
  const whole = await eventChecks(events, keys);
  let round = null;
  const transitions = await check("transitions", () => {
    round = replay(events);
    return describeState(round);
  });
  // Without a possible round there is nothing that the other rules could speak about.
  const told = (rule) => () => {
    if (round === null) throw new Failed("The events tell no possible round.");
    return rule(round);
  };
  const titles = { ...TITLES, ...TITLES_BY_HAND[round?.opened?.mode] };
  return [
    ...whole,
    transitions,
    await check("commitment", told((r) => tellCommitment(r, events, shoe, keys)), titles.commitment),
    await check("shoe", told((r) => tellShoe(r, events, previous))),
    await check("cards", told((r) => tellCards(r, events, shoe)), titles.cards),
    await check("outcome", told(tellOutcome)),
    await check("payouts", told((r) => tellOwnPayouts(r, bets))),
  ];
}

/**
 * Check the transcript of an ended round by all rules of the format, and against what this client
 * itself saw. Rules after the first broken one are not looked at.
 *   keys      trusted keys by thumbprint
 *   playerId  whose bets the transcript may hold, or null for any
 *   seen      hashes of the round's events as they came over the wire, or null
 *   bets      own bets as the table told them, to be found in the book again
 */
export async function verifyTranscript(document, { keys, playerId = null, seen = null, bets = [] }) {
  const mode = document?.shoe?.data?.mode;
  const title = (name) => TITLES_BY_HAND[mode]?.[name] ?? RECORD_TITLES[name];
  try {
    const { entries, passed, round } = await checkTranscript(document, keys);
    const detail = {
      structure: "All members are there, and no others.",
      chain: `${document.events.length} events; each holds the hash of the one before it.`,
      signature: "ECDSA P-256 over every event.",
      shoe: `Shoe ${round.opened.shoeId} is the one whose opening is enclosed.`,
      transitions: describeState(round),
      book: round.book === null
        ? "The round was voided before a book was sealed."
        : `${entries.length} of ${round.book.count} sealed bets are here; each leads to root ${short(round.book.root)}`,
      ...RECORD_DETAILS[mode](round, document.shoe),
      outcome: "The cards make the stated result.",
      payouts: "Book, result and paytable give exactly the listed payouts.",
      seal: `Sealed by key ${short(document.seal.sig.kid)}`,
    };
    return [
      ...passed.map((name) => ({ name, title: title(name), ok: true, detail: detail[name] })),
      await check("seen", () => tellSeen(document, entries, { playerId, seen, bets }), title("seen")),
    ];
  } catch (error) {
    if (!(error instanceof RuleBroken)) throw error;
    const at = RULES.indexOf(error.rule);
    return RULES.slice(at).map((name, place) => (place === 0
      ? { name, title: title(name), ok: false, detail: `${error.message}.` }
      : { name, title: title(name), ok: null, detail: "Not looked at, because of the failure above." }));
  }
}

const RECORD_DETAILS = {
  rng: () => ({
    commitment: "SHA-256 of seed and round id is what was published at the opening.",
    cards: "Drawn again here: the same cards.",
  }),
  shuffler: (round, shoe) => ({
    commitment: `The shoe was opened with ${short(shoe.data.commitment)}; no seed is claimed.`,
    cards: provenText(round),
  }),
  shoe: (round, shoe) => ({
    commitment: `The shoe was opened with ${short(shoe.data.commitment)}; no seed is claimed.`,
    cards: attestedText(round),
  }),
};

async function check(name, rule, title = TITLES[name]) {
  try {
    return { name, title, ok: true, detail: await rule() };
  } catch (error) {
    // Whatever else is thrown, the contents are not what they must be: that never passes.
    return { name, title, ok: error instanceof NotYet ? null : false, detail: error.message };
  }
}

async function eventChecks(events, keys) {
  const result = (name, ok, detail) => ({ name, title: TITLES[name], ok, detail });
  if (events.length === 0) {
    return ["chain", "signatures"].map((name) => result(name, null, "There are no events yet."));
  }
  try {
    await checkEvents(events, keys);
  } catch (error) {
    const signature = error.rule === "signature";
    return [
      result("chain", signature ? null : false, signature ? "Not looked at, because a signature fails." : `${error.message}.`),
      result("signatures", signature ? false : null, signature ? `${error.message}.` : "Not looked at, because the chain is broken."),
    ];
  }
  const signers = [...new Set(events.map((event) => event.sig.kid))];
  return [
    result("chain", true, `${events.length} ${events.length === 1 ? "event" : "events"}; each holds the hash of the one before it.`),
    result("signatures", true, `ECDSA P-256, key ${signers.map(short).join(", ")}`),
  ];
}

function describeState({ state }) {
  if (state === "VOIDED") return "The round was voided in a state in which that is allowed; all stakes go back.";
  if (state !== "SETTLED") throw new NotYet(`The round is ${state.toLowerCase() || "not open"}; so far each step was allowed.`);
  return "Opened, closed, bets sealed, dealt, resolved, settled: in that order, none too early.";
}

function needSettled({ state }) {
  if (state === "VOIDED") throw new NotYet("The round was voided: no seed is revealed, nothing was won or lost.");
  if (state !== "SETTLED") throw new NotYet("The seed is revealed when the round is settled.");
}

async function tellCommitment(round, events, shoe, keys) {
  if (isByHand(round.opened?.mode)) return tellShoeCommitment(round, events, shoe, keys);
  needSettled(round);
  await checkSeed(round, roundIdOf(events));
  return `SHA-256 of seed and round id is ${short(round.opened.commitment)}, as published at the opening.`;
}

async function tellShoeCommitment(round, events, shoe, keys) {
  if (shoe === null) throw new NotYet("The opening of the shoe was not seen by this page; the signed record encloses it.");
  await checkEvents([shoe], keys);
  const opening = events.findIndex(({ type }) => type === "ROUND_OPENED");
  await checkShoeOf(round, shoe, events.slice(0, opening));
  if (round.state === "SETTLED") await checkSeed(round, roundIdOf(events));
  return `Shoe ${round.opened.shoeId} was opened with ${short(shoe.data.commitment)}, and this round names it by its hash.`;
}

async function tellShoe(round, events, previous) {
  const before = previous === null ? null : replay(previous.events);
  if (round.opened === null || round.opened.round_no !== before?.opened?.round_no + 1) {
    throw new NotYet("The round before was not seen by this page.");
  }
  const { opened } = round;
  const changed = events.some(isShoeChange);
  const left = `${opened.decks * DECK.length - opened.drawn} cards left`;
  if (previous.shoe === null) {
    if (changed) throw new NotYet("The opening of the shoe before was not seen by this page.");
    // Only that event tells how many hands are dealt after the cut card.
    const [found, due] = [shoeOf(opened), shoeAfter(before, { data: { procedure: {} } })];
    if (!sameShoe({ ...found, handsLeft: null }, { ...due, handsLeft: null })) {
      throw new Failed("The shoe is not what the round before left.");
    }
    return `Shoe ${opened.shoeId} is what the round before left of it: ${left}.`;
  }
  await checkShoeCarriesOn(before, previous.shoe, events, round);
  if (!changed) return `Shoe ${opened.shoeId} is what the round before left of it: ${left}.`;
  const { data } = events.find(({ type }) => type === "SHOE_CLOSED");
  const accounted = data.reconciled ? "all its cards are accounted for" : "NOT all its cards are accounted for";
  return `Shoe ${data.shoeId} was closed: ${accounted}, and what it was opened with holds. ${opened.shoeId} is new: ${left}.`;
}

async function tellCards(round, events, shoe) {
  if (isByHand(round.opened?.mode)) return tellCardsByHand(round, events, shoe);
  needSettled(round);
  const roundId = roundIdOf(events);
  const due = await checkCards(round, roundId, await checkSeed(round, roundId));
  return `Drawn again here: ${due.map(({ card }) => card).join(" ")}`;
}

async function tellCardsByHand(round, events, shoe) {
  if (round.cards.length === 0) throw new NotYet("No card has been dealt.");
  const proven = round.opened.mode === "shuffler";
  if (proven && shoe === null) {
    throw new NotYet("The opening of the shoe was not seen by this page; the signed record encloses it.");
  }
  await checkDrawnCards(events, shoe);
  return proven ? provenText(round) : attestedText(round);
}

/** Positions are told as people count: the first card out is number 1. */
const provenText = ({ cards, openings }) =>
  `${cards.map(({ card }, at) => `${card} proven at position ${openings[at].position + 1}`).join(", ")}.`;

const attestedText = ({ cards }) =>
  `${cards.map(({ card }) => card).join(" ")}, as scanned at the table. Hands shuffled, so nobody knew an order and none can be proven; when the shoe is closed its remaining cards are counted.`;

const roundIdOf = (events) => events.find((event) => !isOfTheTable(event)).roundId;

function tellOutcome(round) {
  if (round.resolved === null) throw new NotYet(round.state === "VOIDED" ? "The round was voided." : "There is no result yet.");
  const due = checkResult(round);
  const hand = (name) => handOf(round.cards, name).join(" ");
  return `Player ${hand("PLAYER")} = ${due.player_total}, Banker ${hand("BANKER")} = ${due.banker_total}.`;
}

function tellOwnPayouts({ state, opened, cards }, bets) {
  const played = bets.filter((bet) => bet.state === "PLACED" || bet.state === "PAID");
  if (state === "VOIDED") {
    if (played.length > 0) throw new NotYet(`${played.length} of your stakes are still on their way back.`);
    return bets.length > 0 ? "Every stake came back." : "You had no bet in this round.";
  }
  if (state !== "SETTLED") throw new NotYet("Bets are paid when the round is settled.");
  if (played.length === 0) return "You had no bet in this round.";
  if (!knowsPaytable(opened.paytable)) throw new Failed(`This page does not know paytable ${opened.paytable}.`);
  const money = (minor) => moneyText(minor, opened.currency);
  const due = payoutsOf(opened.paytable, played, cards);
  for (const bet of played) {
    const paid = bet.state === "PAID" ? bet.payout_minor : 0;
    if (paid !== due.get(bet.betId)) {
      throw new Failed(`Your bet on ${bet.spot} is due ${money(due.get(bet.betId))}; paid were ${money(paid)}.`);
    }
  }
  const sum = money([...due.values()].reduce((a, b) => a + b, 0));
  return played.length === 1 ? `Your bet was due ${sum}, and got it.` : `Your ${played.length} bets were due ${sum}, and got it.`;
}

function tellSeen(document, entries, { playerId, seen, bets }) {
  if (seen !== null && JSON.stringify(document.events.map(({ hash }) => hash)) !== JSON.stringify(seen)) {
    throw new Failed("The record's events are not those that this page saw during the round.");
  }
  if (playerId !== null && entries.some((entry) => entry.playerId !== playerId)) {
    throw new Failed("The record holds a bet of another player.");
  }
  // A bet that came too late for the book, was left out of it, or was taken back in time, may be absent.
  const expected = document.book === null ? []
    : bets.filter((bet) => bet.state !== "CANCELLED" && !OUT_OF_BOOK.has(bet.reason));
  for (const bet of expected) {
    const entry = entries.find(({ betId }) => betId === bet.betId);
    if (entry?.spot !== bet.spot || entry?.stake_minor !== bet.stake_minor) {
      throw new Failed(`Your bet ${bet.betId} is not in the book as you placed it.`);
    }
  }
  const events = seen === null ? "" : `Its ${document.events.length} events are the very ones this page saw. `;
  const own = expected.length === 1 ? "Your bet is" : `Your ${expected.length} bets are`;
  return expected.length === 0 ? `${events}You had no bet in it.` : `${events}${own} in it as you placed them.`;
}
