// What may be on the screen at one moment of the server's clock. Pure.
//
// Where a server deals the log is ahead of the eyes: CARDS_DEALT carries all cards at once, and they
// are shown one by one between its own time and `shown_at_ms`. A dealer's cards come one by one and
// are shown at once. Everything that would give the result away (totals, banner,
// beads, winnings, balance) is derived from what this module says is shown, never from the log.
// Where the table is filmed, what reveals the result follows the picture: `seen` is what that has come
// to. The bets' time, and that a round is void, follow the log alone.

import { handOf, total } from "./coup.js";
import { isByHand } from "./shoe.js";
import { currentRound } from "./table_state.js";

/** How long the last result stays on the stage after the next round has opened. */
const AFTERGLOW_MS = 3_500;
const AFTERGLOW_SHARE = 0.4;
/** After this long without a new round the table rests. */
const REST_AFTER_MS = 9_000;
const ARRIVE_MS = 380;
const FLIP_MS = 500;

/** How long a card travels and turns when one comes every `intervalMs`. */
export const cardMotion = (intervalMs) => ({
  arriveMs: Math.min(ARRIVE_MS, intervalMs * 0.3),
  flipMs: Math.min(FLIP_MS, intervalMs * 0.4),
});

/**
 * `seen` is {state, nowMs}: the log as far as the picture shows it, and the picture's time.
 * Returns
 *   round        the current round or null
 *   phase        waiting | open | closed | dealing | resolved | settled | voided
 *   paused       a dealer's hand waits for the pit
 *   shoe         {cutCardOut, lastHand}: how near the shoe is to its end, as far as it may be shown
 *   resting      no round runs; the next one is awaited
 *   secondsLeft  of the bet window, rounded up; `fractionLeft` of it in 0…1
 *   stage        {round, cards: [{to, card, startMs, turning, faceUp}], totals, allShown, result}: the hands to draw;
 *                `result` is null until the last card lies face up
 *   history      beads that may be shown
 */
export function present(state, nowMs, seen = { state, nowMs }) {
  const round = currentRound(state);
  if (round === null) {
    return {
      round, phase: "waiting", paused: false, shoe: { cutCardOut: false, lastHand: false }, resting: true, secondsLeft: 0, fractionLeft: 0,
      stage: stageOf(null, nowMs), history: state.history,
    };
  }
  const last = currentRound(seen.state);
  const shown = last === null ? null : shownRound(seen.state, last, seen.nowMs);
  const stage = stageOf(shown, seen.nowMs);
  const seenOf = (one) => (one === shown ? stage : stageOf(one, seen.nowMs));
  const own = seenOf(roundOf(seen.state, round.roundId));
  const phase = phaseOf(round, own, nowMs);
  const leftMs = phase === "open" ? round.closesAtMs - nowMs : 0;
  const windowMs = Math.max(1, round.closesAtMs - round.openedAtMs);
  const ended = phase === "settled" || phase === "voided";
  return {
    round,
    phase,
    paused: phase === "dealing" && round.paused !== null,
    shoe: {
      cutCardOut: round.handsLeft !== null || (round.cutCardOut && own.allShown),
      lastHand: round.handsLeft === 1,
    },
    resting: ended && nowMs - Math.max(round.endedAtMs, round.shownAtMs) > REST_AFTER_MS,
    secondsLeft: Math.max(0, Math.ceil(leftMs / 1000)),
    fractionLeft: Math.min(1, Math.max(0, leftMs / windowMs)),
    stage,
    history: last?.phase === "settled" && seenOf(last).result === null ? seen.state.history.slice(0, -1) : seen.state.history,
  };
}

/** Whether the result of a round, or its void, may be known to the player by now. */
export function isRevealed(round, nowMs) {
  return round.phase === "voided" || stageOf(round, nowMs).result !== null;
}

const roundOf = (state, roundId) => state.rounds.find((round) => round.roundId === roundId) ?? null;

function shownRound(state, round, nowMs) {
  const before = state.rounds.at(-2);
  if (round.phase !== "open" || before === undefined || before.phase !== "settled") return round;
  const windowMs = round.closesAtMs - round.openedAtMs;
  const until = round.openedAtMs + Math.min(AFTERGLOW_MS, windowMs * AFTERGLOW_SHARE);
  return nowMs < until ? before : round;
}

function phaseOf(round, stage, nowMs) {
  if (round.phase === "open") return nowMs < round.closesAtMs ? "open" : "closed";
  if (round.phase === "resolved" || round.phase === "settled") {
    return stage.result === null ? "dealing" : round.phase;
  }
  return round.phase;
}

function stageOf(round, nowMs) {
  if (round === null) {
    return { round, cards: [], totals: { PLAYER: null, BANKER: null }, allShown: true, result: null };
  }
  const byHand = isByHand(round.mode);
  const interval = round.cards.length ? (round.shownAtMs - round.dealtAtMs) / round.cards.length : 0;
  const { arriveMs, flipMs } = cardMotion(interval);
  const cards = round.cards
    .map(({ to, card, atMs }, at) => {
      if (byHand) return { to, card, startMs: atMs, turning: true, faceUp: true };
      const startMs = round.dealtAtMs + at * interval;
      const turnMs = startMs + arriveMs;
      return { to, card, startMs, turning: nowMs >= turnMs, faceUp: nowMs >= turnMs + flipMs };
    })
    .filter(({ startMs }) => byHand || nowMs >= startMs);
  const faceUp = cards.filter((card) => card.faceUp);
  const totalOf = (hand) => {
    const held = handOf(faceUp, hand);
    return held.length > 0 ? total(held) : null;
  };
  const allShown = faceUp.length === round.cards.length && (byHand || nowMs >= round.shownAtMs);
  return {
    round,
    cards,
    totals: { PLAYER: totalOf("PLAYER"), BANKER: totalOf("BANKER") },
    allShown,
    result: round.result !== null && allShown ? round.result : null,
  };
}
