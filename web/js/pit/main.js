// Entry of the pit desk: sign-in, table, then the pit's screen.

import { bootFailed, startStaffPage } from "../staff/staff_page.js";
import { TableChoice, askTables, tableOfAddress } from "../staff/table_choice.js";
import { refusalWords } from "../staff/words.js";
import { newestSettled } from "./actions.js";
import { askBurn, askCard, askCorrection, askEndShoe, askReason, askRescan, askVoid, askYes } from "./dialogs.js";
import { PitClient } from "./pit_client.js";
import { PitView } from "./pit_view.js";

const DRAW_EVERY_MS = 500;
const TABLES_EVERY_MS = 5_000;

function openPit({ config, api, leave }) {
  const place = document.getElementById("pit-page");
  let refusal = null;
  let listsTables = true;

  const client = new PitClient({
    api,
    onChange: () => draw(),
    onRefused(words) {
      refusal = words;
      draw();
    },
    onNoTable: (error) => chooseTable(refusalWords(error, "pit").title),
    onEnd: (error) => leave(error.message),
  });

  const hand = () => client.snapshot().desk.hand;
  /** Send what was asked for; an answer of null was called off. */
  async function give(answer, command) {
    if (answer === null) return;
    refusal = null;
    await client.give(command(answer));
  }

  // The hand is read before the question: the answer is about that one, whatever is dealt meanwhile.
  const on = {
    open: async () => give(await askReason("Open the table", "The next round opens as soon as dealer and shoe are there.", "Open"),
      ({ note }) => ({ kind: "set_status", status: "OPEN", note })),
    pause: async () => give(await askReason("Pause the table", "A round in play is finished; no next one opens.", "Pause"),
      ({ note }) => ({ kind: "set_status", status: "PAUSED", note })),
    close: async () => give(await askReason("Close the table", "A round in play is finished; then the table is closed.", "Close the table", { danger: true }),
      ({ note }) => ({ kind: "set_status", status: "CLOSED", note })),
    relieve: async () => give(await askYes("Relieve the dealer", "The dealer leaves the desk. A hand in play goes on when another dealer takes it.", "Relieve", { danger: true }),
      () => ({ kind: "relieve_dealer" })),
    async endShoe() {
      const { desk } = client.snapshot();
      give(await askEndShoe(desk), ({ left = null }) => ({ kind: "end_shoe", shoeId: desk.shoe.shoeId, left }));
    },
    async void() {
      const { roundId } = hand();
      give(await askVoid(roundId), ({ note }) => ({ kind: "void", roundId, note }));
    },
    async pauseDealing() {
      const { roundId } = hand();
      give(await askReason("Pause the deal", "No card is taken until you let the deal go on.", "Pause the deal"),
        ({ note }) => ({ kind: "pause_dealing", roundId, note }));
    },
    async resume() {
      const { roundId } = hand();
      give(await askYes("Resume the deal", "The cards on the table are those on this page?", "Yes, go on"),
        () => ({ kind: "resume_dealing", roundId }));
    },
    async rescan() {
      const { roundId, cards } = hand();
      give(await askRescan(cards), ({ place: from, note }) => ({ kind: "rescan", roundId, place: from, note }));
    },
    async enterCard() {
      const { roundId, place: at, next } = hand();
      give(await askCard({ place: at, next }), ({ card }) => ({ kind: "enter_card", roundId, place: at, card }));
    },
    async burnCard() {
      const { roundId, burned } = hand();
      give(await askBurn(), ({ card, note }) => ({ kind: "burn_card", roundId, number: burned.length + 1, card, note }));
    },
    async propose() {
      const { desk, events } = client.snapshot();
      give(await askCorrection(newestSettled(desk, events)),
        ({ roundId, cards, note }) => ({ kind: "propose_correction", roundId, cards, note }));
    },
    approve: async ({ correctionId, roundId }) => give(await askYes("Approve the correction", `Round ${roundId}: every player's balance is changed at once.`, "Approve", { danger: true }),
      () => ({ kind: "approve_correction", correctionId })),
    reject: async ({ correctionId, roundId }) => give(await askReason("Reject the correction", `Round ${roundId} stays as it was settled.`, "Reject"),
      ({ note }) => ({ kind: "reject_correction", correctionId, note })),
    choose: (tableId) => open(tableId),
    acknowledge() {
      refusal = null;
      draw();
    },
    chooseTable: () => chooseTable(),
    signOut: () => leave(),
  };
  const view = new PitView({ on });
  const named = tableOfAddress(location);
  const choice = new TableChoice({ tableId: named ?? config.tableId, onChoose: (tableId) => open(tableId) });
  place.replaceChildren(choice.element, view.element);
  place.hidden = false;

  function open(tableId) {
    choice.hide();
    view.element.hidden = false;
    refusal = null;
    client.open(tableId);
    listTables();
  }

  async function chooseTable(message = "") {
    view.element.hidden = true;
    choice.show(message);
    choice.list(await askTables(client.session));
  }

  async function listTables() {
    if (!listsTables || view.element.hidden) return;
    const tables = await askTables(client.session);
    // A house that does not list its tables is not asked for ever.
    if (tables === null && client.session.state === "online") listsTables = false;
    view.showTables(tables, client.snapshot().tableId);
  }

  function draw() {
    view.update({ ...client.snapshot(), refusal });
  }

  const drawTimer = setInterval(draw, DRAW_EVERY_MS);
  const tablesTimer = setInterval(listTables, TABLES_EVERY_MS);
  client.start();
  if (named !== null) open(named);
  else chooseTable();
  draw();
  // For the browser tests and for support; it can read and disconnect.
  window.pit = {
    diagnostics: {
      dropConnection: () => client.session.dropConnection(),
      state: () => client.snapshot().desk?.status ?? null,
    },
  };

  return function close() {
    clearInterval(drawTimer);
    clearInterval(tablesTimer);
    client.stop();
    place.hidden = true;
    place.replaceChildren();
    delete window.pit;
  };
}

startStaffPage({ title: "Pit", lead: "Sign in to watch over the tables.", open: openPit }).catch(bootFailed);
