// How far the picture is behind the log, for one report a round. Pure; what is reported is a claim to
// the house, whose bounds are kept here too.

const MAX_LAGS = 20;
const MAX_LAG_MS = 60_000;
const MAX_FRAMES = 100_000;
const MAX_OVERDUE = 1_000;
const JUDGED_AFTER = 6; // frames: the message that says what a frame shows may come a little after it

/** What the log says of a frame's mark: "matched", "mismatched", or null when it cannot tell. */
export function judge(mark, roundIdAt) {
  const event = roundIdAt(mark.logEpoch, mark.logSeq);
  if (event === undefined) return null;
  // Between rounds a picture names the round that has ended or none; an event of the table names none.
  const free = event.roundId === "" || (mark.roundId === "" && event.isLast);
  return free || mark.roundId === event.roundId ? "matched" : "mismatched";
}

export class SyncReporter {
  #random;
  #send;
  #roundIdAt;
  #roundIdWhen;
  #waiting = []; // frames that are not judged yet
  #round = null;

  /**
   * send(report)               one report, when the next round is on the picture
   * roundIdAt(epoch, seq)      {roundId, isLast} of the log's event there, or undefined
   * roundIdWhen(atMs)          the round that the log was at then, or "": for frames that only say their time
   */
  constructor({ send, roundIdAt, roundIdWhen, random = Math.random }) {
    this.#send = send;
    this.#roundIdAt = roundIdAt;
    this.#roundIdWhen = roundIdWhen;
    this.#random = random;
  }

  /**
   * A frame was seen at `nowMs` of the house's clock. `markOf()` returns its mark, {roundId, logEpoch,
   * logSeq, atMs}, asked for a few frames later, or null; then `takenMs` says when it was taken, or null too.
   */
  frame({ markOf, takenMs = null }, nowMs) {
    this.#waiting.push({ markOf, takenMs, nowMs });
    if (this.#waiting.length > JUDGED_AFTER) this.#take(this.#waiting.shift());
  }

  /** An event of a round was shown without its picture. */
  overdue(roundId) {
    const round = this.#of(roundId);
    if (round !== null) round.overdue = Math.min(MAX_OVERDUE, round.overdue + 1);
  }

  /** Report what there is of the round on the picture; there is no more to come. */
  flush() {
    for (const frame of this.#waiting.splice(0)) this.#take(frame);
    const round = this.#round;
    this.#round = null;
    if (round === null || round.matched + round.mismatched + round.overdue + round.lagsMs.length === 0) return;
    const { samples, ...report } = round;
    this.#send(report);
  }

  #take({ markOf, takenMs, nowMs }) {
    const mark = markOf();
    if (mark === null && takenMs === null) return;
    const round = this.#of(mark === null ? this.#roundIdWhen(takenMs) : mark.roundId);
    if (round === null) return;
    const verdict = mark === null ? null : judge(mark, this.#roundIdAt);
    if (verdict !== null) round[verdict] = Math.min(MAX_FRAMES, round[verdict] + 1);
    this.#sample(round, nowMs - (mark?.atMs ?? takenMs));
  }

  #of(roundId) {
    if (roundId === "") return this.#round;
    if (this.#round?.roundId === roundId) return this.#round;
    // Not `flush`: the frames that wait are of the round that comes.
    const waiting = this.#waiting.splice(0);
    this.flush();
    this.#waiting = waiting;
    this.#round = {
      tableId: roundId.slice(0, roundId.lastIndexOf(".")), roundId,
      lagsMs: [], matched: 0, mismatched: 0, overdue: 0, samples: 0,
    };
    return this.#round;
  }

  /** Every frame has the same chance to be among the samples. */
  #sample(round, lagMs) {
    const lag = Math.max(-MAX_LAG_MS, Math.min(MAX_LAG_MS, Math.round(lagMs)));
    round.samples += 1;
    if (round.lagsMs.length < MAX_LAGS) round.lagsMs.push(lag);
    else {
      const place = Math.floor(this.#random() * round.samples);
      if (place < MAX_LAGS) round.lagsMs[place] = lag;
    }
  }
}
