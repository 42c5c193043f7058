// A keyboard-wedge scanner types the code of a card quickly and ends it with Enter. This tells a scan
// from the keys Enter and Backspace by themselves. Pure: the caller says which key came when.

import { readCard } from "../staff/card_codes.js";

/** Characters further apart do not belong to one scan; it is long enough to type a code by hand. */
export const GAP_MS = 1_000;
/** What the barcode on the cut card says. */
export const CUT = "CUT";
const LONGEST = 24;

export class Scanner {
  #buffer = "";
  #lastAt = -Infinity;

  /** What has been typed and not ended. */
  get buffer() {
    return this.#buffer;
  }

  /**
   * Take a key as KeyboardEvent.key names it, pressed at `atMs` of a clock that never jumps. Returns
   *   {kind: "card", card} | {kind: "cut"} | {kind: "unreadable", text}   a scan has ended
   *   {kind: "confirm"} | {kind: "undo"}                                  Enter or Backspace by itself
   *   {kind: "typing"}                                                    part of a scan
   *   null                                                                not for the scanner
   */
  key(key, atMs) {
    // A stray key of long ago is no part of this scan.
    if (atMs - this.#lastAt > GAP_MS) this.#buffer = "";
    if (key === "Enter") {
      const text = this.#buffer;
      this.#buffer = "";
      return text === "" ? { kind: "confirm" } : readScan(text);
    }
    if (key === "Backspace") {
      if (this.#buffer === "") return { kind: "undo" };
      this.#buffer = this.#buffer.slice(0, -1);
      this.#lastAt = atMs;
      return { kind: "typing" };
    }
    if (key.length !== 1 || key === " ") return null;
    this.#buffer = (this.#buffer + key).slice(-LONGEST);
    this.#lastAt = atMs;
    return { kind: "typing" };
  }
}

/** What a whole scan says. */
export function readScan(text) {
  if (text.trim().toUpperCase() === CUT) return { kind: "cut" };
  const card = readCard(text);
  return card === null ? { kind: "unreadable", text } : { kind: "card", card };
}
