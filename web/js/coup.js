// Cards and one coup of punto banco. Cards are codes such as "8H": a rank, then a suit.

export const RANKS = "A23456789TJQK";
export const SUITS = "CDHS";

/** The 52 codes in canonical order: clubs ace to king, then diamonds, hearts, spades. */
export const DECK = [...SUITS].flatMap((suit) => [...RANKS].map((rank) => rank + suit));

/** Baccarat points of a card: ace one, pips as printed, tens and faces zero. */
export const points = (card) => Math.min(RANKS.indexOf(card[0]) + 1, 10) % 10;

/** Points of a hand, modulo ten. */
export const total = (cards) => cards.reduce((sum, card) => sum + points(card), 0) % 10;

const FIRST_FOUR = ["PLAYER", "BANKER", "PLAYER", "BANKER"];

// Banker's two-card total → the points of Player's third card on which Banker draws.
const BANKER_DRAWS_ON = [
  "0123456789", "0123456789", "0123456789", "012345679", "234567", "4567", "67", "",
].map((digits) => new Set([...digits].map(Number)));

/** The cards of one hand among cards in dealing order ({to, card}). */
export const handOf = (cards, hand) =>
  cards.filter(({ to }) => to === hand).map(({ card }) => card);

/** The hand that takes the next card, or null when the coup is complete. */
export function nextHand(cards) {
  if (cards.length < 4) return FIRST_FOUR[cards.length];
  const player = handOf(cards, "PLAYER");
  const banker = handOf(cards, "BANKER");
  const playerTotal = total(player.slice(0, 2));
  const bankerTotal = total(banker.slice(0, 2));
  if (playerTotal >= 8 || bankerTotal >= 8 || banker.length === 3) return null;
  if (player.length === 2 && playerTotal <= 5) return "PLAYER";
  const draws = player.length === 3
    ? BANKER_DRAWS_ON[bankerTotal].has(points(player[2]))
    : bankerTotal <= 5;
  return draws ? "BANKER" : null;
}

/**
 * The result of a complete coup, as ROUND_RESOLVED carries it.
 * Throws: RangeError when a card went to the wrong hand, is missing or is too many.
 */
export function resultOf(cards) {
  const dealt = [];
  for (const { to, card } of cards) {
    if (!DECK.includes(card)) throw new RangeError(`${card} is not a card`);
    const due = nextHand(dealt);
    if (to !== due) {
      throw new RangeError(
        `card ${dealt.length + 1} (${card}) went to ${to}, ` +
        (due ? `but it was due to ${due}` : "but no hand takes another card"),
      );
    }
    dealt.push({ to, card });
  }
  if (nextHand(dealt) !== null) throw new RangeError("the coup is not complete");
  const player = handOf(cards, "PLAYER");
  const banker = handOf(cards, "BANKER");
  const playerTotal = total(player);
  const bankerTotal = total(banker);
  return {
    outcome: playerTotal === bankerTotal ? "TIE" : playerTotal > bankerTotal ? "PLAYER" : "BANKER",
    player_total: playerTotal,
    banker_total: bankerTotal,
    natural: Math.max(total(player.slice(0, 2)), total(banker.slice(0, 2))) >= 8,
  };
}

/** Both hands of a whole coup and its result, for the rules of the bets. Throws as `resultOf`. */
export const completeCoup = (cards) => ({
  player: handOf(cards, "PLAYER"), banker: handOf(cards, "BANKER"), ...resultOf(cards),
});

/** Whether cards make a whole coup. */
export function isComplete(cards) {
  try {
    resultOf(cards);
    return true;
  } catch {
    return false;
  }
}
