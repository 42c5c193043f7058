// The table screen: puts the parts together and hands each its share of the snapshot.

import { BetControls } from "./bet_controls.js";
import { FairnessPanel } from "./fairness_panel.js";
import { Header } from "./header.js";
import { Layout } from "./layout.js";
import { Notices } from "./notices.js";
import { PaytableDialog } from "./paytable_dialog.js";
import { RoundHistory } from "./round_history.js";
import { Scoreboard } from "./scoreboard.js";
import { Stage } from "./stage.js";
import { h } from "./dom.js";

export class TableView {
  #root = document.getElementById("table");
  #parts;
  #notices = new Notices();

  constructor({ client, api, onSignOut }) {
    const controls = new BetControls({
      onUndo: () => client.undo(),
      onClear: () => client.clear(),
      onBets: (bets) => client.placeBets(bets),
    });
    const layout = new Layout({
      onSpot: (spot) => { if (controls.selectedMinor) client.placeBets([{ spot, minor: controls.selectedMinor }]); },
    });
    const fairness = new FairnessPanel({ api, onNotice: (notice) => this.notify(notice) });
    const paytable = new PaytableDialog();
    const header = new Header({ onSignOut, onFairness: () => fairness.open(), onPaytable: () => paytable.open() });
    const stage = new Stage();
    const scoreboard = new Scoreboard();
    const history = new RoundHistory();
    this.#parts = [header, stage, layout, controls, scoreboard, history, fairness, paytable];
    this.#root.replaceChildren(
      header.element,
      h("main", { class: "floor" },
        h("div", { class: "floor-table" },
          h("div", { class: "stage-frame" }, stage.element, this.#notices.element),
          layout.element, controls.element),
        h("aside", { class: "floor-side", "aria-label": "Results" }, scoreboard.element, history.element)),
      h("footer", { class: "foot" },
        "18+ only. Gambling can be addictive: set yourself a limit and stop when it is no longer fun. Play responsibly."),
      fairness.element, paytable.element,
    );
  }

  show() {
    this.#root.hidden = false;
  }

  hide() {
    this.#root.hidden = true;
    this.#root.replaceChildren();
  }

  update(snapshot) {
    for (const part of this.#parts) part.update(snapshot);
  }

  /** Show the player a message near the table: {kind: "error" | "info", text}. */
  notify(notice) {
    this.#notices.add(notice);
  }
}
