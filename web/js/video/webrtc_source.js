// The picture of a table over WebRTC: a session, an element that plays it, and each frame with its mark.

import { h } from "../view/dom.js";
import { Marks } from "./marks.js";
import { WhepSession } from "./whep.js";

export const pictureElement = () => {
  const element = h("video", { class: "picture-video", autoplay: true, playsinline: true, "aria-hidden": "true", "data-testid": "video" });
  element.muted = true; // an attribute would be its default only; there is no sound to hear
  return element;
};

export class WebrtcSource {
  transport = "webrtc";
  element = pictureElement();
  #marks = new Marks();
  #session;
  #stopped = false;

  /**
   * offer                                      an Offer, which becomes this source's
   * onFrame({rtpTimestamp, shownAt, markOf})   a frame is on the screen since `shownAt`, monotonic
   * onBroken(), onMove()                       the session is over; the server asks for another one
   */
  constructor({ offer, onFrame, onBroken, onMove }) {
    this.#session = new WhepSession({
      offer,
      onBroken,
      onStream: (stream) => {
        this.element.srcObject = stream;
        this.element.play().catch(() => undefined); // as when it is taken away again at once
      },
      onMessage: (message) => {
        if (message?.move === true) onMove();
        else this.#marks.take(message);
      },
    });
    const next = (_now, { rtpTimestamp, expectedDisplayTime, receiveTime }) => {
      if (this.#stopped) return;
      this.element.requestVideoFrameCallback(next);
      const marks = this.#marks;
      onFrame({
        rtpTimestamp, receivedAt: receiveTime, shownAt: expectedDisplayTime,
        // Some browsers leave the timestamp out; such frames are shown, and say nothing.
        markOf: () => (rtpTimestamp === undefined ? null : marks.at(rtpTimestamp)),
      });
    };
    this.element.requestVideoFrameCallback(next);
  }

  get videoEpoch() {
    return this.#marks.videoEpoch;
  }

  open(grant) {
    return this.#session.open(grant);
  }

  close() {
    this.#stopped = true;
    this.#session.close();
    this.element.srcObject = null;
    this.element.remove();
  }
}
