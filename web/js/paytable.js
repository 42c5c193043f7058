// What each spot pays, by paytable version. Money is integer minor units; odds are exact fractions
// [numerator, denominator]: winnings for a stake of one, 0 for a stake that comes back. A way that has
// no odds loses.

import { way } from "./bets.js";
import { completeCoup } from "./coup.js";

const EVEN = [1, 1];
const PUSH = [0, 1];
const win = (numerator, denominator = 1) => ({ WIN: [numerator, denominator] });
const banker = (odds, others = {}) => ({
  WIN: odds, WIN_ON_SIX: odds, WIN_ON_THREE_CARD_SEVEN: odds, TIE: PUSH, ...others,
});

const PLAYER = { WIN: EVEN, TIE: PUSH };
const BONUS = {
  BY_NINE: [30, 1], BY_EIGHT: [10, 1], BY_SEVEN: [6, 1], BY_SIX: [4, 1], BY_FIVE: [2, 1],
  BY_FOUR: [1, 1], NATURAL: EVEN, NATURAL_TIE: PUSH,
};
const BANKER = {
  "commission": banker([19, 20]),
  "no-commission": banker(EVEN, { WIN_ON_SIX: [1, 2] }),
  "ez": banker(EVEN, { WIN_ON_THREE_CARD_SEVEN: PUSH }),
};
const SIDE_BETS = {
  PLAYER_PAIR: win(11),
  BANKER_PAIR: win(11),
  EITHER_PAIR: win(5),
  PERFECT_PAIR: { ONE: [25, 1], BOTH: [200, 1] },
  PLAYER_BONUS: BONUS,
  BANKER_BONUS: BONUS,
  SMALL: win(3, 2),
  BIG: win(27, 50),
};
const LUCKY_6 = { TWO_CARDS: [12, 1], THREE_CARDS: [20, 1] };
const OWN_SIDE_BETS = {
  "commission": { LUCKY_6 },
  "no-commission": { SUPER_6: win(12), LUCKY_6 },
  "ez": { DRAGON_7: win(40), PANDA_8: win(25) },
};

const main = (variant) => ({ PLAYER, BANKER: BANKER[variant], TIE: win(8) });
const full = (variant, decks, others = {}) => ({
  decks, variant, odds: { ...main(variant), ...SIDE_BETS, ...OWN_SIDE_BETS[variant], ...others },
});

/** Every paytable this page knows: version → {decks, variant, odds: spot → way → fraction}. */
export const PAYTABLES = {
  "commission-8/1": { decks: 8, variant: "commission", odds: main("commission") },
  "commission-8/2": full("commission", 8),
  "commission-8/3": full("commission", 8, { TIE: win(9) }),
  "no-commission-8/1": full("no-commission", 8),
  "no-commission-8/2": full("no-commission", 8, { SUPER_6: win(15) }),
  "ez-8/1": full("ez", 8),
  "commission-6/1": full("commission", 6),
  "no-commission-6/1": full("no-commission", 6),
  "ez-6/1": full("ez", 6),
};

/** The paytable of a version, or null when this page does not know it. */
export const paytableOf = (version) => (Object.hasOwn(PAYTABLES, version) ? PAYTABLES[version] : null);

/** Whether this page knows the paytable. */
export const knowsPaytable = (version) => paytableOf(version) !== null;

/** Whether the paytable is known and takes bets on the spot. */
export const offers = (version, spot) => Object.hasOwn(paytableOf(version)?.odds ?? {}, spot);

/** The odds that a completeCoup makes of a bet on `spot`, or null when it loses. */
function oddsFor(version, spot, coup) {
  if (!offers(version, spot)) throw new RangeError(`paytable ${version} does not offer ${spot}`);
  return PAYTABLES[version].odds[spot][way(spot, coup)] ?? null;
}

/**
 * What goes back for a stake: 0 when it lost, the stake on a push, stake and winnings otherwise,
 * rounded down. Stakes up to 10^12 minor units keep every product a safe integer.
 * Throws: RangeError when the paytable does not offer the spot.
 */
export function returned(version, spot, stakeMinor, coup) {
  const odds = oddsFor(version, spot, coup);
  if (odds === null) return 0;
  const [numerator, denominator] = odds;
  const product = stakeMinor * numerator;
  return stakeMinor + (product - (product % denominator)) / denominator;
}

/** How a bet on `spot` ends: "won", "pushed" or "lost". Throws: RangeError as `returned`. */
export function ending(version, spot, coup) {
  const odds = oddsFor(version, spot, coup);
  if (odds === null) return "lost";
  return odds[0] === 0 ? "pushed" : "won";
}

/**
 * What each bet ({playerId?, betId, spot, stake_minor}) gets back after `cards` ({to, card}, a whole
 * coup), in the order of `bets`, which must be that of the book. Rounding happens once per player and
 * spot: the n-th bet of a player on a spot gets what the first n together get, less what the first
 * n − 1 together get.
 * Throws: RangeError when the cards are no whole coup, or a spot is not offered.
 */
export function payoutsInBookOrder(version, bets, cards) {
  const coup = completeCoup(cards);
  const staked = new Map();
  return bets.map(({ playerId = "", spot, stake_minor: stake }) => {
    const key = JSON.stringify([playerId, spot]);
    const before = staked.get(key) ?? 0;
    staked.set(key, before + stake);
    return returned(version, spot, before + stake, coup) - returned(version, spot, before, coup);
  });
}

/** What each of one player's bets gets back, as a Map by bet id. Throws as `payoutsInBookOrder`. */
export function payoutsOf(version, bets, cards) {
  const inBookOrder = [...bets].sort((a, b) => (a.betId < b.betId ? -1 : 1));
  const due = payoutsInBookOrder(version, inBookOrder, cards);
  return new Map(inBookOrder.map(({ betId }, place) => [betId, due[place]]));
}
