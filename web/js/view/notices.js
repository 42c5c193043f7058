// Messages over the table that go away by themselves; spoken by screen readers at once.

import { h } from "./dom.js";

const SHOWN_MS = 6_000;
const MOST = 3;

export class Notices {
  element = h("div", { class: "notices", role: "alert", "data-testid": "notices" });

  add({ kind, text }) {
    for (const shown of this.element.children) if (shown.textContent === text) shown.remove();
    const notice = h("p", { class: `notice notice-${kind}`, "data-testid": "notice" }, text);
    this.element.append(notice);
    while (this.element.children.length > MOST) this.element.firstChild.remove();
    setTimeout(() => notice.remove(), SHOWN_MS);
  }
}
