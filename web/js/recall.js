// A round of the past, from its transcript: as it was played, with the player's own bets. Pure.

import { emptyRound, withEvent } from "./round.js";

/**
 * Returns {round, bets}: `bets` are BetViews of the protocol. The book holds what counted; a bet in a
 * void round was returned.
 */
export function recall(transcript) {
  const round = transcript.events.reduce(withEvent, emptyRound(transcript.roundId));
  const paid = new Map(transcript.payouts.map(({ betId, payout_minor: payout }) => [betId, payout]));
  const bets = (transcript.book ?? []).map(({ entry }) => {
    const { betId, spot, stake_minor: stake } = entry;
    const view = { betId, roundId: round.roundId, spot, stake_minor: stake, reason: null, pending: null };
    if (round.phase === "voided") return { ...view, state: "REFUNDED", payout_minor: stake, reason: "ROUND_VOIDED" };
    return paid.has(betId)
      ? { ...view, state: "PAID", payout_minor: paid.get(betId) }
      : { ...view, state: "PLACED", payout_minor: 0 };
  });
  return { round, bets };
}
