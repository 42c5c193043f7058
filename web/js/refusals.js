// What the player reads when the table refuses something: amounts as money where the server gives them
// as numbers, and the server's own words for everything else.

import { shortMoneyText } from "./money.js";

const TEXTS = {
  STAKE_ABOVE_MAXIMUM: ({ allowed_minor: allowed }, money) => (allowed > 0
    ? `this spot takes ${money(allowed)} more from you in this round`
    : "this spot holds the most it takes from you in this round"),
  STAKE_BELOW_MINIMUM: ({ min_minor: least }, money) => `the smallest bet here is ${money(least)}`,
  INSUFFICIENT_FUNDS: ({ available_minor: available }, money) => `your balance is ${money(available)}`,
};

/** The text of an ErrorMessage, without its first word in capitals and without a full stop. */
export function refusalText({ code, message, details }, currency) {
  const text = TEXTS[code]?.(details ?? {}, (minor) => shortMoneyText(minor, currency));
  // A figure that is missing would read as NaN: then the server's sentence is the better one.
  return text === undefined || text.includes("NaN") ? message : text;
}
