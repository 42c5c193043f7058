// What the dealer's screen says: a pure function of the desk's state, the line and the time.

import { PAUSE_WORDS } from "../staff/words.js";

const IN_PLAY = new Set(["OPEN", "CLOSED", "DEALING", "RESOLVED"]);
const DEALT_IN = new Set(["CLOSED", "DEALING"]);

/** Whether a round is under way, so that a shoe can be neither opened nor closed. */
export const isInPlay = (desk) => desk?.hand != null && IN_PLAY.has(desk.hand.state);

/**
 * `desk` is the DeskView or null, `line` the connection's state, `seated` whether the house has
 * given us this desk (null: not asked yet) and `refused` why not, `sealed` the id of the newest round
 * whose bets are counted: no card is taken before.
 *
 * Returns {
 *   state, title, detail, tone      the band; tone is one of go, stop, deal, wait, alarm, rest
 *   countdownMs                     while bets are taken, else null
 *   next                            {place, hand} that takes the next card, or null
 *   pending                         the card that waits to be confirmed, or null
 *   result                          {winner, player, banker} of a complete hand, or null
 *   canConfirm, canUndo, canCut, canEnterShoe, canEndShoe, canLeave
 *   lastHand, dialog                dialog: "enter" or "end" when the table waits for that
 * }
 */
export function deskScreen({ desk, line, nowMs, seated, refused = null, sealed = null }) {
  const hand = desk?.hand ?? null;
  const between = seated === true && desk !== null && !isInPlay(desk);
  const dealing = seated === true && hand !== null && DEALT_IN.has(hand.state);
  const pending = dealing ? hand.pending : null;
  const screen = {
    countdownMs: null,
    next: null,
    pending,
    result: hand && hand.next === null && hand.state !== "VOIDED" ? resultOf(hand) : null,
    canConfirm: line === "online" && pending !== null && hand.paused === null,
    canUndo: line === "online" && pending !== null,
    canCut: line === "online" && dealing && desk.mode === "shoe" && !hand.cut_card_out
      && desk.shoe?.hands_left === null && pending === null,
    canEnterShoe: line === "online" && between && desk.mode !== "rng" && desk.shoe === null,
    // Before its last hand a shoe is ended when the pit has stopped the table for it.
    canEndShoe: line === "online" && between && desk.mode !== "rng" && desk.shoe !== null
      && (desk.shoe.hands_left === 0 || desk.status !== "OPEN"),
    canLeave: line === "online" && seated === true && !dealing,
    lastHand: desk?.shoe?.hands_left === 1,
    dialog: null,
  };
  const say = (state, tone, title, detail = "", more = {}) => ({ ...screen, state, tone, title, detail, ...more });

  if (line !== "online") {
    return desk === null
      ? say("CONNECTING", "rest", "Connecting…", "The desk comes up as soon as the house answers.")
      : say("CONNECTION_LOST", "alarm", "Connection lost", "Draw no card. The desk comes back by itself.");
  }
  if (seated === false) {
    return say("NOT_SEATED", "wait", "Not at this desk", refused ?? "Take the desk, or ask the pit.");
  }
  if (seated === null || desk === null) return say("CONNECTING", "rest", "Taking the desk…");
  if (isInPlay(desk)) return inPlay(say, hand, nowMs, sealed, desk);
  return atRest(say, desk, hand, screen);
}

function inPlay(say, hand, nowMs, sealed, desk) {
  if (hand.state === "OPEN") {
    const leftMs = Math.max(0, hand.closes_at_ms - nowMs);
    return leftMs > 0
      ? say("BETTING", "go", "Place your bets", "Draw no card.", { countdownMs: leftMs })
      : say("NO_MORE_BETS", "stop", "No more bets", "Wait: the bets are being counted.");
  }
  if (hand.state === "RESOLVED") {
    return say("RESULT", "deal", resultTitle(hand), "Collect the cards. The payouts are being made.");
  }
  const next = hand.next === null ? null : { place: hand.place, hand: hand.next };
  if (hand.paused !== null) {
    return say("PAUSED", "alarm", "Deal paused", `${PAUSE_WORDS[hand.paused] ?? "The pit has to act."} Touch no card. Wait for the pit.`);
  }
  if (next === null) return say("HAND_COMPLETE", "deal", resultTitle(hand), "The hand is complete.");
  if (hand.pending !== null) {
    return say("CONFIRM", "deal", `Card ${next.place} → ${next.hand}`, "Is this the card on the table? Confirm or undo.", { next });
  }
  if (hand.state === "CLOSED" && hand.roundId !== sealed) {
    return say("NO_MORE_BETS", "stop", "No more bets", "Wait: the bets are being counted.");
  }
  if (hand.state === "CLOSED") {
    return say("NO_MORE_BETS", "stop", "No more bets", "Draw the first card.", { next });
  }
  const last = desk.shoe?.hands_left === 1 ? " This is the last hand." : "";
  return say("DEAL", "deal", `Card ${next.place} → ${next.hand}`, `Draw the card and scan it.${last}`, { next });
}

function atRest(say, desk, hand, screen) {
  const finished = desk.shoe !== null && desk.shoe.hands_left === 0;
  if (desk.status === "PAUSED") {
    return say("TABLE_PAUSED", "alarm", "Table paused", "The pit has paused this table. Wait for the pit.");
  }
  if (desk.status === "CLOSED") {
    return say("TABLE_CLOSED", "rest", "Table closed", "Waiting for the pit to open this table.");
  }
  if (finished) {
    const how = desk.mode === "shoe" ? `Scan the ${desk.shoe.unseen} cards that nobody has seen.` : "The last hand is dealt.";
    return say("END_SHOE", "wait", "End of the shoe", how, { dialog: screen.canEndShoe ? "end" : null });
  }
  if (desk.missing === "SHOE" || (desk.shoe === null && desk.missing !== "DEALER")) {
    return say("WAITING_FOR_SHOE", "wait", "Waiting for a shoe", "Enter the new shoe to open the table.",
      { dialog: screen.canEnterShoe ? "enter" : null });
  }
  if (hand?.state === "VOIDED") {
    return say("VOIDED", "alarm", "Round void", "Every bet was returned. Clear the cards; the next round opens by itself.");
  }
  if (hand?.state === "SETTLED") {
    return say("RESULT", "rest", resultTitle(hand), "Clear the cards. The next round opens by itself.");
  }
  return say("WAITING_FOR_ROUND", "rest", "Waiting for the next round", "It opens by itself.");
}

function resultOf({ player_total: player, banker_total: banker }) {
  return { winner: player === banker ? "TIE" : player > banker ? "PLAYER" : "BANKER", player, banker };
}

function resultTitle(hand) {
  const { winner, player, banker } = resultOf(hand);
  return winner === "TIE" ? `Tie ${player} : ${banker}` : winner === "PLAYER"
    ? `Player wins ${player} : ${banker}` : `Banker wins ${banker} : ${player}`;
}
