// Casino chips: their denominations, colours and pictures.

import { minorPerUnit, shortMoneyText } from "../money.js";
import { h, s } from "./dom.js";

const UNITS = [1, 5, 25, 100, 500];

/** The denominations of a currency in minor units, smallest first. */
export const denominations = (currency) => UNITS.map((units) => units * minorPerUnit(currency));

/** A chip's picture; the colour is the stylesheet's. */
export function chipPicture(minor, currency) {
  const units = minor / minorPerUnit(currency);
  const spots = Array.from({ length: 8 }, (_, at) => s("path", {
    class: "chip-edge", d: "M42 2.700A48 48 0 0 1 58 2.700L55.5 17.400A33 33 0 0 0 44.5 17.400Z",
    transform: `rotate(${at * 45} 50 50)`,
  }));
  return s(
    "svg", { viewBox: "0 0 100 100", class: `chip-picture chip-${UNITS.includes(units) ? units : "sum"}`, "aria-hidden": "true" },
    s("circle", { class: "chip-body", cx: 50, cy: 50, r: 48 }),
    ...spots,
    s("circle", { class: "chip-ring", cx: 50, cy: 50, r: 33 }),
    s("circle", { class: "chip-centre", cx: 50, cy: 50, r: 30 }),
    s("text", { class: "chip-text", x: 50, y: 60, "text-anchor": "middle" }, String(units)),
  );
}

/** The chips that make up a sum, largest first, at most `most`; the rest is in the printed sum. */
function chipsOf(minor, currency, most) {
  const chips = [];
  let left = minor;
  for (const value of denominations(currency).reverse()) {
    while (left >= value && chips.length < most) {
      chips.push(value);
      left -= value;
    }
  }
  return chips.length || !minor ? chips : [denominations(currency)[0]];
}

/** A stack of chips with the sum beside it. */
export function chipStack(minor, currency, pending) {
  return h(
    "span", { class: `stack${pending ? " stack-pending" : ""}` },
    h("span", { class: "stack-chips" }, chipsOf(minor, currency, 5).map((value) => chipPicture(value, currency))),
    h("span", { class: "stack-sum" }, shortMoneyText(minor, currency)),
  );
}
