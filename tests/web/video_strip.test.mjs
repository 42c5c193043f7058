// The strip in the picture and the mark in the stream, against what the Python domain makes of them
// (tests/vectors/video).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { concat, fromHex } from "../../web/js/bytes.js";
import { decodeSei, markOfFrame } from "../../web/js/video/sei.js";
import {
  COLUMNS, namesCrc, readStrip, readStripOfPixels, stripAgrees, stripFromBlocks, stripLines,
} from "../../web/js/video/strip.js";

const vectors = (name) => JSON.parse(readFileSync(new URL(`../vectors/video/${name}.json`, import.meta.url)));
const strips = vectors("strips").map(({ strip, blocks, ...more }) => ({
  ...more,
  strip: {
    roundNo: strip.round_no, logEpoch: strip.log_epoch, logSeq: strip.log_seq, atMs: strip.at_ms, names: strip.names,
  },
  rows: blocks.map((row) => [...row].map((block) => block === "1")),
}));
const marks = vectors("sei").map(({ mark, nal }) => ({ mark, nal: fromHex(nal) }));

function drawn(rows, width) {
  const height = stripLines(width);
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const [line, place] = [Math.floor(at / width), at % width];
    return rows[Math.floor((line * COLUMNS) / width)][Math.floor((place * COLUMNS) / width)] ? 235 : 16;
  });
}

test("blocks say the same strip, in every size", () => {
  for (const { strip, rows } of strips) {
    assert.deepEqual(stripFromBlocks(rows), strip);
    for (const width of [160, 320, 640, 1280]) {
      assert.deepEqual(readStrip(drawn(rows, width), width, stripLines(width)), strip, `${width}`);
    }
  }
});

test("a picture that was coded twice and halved is read, as brightness and as pixels", () => {
  for (const { strip, coded } of strips) {
    const luma = Uint8Array.from(Buffer.from(coded.luma, "base64"));
    assert.deepEqual(readStrip(luma, coded.width, coded.height), strip);
    const data = Uint8ClampedArray.from({ length: 4 * luma.length }, (_, at) => luma[at >> 2]);
    assert.deepEqual(readStripOfPixels({ data, width: coded.width, height: coded.height }), strip);
  }
});

test("one wrong block is noticed, and a picture without a strip has none", () => {
  const { rows } = strips[0];
  for (let at = 0; at < 2 * COLUMNS; at += 1) {
    const wrong = rows.map((row, y) => row.map((white, x) => white !== (y * COLUMNS + x === at)));
    assert.equal(stripFromBlocks(wrong), null, `${at}`);
  }
  assert.equal(readStrip(new Uint8Array(640 * 360), 640, 360), null);
  assert.equal(readStrip(new Uint8Array(100 * 80).fill(255), 100, 80), null);
  assert.equal(readStrip(new Uint8Array(10), 640, 16), null);
});

test("a strip agrees with its own mark alone", () => {
  for (const { strip, mark } of strips) {
    assert.ok(stripAgrees(strip, mark));
    assert.equal(namesCrc(mark.tableId, mark.dealerId), strip.names);
    assert.ok(!stripAgrees(strip, { ...mark, roundId: `${mark.tableId}.000000043` }));
    assert.ok(!stripAgrees(strip, { ...mark, logSeq: mark.logSeq + 1 }));
    assert.ok(!stripAgrees(strip, { ...mark, dealerId: "somebody" }));
  }
});

test("the mark of a frame is found behind parameter sets and before the picture", () => {
  const start = fromHex("00000001");
  const picture = fromHex("000001650102030405");
  for (const { mark, nal } of marks) {
    assert.deepEqual(decodeSei(nal), mark);
    const frame = concat(start, fromHex("6742c01f"), start, fromHex("68ce"), start, nal, picture);
    assert.deepEqual(markOfFrame(frame), mark);
  }
  assert.equal(markOfFrame(concat(picture, start, marks[0].nal)), null);
});

test("a message of somebody else is passed over, and what is no mark is none", () => {
  const { mark, nal } = marks[0];
  const others = fromHex(`0511${"a0".repeat(16)}78`);
  assert.deepEqual(decodeSei(concat(nal.subarray(0, 1), others, nal.subarray(1))), mark);
  const uuid = "6c697665624d41528b1d0f2e7a5c4d93";
  for (const bad of ["", "65616263", "06", "0605", "0605ffff", `060511${uuid}7b80`, `060512${uuid}7b7d80`]) {
    assert.equal(decodeSei(fromHex(bad)), null, bad);
  }
});
