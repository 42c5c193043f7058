// Squeezing: a card that lies face down is peeled open by its player, with a pointer or a key.

import { OPENS_AT, fold, grip } from "../fold.js";
import { h, setVariable } from "./dom.js";

const BACK_MS = 160;

/**
 * Let the player peel a card of playing_card.js that lies face down; `onOpen()` is called when it is to
 * be turned. Returns a function that ends this, whatever the card's state.
 */
export function squeezable(card, onOpen) {
  const lying = h("div", { class: "squeeze-lying" }, card.querySelector(".card-back").cloneNode(true));
  const shade = h("div", { class: "squeeze-shade" });
  const flap = h("div", { class: "squeeze-flap" }, card.querySelector(".card-front").cloneNode(true), shade);
  const layer = h("div", { class: "squeeze", "aria-hidden": "true" }, lying, h("div", { class: "squeeze-shadow" }, flap));
  const listening = new AbortController();
  let hold = null; // {pointerId, touched, from, to}

  function draw() {
    const folded = hold && fold(sizeOf(card), hold.from, hold.to);
    card.classList.toggle("card-peeled", Boolean(folded));
    if (!folded) {
      layer.remove();
      return 0;
    }
    card.append(layer);
    lying.style.clipPath = polygon(folded.lying);
    flap.style.clipPath = polygon(folded.flap);
    flap.style.transform = `matrix(${folded.matrix.map((value) => value.toFixed(4)).join()})`;
    setVariable(shade, "--angle", `${folded.shade.angle.toFixed(4)}rad`);
    setVariable(shade, "--fold", `${folded.shade.at.toFixed(2)}px`);
    return folded.share;
  }

  function end() {
    listening.abort();
    hold = null;
    draw();
    card.classList.remove("card-squeezable");
    card.setAttribute("role", "img");
    // Not removed: the focus of a keyboard player would be lost.
    card.setAttribute("tabindex", "-1");
    card.removeAttribute("title");
  }

  function open() {
    end();
    onOpen();
  }

  function layBack() {
    const released = hold;
    const { from, to } = released;
    const start = performance.now();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = () => {
      if (hold !== released) return; // taken hold of again, or turned
      const left = still ? 0 : 1 - (performance.now() - start) / BACK_MS;
      if (left > 0) {
        released.to = { x: from.x + (to.x - from.x) * left, y: from.y + (to.y - from.y) * left };
        requestAnimationFrame(step);
      } else {
        hold = null;
      }
      draw();
    };
    step();
  }

  const on = (type, listener) => card.addEventListener(type, listener, { signal: listening.signal });
  on("pointerdown", (event) => {
    if (event.button !== 0) return;
    card.setPointerCapture(event.pointerId);
    const touched = pointOn(card, event);
    const from = grip(touched, sizeOf(card));
    hold = { pointerId: event.pointerId, touched, from, to: from };
  });
  on("pointermove", (event) => {
    if (hold?.pointerId !== event.pointerId) return;
    const { x, y } = pointOn(card, event);
    hold.to = { x: hold.from.x + x - hold.touched.x, y: hold.from.y + y - hold.touched.y };
    draw();
  });
  on("pointerup", (event) => {
    if (hold?.pointerId !== event.pointerId) return;
    hold.pointerId = null;
    if (draw() >= OPENS_AT) open();
    else layBack();
  });
  on("pointercancel", () => { if (hold) layBack(); });
  on("dblclick", open);
  on("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open();
  });

  card.classList.add("card-squeezable");
  card.setAttribute("role", "button");
  card.setAttribute("tabindex", "0");
  card.setAttribute("title", "Drag an edge to peel this card; double-click or press Enter to turn it");
  return end;
}

const sizeOf = (card) => ({ width: card.offsetWidth, height: card.offsetHeight });
const polygon = (points) =>
  `polygon(${points.map(({ x, y }) => `${x.toFixed(2)}px ${y.toFixed(2)}px`).join() || "0 0"})`;

/** Where a pointer is on the card as it lies, which may be sideways. */
function pointOn(card, { clientX, clientY }) {
  const box = card.getBoundingClientRect();
  const { a, b, c, d } = new DOMMatrix(getComputedStyle(card).transform).inverse();
  const x = clientX - (box.left + box.right) / 2;
  const y = clientY - (box.top + box.bottom) / 2;
  return { x: a * x + c * y + card.offsetWidth / 2, y: b * x + d * y + card.offsetHeight / 2 };
}
