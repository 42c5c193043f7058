// The seven places along the felt: who sits where, and a place to sit down.

import { h, setAttribute, whenChanged } from "./dom.js";

const SEATS = [1, 2, 3, 4, 5, 6, 7];

export class Seats {
  #places = new Map();

  constructor({ onSit, onStand }) {
    for (const seat of SEATS) {
      const element = h("button", {
        type: "button", class: "seat", "data-testid": `seat-${seat}`,
        onclick: () => {
          if (element.getAttribute("aria-disabled")) return;
          if (element.dataset.taken === "you") onStand();
          else onSit(seat);
        },
      });
      this.#places.set(seat, element);
    }
    this.element = h("div", { class: "seats", role: "group", "aria-label": "Seats at this table" }, [...this.#places.values()]);
  }

  update({ seats, canSit }) {
    for (const [seat, element] of this.#places) {
      const taken = seats.find((found) => found.seat === seat);
      const who = taken === undefined ? "free" : taken.you ? "you" : "other";
      setAttribute(element, "data-taken", who);
      setAttribute(element, "aria-disabled", !canSit || who === "other" ? "true" : null);
      whenChanged(element, `${who}/${taken?.nickname}/${canSit}`, () => {
        element.replaceChildren(h("span", { class: "seat-no", "aria-hidden": "true" }, String(seat)),
          h("span", { class: "seat-name" }, who === "free" ? (canSit ? "Sit" : "Free") : who === "you" ? "You" : nameOf(taken.nickname)));
        element.title = who === "you" ? `You are ${taken.nickname}. Stand up` : "";
        setAttribute(element, "aria-label", {
          free: canSit ? `Seat ${seat} is free: sit down` : `Seat ${seat} is free`,
          you: `You sit in seat ${seat} as ${taken?.nickname}: stand up`,
          other: `Seat ${seat}: ${taken?.nickname}`,
        }[who]);
      });
    }
  }
}

/** A nickname's last word tells players apart: where there is no room for more, it stands alone. */
function nameOf(nickname) {
  const last = nickname.slice(nickname.lastIndexOf(" ") + 1);
  return [h("span", { class: "seat-family" }, nickname.slice(0, -last.length)), last];
}
