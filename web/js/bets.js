// Every bet of the layout: what a complete coup means for it. A rule sorts coups into ways; what a way
// pays is the paytable's business. Spots and ways have the names of docs/formats/transcript.md and of
// the house's own code; tests/vectors/paytables.json keeps the three together.

/** The places on the layout that take a stake. */
export const SPOTS = [
  "PLAYER", "BANKER", "TIE", "PLAYER_PAIR", "BANKER_PAIR", "EITHER_PAIR", "PERFECT_PAIR",
  "PLAYER_BONUS", "BANKER_BONUS", "DRAGON_7", "PANDA_8", "SUPER_6", "LUCKY_6", "SMALL", "BIG",
];

/** How a bet on `spot` ends, for a completeCoup. A way without odds in the paytable loses. */
export const way = (spot, coup) => RULES[spot](coup);

const BONUS_BY_MARGIN = {
  4: "BY_FOUR", 5: "BY_FIVE", 6: "BY_SIX", 7: "BY_SEVEN", 8: "BY_EIGHT", 9: "BY_NINE",
};

const when = (holds) => (holds ? "WIN" : "LOSE");
const isPair = ([first, second]) => first[0] === second[0];
const isPerfect = ([first, second]) => first === second;
const cardCount = ({ player, banker }) => player.length + banker.length;
const bankerWinsOn = (coup, total) => coup.outcome === "BANKER" && coup.banker_total === total;
const dragon7 = (coup) => bankerWinsOn(coup, 7) && coup.banker.length === 3;

function banker(coup) {
  if (coup.outcome !== "BANKER") return coup.outcome === "TIE" ? "TIE" : "LOSE";
  if (coup.banker_total === 6) return "WIN_ON_SIX";
  return dragon7(coup) ? "WIN_ON_THREE_CARD_SEVEN" : "WIN";
}

const bonus = (hand) => (coup) => {
  if (coup.outcome === "TIE") return coup.natural ? "NATURAL_TIE" : "LOSE";
  if (coup.outcome !== hand) return "LOSE";
  // Nothing beats a natural but a natural: the winner of a natural coup has one.
  if (coup.natural) return "NATURAL";
  return BONUS_BY_MARGIN[Math.abs(coup.player_total - coup.banker_total)] ?? "LOSE";
};

function lucky6(coup) {
  if (!bankerWinsOn(coup, 6)) return "LOSE";
  return coup.banker.length === 2 ? "TWO_CARDS" : "THREE_CARDS";
}

const RULES = {
  PLAYER: ({ outcome }) => (outcome === "TIE" ? "TIE" : when(outcome === "PLAYER")),
  BANKER: banker,
  TIE: ({ outcome }) => when(outcome === "TIE"),
  PLAYER_PAIR: (coup) => when(isPair(coup.player)),
  BANKER_PAIR: (coup) => when(isPair(coup.banker)),
  EITHER_PAIR: (coup) => when(isPair(coup.player) || isPair(coup.banker)),
  PERFECT_PAIR: (coup) => ["LOSE", "ONE", "BOTH"][isPerfect(coup.player) + isPerfect(coup.banker)],
  PLAYER_BONUS: bonus("PLAYER"),
  BANKER_BONUS: bonus("BANKER"),
  DRAGON_7: (coup) => when(dragon7(coup)),
  PANDA_8: (coup) => when(coup.outcome === "PLAYER" && coup.player_total === 8 && coup.player.length === 3),
  SUPER_6: (coup) => when(bankerWinsOn(coup, 6)),
  LUCKY_6: lucky6,
  SMALL: (coup) => when(cardCount(coup) === 4),
  BIG: (coup) => when(cardCount(coup) >= 5),
};
