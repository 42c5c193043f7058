// The head of every screen: where the player is, clock, line, balance, the session's net position.

import { moneyText, signedMoneyText } from "../money.js";
import { h, s, setAttribute, setText } from "./dom.js";

/** On a phone a picture stands above each label; drawn on 20 × 20. */
const ICONS = {
  "lobby-open": "M3 3h5.5v5.5H3zM11.5 3H17v5.5h-5.5zM3 11.5h5.5V17H3zM11.5 11.5H17V17h-5.5z",
  "lobby-back": "M17 10H3M9 4l-6 6 6 6",
  "table-add": "M3 7h10v10H3zM7 7V3h10v10h-4M8 9.5v5M5.5 12h5",
  "past-rounds-open": "M10 2.5a7.5 7.5 0 1 0 .01 0M10 6v4.200l3 2",
  "paytable-open": "M3 5h9M3 10h9M3 15h9M15 5h2M15 10h2M15 15h2",
  "fairness-open": "M10 2l6.5 2.200V9c0 4.3-2.6 7.2-6.5 9-3.9-1.8-6.5-4.7-6.5-9V4.200zM7 9.800l2.2 2.2 4-4.2",
  "sign-out": "M8 3H4v14h4M12.5 6l4 4-4 4M16 10H8",
};
const LINE = { online: "Live", connecting: "Connecting", offline: "Offline" };

export class Header {
  #name = h("h1", { class: "head-name", tabindex: -1 }, "Baccarat");
  #round = h("span", { "data-testid": "round-id" });
  #dealer = h("span", { class: "head-dealer", "data-testid": "dealer" });
  #clock = h("time", { class: "head-clock" });
  #line = h("span", { class: "head-line", role: "status", "data-testid": "connection", "data-state": "offline" });
  #balance = h("output", { class: "figure", "data-testid": "balance" }, "–");
  #balanceFigure = h("div", { class: "head-figure" }, h("span", { class: "figure-label" }, "Balance"), this.#balance);
  #net = h("output", { class: "figure", "data-testid": "net" }, "–");
  #netLabel = h("span", { class: "figure-label" }, "Session");
  #banner = h("p", { class: "line-banner", role: "status", hidden: true });

  /** `actions` are the buttons: [{name, label, run}]; `name` is their test id. */
  constructor({ actions }) {
    this.element = h(
      "header", { class: "head" },
      h("div", { class: "head-table" },
        h("span", { class: "head-mark", "aria-hidden": "true" }, "♠"),
        h("div", { class: "head-titles" }, this.#name,
          h("p", { class: "head-where" }, this.#line, this.#clock, this.#round, this.#dealer))),
      h("div", { class: "head-figures" },
        this.#balanceFigure,
        h("div", { class: "head-figure" }, this.#netLabel, this.#net)),
      h("div", { class: "head-actions" }, actions.map(({ name, label, run }) =>
        h("button", { type: "button", class: "button-plain", "data-testid": name, onclick: run },
          s("svg", { class: "head-icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, s("path", { d: ICONS[name] })), label))),
      this.#banner,
    );
  }

  /**
   * `title` and `subtitle` say where the player is; the rest is his session's snapshot. The house tells
   * the balance at a table: before the first, the lobby shows none.
   */
  update({ title, subtitle, nowMs, connection, wallet, currency, record, dealer = null, waitsForTable = true }) {
    setText(this.#name, title);
    setText(this.#round, subtitle);
    setText(this.#dealer, dealer === null ? "" : `Dealer ${dealer}`);
    const date = new Date(nowMs);
    setText(this.#clock, date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" }));
    setAttribute(this.#clock, "datetime", `${date.toISOString().slice(0, 19)}Z`);
    setAttribute(this.#line, "data-state", connection);
    setText(this.#line, LINE[connection]);
    this.#balanceFigure.hidden = wallet === null && !waitsForTable;
    setText(this.#balance, wallet ? moneyText(wallet.available_minor, wallet.currency) : "–");
    setAttribute(this.#balance, "data-minor", wallet ? wallet.available_minor : null);
    const net = record.netMinor;
    setText(this.#net, signedMoneyText(net, currency));
    setAttribute(this.#net, "data-minor", net);
    setAttribute(this.#net, "data-sign", Math.sign(net));
    const minutes = Math.max(0, Math.floor((Date.now() - record.startedAtMs) / 60_000));
    setText(this.#netLabel, minutes > 0 ? `Session ${minutes} min` : "Session");
    this.#banner.hidden = connection === "online";
    setText(this.#banner, connection === "online" ? "" : wallet
      ? "Reconnecting… Your accepted bets stand."
      : "Connecting to the house…");
  }
}
