// Provably fair dealing: a committed seed, bound to the sealed bets, draws from what is left of the
// shoe. docs/formats/transcript.md specifies it; this file, the house's own code and the shared
// vectors must agree to the byte.

import { concat, fromHex, hmacSha256, sha256, toHex, utf8Bytes } from "./bytes.js";
import { DECK, nextHand } from "./coup.js";

export const SEED_BYTES = 32;
const TAG = "baccarat/deal/v1";
const WORD_RANGE = 2 ** 32;
const MAX_REJECTIONS = 128;

/** H = SHA-256(seed ‖ round id) in hex, as published before the first bet. */
export async function commitment(seed, roundId) {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes`);
  return toHex(await sha256(concat(seed, utf8Bytes(roundId))));
}

/** The key of a round's keystream: HKDF-SHA-256 (RFC 5869), salt = book root, 32 bytes. */
export async function dealKey(seed, { shoeId, roundId, bookRoot, beacon = "" }) {
  const pseudoRandomKey = await hmacSha256(fromHex(bookRoot), seed);
  const info = utf8Bytes([TAG, shoeId, roundId, beacon].join("|"));
  return hmacSha256(pseudoRandomKey, concat(info, Uint8Array.of(1)));
}

/** 32-bit big-endian words of HMAC-SHA-256(key, counter), counter from 0 as 8 bytes. */
export class Keystream {
  #key;
  #counter = 0;
  #words = [];

  constructor(key) {
    this.#key = key;
  }

  async word() {
    if (this.#words.length === 0) {
      const counter = new DataView(new ArrayBuffer(8));
      counter.setUint32(4, this.#counter++);
      const block = await hmacSha256(this.#key, new Uint8Array(counter.buffer));
      const view = new DataView(block.buffer);
      for (let at = 0; at < block.length; at += 4) this.#words.push(view.getUint32(at));
    }
    return this.#words.shift();
  }

  /** An unbiased number in [0, bound) by rejection sampling. */
  async below(bound) {
    const limit = WORD_RANGE - (WORD_RANGE % bound);
    for (let tries = 0; tries < MAX_REJECTIONS; tries += 1) {
      const word = await this.word();
      if (word < limit) return word % bound;
    }
    throw new RangeError("the keystream is not random");
  }
}

/** Every card of a composition (52 digits in DECK order), equal cards side by side. */
export function poolOf(composition) {
  if (!/^[0-9]{52}$/.test(composition)) throw new RangeError("a composition is 52 digits");
  return [...composition].flatMap((digit, index) => Array(Number(digit)).fill(DECK[index]));
}

/** How many cards a composition holds. */
export const cardsLeft = (composition) => poolOf(composition).length;

/**
 * One coup by partial Fisher–Yates: draw k swaps pool[k] with pool[k + below(n − k)] and takes it.
 * Returns who got which card, in dealing order: [{to, card}].
 */
export async function dealCoup(composition, key) {
  const pool = poolOf(composition);
  if (pool.length < 6) throw new RangeError(`a hand may need 6 cards, ${pool.length} are left`);
  const stream = new Keystream(key);
  const dealt = [];
  for (let to = nextHand(dealt); to !== null; to = nextHand(dealt)) {
    const taken = dealt.length;
    const other = taken + (await stream.below(pool.length - taken));
    [pool[taken], pool[other]] = [pool[other], pool[taken]];
    dealt.push({ to, card: pool[taken] });
  }
  return dealt;
}

/** The composition after cards left it. Throws: RangeError for a card that was not there. */
export function without(composition, cards) {
  const counts = [...composition].map(Number);
  for (const card of cards) {
    const index = DECK.indexOf(card);
    if (index < 0 || counts[index] === 0) throw new RangeError(`no ${card} is left in the shoe`);
    counts[index] -= 1;
  }
  return counts.join("");
}
