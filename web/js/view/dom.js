// Small helpers to build and update DOM; nothing here parses markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An HTML element; properties starting with "on" are listeners, all others attributes. */
export const h = (tag, properties = {}, ...children) =>
  fill(document.createElement(tag), properties, children);

/** An SVG element. */
export const s = (tag, properties = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), properties, children);

/** Set a text only when it differs, so that live regions speak once and selections survive. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set or, with null, remove an attribute only when it differs. */
export function setAttribute(element, name, value) {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value);
  }
}

/** Set a CSS custom property; allowed by the content security policy, unlike a style attribute. */
export const setVariable = (element, name, value) => element.style.setProperty(name, value);

/** Call `build` only when `key` differs from the last call for this element. */
const keys = new WeakMap();
export function whenChanged(element, key, build) {
  if (keys.get(element) === key) return;
  keys.set(element, key);
  build();
}
