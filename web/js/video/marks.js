// What frames show, by RTP timestamp, as the video server says over the data channel; see
// docs/formats/video.md. Pure.

export const MARKS_KEPT = 64;
const RTP_TICKS_PER_MS = 90;
const FIELDS = {
  tableId: "string", roundId: "string", logEpoch: "number", logSeq: "number", dealerId: "string", atMs: "number",
};

/** Half a frame, in seconds. */
const SAME_FRAME = 0.02;
/** A minute of them; a player of HLS buffers less. */
export const STAMPS_KEPT = 1_500;
/** Of the SEI message that carries a mark. */
const MARK_UUID = "6c697665-624d-4152-8b1d-0f2e7a5c4d93";

/** How far RTP timestamp `one` is behind `other`, over the wrap of 32 bits; negative when it is ahead. */
const ticksSince = (one, other) => (other - one) | 0;

export class Marks {
  #videoEpoch = 0;
  #marks = []; // {rtpTimestamp, mark}, oldest first

  /** When the table's publisher came, by the video server; 0 before the first mark. */
  get videoEpoch() {
    return this.#videoEpoch;
  }

  /** Take a message of the channel; false when it is none that says what frames show. */
  take(message) {
    const { videoEpoch, rtpTimestamp, mark } = message ?? {};
    if (!Number.isSafeInteger(videoEpoch) || !Number.isSafeInteger(rtpTimestamp) || !isMark(mark)) return false;
    if (videoEpoch < this.#videoEpoch) return false;
    // Another publisher counts from another number.
    if (videoEpoch > this.#videoEpoch) this.#marks = [];
    this.#videoEpoch = videoEpoch;
    const last = this.#marks.at(-1);
    if (last !== undefined && ticksSince(last.rtpTimestamp, rtpTimestamp) < 0) return true;
    if (last?.rtpTimestamp === rtpTimestamp) this.#marks.pop();
    this.#marks.push({ rtpTimestamp, mark });
    if (this.#marks.length > MARKS_KEPT) this.#marks.shift();
    return true;
  }

  /** The mark of a frame, its time advanced to the frame's; null while none is known. */
  at(rtpTimestamp) {
    const found = this.#marks.findLast((entry) => ticksSince(entry.rtpTimestamp, rtpTimestamp) >= 0);
    if (found === undefined) return null;
    const passedMs = Math.floor(ticksSince(found.rtpTimestamp, rtpTimestamp) / RTP_TICKS_PER_MS);
    return { ...found.mark, atMs: found.mark.atMs + passedMs };
  }
}

/** The marks that the frames of HLS carry themselves, by their place in the media, in seconds. */
export class Stamps {
  #marks = []; // {mediaTime, mark}, oldest first

  /** Take user data of a frame's SEI message, as hls.js has it: {uuid, userData, pts}; false when it is no mark. */
  take({ uuid, userData, pts }) {
    if (uuid !== MARK_UUID) return false;
    const mark = parsed(userData);
    if (!isMark(mark)) return false;
    // A fragment may be read anew; what was read is known.
    if (this.#marks.length > 0 && mark.atMs <= this.#marks.at(-1).mark.atMs) return true;
    this.#marks.push({ mediaTime: pts, mark });
    if (this.#marks.length > STAMPS_KEPT) this.#marks.shift();
    return true;
  }

  /** The mark of the frame at `mediaTime`; null while none is known. */
  at(mediaTime) {
    const found = this.#marks.findLast((entry) => entry.mediaTime < mediaTime + SAME_FRAME);
    return found !== undefined && found.mediaTime > mediaTime - SAME_FRAME ? found.mark : null;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not of this protocol
  }
}

function isMark(mark) {
  return typeof mark === "object" && mark !== null
    && Object.entries(FIELDS).every(([name, kind]) => typeof mark[name] === kind);
}
