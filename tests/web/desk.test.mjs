// The dealer's desk: what the scanner sends, what the screen says, what is entered for a shoe.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DECK } from "../../web/js/coup.js";
import { AUTO_CONFIRM_MS, AutoConfirm } from "../../web/js/desk/auto_confirm.js";
import { deskScreen } from "../../web/js/desk/desk_screen.js";
import { GAP_MS, Scanner } from "../../web/js/desk/scanner.js";
import { burnedWith, countLeft, enterShoe, readOrder } from "../../web/js/desk/shoe_entry.js";
import { readCard, readCards, tooMany } from "../../web/js/staff/card_codes.js";
import { refusalWords } from "../../web/js/staff/words.js";

const ROUND = "bac-5.000000042";
const SHOE = { shoeId: "bac-5.s3", cards_left: 300, unseen: 307, drawn: 116, hands_left: null };

function handView(more = {}) {
  return {
    roundId: ROUND, state: "DEALING", closes_at_ms: 10_000, cards: [], player_total: 0, banker_total: 0,
    next: "PLAYER", place: 1, pending: null, paused: null, cut_card_out: false, ...more,
  };
}

function deskView(more = {}) {
  return {
    tableId: "bac-5", name: "Salon", mode: "shoe", currency: "EUR", status: "OPEN", missing: null,
    dealerId: "dealer", heard_at_ms: 0, burn: true, decks: 8, shoe: SHOE, nextShoeId: "bac-5.s4", hand: null, ...more,
  };
}

const screenOf = (desk, more = {}) =>
  deskScreen({ desk, line: "online", nowMs: 4_000, seated: true, ...more });

/** What a scanner that sees these keys, 5 ms apart, says at the end of each scan. */
function scans(keys, scanner = new Scanner(), from = 0) {
  return keys.map((key, at) => scanner.key(key, from + at * 5)).filter((what) => what?.kind !== "typing");
}

const typed = (text) => [...text, "Enter"];

test("a scan is a code of a card that ends with Enter", () => {
  assert.deepEqual(scans(typed("KH")), [{ kind: "card", card: "KH" }]);
  assert.deepEqual(scans(typed("td")), [{ kind: "card", card: "TD" }]);
  assert.deepEqual(scans(typed("10d")), [{ kind: "card", card: "TD" }]);
  assert.deepEqual(scans(typed("cut")), [{ kind: "cut" }]);
  assert.deepEqual(scans([...typed("AS"), ...typed("2C")]).map(({ card }) => card), ["AS", "2C"]);
});

test("what is no code of a card is unreadable", () => {
  for (const text of ["K", "1H", "KHX", "11D", "KHKH", "?"]) {
    assert.deepEqual(scans(typed(text)), [{ kind: "unreadable", text }]);
  }
  const [{ text }] = scans(typed("x".repeat(500)));
  assert.ok(text.length < 30, "what a broken scanner sends does not fill the screen");
});

test("Enter and Backspace by themselves confirm and undo; within a scan Backspace takes a key back", () => {
  assert.deepEqual(scans(["Enter"]), [{ kind: "confirm" }]);
  assert.deepEqual(scans(["Backspace"]), [{ kind: "undo" }]);
  assert.deepEqual(scans(["K", "D", "Backspace", "H", "Enter"]), [{ kind: "card", card: "KH" }]);
});

test("a stray key of long ago is no part of a scan, and keys that are no characters never are", () => {
  const scanner = new Scanner();
  scanner.key("q", 0);
  assert.deepEqual(scans(typed("9S"), scanner, GAP_MS + 1), [{ kind: "card", card: "9S" }]);
  scanner.key("q", 5_000);
  assert.deepEqual(scanner.key("Enter", 5_001 + GAP_MS), { kind: "confirm" });
  assert.deepEqual([scanner.key("Shift", 0), scanner.key("F5", 0), scanner.key(" ", 0)], [null, null, null]);
});

test("many codes are read whatever separates them", () => {
  assert.deepEqual(readCards("kh, 10d\n7C;AS"), { cards: ["KH", "TD", "7C", "AS"], unread: null });
  assert.deepEqual(readCards("KH7C10S"), { cards: ["KH", "7C", "TS"], unread: null });
  assert.deepEqual(readCards("KH7C9X4S"), { cards: ["KH", "7C"], unread: "9X4S" });
  assert.equal(readCard(" 10h "), "TH");
  assert.equal(readCard("1H"), null);
  assert.deepEqual(tooMany(["KH", "KH", "7C"], 1), ["KH"]);
});

test("the screen goes from bets to the first card", () => {
  const betting = screenOf(deskView({ hand: handView({ state: "OPEN" }) }));
  assert.deepEqual([betting.state, betting.countdownMs, betting.canCut], ["BETTING", 6_000, false]);
  const late = screenOf(deskView({ hand: handView({ state: "OPEN" }) }), { nowMs: 10_001 });
  assert.deepEqual([late.state, late.countdownMs], ["NO_MORE_BETS", null]);
  const closed = deskView({ hand: handView({ state: "CLOSED" }) });
  assert.equal(screenOf(closed).next, null, "no card before the bets are counted");
  assert.equal(screenOf(closed, { sealed: "bac-5.000000041" }).next, null);
  const sealed = screenOf(closed, { sealed: ROUND });
  assert.deepEqual([sealed.state, sealed.next], ["NO_MORE_BETS", { place: 1, hand: "PLAYER" }]);
});

test("a card that waits can be confirmed or undone", () => {
  const screen = screenOf(deskView({ hand: handView({ pending: "KH" }) }));
  assert.deepEqual([screen.state, screen.pending, screen.canConfirm, screen.canUndo], ["CONFIRM", "KH", true, true]);
  assert.equal(screen.canCut, false, "the house takes the cut card between two cards");
  const deal = screenOf(deskView({ hand: handView() }));
  assert.deepEqual([deal.state, deal.title, deal.canConfirm, deal.canCut], ["DEAL", "Card 1 → PLAYER", false, true]);
  const offline = screenOf(deskView({ hand: handView({ pending: "KH" }) }), { line: "offline" });
  assert.deepEqual([offline.state, offline.canConfirm, offline.canUndo], ["CONNECTION_LOST", false, false]);
});

test("a paused deal invites to nothing", () => {
  const screen = screenOf(deskView({ hand: handView({ paused: "WRONG_CARD", pending: "KH" }) }));
  assert.deepEqual([screen.state, screen.next, screen.canConfirm], ["PAUSED", null, false]);
  assert.match(screen.detail, /Wait for the pit/);
});

test("a complete hand tells its result until the next round", () => {
  const whole = { next: null, place: null, player_total: 3, banker_total: 8 };
  const states = ["DEALING", "RESOLVED", "SETTLED"].map((state) => screenOf(deskView({ hand: handView({ ...whole, state }) })));
  assert.deepEqual(states.map(({ state }) => state), ["HAND_COMPLETE", "RESULT", "RESULT"]);
  for (const { title, result } of states) {
    assert.equal(title, "Banker wins 8 : 3");
    assert.equal(result.winner, "BANKER");
  }
  const tie = screenOf(deskView({ hand: handView({ ...whole, state: "SETTLED", player_total: 8 }) }));
  assert.equal(tie.title, "Tie 8 : 8");
  assert.equal(screenOf(deskView({ hand: handView({ state: "VOIDED" }) })).state, "VOIDED");
});

test("between rounds the screen says what the table waits for", () => {
  const settled = handView({ state: "SETTLED", next: null, place: null });
  const of = (more) => {
    const { state, dialog } = screenOf(deskView({ hand: settled, ...more }));
    return [state, dialog];
  };
  assert.deepEqual(of({ status: "PAUSED", missing: "OPENING" }), ["TABLE_PAUSED", null]);
  assert.deepEqual(of({ status: "CLOSED", missing: "OPENING" }), ["TABLE_CLOSED", null]);
  assert.deepEqual(of({ shoe: null, missing: "SHOE" }), ["WAITING_FOR_SHOE", "enter"]);
  assert.deepEqual(of({ shoe: { ...SHOE, hands_left: 0 }, missing: "SHOE" }), ["END_SHOE", "end"]);
  assert.deepEqual(of({ hand: null }), ["WAITING_FOR_ROUND", null]);
  assert.equal(screenOf(deskView({ shoe: { ...SHOE, hands_left: 1 } })).lastHand, true);
});

test("a shoe is neither opened nor closed while a round is in play", () => {
  const playing = deskView({ hand: handView(), shoe: { ...SHOE, hands_left: 0 }, missing: "SHOE" });
  assert.deepEqual([screenOf(playing).canEndShoe, screenOf(playing).dialog], [false, null]);
  assert.equal(screenOf(deskView()).canEndShoe, false, "not in the middle of a shoe");
  assert.equal(screenOf(deskView({ status: "PAUSED", missing: "OPENING" })).canEndShoe, true);
  assert.equal(screenOf(deskView({ shoe: null })).canEnterShoe, true);
});

test("without the desk there is nothing to do but to take it", () => {
  const screen = screenOf(deskView({ hand: handView({ pending: "KH" }) }), { seated: false, refused: "Ben is here." });
  assert.deepEqual([screen.state, screen.detail, screen.canConfirm, screen.canEndShoe], ["NOT_SEATED", "Ben is here.", false, false]);
  assert.equal(screenOf(null, { seated: null }).state, "CONNECTING");
  assert.equal(screenOf(null, { seated: null, line: "offline" }).state, "CONNECTING");
});

test("a desk is left between two hands, also before the bets are closed", () => {
  const states = ["OPEN", "CLOSED", "DEALING", "RESOLVED", "SETTLED", "VOIDED"];
  const can = states.filter((state) => screenOf(deskView({ hand: handView({ state }) })).canLeave);
  assert.deepEqual(can, ["OPEN", "RESOLVED", "SETTLED", "VOIDED"]);
  assert.equal(screenOf(deskView(), { line: "offline" }).canLeave, false);
  assert.equal(screenOf(deskView(), { seated: false }).canLeave, false);
});

test("a card is confirmed by itself once, and not while somebody has to look", () => {
  const auto = new AutoConfirm();
  assert.deepEqual(auto.update("r/1/KH", 0), { progress: 0, due: false });
  assert.deepEqual(auto.update("r/1/KH", AUTO_CONFIRM_MS / 2), { progress: 0.5, due: false });
  assert.deepEqual(auto.update(null, AUTO_CONFIRM_MS), { progress: 0, due: false });
  assert.deepEqual(auto.update("r/1/KH", AUTO_CONFIRM_MS), { progress: 0, due: false });
  assert.equal(auto.update("r/1/KH", 2 * AUTO_CONFIRM_MS).due, true);
  assert.equal(auto.update("r/1/KH", 3 * AUTO_CONFIRM_MS).due, false);
  assert.equal(auto.update("r/2/KH", 3 * AUTO_CONFIRM_MS).progress, 0);
});

test("a shoe shuffled by hand needs its record, and the burn card where one is burned", () => {
  const empty = { shuffledBy: " ", cutBy: "", seals: "", order: "", burnCard: null };
  const procedure = { shoeId: "bac-5.s4", mode: "shoe", burn: true, decks: 8 };
  assert.equal(enterShoe(procedure, empty).missing.length, 4);
  const entry = { ...empty, shuffledBy: "Ana ", cutBy: "Ben", seals: "A1-A8", burnCard: "QS" };
  assert.deepEqual(enterShoe(procedure, entry), {
    command: { kind: "enter_shoe", shoeId: "bac-5.s4", shuffle: { shuffled_by: "Ana", cut_by: "Ben", seals: "A1-A8" }, burn_card: "QS" },
    missing: null,
  });
  assert.equal("burn_card" in enterShoe({ ...procedure, burn: false }, entry).command, false);
  assert.deepEqual(["AS", "9D", "TC", "KH"].map(burnedWith), [1, 9, 10, 10]);
});

test("a machine's shoe needs its whole order, and the burn card must be its first", () => {
  const order = Array(8).fill(DECK).flat();
  assert.deepEqual(readOrder(order.join(" "), 8).ready, true);
  assert.equal(readOrder(order.slice(1).join(""), 8).text, "415 of 416 cards");
  assert.equal(readOrder([...order.slice(1), "KH"].join(""), 8).ready, false, "nine of one card");
  assert.match(readOrder("KH9X", 8).text, /not readable after 1 cards/);
  const procedure = { mode: "shuffler", burn: true, decks: 8 };
  const entry = { order: order.join("\n"), burnCard: order[0] };
  const { command } = enterShoe(procedure, entry);
  assert.deepEqual([command.order.length, command.burn_card], [832, order[0]]);
  assert.match(enterShoe(procedure, { ...entry, burnCard: "KS" }).missing[0], /right shoe/);
});

test("the cards left of a shoe are counted against those nobody has seen", () => {
  assert.deepEqual(countLeft(["KH", "7C"], { unseen: 3, decks: 8 }), { count: 2, wanted: 3, full: false, problem: null });
  assert.equal(countLeft(["KH", "7C", "2S"], { unseen: 3, decks: 8 }).full, true);
  assert.match(countLeft(["KH", "KH"], { unseen: 3, decks: 1 }).problem, /counted twice/);
  assert.match(countLeft(["KH", "7C"], { unseen: 1, decks: 8 }).problem, /1 cards too many/);
});

test("every refusal says what to do, also one that is not known yet", () => {
  for (const where of ["desk", "pit"]) {
    for (const code of ["WRONG_CARD", "NO_ANSWER", "SOMETHING_NEW"]) {
      const { title, what, todo } = refusalWords({ code, message: "this is why" }, where);
      assert.ok(title && what && todo, `${code} ${where}`);
    }
  }
  assert.equal(refusalWords({ code: "NO_SUCH_STEP", message: "no hand" }, "desk").what, "No hand.");
  assert.match(refusalWords({ code: "WRONG_CARD", details: { card: "TH" } }, "desk").what, /10♥ \(ten of hearts\)/);
});
