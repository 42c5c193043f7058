// What the player staked and got back in this session, round by round. Kept in sessionStorage beside
// the refresh token, so that a reload of the tab continues the same session.

const STORAGE_KEY = "baccarat.session";
const ROUNDS_KEPT = 200;

export class SessionRecord {
  #storage;
  #state = { playerId: null, startedAtMs: Date.now(), netBeforeMinor: 0, rounds: [] };

  constructor(storage = globalThis.sessionStorage) {
    this.#storage = storage;
  }

  /** Continue the session of this player in this tab, or start a new one. */
  open(playerId) {
    const stored = JSON.parse(this.#storage.getItem(STORAGE_KEY) ?? "null");
    this.#state = stored?.playerId === playerId
      ? stored
      : { playerId, startedAtMs: Date.now(), netBeforeMinor: 0, rounds: [] };
    this.#save();
  }

  /** Note an ended round; a later note of the same round replaces the earlier. */
  note(entry) {
    const { rounds } = this.#state;
    const place = rounds.findIndex(({ roundId }) => roundId === entry.roundId);
    if (place >= 0 && JSON.stringify(rounds[place]) === JSON.stringify(entry)) return;
    if (place >= 0) rounds[place] = entry;
    else rounds.push(entry);
    rounds.sort((a, b) => a.endedAtMs - b.endedAtMs);
    while (rounds.length > ROUNDS_KEPT) {
      const { returnMinor, stakeMinor } = rounds.shift();
      this.#state.netBeforeMinor += returnMinor - stakeMinor;
    }
    this.#save();
  }

  /** Ended rounds, newest first: {roundId, roundNo, outcome, endedAtMs, stakeMinor, returnMinor}. */
  get rounds() {
    return [...this.#state.rounds].reverse();
  }

  get startedAtMs() {
    return this.#state.startedAtMs;
  }

  /** What came back less what was staked, over all ended rounds of the session. */
  get netMinor() {
    return this.#state.rounds.reduce(
      (sum, { stakeMinor, returnMinor }) => sum + returnMinor - stakeMinor,
      this.#state.netBeforeMinor,
    );
  }

  close() {
    this.#storage.removeItem(STORAGE_KEY);
    this.#state = { playerId: null, startedAtMs: Date.now(), netBeforeMinor: 0, rounds: [] };
  }

  #save() {
    this.#storage.setItem(STORAGE_KEY, JSON.stringify(this.#state));
  }
}
