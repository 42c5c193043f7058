// The server's clock, measured over the connection and carried on by a clock that never jumps.

const SAMPLES_KEPT = 8;

export class ServerClock {
  #monotonicNow;
  #samples = [];
  #offsetMs = null;

  /** `monotonicNow` returns milliseconds that only ever move forward. */
  constructor(monotonicNow = () => performance.now()) {
    this.#monotonicNow = monotonicNow;
  }

  monotonicMs() {
    return this.#monotonicNow();
  }

  /** The server said `serverMs` between sending (`sentAt`, monotonic) and now. */
  sample(serverMs, sentAt) {
    const now = this.#monotonicNow();
    const roundTripMs = now - sentAt;
    this.#samples = [...this.#samples, { roundTripMs, offsetMs: serverMs - (sentAt + roundTripMs / 2) }]
      .slice(-SAMPLES_KEPT);
    // The quickest exchange bounds the error best: half of its round trip.
    this.#offsetMs = this.#samples.reduce((a, b) => (b.roundTripMs < a.roundTripMs ? b : a)).offsetMs;
  }

  /** How wrong the clock may be: half of the quickest exchange; 0 before the first. */
  get errorMs() {
    return this.#samples.length === 0 ? 0 : Math.min(...this.#samples.map(({ roundTripMs }) => roundTripMs)) / 2;
  }

  /** Milliseconds since 1970 on the server's clock; on our own before the first sample. */
  nowMs() {
    return this.#offsetMs === null ? Date.now() : this.#monotonicNow() + this.#offsetMs;
  }
}
