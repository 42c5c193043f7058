// Which of the pit's actions make sense now, and why the others do not. Pure. The house decides in the
// end; this only keeps a hand from what it would refuse anyway.

const IN_PLAY = new Set(["OPEN", "CLOSED", "DEALING", "RESOLVED"]);
const VOIDABLE = new Set(["OPEN", "CLOSED", "DEALING"]);
const DEALT_IN = new Set(["CLOSED", "DEALING"]);
/** A dealer who is silent for longer is not at the desk. */
export const SILENT_MS = 30_000;

/** Whether a dealer deals here, and not a server. */
export const isPhysical = (desk) => desk.mode !== "rng";

/** How long the dealer was not heard, or null where nobody should be. */
export const silentMs = (desk, nowMs) =>
  (isPhysical(desk) && desk.dealerId !== null ? Math.max(0, nowMs - desk.heard_at_ms) : null);

/**
 * By action: null when it can be done, else why not, as a sentence.
 * `desk` is the DeskView or null, `line` the connection's state.
 */
export function reasonsAgainst({ desk, line }) {
  const hand = desk?.hand ?? null;
  const all = desk === null ? "The table is not known yet."
    : line !== "online" ? "There is no connection to the house." : null;
  const inPlay = hand !== null && IN_PLAY.has(hand.state);
  const handless = hand === null || !inPlay ? "No round is in play." : null;
  const notDealing = handless ?? (!isPhysical(desk) ? "A server deals this table."
    : !DEALT_IN.has(hand.state) ? "No cards are being dealt now." : null);
  const say = (...reasons) => all ?? reasons.find((reason) => reason !== null) ?? null;
  const when = (wrong, reason) => (wrong ? reason : null);
  if (all !== null) {
    return Object.fromEntries(ACTIONS.map((action) => [action, all]));
  }
  return {
    open: say(when(desk.status === "OPEN", "The table is open.")),
    pause: say(when(desk.status !== "OPEN", "Only an open table is paused.")),
    close: say(when(desk.status === "CLOSED", "The table is closed.")),
    relieve: say(when(desk.dealerId === null, "Nobody is at the desk."), when(!isPhysical(desk), "A server deals this table.")),
    endShoe: say(when(!isPhysical(desk), "A server opens and closes its shoes by itself."),
      when(desk.shoe === null, "No shoe is in play."),
      when(inPlay, "A round is in play: a shoe is closed between two rounds.")),
    void: say(handless, when(!VOIDABLE.has(hand?.state), "The hand is resolved: correct it after it is settled."),
      when(!isPhysical(desk) && hand?.state === "DEALING", "The server has dealt this hand: correct it after it is settled.")),
    pauseDealing: say(notDealing, when(hand?.paused != null, "The deal is paused.")),
    resume: say(notDealing, when(hand?.paused == null, "The deal is not paused.")),
    rescan: say(notDealing, when(!hand?.cards.length, "No card is confirmed yet.")),
    enterCard: say(notDealing, when(hand?.next == null, "The hand is complete.")),
    burnCard: say(notDealing),
    propose: null,
  };
}

const ACTIONS = ["open", "pause", "close", "relieve", "endShoe", "void", "pauseDealing", "resume", "rescan",
  "enterCard", "burnCard", "propose"];

/** The round that a correction is most likely about: the newest settled one, or "". */
export function newestSettled(desk, events) {
  if (desk?.hand?.state === "SETTLED") return desk.hand.roundId;
  return events.filter(({ type }) => type === "ROUND_SETTLED").at(-1)?.roundId ?? "";
}
