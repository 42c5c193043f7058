// Stage, layout and controls on a page of their own, for tests/e2e/test_views.py: a made-up round at a
// moment that the test chooses.

import { BetControls } from "../../web/js/view/bet_controls.js";
import { Layout } from "../../web/js/view/layout.js";
import { Stage } from "../../web/js/view/stage.js";
import { OwnBets } from "../../web/js/own_bets.js";
import { PAYTABLES } from "../../web/js/paytable.js";
import { present } from "../../web/js/presentation.js";
import { resultOf } from "../../web/js/coup.js";
import { initialState, join } from "../../web/js/table_state.js";
import { DEALT_AT, INTERVAL, Log, joined, roundIdOf } from "./builders.mjs";

const stage = new Stage();
const layout = new Layout({ onSpot: () => {} });
const controls = new BetControls({ onUndo() {}, onClear() {}, onBets: (bets) => { window.placed = bets; } });
document.body.append(stage.element, layout.element, controls.element);

/**
 * Draw the round. `cards` as ["PLAYER", "5H"] in dealing order; `shown` counts the cards that have been
 * on the table for half an interval: one more than there are for the settled round, below none for the
 * open one. `stakes` are the player's, by spot.
 */
window.draw = ({ version, presentation, cards, shown, stakes = {}, roundNo = 1 }) => {
  const log = new Log();
  const limits = Object.fromEntries(Object.keys(PAYTABLES[version].odds)
    .map((spot) => [spot, { min_minor: 100, max_minor: 50_000 }]));
  const dealt = cards.map(([to, card]) => ({ to, card }));
  const shownAt = DEALT_AT + cards.length * INTERVAL;
  const roundId = roundIdOf(roundNo);
  const opened = log.opened(roundNo);
  Object.assign(opened.data, { paytable: version, limits });
  const events = shown < 0 ? [opened] : [
    opened, ...log.closed(roundNo),
    log.event("CARDS_DEALT", roundId, DEALT_AT, { cards: dealt, shown_at_ms: shownAt }),
    log.event("ROUND_RESOLVED", roundId, shownAt, resultOf(dealt)), log.settled(roundNo),
  ];
  const nowMs = DEALT_AT + (shown - 0.5) * INTERVAL;
  const { state } = join(initialState(), joined(events));
  const view = present(state, nowMs);
  const bets = new OwnBets();
  for (const [spot, stake] of Object.entries(stakes)) {
    bets.update({ betId: spot, roundId, spot, stake_minor: stake, state: "PLACED", payout_minor: 0, reason: null });
  }
  const snapshot = {
    ...view, nowMs, bets, limits, currency: "EUR", paytable: version, canBet: view.phase === "open",
    table: { presentation }, wallet: {}, spendableMinor: 100_000, clearing: false,
  };
  stage.update(snapshot);
  layout.update(snapshot);
  controls.update(snapshot);
};
