// The parts of a table that are the same whether it has the screen for itself or stands beside others.

import { BetControls } from "./bet_controls.js";
import { Layout } from "./layout.js";
import { Notices } from "./notices.js";
import { PictureView } from "./picture.js";
import { Seats } from "./seats.js";
import { Stage } from "./stage.js";
import { h } from "./dom.js";

export function tableParts(client) {
  const controls = new BetControls({
    onUndo: () => client.undo(),
    onClear: () => client.clear(),
    onBets: (bets) => client.placeBets(bets),
  });
  const layout = new Layout({
    onSpot: (spot) => { if (controls.selectedMinor) client.placeBets([{ spot, minor: controls.selectedMinor }]); },
  });
  const seats = new Seats({ onSit: (seat) => client.sit(seat), onStand: () => client.stand() });
  const picture = new PictureView(client.player);
  const stage = new Stage();
  const notices = new Notices();
  return {
    notices,
    parts: [picture, stage, seats, layout, controls],
    element: h("div", { class: "floor-table", "data-table": client.tableId },
      h("div", { class: "stage-frame" }, picture.element, stage.element, notices.element),
      seats.element, layout.element, controls.element),
  };
}

/** Words that stand below every screen of the house. */
export const foot = () => h("footer", { class: "foot" },
  "18+ only. Gambling can be addictive: set yourself a limit and stop when it is no longer fun. Play responsibly.");
