// What each spot pays, by paytable version. Money is integer minor units; odds are exact fractions.

export const SPOTS = ["PLAYER", "TIE", "BANKER"];

const PAYTABLES = {
  "commission-8/1": { PLAYER: [1, 1], BANKER: [95, 100], TIE: [8, 1] },
};

/** The odds of a spot as a printed ratio, for example "0.95:1"; empty for an unknown paytable. */
export function oddsText(version, spot) {
  const odds = PAYTABLES[version]?.[spot];
  return odds ? `${odds[0] / odds[1]}:1` : "";
}

/** Whether this page knows the paytable. */
export const knowsPaytable = (version) => version in PAYTABLES;

/**
 * What goes back for a stake: 0 when it lost, the stake on a push, stake and winnings otherwise,
 * rounded down. Stakes up to 10^12 minor units keep every product a safe integer.
 */
export function returned(version, spot, stakeMinor, outcome) {
  if (outcome === spot) {
    const [numerator, denominator] = PAYTABLES[version][spot];
    const product = stakeMinor * numerator;
    return stakeMinor + (product - (product % denominator)) / denominator;
  }
  return outcome === "TIE" ? stakeMinor : 0;
}

/**
 * What each bet ({playerId?, betId, spot, stake_minor}) gets back, in the order of `bets`, which must
 * be that of the book. Rounding happens once per player and spot: the n-th bet of a player on a spot
 * gets what the first n together get, less what the first n − 1 together get.
 */
export function payoutsInBookOrder(version, bets, outcome) {
  const staked = new Map();
  return bets.map(({ playerId = "", spot, stake_minor: stake }) => {
    const key = JSON.stringify([playerId, spot]);
    const before = staked.get(key) ?? 0;
    staked.set(key, before + stake);
    return returned(version, spot, before + stake, outcome) - returned(version, spot, before, outcome);
  });
}

/** What each of one player's bets gets back, as a Map by bet id. */
export function payoutsOf(version, bets, outcome) {
  const inBookOrder = [...bets].sort((a, b) => (a.betId < b.betId ? -1 : 1));
  const due = payoutsInBookOrder(version, inBookOrder, outcome);
  return new Map(inBookOrder.map(({ betId }, place) => [betId, due[place]]));
}
