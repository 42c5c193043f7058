// The head of every screen: where the player is, clock, line, balance, the session's net position.

import { moneyText, signedMoneyText } from "../money.js";
import { h, setAttribute, setText } from "./dom.js";

const LINE = { online: "Live", connecting: "Connecting", offline: "Offline" };

export class Header {
  #name = h("h1", { class: "head-name", tabindex: -1 }, "Baccarat");
  #round = h("span", { "data-testid": "round-id" });
  #dealer = h("span", { "data-testid": "dealer" });
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
        h("div", { class: "head-titles" }, this.#name, h("span", { class: "head-round" }, this.#round, this.#dealer))),
      h("div", { class: "head-state" }, this.#line, this.#clock),
      h("div", { class: "head-figures" },
        this.#balanceFigure,
        h("div", { class: "head-figure" }, this.#netLabel, this.#net)),
      h("div", { class: "head-actions" }, actions.map(({ name, label, run }) =>
        h("button", { type: "button", class: "button-plain", "data-testid": name, onclick: run }, label))),
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
    setText(this.#dealer, dealer === null ? "" : ` · dealer ${dealer}`);
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
