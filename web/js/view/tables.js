// The screen of several tables side by side: each in short, and each takes bets.

import { shortMoneyText } from "../money.js";
import { Header } from "./header.js";
import { MiniRoad } from "./mini_road.js";
import { foot, tableParts } from "./table_parts.js";
import { h, setText } from "./dom.js";

export class TablesView {
  #session;
  #header;
  #tables;

  /** `onOnly(tableId)` shows one table alone, `onLeave(tableId)` leaves one. */
  constructor({ root, session, canAdd, onLobby, onAdd, onOnly, onLeave, onSignOut }) {
    this.#session = session;
    this.#header = new Header({
      actions: [
        { name: "lobby-open", label: "Lobby", run: onLobby },
        ...(canAdd ? [{ name: "table-add", label: "+ Table", run: onAdd }] : []),
        { name: "sign-out", label: "Sign out", run: onSignOut },
      ],
    });
    this.#tables = session.tables.map((client) => new ShortTable({
      client, onOnly: () => onOnly(client.tableId), onLeave: () => onLeave(client.tableId),
    }));
    root.replaceChildren(
      this.#header.element,
      h("main", { class: "side-by-side", "data-count": this.#tables.length }, this.#tables.map(({ element }) => element)),
      foot(),
    );
  }

  update() {
    const snapshots = this.#tables.map((table) => table.update());
    const worst = snapshots.find(({ connection }) => connection !== "online")?.connection;
    const session = this.#session.snapshot();
    this.#header.update({
      ...session, connection: worst ?? session.connection,
      title: `${this.#tables.length} tables`, subtitle: snapshots.map(({ table }) => table?.name ?? "…").join(" · "),
    });
  }

  notify(notice) {
    const table = this.#tables.find(({ tableId }) => tableId === notice.tableId) ?? this.#tables[0];
    table.notices.add(notice);
  }
}

class ShortTable {
  #client;
  #parts;
  #road = new MiniRoad();
  #name = h("h2", { class: "short-name" });
  #limits = h("span", { class: "short-limits" });

  constructor({ client, onOnly, onLeave }) {
    this.#client = client;
    const { element, parts, notices } = tableParts(client);
    this.#parts = parts;
    this.notices = notices;
    this.element = h("section", { class: "short", "data-testid": "short-table", "data-table": client.tableId, "aria-label": client.tableId },
      h("header", { class: "short-head" }, this.#name, this.#limits, this.#road.element,
        h("button", { type: "button", class: "button-plain short-button", "data-testid": "table-only", title: "Show this table alone", "aria-label": "Show this table alone", onclick: onOnly }, "⤢"),
        h("button", { type: "button", class: "button-plain short-button", "data-testid": "table-leave", title: "Leave this table", "aria-label": "Leave this table", onclick: onLeave }, "✕")),
      element);
  }

  get tableId() {
    return this.#client.tableId;
  }

  update() {
    const snapshot = this.#client.snapshot();
    const { table, history, currency, limits } = snapshot;
    setText(this.#name, table?.name ?? this.tableId);
    if (table) this.element.setAttribute("aria-label", table.name);
    setText(this.#limits, limits.PLAYER
      ? `${shortMoneyText(limits.PLAYER.min_minor, currency)} – ${shortMoneyText(limits.PLAYER.max_minor, currency)}` : "");
    this.#road.update(history);
    for (const part of this.#parts) part.update(snapshot);
    return snapshot;
  }
}
