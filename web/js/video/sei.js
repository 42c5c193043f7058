// The mark in a frame's H.264 stream: an SEI message "user data unregistered", as
// baccarat.domain.video.sei writes it; see docs/formats/video.md. Pure; runs in workers and Node alike.

import { fromHex } from "../bytes.js";

const MARK_UUID = fromHex("6c697665624d41528b1d0f2e7a5c4d93");
const NAL_SEI = 6;
const USER_DATA_UNREGISTERED = 5;
const STOP_BIT = 0x80;
const MAX_NAL_BYTES = 2 * (512 + 64);
const FIELDS = {
  tableId: "string", roundId: "string", logEpoch: "number", logSeq: "number", dealerId: "string", atMs: "number",
};

/** The mark in a frame of Annex B form (NAL units behind start codes), or null. Never throws. */
export function markOfFrame(bytes) {
  for (const nal of nalUnits(bytes)) {
    const mark = decodeSei(nal);
    if (mark !== null) return mark;
  }
  return null;
}

/** The mark in a NAL unit, or null when the unit is no SEI, has none of ours, or ours is no mark. */
export function decodeSei(nal) {
  if (nal.length === 0 || (nal[0] & 0x1f) !== NAL_SEI || nal.length > MAX_NAL_BYTES) return null;
  const body = withoutEmulationPrevention(nal.subarray(1));
  let at = 0;
  while (at + 2 <= body.length && !(at === body.length - 1 && body[at] === STOP_BIT)) {
    let kind, size;
    [kind, at] = variableLength(body, at);
    [size, at] = variableLength(body, at);
    const payload = body.subarray(at, at + size);
    at += size;
    if (kind === USER_DATA_UNREGISTERED && MARK_UUID.every((byte, place) => payload[place] === byte)) {
      return markOf(payload.subarray(MARK_UUID.length));
    }
  }
  return null;
}

/** NAL units of a byte stream, without their start codes. The parameter sets and SEI come before the picture. */
function* nalUnits(bytes) {
  let start = -1;
  for (let at = 0; at + 2 < bytes.length; at += 1) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    if (start >= 0) yield bytes.subarray(start, bytes[at - 1] === 0 ? at - 1 : at);
    start = at + 3;
    const kind = bytes[start] & 0x1f;
    if (kind >= 1 && kind <= 5) return; // a slice: nothing of ours comes after it
  }
  if (start >= 0) yield bytes.subarray(start);
}

function markOf(payload) {
  let mark;
  try {
    mark = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return null;
  }
  if (mark === null || typeof mark !== "object" || Object.keys(mark).length !== Object.keys(FIELDS).length) return null;
  const holds = Object.entries(FIELDS).every(([name, kind]) =>
    typeof mark[name] === kind && (kind === "string" || (Number.isSafeInteger(mark[name]) && mark[name] >= 0)));
  return holds ? mark : null;
}

function variableLength(body, from) {
  let [value, at] = [0, from];
  while (at < body.length && body[at] === 0xff) {
    value += 255;
    at += 1;
  }
  return [value + (body[at] ?? 0), at + 1];
}

function withoutEmulationPrevention(bytes) {
  const out = new Uint8Array(bytes.length);
  let [length, zeros] = [0, 0];
  for (const byte of bytes) {
    if (zeros === 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    out[length] = byte;
    length += 1;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return out.subarray(0, length);
}
