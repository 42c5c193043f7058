// The lobby's tables as the player filters and groups them. Pure.

/** "Commission", … for the variants of the protocol. */
export const VARIANTS = { commission: "Commission", "no-commission": "No commission", ez: "EZ" };
export const PRESENTATIONS = { standard: "Standard", speed: "Speed", squeeze: "Squeeze" };
export const MODES = { rng: "Server-dealt", shoe: "Live shoe", shuffler: "Live shuffler" };
const REASONS = {
  VARIANT: "deals your variant",
  STAKE: "takes your stake",
  LANGUAGE: "speaks your language",
  PRESENTATION: "at your pace",
  SEAT_FREE: "has a free seat",
};

/** Why a table is proposed, in words; a reason that this page does not know is left out. */
export const reasonsText = (reasons) => reasons.map((reason) => REASONS[reason]).filter(Boolean).join(" · ");

/** The name of a language in English, or its tag. */
export function languageName(tag) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** Tables that pass `{variant, language, stakeMinor}`; null and "" take anything. */
export function filtered(tables, { variant, language, stakeMinor }) {
  return tables.filter((table) => (!variant || table.variant === variant)
    && (!language || table.language === language)
    && (!stakeMinor || ["PLAYER", "BANKER"].every((spot) => {
      const limit = table.limits[spot];
      return limit && limit.min_minor <= stakeMinor && stakeMinor <= limit.max_minor;
    })));
}

/** [[group, tables]] in the order in which the groups come. */
export function grouped(tables) {
  const groups = new Map();
  for (const table of tables) groups.set(table.group, [...(groups.get(table.group) ?? []), table]);
  return [...groups];
}

/** How far a table is at a moment of the server's clock: {key, text, secondsLeft}. */
export function stateOf({ status, round }, nowMs) {
  if (status !== "OPEN") return { key: "shut", text: "Table closed", secondsLeft: 0 };
  if (round === null) return { key: "waiting", text: "Starting", secondsLeft: 0 };
  const secondsLeft = Math.max(0, Math.ceil((round.closes_at_ms - nowMs) / 1000));
  switch (round.phase) {
    case "OPEN": return secondsLeft > 0
      ? { key: "open", text: "Place your bets", secondsLeft }
      : { key: "closed", text: "No more bets", secondsLeft };
    case "CLOSED": return { key: "closed", text: "No more bets", secondsLeft: 0 };
    case "DEALING": return { key: "dealing", text: "Dealing", secondsLeft: 0 };
    case "VOIDED": return { key: "voided", text: "Round void", secondsLeft: 0 };
    default: return { key: "settled", text: "Next round soon", secondsLeft: 0 };
  }
}
