// A JSON reader for signed documents, stricter than JSON.parse: a text that two readers could
// understand differently is refused. No repeated names, only safe integers without fraction or
// exponent, no lone surrogates, at most 32 levels below the outermost value.

const MAX_DEPTH = 32;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS = [["true", true], ["false", false], ["null", null]];

/**
 * The value of a text, or of bytes in UTF-8.
 * Throws: SyntaxError with the place where it stops being what it must be.
 */
export function readStrictJson(source) {
  const text = typeof source === "string" ? source : decode(source);
  let at = 0;

  const fail = (what) => { throw new SyntaxError(`${what} at character ${at + 1}`); };

  function take(pattern) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return null;
    at += found[0].length;
    return found[0];
  }

  function accept(character) {
    take(SPACE);
    if (text[at] !== character) return false;
    at += 1;
    return true;
  }

  function string() {
    const raw = take(STRING) ?? fail("a string is expected");
    const value = JSON.parse(raw);
    if (!isWellFormed(value)) fail("a lone surrogate stands before here");
    return value;
  }

  function value(depth) {
    if (depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} levels`);
    take(SPACE);
    if (accept("{")) return object(depth);
    if (accept("[")) return array(depth);
    if (text[at] === '"') return string();
    for (const [word, meaning] of WORDS) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    const number = Number(take(NUMBER) ?? fail("a value is expected, numbers without fraction"));
    return Number.isSafeInteger(number) ? number : fail("an integer is too large");
  }

  function object(depth) {
    const members = new Map();
    if (accept("}")) return {};
    do {
      take(SPACE);
      const name = string();
      if (members.has(name)) fail(`the name "${name}" stands twice`);
      if (!accept(":")) fail("a colon is expected");
      members.set(name, value(depth + 1));
    } while (accept(","));
    if (!accept("}")) fail("a closing brace is expected");
    return Object.fromEntries(members);
  }

  function array(depth) {
    const items = [];
    if (accept("]")) return items;
    do items.push(value(depth + 1)); while (accept(","));
    if (!accept("]")) fail("a closing bracket is expected");
    return items;
  }

  const result = value(0);
  take(SPACE);
  if (at !== text.length) fail("something follows the value");
  return result;
}

function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError("the text is not UTF-8");
  }
}

/** Whether a text holds no lone surrogate. */
export const isWellFormed = (text) =>
  !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);
