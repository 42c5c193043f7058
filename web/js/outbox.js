// Commands that wait for their answer. Each is safe to repeat under the same key, so one that stays
// unanswered is sent again, a bounded number of times.

const RESEND_AFTER_MS = 4_000;
const BUSY_RETRY_MS = 600;
const MAX_SENDS = 6;

export class Outbox {
  #send;
  #onGivenUp;
  #timers;
  #entries = new Map();

  /** `send(message)` returns false while offline; `onGivenUp(key, message)` ends a hopeless one. */
  constructor({ send, onGivenUp, timers = globalThis }) {
    this.#send = send;
    this.#onGivenUp = onGivenUp;
    this.#timers = timers;
  }

  /** Send a command and keep it until `answered(key)`. */
  post(key, message) {
    this.#entries.set(key, { message, sends: 0, timer: null });
    this.#attempt(key);
  }

  /** The command got its answer. Returns the command, or null when none waits under that key. */
  answered(key) {
    const entry = this.#entries.get(key);
    if (!entry) return null;
    this.#timers.clearTimeout(entry.timer);
    this.#entries.delete(key);
    return entry.message;
  }

  /** The server was busy: the command is sent again shortly. Returns whether one waits there. */
  retrySoon(key) {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    this.#schedule(key, entry, BUSY_RETRY_MS * (0.5 + Math.random()));
    return true;
  }

  /** After a reconnect: send all that still wait. */
  resendAll() {
    for (const key of [...this.#entries.keys()]) this.#attempt(key);
  }

  /** Forget everything, as on sign-out. */
  clear() {
    for (const { timer } of this.#entries.values()) this.#timers.clearTimeout(timer);
    this.#entries.clear();
  }

  #attempt(key) {
    const entry = this.#entries.get(key);
    if (!entry) return;
    if (entry.sends >= MAX_SENDS) {
      this.answered(key);
      this.#onGivenUp(key, entry.message);
      return;
    }
    // What could not be sent does not count: it goes out with resendAll.
    if (this.#send(entry.message)) entry.sends += 1;
    this.#schedule(key, entry, RESEND_AFTER_MS);
  }

  #schedule(key, entry, delayMs) {
    this.#timers.clearTimeout(entry.timer);
    entry.timer = this.#timers.setTimeout(() => this.#attempt(key), delayMs);
  }
}
