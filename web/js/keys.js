// Public keys that sign the log: a JWK set becomes a map from thumbprint to verification key.

import { fromBase64Url, sha256, toBase64Url, utf8Bytes } from "./bytes.js";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

/** The RFC 7638 thumbprint (SHA-256, base64url) of an EC P-256 JWK. */
export async function thumbprint({ crv, kty, x, y }) {
  return toBase64Url(await sha256(utf8Bytes(JSON.stringify({ crv, kty, x, y }))));
}

/**
 * Keys by thumbprint. The thumbprint is computed here: a `kid` that the set claims is only compared,
 * never believed. Throws: RangeError when the set is not one of P-256 keys.
 */
export async function importKeySet(document) {
  if (!Array.isArray(document?.keys) || document.keys.length === 0) {
    throw new RangeError("a key set has at least one key");
  }
  const keys = new Map();
  for (const jwk of document.keys) {
    if (jwk?.kty !== "EC" || jwk.crv !== "P-256") throw new RangeError("a key is not EC P-256");
    const kid = await thumbprint(jwk);
    if (jwk.kid !== undefined && jwk.kid !== kid) {
      throw new RangeError(`key ${jwk.kid} has thumbprint ${kid}: it is not the key it says it is`);
    }
    const publicPart = { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y };
    keys.set(
      kid,
      await globalThis.crypto.subtle.importKey("jwk", publicPart, ALGORITHM, true, ["verify"]),
    );
  }
  return keys;
}

/** Check `signature` ({kid, ver, val}) over `bytes`. Throws: RangeError with the reason. */
export async function checkSignature(keys, signature, bytes) {
  const key = keys.get(signature?.kid);
  if (key === undefined) throw new RangeError(`signed by ${signature?.kid}, which the house does not list`);
  const raw = fromBase64Url(signature.val);
  // The spare bits of the last character must be zero: one signature has one spelling.
  if (raw.length !== 64 || toBase64Url(raw) !== signature.val) {
    throw new RangeError("a signature is 64 bytes in base64url without padding");
  }
  const holds = await globalThis.crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" }, key, raw, bytes,
  );
  if (!holds) throw new RangeError("the signature does not match the content");
}
