// Entry of the dealer's desk: sign-in, table, then the one screen.

import { AutoConfirm } from "./auto_confirm.js";
import { Beep } from "./beep.js";
import { DeskClient } from "./desk_client.js";
import { DeskScreenView } from "./desk_view.js";
import { CUT, Scanner } from "./scanner.js";
import { EndShoeDialog, EnterShoeDialog } from "./shoe_dialogs.js";
import { bootFailed, startStaffPage } from "../staff/staff_page.js";
import { TableChoice, askTables, tableOfAddress } from "../staff/table_choice.js";
import { refusalWords } from "../staff/words.js";

const DRAW_EVERY_MS = 100;
const AUTO_KEY = "baccarat.desk.auto";
// Stop the deal at once; other alarms want a look.
const RED = new Set(["WRONG_CARD", "CARD_NOT_POSSIBLE", "DEALING_PAUSED", "NOT_YOUR_TABLE", "NO_ANSWER"]);
const TEXT_FIELDS = "input:not([type=checkbox]):not([type=file]), textarea, select";
const CONTROLS = "button, input, a, textarea, select";

function openDesk({ config, api, leave }) {
  const scanner = new Scanner();
  const beep = new Beep();
  const autoConfirm = new AutoConfirm();
  const place = document.getElementById("desk-page");
  let alarm = null;
  let autoOn = sessionStorage.getItem(AUTO_KEY) === "1";
  let shoeDialog = null;
  let offered = ""; // the dialog that was opened by itself, so that it is opened once only

  const client = new DeskClient({
    api,
    onChange: () => draw(),
    onAlarm: (words) => raise(words),
    onScanned: () => acknowledge(),
    onDecided() {
      if (alarm?.code === "SCAN_PENDING") acknowledge();
    },
    onNoTable: (error) => chooseTable(refusalWords(error, "desk").title),
    onEnd: (error) => leave(error.message),
  });
  const view = new DeskScreenView({
    on: {
      acknowledge: () => acknowledge(),
      confirm: () => client.confirm(),
      undo: () => client.undo(),
      cut: () => client.cutCard(),
      takeDesk: () => client.takeDesk(),
      leaveDesk: () => client.leaveDesk(),
      newShoe: () => openShoeDialog("enter"),
      endShoe: () => openShoeDialog("end"),
      auto() {
        autoOn = !autoOn;
        sessionStorage.setItem(AUTO_KEY, autoOn ? "1" : "0");
        draw();
      },
      mute() {
        beep.isMuted = !beep.isMuted;
        draw();
      },
      chooseTable: () => chooseTable(),
      signOut: () => leave(),
    },
  });
  const named = tableOfAddress(location);
  const choice = new TableChoice({
    tableId: named ?? config.tableId,
    title: "Which desk?",
    fits: ({ mode }) => mode !== "rng",
    onChoose(tableId) {
      choice.hide();
      view.element.hidden = false;
      client.open(tableId);
    },
  });
  place.replaceChildren(choice.element, view.element);
  place.hidden = false;

  async function chooseTable(message = "") {
    view.element.hidden = true;
    choice.show(message);
    choice.list(await askTables(client.session));
  }

  function raise(words) {
    alarm = { ...words, tone: RED.has(words.code) ? "red" : "amber" };
    beep.sound();
    draw();
  }

  function acknowledge() {
    alarm = null;
    draw();
  }

  function draw() {
    const { desk } = client;
    const screen = client.screen();
    const waits = autoOn && alarm === null && screen.canConfirm
      ? `${desk.hand.roundId}/${desk.hand.place}/${screen.pending}` : null;
    const { progress, due } = autoConfirm.update(waits, performance.now());
    if (due) client.confirm();
    offerDialog(screen, desk);
    view.update({
      desk, screen, alarm,
      line: client.session.state,
      me: client.session.identity?.playerId,
      nowMs: client.session.nowMs(),
      auto: { on: autoOn, progress },
      muted: beep.isMuted,
      typed: scanner.buffer,
    });
  }

  function offerDialog({ dialog }, desk) {
    const key = dialog === null ? "" : `${dialog} ${desk.tableId} ${desk.shoe?.shoeId}`;
    if (key === offered || view.element.hidden) return;
    offered = key;
    if (dialog !== null) openShoeDialog(dialog);
  }

  function openShoeDialog(kind) {
    if (shoeDialog !== null) return;
    const { desk } = client;
    // The shoe is named when its dialog opens: sent again after a lost answer, it is the same one.
    const procedure = { shoeId: desk.nextShoeId, mode: desk.mode, burn: desk.burn, decks: desk.decks };
    shoeDialog = kind === "enter"
      ? new EnterShoeDialog({ procedure, onSend: (command) => client.enterShoe(command) })
      : new EndShoeDialog({ desk, onSend: (cards) => client.endShoe(desk.shoe.shoeId, cards) });
    const { element } = shoeDialog;
    place.append(element);
    view.alarmInto(element);
    element.addEventListener("close", () => {
      view.alarmInto(null);
      element.remove();
      shoeDialog = null;
    });
    element.showModal();
  }

  function scanned(scan) {
    if (scan.kind === "unreadable") {
      raise(refusalWords({ code: "UNREADABLE", details: { text: scan.text } }, "desk"));
    } else if (shoeDialog !== null) {
      if (scan.kind === "card") {
        acknowledge();
        shoeDialog.scanned(scan.card);
      } else raise(refusalWords({ code: "UNREADABLE", details: { text: CUT } }, "desk"));
    } else if (scan.kind === "cut") {
      client.cutCard();
    } else {
      client.scan(scan.card);
    }
  }

  function onKey(event) {
    if (view.element.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.(TEXT_FIELDS)) return;
    if (event.key === "Escape" && alarm !== null) {
      event.preventDefault(); // the dialog under it stays
      acknowledge();
      return;
    }
    if (event.repeat) return;
    // Enter on a control is for that control, unless it ends a scan.
    if (event.key === "Enter" && scanner.buffer === "" && event.target.closest?.(CONTROLS)) return;
    const what = scanner.key(event.key, performance.now());
    if (what === null) return;
    event.preventDefault();
    if (what.kind === "confirm" || what.kind === "undo") {
      if (shoeDialog === null) client[what.kind]();
    } else if (what.kind !== "typing") {
      scanned(what);
    }
    draw();
  }

  // A button clicked with the mouse keeps no focus: the next Enter is the scanner's.
  function onClick(event) {
    if (event.detail > 0) event.target.closest?.("button")?.blur();
  }

  document.addEventListener("keydown", onKey, true);
  document.addEventListener("click", onClick);
  const drawTimer = setInterval(draw, DRAW_EVERY_MS);
  client.start();
  if (named !== null) choice.onChoose(named);
  else chooseTable();
  draw();
  // For the browser tests and for support; it can read and disconnect.
  window.desk = {
    diagnostics: {
      dropConnection: () => client.session.dropConnection(),
      state: () => client.screen().state,
    },
  };

  return function close() {
    clearInterval(drawTimer);
    document.removeEventListener("keydown", onKey, true);
    document.removeEventListener("click", onClick);
    client.stop();
    place.hidden = true;
    place.replaceChildren();
    delete window.desk;
  };
}

startStaffPage({
  title: "Dealer's desk", lead: "Sign in to deal.", open: openDesk,
}).catch(bootFailed);
