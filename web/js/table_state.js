// The table's log as this client has it: events in order, each once, nothing missing.
//
// Pure reducer. `receive` takes events as they come, `join` the answer to a join; both return the new
// state and what the caller has to do. An event is next when it has the next number of its epoch, or
// number 1 of a later epoch and the hash of our newest event as its `prev`: numbers alone do not
// show whether the old epoch had more events, the hash does.

import { emptyRound, isFinal, withEvent } from "./round.js";

/** Rounds kept in memory: the current one and five for the fairness panel. */
export const ROUNDS_KEPT = 6;
/** Results kept for the roads: a whole shoe, as the server keeps it; with less they would be other roads. */
export const HISTORY_LENGTH = 104;
const MAX_WAITING = 200;

/** Before the first join. */
export const initialState = () => ({
  table: null, // TableView of the last join
  dealer: null, // the name of the person who deals, as the house shows it
  position: null, // {epoch, seq} of the newest event applied
  lastHash: null,
  rounds: [], // oldest first; the last one is the current round
  between: [], // the table's events since the newest round ended: the next one's record starts with them
  shoe: null, // the event that opened the newest shoe, when it was seen
  history: [], // "P", "B", "T" of this shoe, oldest first
  waiting: [], // events that came ahead of a missing one
});

/** The current round, or null. */
export const currentRound = (state) => state.rounds.at(-1) ?? null;

/**
 * Take events as they came.
 * Returns {state, applied, gap, forked}: `applied` are those that are new, in order; with `gap`
 * earlier ones are missing: join again with `state.position`; with `forked` the server's log is
 * another one than ours: join again with no position.
 */
export function receive(state, events) {
  const fresh = events.filter((event) => isAfter(event, state.position));
  const forked = events.some((event) => contradicts(state, event));
  const queue = inOrder([...state.waiting, ...fresh]);
  const applied = [];
  let next = state;
  while (queue.length > 0 && isNext(next, queue[0])) {
    const event = queue.shift();
    next = apply(next, event);
    applied.push(event);
    while (queue.length > 0 && !isAfter(queue[0], next.position)) queue.shift();
  }
  const waiting = queue.slice(0, MAX_WAITING);
  return { state: { ...next, waiting }, applied, gap: waiting.length > 0, forked };
}

/**
 * Take the answer to a join.
 * With `complete` the events follow ours. Otherwise they are those of the newest round: what we
 * knew of the current round is replaced, and `reset` is true; earlier ended rounds stay in memory.
 */
export function join(state, message) {
  const known = { ...state, table: message.table, dealer: message.table.dealer ?? null };
  if (message.complete && state.position !== null) {
    return { ...receive(known, message.events), reset: false };
  }
  const ids = new Set(message.events.map((event) => event.roundId));
  let next = {
    ...known,
    position: null,
    lastHash: null,
    rounds: state.rounds.filter((round) => !ids.has(round.roundId)),
    between: [],
    waiting: [],
  };
  for (const event of message.events) next = apply(next, event);
  // The table already tells the results among these events, and who deals after them.
  next = { ...next, history: message.table.history.slice(-HISTORY_LENGTH), dealer: known.dealer };
  return { state: next, applied: message.events, gap: false, forked: false, reset: true };
}

function inOrder(events) {
  const sorted = [...events].sort((a, b) => a.epoch - b.epoch || a.seq - b.seq);
  return sorted.filter(
    (event, at) => at === 0 || event.epoch !== sorted[at - 1].epoch || event.seq !== sorted[at - 1].seq,
  );
}

function isAfter(event, position) {
  if (position === null) return true;
  return event.epoch > position.epoch || (event.epoch === position.epoch && event.seq > position.seq);
}

function isNext(state, event) {
  // A join that told of no round: what was before the first event that comes may have been lost on its way.
  if (state.position === null) return event.seq === 1;
  if (event.epoch === state.position.epoch) return event.seq === state.position.seq + 1;
  return event.seq === 1 && event.prev === state.lastHash;
}

/** Whether `event` stands where we have another event: then the log is not the one we followed. */
function contradicts(state, event) {
  if (isAfter(event, state.position)) return false;
  const known = [...state.rounds.flatMap(({ events }) => events), ...state.between];
  const ours = known.find(({ epoch, seq }) => epoch === event.epoch && seq === event.seq);
  return ours !== undefined && ours.hash !== event.hash;
}

function apply(state, event) {
  const position = { epoch: event.epoch, seq: event.seq };
  const next = { ...state, position, lastHash: event.hash };
  if (event.roundId === "") return withTableEvent(next, event);
  const place = state.rounds.findIndex((round) => round.roundId === event.roundId);
  const before = place < 0 ? openedAfter(state, event) : state.rounds[place];
  const after = withEvent(before, event);
  const rounds = place < 0
    ? [...state.rounds, after].slice(-ROUNDS_KEPT)
    : state.rounds.with?.(place, after) ?? state.rounds.map((r, at) => (at === place ? after : r));
  const history = event.type === "ROUND_SETTLED" && after.result
    ? [...state.history, after.result.outcome[0]].slice(-HISTORY_LENGTH) : state.history;
  return { ...next, rounds, between: place < 0 ? [] : state.between, history };
}

/** An event of the table: in the midst of a round it stands among the round's. */
function withTableEvent(state, event) {
  const next = event.type === "SHOE_OPENED" ? { ...state, shoe: event, history: [] }
    : event.type === "CORRECTION_APPLIED" && typeof event.data.history === "string"
      ? { ...state, history: [...event.data.history] }
      : event.type === "DEALER_SEATED" ? { ...state, dealer: event.data.name ?? null } : state;
  const round = currentRound(state);
  if (round === null || isFinal(round)) return { ...next, between: [...state.between, event] };
  return { ...next, rounds: [...state.rounds.slice(0, -1), withEvent(round, event)] };
}

/** A round before its first event, with what the log said since the one before it. */
function openedAfter(state, { roundId, data }) {
  const shoe = state.shoe !== null && state.shoe.hash === data.shoe_hash ? state.shoe : null;
  return { ...emptyRound(roundId), events: state.between, shoe };
}
