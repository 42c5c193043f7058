// The newest events of a table for reading: each once, in order. Nothing is proved here; the fairness
// panel and the verifier do that. Pure.

export const KEPT = 30;

/** `feed` with more events: oldest first, at most KEPT. */
export function withEvents(feed, events) {
  const byPlace = new Map([...feed, ...events].map((event) => [`${event.epoch}/${event.seq}`, event]));
  return [...byPlace.values()].sort((a, b) => a.epoch - b.epoch || a.seq - b.seq).slice(-KEPT);
}

/** Whether events between this one and the one before it in the feed did not arrive. */
export function isGap(before, event) {
  if (before === undefined) return false;
  return event.epoch === before.epoch ? event.seq !== before.seq + 1 : event.prev !== before.hash;
}

const LONGEST = 110;

/** The event's data on one line: what people decide by, without hashes and proofs. */
export function shortData({ type, data }) {
  const parts = type === "CARDS_DEALT"
    ? [data.cards.map(({ to, card }) => `${to} ${card}`).join(", "), data.source && `by ${data.source}`]
    : type === "ROUND_RESOLVED" ? [`${data.outcome} ${data.player_total}:${data.banker_total}`]
      : Object.entries(data).filter(([name, value]) => SHOWN.has(name) && value !== null && value !== "")
        .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(" ") : value}`);
  const text = parts.filter(Boolean).join(" · ");
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const SHOWN = new Set([
  "round_no", "shoeId", "reason", "note", "by", "dealerId", "was", "place", "card", "cards", "count", "roundId",
  "staked_minor", "paid_minor", "credited_minor", "debited_minor", "short_minor", "players", "net_minor", "reconciled",
]);
