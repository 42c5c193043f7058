// Plain words for what staff read: table, round and pause states, and every refusal with what to do.

import { cardName } from "../view/playing_card.js";

const RANK_TEXT = { T: "10" };
const SUIT_TEXT = { C: "♣", D: "♦", H: "♥", S: "♠" };

/** "10♥" for TH. */
export const cardText = (code) => (RANK_TEXT[code[0]] ?? code[0]) + SUIT_TEXT[code[1]];

export const PAUSE_WORDS = {
  DEALER_GONE: "The dealer was not heard for too long.",
  WRONG_CARD: "A card was scanned that cannot come out of this shoe now.",
  PIT_DECISION: "The pit has stopped the deal.",
};

export const STATUS_WORDS = { OPEN: "Open", PAUSED: "Paused", CLOSED: "Closed" };

export const MODE_WORDS = { rng: "dealt by a server", shoe: "shoe, shuffled by hand", shuffler: "shoe from the machine" };

const named = ({ card }) => (card ? `${cardText(card)} (${cardName(card)})` : "The card");

/** A person as staff read them: "you", or as much of a long id as tells people apart. */
export const personText = (id, me = null) => (id === null || id === undefined ? "nobody"
  : id === me ? "you" : /^[0-9a-f]{8}-/.test(id) ? id.slice(0, 8) : id);

// title, what happened (null: the house's own sentence), what to do now: at the desk, in the pit.
const WORDS = {
  UNREADABLE: {
    title: "Card not readable", what: ({ text }) => `The scanner sent “${text}”.`,
    desk: "Scan the card again. If it stays unreadable, call the pit.",
  },
  WRONG_CARD: {
    title: "Wrong card", what: (details) => `${named(details)} cannot be the next card of this shoe.`,
    desk: "Stop. Leave every card where it lies and call the pit.",
    pit: "Compare the card on the table with the log. Enter the right card, burn this one, or void the round.",
  },
  CARD_NOT_POSSIBLE: {
    title: "No such card is due", what: null,
    desk: "Do not draw. Compare the cards on the table with the screen; if they differ, call the pit.",
    pit: "Compare the cards on the table with those on this page.",
  },
  SCAN_PENDING: {
    title: "A card waits", what: ({ card }) => `${card ? cardText(card) : "A card"} is scanned and not confirmed yet.`,
    desk: "Confirm it (Enter) or undo it (Backspace). Then scan the next card.",
  },
  NOTHING_TO_CONFIRM: {
    title: "Nothing to confirm", what: null,
    desk: "Look at the cards on the screen and go on from there. A confirmed card is taken back by the pit.",
  },
  DEALING_PAUSED: {
    title: "The deal is paused", what: ({ reason }) => PAUSE_WORDS[reason] ?? "The pit has to act first.",
    desk: "Touch no card. Wait for the pit.",
    pit: "It is paused already: put the hand right and let the deal go on.",
  },
  NOT_YOUR_TABLE: {
    title: "Not your desk", what: null,
    desk: "Take the desk again, or ask the pit to relieve the other dealer.",
  },
  NO_SUCH_STEP: {
    title: "Not now", what: null,
    desk: "Look at the screen: it shows what the table waits for.",
    pit: "The table has moved on. Look at its state and decide again.",
  },
  SHOE_NOT_POSSIBLE: {
    title: "The shoe was not taken", what: null,
    desk: "Correct the entry and send it again. If you are not sure, call the pit.",
    pit: "Correct the entry and send it again.",
  },
  IDEMPOTENCY_CONFLICT: {
    title: "It was done otherwise", what: null,
    desk: "Look at the screen: what was entered first counts. If that was wrong, call the pit.",
    pit: "Look at the log: what was entered first counts.",
  },
  NEEDS_ANOTHER_PERSON: {
    title: "A second person has to approve", what: () => "You proposed this correction, so somebody else has to decide it.",
    pit: "Ask another pit boss to sign in with an account of their own and to approve it.",
  },
  ROUND_NOT_VOIDABLE: {
    title: "This round cannot be voided", what: null,
    pit: "Let it finish, then propose a correction of it.",
  },
  ROUND_NOT_FOUND: { title: "No such round", what: null, pit: "Check the number of the round." },
  TABLE_NOT_FOUND: {
    title: "No such table", what: null, desk: "Check the table's name.", pit: "Check the table's name.",
  },
  FORBIDDEN: {
    title: "Not allowed", what: null,
    desk: "Sign in with a dealer's account.", pit: "Sign in with a pit boss's account.",
  },
  NO_ANSWER: {
    title: "No answer from the house", what: () => "It is not known whether this was done.",
    desk: "Wait until the line is back, look at the screen, and repeat what is missing there.",
    pit: "Look at the table's state below; repeat what is missing. Repeating does no harm.",
  },
  CONTENTION: {
    title: "The house was busy", what: () => "Nothing was changed.", desk: "Do it again.", pit: "Do it again.",
  },
  INTERNAL: {
    title: "The house failed", what: () => "It is not known whether this was done.",
    desk: "Look at the screen and repeat what is missing. If it fails again, call the pit.",
    pit: "Look at the table's state and repeat what is missing. If it fails again, call operations.",
  },
  INVALID_REQUEST: {
    title: "The house could not read this", what: null,
    desk: "Check what was entered. If it is right, call the pit.", pit: "Check what was entered.",
  },
};

const sentence = (text) => {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(full) ? full : `${full}.`;
};

/** What a person reads of a refusal, at the "desk" or in the "pit": {code, title, what, todo}. */
export function refusalWords({ code, message, details }, where) {
  const words = WORDS[code] ?? { title: "Refused", what: null };
  return {
    code,
    title: words.title,
    what: words.what?.(details ?? {}) ?? sentence(message ?? ""),
    todo: words[where] ?? (where === "desk" ? "If you are not sure, call the pit." : "Look at the table's state and decide again."),
  };
}
