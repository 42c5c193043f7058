// The picture of a table over low-latency HLS, where WebRTC does not get through: later, but over plain
// HTTPS. Frames say when they were taken, and their marks where the player of HLS reads them.

import { Stamps } from "./marks.js";
import { pictureElement } from "./webrtc_source.js";
import { NotPossible } from "./offer.js";
import { SessionRefused } from "./whep.js";

const ANSWER_WITHIN_MS = 5_000;
const APPLE = "application/vnd.apple.mpegurl";

export class HlsSource {
  transport = "hls";
  videoEpoch = 0;
  element = pictureElement();
  #player = null;
  #stamps = new Stamps();
  #location = null;
  #stopped = false;
  #onBroken;

  /** As WebrtcSource; nothing asks to move, and frames have `takenMs`, null while it is not known. */
  constructor({ onFrame, onBroken }) {
    this.#onBroken = onBroken;
    const next = (_now, { expectedDisplayTime, mediaTime }) => {
      if (this.#stopped) return;
      this.element.requestVideoFrameCallback(next);
      onFrame({ takenMs: this.#takenMs(mediaTime), shownAt: expectedDisplayTime, markOf: () => this.#stamps.at(mediaTime) });
    };
    this.element.requestVideoFrameCallback(next);
  }

  /** Rejects: NotPossible, SessionRefused, TypeError without a network, and what `grant` rejects with. */
  async open(grant) {
    const [{ token, hlsUrl }, { default: Hls }] = await Promise.all([grant, import("../../vendor/hls.mjs")]);
    const canPlay = Hls.isSupported();
    if (!canPlay && !this.element.canPlayType(APPLE)) throw new NotPossible("this browser plays no HLS");
    const response = await fetch(hlsUrl, {
      method: "POST", headers: { Authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (response.status !== 201) throw new SessionRefused(response.status);
    this.#location = new URL(response.headers.get("Location"), hlsUrl).href;
    const playlist = new URL((await response.json()).playlist, hlsUrl).href;
    if (this.#stopped) this.#end();
    else if (canPlay) this.#play(Hls, playlist);
    else this.element.src = playlist;
  }

  close() {
    this.#stopped = true;
    this.#player?.destroy();
    this.#end();
    this.element.removeAttribute("src");
    this.element.remove();
  }

  #play(Hls, playlist) {
    // Without a worker: that would be made from a blob, and fMP4 needs no work.
    this.#player = new Hls({ enableWorker: false, lowLatencyMode: true, backBufferLength: 10 });
    this.#player.on(Hls.Events.FRAG_PARSING_USERDATA, (_event, { samples }) => { for (const sample of samples) this.#stamps.take(sample); });
    this.#player.on(Hls.Events.ERROR, (_event, { fatal }) => { if (fatal && !this.#stopped) this.#onBroken(); });
    this.#player.loadSource(playlist);
    this.#player.attachMedia(this.element);
    this.element.play().catch(() => undefined);
  }

  /** When the frame at `mediaTime` was taken, as the playlist says; null while it does not. */
  #takenMs(mediaTime) {
    if (this.#player === null) {
      const start = this.element.getStartDate?.().getTime();
      return Number.isFinite(start) ? start + mediaTime * 1000 : null;
    }
    const playing = this.#player.playingDate?.getTime();
    // The element is up to a frame ahead of what it shows.
    return playing === undefined ? null : playing + (mediaTime - this.element.currentTime) * 1000;
  }

  #end() {
    if (this.#location === null) return;
    fetch(this.#location, { method: "DELETE", keepalive: true }).catch(() => undefined);
    this.#location = null;
  }
}
