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
 * What each of one player's bets ({betId, spot, stake_minor}) gets back, as a Map by bet id.
 * Rounding happens once per spot: in book order (by bet id), the n-th bet gets what the first n
 * together get, less what the first n − 1 together get.
 */
export function payoutsOf(version, bets, outcome) {
  const inBookOrder = [...bets].sort((a, b) => (a.betId < b.betId ? -1 : 1));
  const staked = {};
  const due = new Map();
  for (const { betId, spot, stake_minor: stake } of inBookOrder) {
    const before = staked[spot] ?? 0;
    staked[spot] = before + stake;
    due.set(
      betId,
      returned(version, spot, staked[spot], outcome) - returned(version, spot, before, outcome),
    );
  }
  return due;
}
