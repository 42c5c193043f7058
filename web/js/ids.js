// Random identifiers: 128 bits as base64url, 22 characters.

import { toBase64Url } from "./bytes.js";

export const randomId = () => toBase64Url(globalThis.crypto.getRandomValues(new Uint8Array(16)));
