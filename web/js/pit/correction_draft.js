// The cards that a round should have had, picked one after the other in dealing order; the rules say
// who gets each. Pure.

import { handOf, nextHand, resultOf, total } from "../coup.js";

export const EMPTY = [];

/** The draft with one card more; unchanged when the hand is complete. */
export function withCard(draft, card) {
  const to = nextHand(draft);
  return to === null ? draft : [...draft, { to, card }];
}

/** {next, complete, text, cards}: `cards` is what the protocol wants, or null. */
export function describe(draft) {
  const next = nextHand(draft);
  const totals = `Player ${total(handOf(draft, "PLAYER"))} : ${total(handOf(draft, "BANKER"))} Banker`;
  if (next !== null) {
    return { next, complete: false, cards: null, text: `Card ${draft.length + 1} goes to ${next}.${draft.length ? ` So far: ${totals}` : ""}` };
  }
  const { outcome } = resultOf(draft);
  return { next, complete: true, cards: draft.map(({ card }) => card).join(""), text: `${totals}. ${outcome === "TIE" ? "Tie" : `${outcome} wins`}.` };
}
