// Canonical JSON (RFC 8785) for the values that are signed: objects, arrays, strings, booleans,
// null and integers within ±(2^53 − 1). Everything else is refused rather than formatted.

import { sha256, toHex, utf8Bytes } from "./bytes.js";
import { isWellFormed } from "./strict_json.js";

const MAX_DEPTH = 32;

/** The canonical text of a value. Throws: RangeError when it has none. */
export function canonical(value) {
  return write(value, 0);
}

/** SHA-256 of the canonical form, in hex. Throws: RangeError when there is none. */
export async function digest(value) {
  return toHex(await sha256(utf8Bytes(canonical(value))));
}

function write(value, depth) {
  if (depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH} levels`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeText(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
    return String(value); // also turns −0 into 0, as RFC 8785 wants
  }
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(",")}]`;
  if (typeof value === "object") {
    // The default sort compares UTF-16 code units, which is the order of RFC 8785 §3.2.3.
    const members = Object.keys(value).sort();
    return `{${members.map((key) => `${writeText(key)}:${write(value[key], depth + 1)}`).join(",")}}`;
  }
  throw new RangeError(`${typeof value} has no canonical form`);
}

function writeText(text) {
  if (!isWellFormed(text)) throw new RangeError("a lone surrogate has no UTF-8 form");
  return JSON.stringify(text); // escapes exactly what RFC 8785 §3.2.2.2 escapes
}
