// The camera's picture: behind the stage and what follows it. A small light says how it is.

import { h, s, setAttribute, setText } from "./dom.js";

const SOON_MS = 400;
const LATE_MS = 1_200;
const NAMES = { webrtc: "Live", hls: "Live (delayed)" };

export class PictureView {
  #player;
  #screen = h("div", { class: "picture-screen" });
  #light = h("span", { class: "picture-light", "aria-hidden": "true" });
  #text = h("span", { class: "picture-text" });
  #gone = h("p", { class: "picture-gone", role: "status", "data-testid": "video-gone", hidden: true });
  #full = h("button", {
    type: "button", class: "picture-full", "data-testid": "video-fullscreen", title: "Fill the screen", "aria-label": "Fill the screen",
    onclick: () => toggleFullscreen(),
  }, s("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, s("path", { d: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4" })));
  #bar = h("div", { class: "picture-bar", "data-testid": "video-state" }, this.#light, this.#text, this.#full);

  constructor(player) {
    this.#player = player;
    this.element = h("div", { class: "picture", hidden: player === null }, this.#screen, this.#bar, this.#gone);
  }

  update({ video }) {
    if (this.#player === null) return;
    const { state, transport, lagMs, firstFrameMs } = video;
    this.element.hidden = state === "off";
    this.#place(this.#player.elements, state === "on");
    setAttribute(this.element, "data-state", state);
    setAttribute(this.#bar, "data-state", state);
    setAttribute(this.#bar, "data-transport", transport);
    setAttribute(this.#bar, "data-lag-ms", lagMs);
    setAttribute(this.#bar, "data-first-frame-ms", firstFrameMs === null ? null : Math.round(firstFrameMs));
    setAttribute(this.#light, "data-lag", lagMs === null ? null : lagMs <= SOON_MS ? "soon" : lagMs <= LATE_MS ? "fair" : "late");
    setText(this.#text, state === "on" ? NAMES[transport] : state === "waiting" ? "Picture is coming" : "");
    this.#bar.title = lagMs === null ? "" : `The picture is ${(lagMs / 1000).toFixed(1)} s behind the table.`;
    this.#gone.hidden = state !== "none";
    setText(this.#gone, state === "none" ? "There is no picture now. The table is drawn from its log; your bets are not affected." : "");
  }

  /** Elements keep their place: one that is moved in the page stops playing. */
  #place(elements, isOn) {
    for (const [at, element] of elements.entries()) {
      if (element.parentNode !== this.#screen) {
        this.#screen.append(element);
        element.play().catch(() => undefined);
      }
      element.classList.toggle("picture-on", isOn && at === 0);
    }
  }
}

function toggleFullscreen() {
  if (document.fullscreenElement !== null) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => undefined); // some phones have none
}
