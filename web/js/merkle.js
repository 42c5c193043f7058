// Merkle trees after RFC 9162 §2.1: leaves are hashed with a 0x00 prefix, nodes with 0x01.

import { concat, sha256 } from "./bytes.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The hash of one leaf's bytes. */
export const leafHash = (data) => sha256(concat(LEAF, data));

const nodeHash = (left, right) => sha256(concat(NODE, left, right));

/** The largest power of two smaller than size (size > 1). */
function split(size) {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

/** The root over leaf hashes; of none, the hash of the empty string. */
export async function root(leaves) {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0];
  const k = split(leaves.length);
  return nodeHash(await root(leaves.slice(0, k)), await root(leaves.slice(k)));
}

/**
 * The root that a proof (sibling hashes, from the leaf up) leads to from `leaf` at `index` of `size`.
 * Throws: RangeError when the proof has the wrong length for that place.
 */
export async function rootFromProof(leaf, index, size, proof) {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`leaf ${index} of ${size}`);
  }
  if (size === 1) {
    if (proof.length > 0) throw new RangeError("the proof is too long");
    return leaf;
  }
  if (proof.length === 0) throw new RangeError("the proof is too short");
  const k = split(size);
  const below = proof.slice(0, -1);
  const sibling = proof[proof.length - 1];
  return index < k
    ? nodeHash(await rootFromProof(leaf, index, k, below), sibling)
    : nodeHash(sibling, await rootFromProof(leaf, index - k, size - k, below));
}
