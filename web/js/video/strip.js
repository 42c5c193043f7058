// The strip of blocks at the bottom of a picture, as baccarat.domain.video.strip draws it; see
// docs/formats/video.md. Pure; runs in browsers and Node alike.

import { utf8Bytes } from "../bytes.js";

export const STRIP_VERSION = 1;
export const COLUMNS = 80;
export const ROWS = 2;
/** Of a picture, in samples; with less than two a block cannot be told from its neighbours. */
export const MIN_WIDTH = 2 * COLUMNS;

const SYNC = 2;
const STARTS = [[true, false], [false, true]];
const ENDS = [[false, true], [true, false]];
const FIELDS = { version: 4, roundNo: 30, logEpoch: 20, logSeq: 24, atMs: 42, names: 16 };
const MIN_CONTRAST = 48;
const PROBES = [0.3, 0.5, 0.7]; // where in a block it is looked at: away from edges that coding smears

/** How many lines a strip takes of a picture `width` samples wide: all that a reader needs of it. */
export const stripLines = (width) => Math.ceil((ROWS * width) / COLUMNS);

/**
 * The strip {roundNo, logEpoch, logSeq, atMs, names} of a picture, or null when none can be read.
 * `luma` has brightness, 0 to 255, line after line: of the whole picture or of its lower part, in any
 * size that keeps the proportions.
 */
export function readStrip(luma, width, height) {
  const block = width / COLUMNS;
  const top = height - ROWS * block;
  if (width < MIN_WIDTH || top < 0 || luma.length < width * height) return null;
  const means = [0, 1].map((row) => Array.from({ length: COLUMNS }, (_, column) => {
    let sum = 0;
    for (const down of PROBES) {
      const line = Math.floor(top + (row + down) * block) * width;
      for (const along of PROBES) sum += luma[line + Math.floor((column + along) * block)];
    }
    return sum / PROBES.length ** 2;
  }));
  const white = Math.min(means[0][0], means[1][1], means[0].at(-1), means[1].at(-2));
  const black = Math.max(means[0][1], means[1][0], means[0].at(-2), means[1].at(-1));
  if (white - black < MIN_CONTRAST) return null;
  const limit = (white + black) / 2;
  return stripFromBlocks(means.map((row) => row.map((mean) => mean > limit)));
}

/** The same of a canvas's pixels: an ImageData, or anything with its `data`, `width` and `height`. */
export function readStripOfPixels({ data, width, height }) {
  const luma = new Uint8Array(width * height);
  for (let at = 0; at < luma.length; at += 1) {
    luma[at] = (77 * data[4 * at] + 150 * data[4 * at + 1] + 29 * data[4 * at + 2]) >> 8;
  }
  return readStrip(luma, width, height);
}

/** The strip that rows of blocks (true: white) say, or null when they are not those of one. */
export function stripFromBlocks(rows) {
  const framed = rows.every((row, at) =>
    STARTS[at].every((white, place) => row[place] === white)
    && ENDS[at].every((white, place) => row[row.length - SYNC + place] === white));
  if (!framed) return null;
  const bits = rows.flatMap((row) => row.slice(SYNC, -SYNC));
  if (crc16(bytesOf(bits)) !== 0) return null;
  const strip = {};
  let at = 0;
  for (const [name, width] of Object.entries(FIELDS)) {
    // Not with shifts: they stop at 32 bits.
    strip[name] = bits.slice(at, at + width).reduce((number, bit) => 2 * number + Number(bit), 0);
    at += width;
  }
  const { version, ...said } = strip;
  return version === STRIP_VERSION ? said : null;
}

/** Whether strip and mark name the same round, place in the log, table and dealer; times are not compared. */
export function stripAgrees(strip, mark) {
  const roundNo = Number(mark.roundId.slice(mark.roundId.lastIndexOf(".") + 1));
  return strip.roundNo === roundNo && strip.logEpoch === mark.logEpoch % 2 ** 20
    && strip.logSeq === mark.logSeq % 2 ** 24 && strip.names === namesCrc(mark.tableId, mark.dealerId);
}

/** What a strip has in place of the names of table and dealer. */
export const namesCrc = (tableId, dealerId) => crc16(utf8Bytes(`${tableId}/${dealerId}`));

function bytesOf(bits) {
  const bytes = new Uint8Array(bits.length / 8);
  bits.forEach((bit, at) => { bytes[at >> 3] |= Number(bit) << (7 - (at & 7)); });
  return bytes;
}

/** CRC-16 with the polynomial 0x1021, start 0xFFFF. */
function crc16(bytes) {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}
