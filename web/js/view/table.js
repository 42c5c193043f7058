// The screen of one table: puts the parts together and hands each its share of the snapshot.

import { FairnessPanel } from "./fairness_panel.js";
import { Header } from "./header.js";
import { PastRoundsPanel } from "./past_rounds.js";
import { PaytableDialog } from "./paytable_dialog.js";
import { RoundHistory } from "./round_history.js";
import { Scoreboard } from "./scoreboard.js";
import { foot, tableParts } from "./table_parts.js";
import { h } from "./dom.js";

export class TableView {
  #client;
  #header;
  #table;
  #parts;

  constructor({ root, client, api, onLobby, onAdd, onSignOut }) {
    this.#client = client;
    this.#table = tableParts(client);
    const fairness = new FairnessPanel({ api, onNotice: (notice) => this.notify(notice) });
    const pastRounds = new PastRoundsPanel({
      api, tableId: client.tableId, onVerify: (recalled) => fairness.openRecalled(recalled),
    });
    const paytable = new PaytableDialog();
    this.#header = new Header({
      actions: [
        { name: "lobby-open", label: "Lobby", run: onLobby },
        { name: "table-add", label: "+ Table", run: onAdd },
        { name: "past-rounds-open", label: "History", run: () => pastRounds.open() },
        { name: "paytable-open", label: "Paytable", run: () => paytable.open() },
        { name: "fairness-open", label: "Fairness", run: () => fairness.open() },
        { name: "sign-out", label: "Sign out", run: onSignOut },
      ],
    });
    const scoreboard = new Scoreboard();
    const history = new RoundHistory();
    this.#parts = [...this.#table.parts, scoreboard, history, pastRounds, fairness, paytable];
    root.replaceChildren(
      this.#header.element,
      h("main", { class: "floor" },
        this.#table.element,
        h("aside", { class: "floor-side", "aria-label": "Results" }, scoreboard.element, history.element)),
      foot(), pastRounds.element, fairness.element, paytable.element,
    );
  }

  update() {
    const snapshot = this.#client.snapshot();
    this.#header.update({
      ...snapshot, title: snapshot.table?.name ?? "Baccarat", subtitle: snapshot.round?.roundId ?? "",
    });
    for (const part of this.#parts) part.update(snapshot);
  }

  /** Show the player a message near the table: {kind: "error" | "info", text}. */
  notify(notice) {
    this.#table.notices.add(notice);
  }
}
