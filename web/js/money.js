// Money is integer minor units everywhere; only here does it become text.

const formats = new Map();

function format(currency, compact) {
  const key = `${currency}${compact}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat("en-IE", {
      style: "currency",
      currency,
      minimumFractionDigits: compact ? 0 : undefined,
    }));
  }
  return formats.get(key);
}

/** How many minor units make one unit of a currency, for example 100 for EUR. */
export function minorPerUnit(currency) {
  return 10 ** format(currency, false).resolvedOptions().maximumFractionDigits;
}

/** "€1,234.50" */
export const moneyText = (minor, currency) =>
  format(currency, false).format(minor / minorPerUnit(currency));

/** "€5", "€0.50": without decimals where there are none, for chips and limits. */
export const shortMoneyText = (minor, currency) =>
  format(currency, minor % minorPerUnit(currency) === 0).format(minor / minorPerUnit(currency));

/** "+€9.50", "−€5.00", "€0.00" */
export function signedMoneyText(minor, currency) {
  const sign = minor > 0 ? "+" : minor < 0 ? "−" : "";
  return sign + moneyText(Math.abs(minor), currency);
}
