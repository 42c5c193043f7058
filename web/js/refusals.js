// What the player reads when the table refuses something: amounts as money where the server gives them
// as numbers, and the server's own words for everything else.

import { shortMoneyText } from "./money.js";

const TEXTS = {
  STAKE_ABOVE_MAXIMUM: ({ allowed_minor: allowed }, money) => (allowed > 0
    ? `this spot takes ${money(allowed)} more from you in this round`
    : "this spot holds the most it takes from you in this round"),
  SIDE_BET_ABOVE_SHARE: ({ allowed_minor: allowed }, money) => (allowed > 0
    ? `with your bets on Player and Banker this side bet may be up to ${money(allowed)}`
    : "for this side bet put more on Player or Banker first"),
  PAYOUT_ABOVE_MAXIMUM: ({ allowed_minor: allowed, max_payout_minor: most }, money) => (allowed > 0
    ? `a player can get back ${money(most)} a round, so ${money(allowed)} more fits here`
    : `a player can get back ${money(most)} a round, and your bets reach that`),
  TABLE_DIFFERENTIAL: ({ allowed_minor: allowed }, money) => (allowed > 0
    ? `this side of the table takes ${money(allowed)} more for now`
    : "this side of the table takes no more until there is more on the other"),
  MAIN_BET_NEEDED: ({ side_bets_minor: first }, money) => `take ${money(first)} of your side bets back first`,
  STAKE_BELOW_MINIMUM: ({ min_minor: least }, money) => `the smallest bet here is ${money(least)}`,
  INSUFFICIENT_FUNDS: ({ available_minor: available }, money) => `your balance is ${money(available)}`,
};

/** The text of an ErrorMessage, without its first word in capitals and without a full stop. */
export function refusalText({ code, message, details }, currency) {
  const text = TEXTS[code]?.(details ?? {}, (minor) => shortMoneyText(minor, currency));
  // A figure that is missing would read as NaN: then the server's sentence is the better one.
  return text === undefined || text.includes("NaN") ? message : text;
}
