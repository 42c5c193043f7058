// Confirms a scanned card by itself when nobody has objected for a while. Pure: the caller says what
// waits and what time it is.

export const AUTO_CONFIRM_MS = 2_000;

export class AutoConfirm {
  #key = null;
  #since = 0;
  #done = false;

  /**
   * `key` names the card that waits, null when none does or when somebody has to look first.
   * Returns {progress, due}: progress from 0 to 1, and due once for each key.
   */
  update(key, nowMs) {
    if (key !== this.#key) {
      this.#key = key;
      this.#since = nowMs;
      this.#done = false;
    }
    if (key === null) return { progress: 0, due: false };
    const progress = Math.min(1, (nowMs - this.#since) / AUTO_CONFIRM_MS);
    const due = progress === 1 && !this.#done;
    if (due) this.#done = true;
    return { progress, due };
  }
}
