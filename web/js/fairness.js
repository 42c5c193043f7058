// The verifier for players: what a round claims, checked again and told in plain words.
//
// Pure: no DOM, no network, no clock; only WebCrypto. Every function resolves to a list of checks and
// never rejects because of what it reads: {name, title, ok, detail}, where ok is null for what cannot
// be known (yet). The rules themselves are in transcript.js and replay.js.

import { cardsLeft, without } from "./deal.js";
import { handOf } from "./coup.js";
import { moneyText } from "./money.js";
import { knowsPaytable, payoutsOf } from "./paytable.js";
import { replay } from "./replay.js";
import {
  RULES, RuleBroken, checkCards, checkEvents, checkResult, checkSeed, checkTranscript,
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
 *   previous  the events of the round before, when they are at hand, else null
 */
export async function verifyRound(events, { keys, bets = [], previous = null }) {
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
  return [
    ...whole,
    transitions,
    await check("commitment", told((r) => tellSeed(r, events))),
    await check("shoe", told(() => tellShoe(events, previous))),
    await check("cards", told((r) => tellCards(r, events))),
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
  const title = (name) => RECORD_TITLES[name];
  try {
    const { entries, passed, round } = await checkTranscript(document, keys);
    const detail = {
      structure: "All members are there, and no others.",
      chain: `${document.events.length} events; each holds the hash of the one before it.`,
      signature: "ECDSA P-256 over every event.",
      transitions: describeState(round),
      book: round.book === null
        ? "The round was voided before a book was sealed."
        : `${entries.length} of ${round.book.count} sealed bets are here; each leads to root ${short(round.book.root)}`,
      commitment: "SHA-256 of seed and round id is what was published at the opening.",
      cards: "Drawn again here: the same cards.",
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

async function tellSeed(round, [{ roundId }]) {
  needSettled(round);
  await checkSeed(round, roundId);
  return `SHA-256 of seed and round id is ${short(round.opened.commitment)}, as published at the opening.`;
}

function tellShoe(events, previous) {
  if (previous === null) throw new NotYet("The round before was not seen by this page.");
  const { opened } = replay(events);
  const before = replay(previous);
  if (opened.round_no !== before.opened.round_no + 1) throw new NotYet("The round before was not seen by this page.");
  if (opened.shoeId !== before.opened.shoeId) {
    if (opened.remaining !== String(opened.decks).repeat(52)) throw new Failed(`Shoe ${opened.shoeId} is new, but not full.`);
    return `A new shoe, ${opened.shoeId}, with all ${cardsLeft(opened.remaining)} cards of ${opened.decks} decks.`;
  }
  if (without(before.opened.remaining, before.cards.map(({ card }) => card)) !== opened.remaining) {
    throw new Failed("The shoe is not what the round before left.");
  }
  return `Shoe ${opened.shoeId} is what the round before left of it.`;
}

async function tellCards(round, [{ roundId }]) {
  needSettled(round);
  const due = await checkCards(round, roundId, await checkSeed(round, roundId));
  return `Drawn again here: ${due.map(({ card }) => card).join(" ")}`;
}

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
