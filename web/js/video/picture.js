// What the player has seen of a table on the picture, and what may therefore be told beside it. Pure.
//
// Results come with the picture and never ahead of it; but a picture that is late, stands still or
// is gone holds nothing back for longer than a bound.

/** How long what happened may wait for its picture. */
export const BOUND_MS = 1_200;
const FRAME_MS = 40; // between two frames the picture goes on by this much at most

export class Picture {
  #boundMs;
  #position = null; // {epoch, seq} of the newest event that was seen
  #atMs = null; // when the newest frame was taken, on the house's clock; null without a picture
  #seenAt = 0; // and when it was seen, monotonic
  #toldMs = 0;

  constructor({ boundMs = BOUND_MS } = {}) {
    this.#boundMs = boundMs;
  }

  get boundMs() {
    return this.#boundMs;
  }

  get isOn() {
    return this.#atMs !== null;
  }

  /**
   * A frame is on the screen: taken at `atMs`, and showing the log up to `position`, or null if it does not
   * say. Returns whether it shows more of the log than the ones before.
   */
  saw({ position, atMs }, monotonicMs) {
    const isMore = position !== null && (this.#position === null || isAfter(position, this.#position));
    if (isMore) this.#position = position;
    this.#atMs = atMs;
    this.#seenAt = monotonicMs;
    return isMore;
  }

  /** There is no picture any more. */
  gone() {
    this.#atMs = null;
    this.#position = null;
  }

  /** Whether an event was seen; without a picture nothing is waited for. */
  hasShown(event) {
    if (this.#atMs === null) return true;
    return this.#position === null ? event.at_ms <= this.#atMs : !isAfter(event, this.#position);
  }

  /** The moment, on the house's clock, up to which may be told what time alone reveals. It never goes back. */
  tellMs(nowMs, monotonicMs) {
    const picture = this.#atMs === null ? nowMs : this.#atMs + Math.min(FRAME_MS, monotonicMs - this.#seenAt);
    const told = Math.max(nowMs - this.#boundMs, Math.min(nowMs, picture));
    // A clock that was set anew may go back; what is told follows it.
    this.#toldMs = Math.min(nowMs, Math.max(told, this.#toldMs));
    return this.#toldMs;
  }
}

const isAfter = (one, other) => one.epoch > other.epoch || (one.epoch === other.epoch && one.seq > other.seq);
