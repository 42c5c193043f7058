// For the tests: what a frame says of itself in three ways, which must agree. The message of the channel,
// the SEI message inside the stream, and the strip that is burned into the picture.

import { h } from "../view/dom.js";
import { readStrip, stripLines } from "./strip.js";

const KEPT = 3_000;
const SEI_KEPT = 500;
const SETTLED_AFTER_MS = 1_000; // messages come a little after their frame, on a busy machine later

export class Verifier {
  frames = [];
  #seis = new Map(); // RTP timestamp → mark, or null for a frame without
  #canvas = h("canvas");
  #drawing = this.#canvas.getContext("2d", { willReadFrequently: true });

  /**
   * Look into the packets of a receiver before they are decoded, where the browser can: asked for
   * before the offer, or it sees none.
   */
  watch(receiver) {
    if (typeof RTCRtpScriptTransform === "undefined") return;
    // No module: what is given to one that still loads its imports is lost.
    const worker = new Worker(new URL("./sei_worker.js", import.meta.url));
    worker.onmessage = ({ data }) => this.#take(data);
    receiver.transform = new RTCRtpScriptTransform(worker);
  }

  #take({ rtpTimestamp, mark }) {
    this.#seis.set(rtpTimestamp, mark);
    if (this.#seis.size > SEI_KEPT) this.#seis.delete(this.#seis.keys().next().value);
  }

  frame(source, { rtpTimestamp, receivedAt, shownAt, markOf }, nowMs) {
    const seen = {
      transport: source.transport, videoEpoch: source.videoEpoch, rtpTimestamp, nowMs,
      decodeMs: shownAt - receivedAt, strip: this.#strip(source.element), sei: undefined, mark: markOf(), drawn: null,
      isSettled: false,
    };
    this.frames.push(seen);
    if (this.frames.length > KEPT) this.frames.shift();
    setTimeout(() => {
      seen.mark = markOf();
      seen.sei = this.#seis.get(rtpTimestamp);
      seen.drawn = seen.strip && this.#takenAt(seen.strip.atMs);
      seen.isSettled = true;
    }, SETTLED_AFTER_MS);
  }

  /** The SEI message of the frame that was taken nearest to `atMs`. A busy page may draw a later frame than the one it was called for. */
  #takenAt(atMs) {
    const marks = [...this.#seis.values()].filter((mark) => mark !== null);
    return marks.reduce((best, mark) => (best !== null && Math.abs(best.atMs - atMs) <= Math.abs(mark.atMs - atMs) ? best : mark), null);
  }

  #strip(video) {
    const { videoWidth: width, videoHeight: height } = video;
    const lines = stripLines(width);
    if (width === 0 || lines === 0) return null;
    if (this.#canvas.width !== width) Object.assign(this.#canvas, { width, height: lines });
    this.#drawing.drawImage(video, 0, height - lines, width, lines, 0, 0, width, lines);
    const { data } = this.#drawing.getImageData(0, 0, width, lines);
    const luma = new Uint8Array(width * lines);
    for (let at = 0; at < luma.length; at += 1) luma[at] = data[4 * at + 1]; // black and white: green is all of it
    return readStrip(luma, width, lines);
  }
}
