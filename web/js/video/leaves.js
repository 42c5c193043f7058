// Leave to watch, asked for a moment before it is needed: when a press on a table seems near.

const GOOD_FOR_MS = 5_000; // of the time that a token has

export class Leaves {
  #ask;
  #now;
  #kept = new Map(); // {grant, at} by table

  /** `ask(tableId)` resolves to a grant of the house; `now()` is monotonic. */
  constructor(ask, now = () => performance.now()) {
    this.#ask = ask;
    this.#now = now;
  }

  /** A press on the table seems near. */
  expect(tableId) {
    if (this.#fresh(tableId) !== null) return;
    const leave = { grant: this.#ask(tableId), at: this.#now() };
    this.#kept.set(tableId, leave);
    leave.grant.catch(() => { // whoever takes it is told
      if (this.#kept.get(tableId) === leave) this.#kept.delete(tableId);
    });
  }

  /** The promise of a grant that nobody else has. */
  take(tableId) {
    const leave = this.#fresh(tableId);
    this.#kept.delete(tableId);
    return leave?.grant ?? this.#ask(tableId);
  }

  #fresh(tableId) {
    const leave = this.#kept.get(tableId) ?? null;
    return leave !== null && this.#now() - leave.at < GOOD_FOR_MS ? leave : null;
  }
}
