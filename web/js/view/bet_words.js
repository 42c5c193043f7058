// The words for bets: names of spots, printed odds, and when a bet wins or comes back.

/** What is written on a spot. */
export const NAMES = {
  PLAYER: "Player", BANKER: "Banker", TIE: "Tie",
  PLAYER_PAIR: "Player Pair", BANKER_PAIR: "Banker Pair",
  EITHER_PAIR: "Either Pair", PERFECT_PAIR: "Perfect Pair",
  PLAYER_BONUS: "Player Bonus", BANKER_BONUS: "Banker Bonus",
  DRAGON_7: "Dragon 7", PANDA_8: "Panda 8", SUPER_6: "Super 6", LUCKY_6: "Lucky 6",
  SMALL: "Small", BIG: "Big",
};

export const VARIANT_NAMES = {
  "commission": "5 % commission on Banker",
  "no-commission": "No commission: Banker's 6 pays half",
  "ez": "EZ: Banker's three-card 7 is a push",
};

const bonus = (hand) => ({
  BY_NINE: `${hand} wins by 9, not natural`, BY_EIGHT: "… by 8", BY_SEVEN: "… by 7", BY_SIX: "… by 6",
  BY_FIVE: "… by 5", BY_FOUR: "… by 4", NATURAL: `${hand} wins with a natural`, NATURAL_TIE: "Natural tie",
});
const WHEN = {
  PLAYER: { WIN: "Player wins", TIE: "Tie" },
  BANKER: {
    WIN: "Banker wins", WIN_ON_SIX: "Banker wins with 6",
    WIN_ON_THREE_CARD_SEVEN: "Banker wins with a three-card 7", TIE: "Tie",
  },
  TIE: { WIN: "Tie" },
  PLAYER_PAIR: { WIN: "Player's first two cards have the same rank" },
  BANKER_PAIR: { WIN: "Banker's first two cards have the same rank" },
  EITHER_PAIR: { WIN: "First two cards of either hand have the same rank" },
  PERFECT_PAIR: { ONE: "First two cards of one hand have the same rank and suit", BOTH: "… of both hands" },
  PLAYER_BONUS: bonus("Player"),
  BANKER_BONUS: bonus("Banker"),
  DRAGON_7: { WIN: "Banker wins with a three-card 7" },
  PANDA_8: { WIN: "Player wins with a three-card 8" },
  SUPER_6: { WIN: "Banker wins with 6" },
  LUCKY_6: { TWO_CARDS: "Banker wins with a two-card 6", THREE_CARDS: "Banker wins with a three-card 6" },
  SMALL: { WIN: "Four cards are dealt in all" },
  BIG: { WIN: "Five or six cards are dealt in all" },
};

const ratio = ([numerator, denominator]) => `${numerator / denominator}:1`;
const pays = (odds) => (odds[0] === 0 ? "push" : ratio(odds));

/** When a bet on `spot` does not lose, and what it gets then: [{when, pays}]; `ways` as in a paytable. */
export function payLines(spot, ways) {
  return Object.entries(ways)
    // Ways that the variant does not tell apart are one line.
    .filter(([way, odds]) => !(way.startsWith("WIN_ON") && pays(odds) === pays(ways.WIN)))
    .map(([way, odds]) => ({ when: WHEN[spot][way], pays: pays(odds) }));
}

/** The odds as printed on the spot: "11:1", "25 / 200:1", or the span of many: "1 – 30:1". */
export function oddsText(ways) {
  if (ways.WIN) return ratio(ways.WIN);
  const values = Object.values(ways).map(([numerator, denominator]) => numerator / denominator);
  const winning = [...new Set(values)].filter((value) => value > 0).sort((a, b) => a - b);
  return winning.length > 2 ? `${winning[0]} – ${winning.at(-1)}:1` : `${winning.join(" / ")}:1`;
}

/** What the printed odds leave out of the usual win, for example "0.5:1 on 6"; mostly empty. */
export function exceptionText({ WIN, WIN_ON_SIX, WIN_ON_THREE_CARD_SEVEN }) {
  const differs = (odds) => odds !== undefined && pays(odds) !== pays(WIN);
  if (differs(WIN_ON_SIX)) return `${pays(WIN_ON_SIX)} on 6`;
  return differs(WIN_ON_THREE_CARD_SEVEN) ? `${pays(WIN_ON_THREE_CARD_SEVEN)} on 3-card 7` : "";
}
