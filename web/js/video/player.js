// The picture of one table: WebRTC, else HLS, else none. It comes back by itself; a session that replaces
// another plays before the other ends. What it shows goes to a Picture, how it keeps up into reports.

import { NotPossible } from "./offer.js";
import { Picture } from "./picture.js";
import { SyncReporter } from "./sync.js";

const FIRST_FRAME_WITHIN_MS = { webrtc: 4_000, hls: 8_000 };
const STILL_AFTER_MS = { webrtc: 1_500, hls: 6_000 };
const OTHER = { webrtc: "hls", hls: "webrtc" };
const WATCH_EVERY_MS = 250;
const WEBRTC_TRIES = 3;
const TRIES_OF_WHAT_WORKED = 5; // a server that is started anew takes some seconds
const RETRY_MS = [100, 400, 600, 1_000, 2_000, 5_000, 15_000, 30_000]; // and every last one from then on
const LEAVE_GOOD_FOR_MS = 35_000; // less than its token is, which may be some seconds old already
const BACK_TO_WEBRTC_MS = 60_000;
const BACK_TO_WHAT_WORKED_MS = 10_000; // once there was a picture over WebRTC, nothing on the way forbids it
const LAGS_FOR_SHOW = 25;

export class Player {
  picture = new Picture();
  #options;
  #reporter;
  #current = null; // {source, since, frameAt}: what is on the screen
  #next = null; // what is being opened
  #failed = 0; // tries in a row without a first frame, or sessions that broke
  #impossible = new Set(); // transports that this browser does not have
  #lastWebrtcAt = 0;
  #startedAt = 0;
  #firstFrameMs = null;
  #lags = [];
  #reported = "webrtc"; // the transport of the frames that are not reported yet
  #retry = null;
  #watching = null;
  #hasCamera = true;
  #webrtcWorks = false;
  #leave = null; // {grant, at, isGiven}: leave to watch that no server has seen yet

  /**
   * grant()                 resolves to {token, whepUrl, hlsUrl}
   * clock                   the ServerClock
   * make[transport](events) a source
   * report(report)          one report a round
   * roundIdAt(epoch, seq), roundIdWhen(atMs)   of the page's log; see SyncReporter
   * onChange()              what is to be shown has changed
   * verifier                for the tests: is shown each frame
   * isHidden()              whether nobody looks: then browsers show no frames
   * random()                spreads the tries of many players whose server went away
   */
  constructor(options) {
    this.#options = options;
    this.verifier = options.verifier ?? null;
    this.#reporter = new SyncReporter({
      roundIdAt: options.roundIdAt,
      roundIdWhen: options.roundIdWhen,
      send: (report) => options.report({
        ...report, transport: this.#reported, clockErrorMs: Math.round(options.clock.errorMs),
      }),
    });
  }

  /** Start; the first frame is measured from `pressedAt`, monotonic, when the player asked for the table. */
  start(pressedAt = this.#now()) {
    this.#startedAt = pressedAt;
    this.#watching = setInterval(() => this.#watch(), WATCH_EVERY_MS);
    this.#open("webrtc");
  }

  stop() {
    clearInterval(this.#watching);
    clearTimeout(this.#retry);
    this.#watching = null;
    this.#reporter.flush();
    for (const tried of [this.#current, this.#next]) tried?.source.close();
    this.#current = this.#next = null;
    this.picture.gone();
  }

  /** webrtc | hls, or null without a picture. */
  get transport() {
    return this.#current?.source.transport ?? null;
  }

  /** Elements to have in the page, the one on the screen first. */
  get elements() {
    return [this.#current, this.#next].filter((tried) => tried !== null).map(({ source }) => source.element);
  }

  /**
   * How the picture is: {state, transport, lagMs, firstFrameMs}; state is off (there is no camera), waiting,
   * on, or none (it does not come, so the table is drawn).
   */
  get status() {
    const isGivenUp = this.#failed > WEBRTC_TRIES || this.#impossible.size === Object.keys(OTHER).length;
    const state = !this.#hasCamera ? "off" : this.#current !== null ? "on" : isGivenUp ? "none" : "waiting";
    return { state, transport: this.transport, lagMs: this.#lagMs(), firstFrameMs: this.#firstFrameMs };
  }

  /** An event was shown although its picture had not come. Over HLS most are, which is no news. */
  overdue(event) {
    if (this.transport === "webrtc" && !this.#options.isHidden()) this.#reporter.overdue(event.roundId);
  }

  async #open(transport) {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#next?.source.close();
    this.#next = null;
    const tried = { source: null, since: this.#now(), frameAt: null, isBroken: false, isLeaving: false };
    const isOurs = () => this.#watching !== null && (this.#next === tried || this.#current === tried);
    if (transport === "webrtc") this.#lastWebrtcAt = tried.since;
    const leave = this.#takeLeave(); // on its way while all else is made
    try {
      tried.source = this.#options.make[transport]({
        onFrame: (frame) => { if (isOurs()) this.#frame(tried, frame); },
        onBroken: () => { if (isOurs()) this.#broken(tried); },
        onMove: () => { if (isOurs()) this.#move(); },
      });
      this.#next = tried;
      this.#options.onChange();
      await tried.source.open(leave.grant);
    } catch (error) {
      // Who was not asked, or could not be reached, has not used it up.
      if (error instanceof NotPossible || (error instanceof TypeError && leave.isGiven)) this.#leave = leave;
      tried.source?.close();
      if (this.#next === tried) this.#next = null;
      if (this.#watching === null || (tried.source !== null && this.#current === tried)) return;
      if (error.code === "NO_CAMERA" || error.code === "TABLE_NOT_FOUND") {
        this.#hasCamera = false;
        this.#options.onChange();
      } else if (error instanceof NotPossible) this.#without(transport);
      else this.#again();
    }
  }

  #takeLeave() {
    const now = this.#now();
    const left = this.#leave;
    this.#leave = null;
    if (left !== null && now - left.at < LEAVE_GOOD_FOR_MS) return left;
    const leave = { grant: this.#options.grant(), at: now, isGiven: false };
    leave.grant.then(() => { leave.isGiven = true; }, () => undefined); // whoever waits for it is told
    return leave;
  }

  #frame(tried, frame) {
    const now = this.#now();
    const isFirst = tried.frameAt === null;
    tried.frameAt = now;
    if (isFirst) this.#show(tried, now);
    if (this.#current !== tried) return;
    if (tried.isBroken) this.#goesOn(tried);
    const shownAt = Math.max(now, frame.shownAt ?? now);
    const nowMs = this.#options.clock.nowMs() + shownAt - this.#options.clock.monotonicMs();
    const mark = frame.markOf();
    const takenMs = mark?.atMs ?? frame.takenMs ?? null;
    if (takenMs !== null) {
      const position = mark === null ? null : { epoch: mark.logEpoch, seq: mark.logSeq };
      const isMore = this.picture.saw({ position, atMs: takenMs }, now);
      this.#lags = [...this.#lags.slice(1 - LAGS_FOR_SHOW), nowMs - takenMs];
      if (isMore) this.#options.onChange();
    }
    this.#reporter.frame(frame, nowMs);
    this.verifier?.frame(tried.source, frame, nowMs);
  }

  /** The first frame of a session: it takes the place of what was there. */
  #show(tried, now) {
    this.#firstFrameMs ??= now - this.#startedAt;
    this.#failed = 0;
    if (tried.source.transport === "webrtc") this.#webrtcWorks = true;
    const before = this.#current;
    if (tried.source.transport !== this.#reported) this.#reporter.flush();
    this.#reported = tried.source.transport;
    this.#current = tried;
    this.#next = null;
    this.#lags = [];
    before?.source.close();
    this.#options.onChange();
  }

  /** It only stood still. */
  #goesOn(tried) {
    tried.isBroken = false;
    this.#failed = 0;
    clearTimeout(this.#retry);
    this.#retry = null;
  }

  #broken(tried) {
    if (this.#next === tried) {
      this.#next = null;
    } else {
      // Its last frame stays until another session has a first one, or until that is too long.
      if (this.#next !== null) return;
      tried.isBroken = true;
    }
    if (tried !== this.#current) tried.source.close();
    this.#again();
  }

  /** The server leaves: be with another before it goes. */
  #move() {
    if (this.#current !== null) this.#current.isLeaving = true;
    if (this.#next === null) this.#open("webrtc");
  }

  /** This browser does not have a transport: the other one at once, or none. */
  #without(transport) {
    this.#impossible.add(transport);
    const other = OTHER[transport];
    if (this.#impossible.has(other)) this.#options.onChange();
    else if (this.#needsAnother) this.#open(other);
  }

  #again() {
    if (!this.#needsAnother) return; // another way was tried, and this one is good
    this.#failed += 1;
    this.#options.onChange();
    if (this.#retry !== null || this.#watching === null) return;
    const { random = Math.random } = this.#options;
    const delay = RETRY_MS[Math.min(this.#failed, RETRY_MS.length) - 1] * (0.75 + random() / 2);
    // WebRTC first, then in turns: what blocks one may let the other through.
    const tries = this.#webrtcWorks ? TRIES_OF_WHAT_WORKED : WEBRTC_TRIES;
    const turn = this.#failed < tries || this.#failed % 2 === 0 ? "webrtc" : "hls";
    this.#retry = setTimeout(() => this.#open(this.#impossible.has(turn) ? OTHER[turn] : turn), delay);
  }

  get #needsAnother() {
    const { isBroken, isLeaving } = this.#current ?? { isBroken: true };
    return isBroken || isLeaving;
  }

  /** A session that gives no first frame, a picture that stands still, a way that may be open again. */
  #watch() {
    const now = this.#now();
    const [current, next] = [this.#current, this.#next];
    if (this.#options.isHidden()) {
      if (current !== null) current.frameAt = now;
      if (next !== null) next.since = now;
      return;
    }
    if (next !== null && now - next.since > FIRST_FRAME_WITHIN_MS[next.source.transport]) {
      this.#broken(next);
    }
    if (current === null) return;
    const still = now - current.frameAt > STILL_AFTER_MS[current.source.transport];
    if (still && !current.isBroken) this.#broken(current);
    if (still && now - current.frameAt > FIRST_FRAME_WITHIN_MS[current.source.transport]) {
      current.source.close();
      this.#current = null;
      this.picture.gone();
      this.#options.onChange();
    }
    const backAfterMs = this.#webrtcWorks ? BACK_TO_WHAT_WORKED_MS : BACK_TO_WEBRTC_MS;
    if (!still && this.transport === "hls" && this.#next === null
      && !this.#impossible.has("webrtc") && now - this.#lastWebrtcAt > backAfterMs) {
      this.#open("webrtc");
    }
  }

  #lagMs() {
    if (this.#current === null || this.#lags.length === 0) return null;
    return Math.round([...this.#lags].sort((a, b) => a - b)[this.#lags.length >> 1]);
  }

  #now() {
    return this.#options.clock.monotonicMs();
  }
}
