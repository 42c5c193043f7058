// A playing card drawn as SVG: index corners, pips as on paper, framed court cards.

import { h, s, setVariable } from "./dom.js";

const SUIT_PATHS = {
  H: "M0 9C-3 6-10 1-10-4.5C-10-8-7.5-10-5-10C-2.5-10-.8-8.5 0-6.5C.8-8.5 2.5-10 5-10C7.5-10 10-8 10-4.5C10 1 3 6 0 9Z",
  D: "M0-11C2-7 5-3 8 0C5 3 2 7 0 11C-2 7-5 3-8 0C-5-3-2-7 0-11Z",
  S: "M0-11C3-7 10-3 10 3C10 6.5 7.5 8 5 8C3.3 8 2 7.3 1.1 6C1.2 8 1.8 9.8 3.5 11H-3.5C-1.8 9.8-1.2 8-1.1 6C-2 7.3-3.3 8-5 8C-7.5 8-10 6.5-10 3C-10-3-3-7 0-11Z",
  C: "M0-11C3-11 5-9 5-6.3C5-4.8 4.3-3.5 3.2-2.6C4-3 4.7-3.1 5.5-3.1C8.3-3.1 10.3-1 10.3 1.9C10.3 4.8 8.2 7 5.4 7C3.5 7 2 6.2 1.1 4.8C1.2 7.5 1.8 9.8 3.5 11H-3.5C-1.8 9.8-1.2 7.5-1.1 4.8C-2 6.2-3.5 7-5.4 7C-8.2 7-10.3 4.8-10.3 1.9C-10.3-1-8.3-3.1-5.5-3.1C-4.7-3.1-4-3-3.2-2.6C-4.3-3.5-5-4.8-5-6.3C-5-9-3-11 0-11Z",
};
const SUIT_NAMES = { H: "hearts", D: "diamonds", S: "spades", C: "clubs" };
const RANK_NAMES = { A: "ace", T: "ten", J: "jack", Q: "queen", K: "king" };

// Pip places on a 100 × 140 card.
const [L, M, R] = [36, 50, 64];
const [Y1, Y2, Y3, Y4, Y5, Y6, Y7] = [30, 43.3, 50, 56.7, 70, 83.3, 110];
const PIPS = {
  2: [[M, Y1], [M, Y7]],
  3: [[M, Y1], [M, Y5], [M, Y7]],
  4: [[L, Y1], [R, Y1], [L, Y7], [R, Y7]],
  5: [[L, Y1], [R, Y1], [M, Y5], [L, Y7], [R, Y7]],
  6: [[L, Y1], [R, Y1], [L, Y5], [R, Y5], [L, Y7], [R, Y7]],
  7: [[L, Y1], [R, Y1], [M, Y3], [L, Y5], [R, Y5], [L, Y7], [R, Y7]],
  8: [[L, Y1], [R, Y1], [M, Y3], [L, Y5], [R, Y5], [M, 90], [L, Y7], [R, Y7]],
  9: [[L, Y1], [R, Y1], [L, Y4], [R, Y4], [M, Y5], [L, Y6], [R, Y6], [L, Y7], [R, Y7]],
  T: [[L, Y1], [R, Y1], [M, Y2], [L, Y4], [R, Y4], [L, Y6], [R, Y6], [M, 96.7], [L, Y7], [R, Y7]],
};

/** The spoken name of a card code: "eight of hearts" for 8H. */
export const cardName = (code) => `${RANK_NAMES[code[0]] ?? code[0]} of ${SUIT_NAMES[code[1]]}`;

/** A suit symbol centred on x, y, as an SVG path. */
export const suit = (letter, x, y, scale, turned = false) => s("path", {
  d: SUIT_PATHS[letter],
  transform: `translate(${x} ${y}) scale(${turned ? -scale : scale})`,
});

function corner(code, turned) {
  const rank = code[0] === "T" ? "10" : code[0];
  return s(
    "g", { transform: turned ? "rotate(180 50 70)" : null },
    s("text", {
      x: 13, y: 24, class: "card-rank", "text-anchor": "middle",
      ...(rank === "10" ? { textLength: 19, lengthAdjust: "spacingAndGlyphs" } : {}),
    }, rank),
    suit(code[1], 13, 36, 0.62),
  );
}

function middle(code) {
  const [rank, suitLetter] = code;
  if (rank === "A") return [suit(suitLetter, 50, 70, 2.3)];
  if (rank in PIPS) {
    return PIPS[rank].map(([x, y]) => suit(suitLetter, x, y, 0.8, y > 70));
  }
  const half = (turned) => s(
    "g", { transform: turned ? "rotate(180 50 70)" : null },
    s("path", { class: "card-court-field", d: "M27 70V20H73V70Z" }),
    s("path", { class: "card-court-band", d: "M27 62L73 46V53L27 69Z" }),
    suit(suitLetter, 37, 31, 0.62),
    s("text", { x: 53, y: 59, class: "card-court", "text-anchor": "middle" }, rank),
  );
  return [
    half(false), half(true),
    s("rect", { class: "card-court-frame", x: 27, y: 20, width: 46, height: 100, rx: 2 }),
  ];
}

function face(code) {
  return s(
    "svg", { viewBox: "0 0 100 140", class: "card-face", "aria-hidden": "true" },
    s("rect", { class: "card-paper", x: 0.5, y: 0.5, width: 99, height: 139, rx: 7 }),
    ...middle(code), corner(code, false), corner(code, true),
  );
}

function back() {
  const lattice = [];
  for (let at = -140; at <= 140; at += 10) {
    lattice.push(s("path", { d: `M${at} 8L${at + 124} 132M${at + 124} 8L${at} 132` }));
  }
  return s(
    "svg", { viewBox: "0 0 100 140", class: "card-back", "aria-hidden": "true" },
    s("rect", { class: "card-paper", x: 0.5, y: 0.5, width: 99, height: 139, rx: 7 }),
    s("svg", { x: 7, y: 7, width: 86, height: 126, viewBox: "7 7 86 126" },
      s("rect", { class: "card-back-field", x: 7, y: 7, width: 86, height: 126, rx: 4 }),
      s("g", { class: "card-back-lattice" }, ...lattice)),
    s("path", { class: "card-back-mark", d: "M50 52L64 70L50 88L36 70Z" }),
  );
}

/**
 * One card on the table, back side up until `revealCard`.
 * `animate` is false for a card that lay there before this client came.
 */
export function playingCard({ to, card }, { animate, flipMs, sideways }) {
  const element = h(
    "div",
    {
      class: `card${animate ? " card-dealt" : ""}${sideways ? " card-sideways" : ""}`,
      "data-testid": "card", "data-card": card, "data-to": to,
      role: "img", "aria-label": "a card face down",
    },
    h("div", { class: "card-turn" },
      h("div", { class: `card-side card-front${"HD".includes(card[1]) ? " card-red" : ""}` }, face(card)),
      h("div", { class: "card-side card-reverse" }, back())),
  );
  setVariable(element, "--flip-ms", `${Math.round(flipMs)}ms`);
  return element;
}

/** Mark a card as lying face up; it turns over in the time it was given, or at once. */
export function revealCard(element, code, { atOnce = false } = {}) {
  if (atOnce) setVariable(element, "--flip-ms", "0ms");
  element.classList.add("card-open");
  element.setAttribute("aria-label", cardName(code));
}
