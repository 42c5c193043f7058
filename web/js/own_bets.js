// The player's own bets as far as this client knows them. No network, no DOM.
//
// A bet is a BetView of the protocol with one more member, `pending`: "placing" until the table has
// accepted it, "cancelling" while it is being taken back, else null.

import { isComplete } from "./coup.js";
import { payoutsOf, knowsPaytable } from "./paytable.js";

export class OwnBets {
  #bets = new Map();

  /** Note a bet that was just sent. */
  place(bet) {
    this.#bets.set(bet.betId, {
      ...bet, state: "PLACED", payout_minor: 0, reason: null, pending: "placing",
    });
  }

  /** Note that a bet is being taken back. */
  cancelling(betId) {
    this.#change(betId, { pending: "cancelling" });
  }

  /** A cancel was refused: the bet stands as before. */
  cancelRefused(betId) {
    this.#change(betId, { pending: null });
  }

  /** A bet was refused, or nobody knows of it. */
  remove(betId) {
    this.#bets.delete(betId);
  }

  /**
   * Take what the table says about a bet; returns the bet before, or null. PLACED never overwrites a
   * later state: the answer to a repeated bet is the same as the first, whatever became of it since.
   */
  update(view) {
    const before = this.#bets.get(view.betId) ?? null;
    const stale = view.state === "PLACED" && before !== null && before.state !== "PLACED";
    if (!stale) {
      const still = view.state === "PLACED" && before?.pending === "cancelling";
      this.#bets.set(view.betId, { ...view, pending: still ? "cancelling" : null });
    }
    return before;
  }

  get(betId) {
    return this.#bets.get(betId) ?? null;
  }

  /** Bets of a round, oldest first, without those that were cancelled or refunded. */
  standing(roundId) {
    return this.ofRound(roundId).filter(({ state }) => state === "PLACED" || state === "PAID");
  }

  /** All bets of a round, oldest first. */
  ofRound(roundId) {
    return [...this.#bets.values()].filter((bet) => bet.roundId === roundId);
  }

  /** Rounds in which there is any bet. */
  roundIds() {
    return [...new Set([...this.#bets.values()].map((bet) => bet.roundId))];
  }

  /** Minor units on a spot: {accepted, pending}. */
  onSpot(roundId, spot) {
    const sums = { accepted: 0, pending: 0 };
    for (const bet of this.standing(roundId)) {
      if (bet.spot === spot) sums[bet.pending === "placing" ? "pending" : "accepted"] += bet.stake_minor;
    }
    return sums;
  }

  /** Minor units sent but not yet taken from the balance. */
  pendingMinor() {
    let sum = 0;
    for (const bet of this.#bets.values()) if (bet.pending === "placing") sum += bet.stake_minor;
    return sum;
  }

  /**
   * Stake and return of an ended round, or null when the player had no part in it. What the table
   * said about a bet counts; what it has not said yet is computed from the signed cards.
   */
  sumUp(round) {
    const standing = this.standing(round.roundId).filter((bet) => bet.pending !== "placing");
    const refunded = this.ofRound(round.roundId).filter((bet) => bet.state === "REFUNDED");
    if (round.phase === "voided") {
      const stake = [...standing, ...refunded].reduce((sum, bet) => sum + bet.stake_minor, 0);
      return stake > 0 ? { stakeMinor: stake, returnMinor: stake } : null;
    }
    if (standing.length === 0) return null;
    const due = knowsPaytable(round.paytable) && isComplete(round.cards)
      ? payoutsOf(round.paytable, standing, round.cards)
      : new Map();
    const returned = (bet) => (bet.state === "PAID" ? bet.payout_minor : due.get(bet.betId) ?? 0);
    return {
      stakeMinor: standing.reduce((sum, bet) => sum + bet.stake_minor, 0),
      returnMinor: standing.reduce((sum, bet) => sum + returned(bet), 0),
    };
  }

  /** Forget bets of rounds that are not in `keep`. */
  keepRounds(keep) {
    for (const bet of this.#bets.values()) if (!keep.has(bet.roundId)) this.#bets.delete(bet.betId);
  }

  #change(betId, change) {
    const bet = this.#bets.get(betId);
    if (bet) this.#bets.set(betId, { ...bet, ...change });
  }
}
