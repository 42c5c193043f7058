// The dealer's screen: band, hands, the card that waits, alarm. It only draws; desk_screen.js decides.

import { h, setAttribute, setText, setVariable, whenChanged } from "../view/dom.js";
import { cardName, playingCard, revealCard } from "../view/playing_card.js";
import { handOf } from "../coup.js";
import { MODE_WORDS, personText } from "../staff/words.js";

const LINE = { online: "Live", connecting: "Connecting", offline: "Offline" };
const HANDS = [["PLAYER", "Player"], ["BANKER", "Banker"]];

const button = (testid, text, onclick, kind = "button-plain") =>
  h("button", { type: "button", class: kind, "data-testid": testid, onclick }, text);

function openCard(to, card) {
  const element = playingCard({ to, card }, { animate: false, flipMs: 0, sideways: false });
  revealCard(element, card);
  return element;
}

export class DeskScreenView {
  #name = h("h1", { class: "head-name" }, "Dealer's desk");
  #facts = h("span", { class: "head-round", "data-testid": "desk-round" });
  #line = h("span", { class: "head-line", role: "status", "data-testid": "desk-line" });
  #clock = h("time", { class: "head-clock" });
  #shoe = h("span", { class: "desk-shoe", "data-testid": "desk-shoe" });
  #last = h("strong", { class: "desk-last", "data-testid": "desk-last-hand", hidden: true }, "LAST HAND");
  #alarm;
  #alarmTitle = h("strong", { class: "alarm-title" });
  #alarmWhat = h("span", { class: "alarm-what" });
  #alarmTodo = h("span", { class: "alarm-todo" });
  #band;
  #title = h("strong", { class: "band-title", role: "status", "aria-live": "assertive" });
  #detail = h("span", { class: "band-detail", "data-testid": "desk-detail" });
  #countdown = h("output", { class: "band-countdown", "data-testid": "desk-countdown", hidden: true });
  #take;
  #hands = new Map();
  #pendingCard = h("div", { class: "pending-card", "data-testid": "desk-pending" });
  #pendingName = h("p", { class: "pending-name" });
  #next = h("p", { class: "desk-next", "data-testid": "desk-next" });
  #confirm;
  #undo;
  #auto;
  #mute;
  #cut;
  #newShoe;
  #endShoe;
  #leave;
  #typed = h("span", { class: "desk-typed", "data-testid": "desk-typed" });

  constructor({ on }) {
    this.#alarm = h(
      "section", { class: "alarm", role: "alert", "data-testid": "desk-alarm", hidden: true },
      h("div", { class: "alarm-words" }, this.#alarmTitle, this.#alarmWhat, this.#alarmTodo),
      button("desk-alarm-ack", "OK (Esc)", on.acknowledge),
    );
    this.#take = button("desk-take", "Take the desk", on.takeDesk, "button-gold");
    this.#band = h(
      "section", { class: "band", "data-testid": "desk-state" },
      h("div", { class: "band-words" }, this.#title, this.#detail), this.#countdown, this.#take,
    );
    this.#confirm = button("desk-confirm", "CONFIRM (Enter)", on.confirm, "desk-confirm");
    this.#undo = button("desk-undo", "UNDO (Backspace)", on.undo, "desk-undo");
    this.#auto = button("desk-auto", "", on.auto);
    this.#mute = button("desk-mute", "", on.mute);
    this.#cut = button("desk-cut", "Cut card is out", on.cut);
    this.#newShoe = button("desk-shoe-new", "New shoe", on.newShoe);
    this.#endShoe = button("desk-shoe-end", "End the shoe", on.endShoe);
    this.#leave = button("desk-leave", "Leave the desk", on.leaveDesk);
    for (const [hand, name] of HANDS) this.#hands.set(hand, this.#hand(hand, name));
    this.element = h(
      "div", { class: "desk-screen", hidden: true },
      h("header", { class: "head desk-head" },
        h("div", { class: "head-titles" }, this.#name, this.#facts),
        h("div", { class: "desk-shoe-state" }, this.#last, this.#shoe),
        h("div", { class: "head-state" }, this.#line, this.#clock),
        h("div", { class: "head-actions" }, this.#leave, button("desk-table", "Table", on.chooseTable), button("sign-out", "Sign out", on.signOut))),
      this.#alarm, this.#band,
      h("main", { class: "desk-cards" },
        this.#hands.get("PLAYER").element,
        h("section", { class: "pending", "aria-label": "Scanned card" },
          this.#next, this.#pendingCard, this.#pendingName, this.#confirm, this.#undo),
        this.#hands.get("BANKER").element),
      h("footer", { class: "desk-foot" },
        this.#cut, this.#newShoe, this.#endShoe, this.#auto, this.#mute,
        h("span", { class: "desk-scanner" }, "Scanner: ", this.#typed)),
    );
  }

  /** A modal dialog covers the page, so the alarm goes on top of it; null brings it back. */
  alarmInto(dialog) {
    if (dialog === null) this.#band.before(this.#alarm);
    else dialog.prepend(this.#alarm);
  }

  #hand(hand, name) {
    const total = h("output", { class: "desk-total", "data-testid": `desk-total-${hand.toLowerCase()}` });
    const cards = h("div", { class: "desk-hand-cards", "data-testid": `desk-cards-${hand.toLowerCase()}` });
    const element = h(
      "section", { class: `desk-hand desk-hand-${hand.toLowerCase()}`, "aria-label": name },
      h("h2", {}, name, total), cards,
    );
    return { element, total, cards };
  }

  /** `alarm` are refusalWords or null; `auto` = {on, progress}. */
  update({ desk, screen, line, me, nowMs, alarm, auto, muted, typed }) {
    setText(this.#name, desk?.name ?? "Dealer's desk");
    setText(this.#facts, [
      desk?.tableId, desk && MODE_WORDS[desk.mode], desk?.hand?.roundId, desk && `dealer: ${personText(desk.dealerId, me)}`,
    ].filter(Boolean).join(" · "));
    setText(this.#line, LINE[line]);
    setAttribute(this.#line, "data-state", line);
    setText(this.#clock, new Date(nowMs).toLocaleTimeString("en-GB"));
    setText(this.#shoe, shoeText(desk));
    this.#last.hidden = !screen.lastHand;

    this.#alarm.hidden = alarm === null;
    if (alarm !== null) {
      setAttribute(this.#alarm, "data-code", alarm.code);
      setAttribute(this.#alarm, "data-tone", alarm.tone);
      setText(this.#alarmTitle, alarm.title);
      setText(this.#alarmWhat, alarm.what);
      setText(this.#alarmTodo, alarm.todo);
    }

    setAttribute(this.#band, "data-state", screen.state);
    setAttribute(this.#band, "data-tone", screen.tone);
    setAttribute(this.#band, "data-hand", screen.next?.hand ?? null);
    setText(this.#title, screen.title);
    setText(this.#detail, screen.detail);
    this.#countdown.hidden = screen.countdownMs === null;
    if (screen.countdownMs !== null) setText(this.#countdown, String(Math.ceil(screen.countdownMs / 1000)));
    this.#take.hidden = screen.state !== "NOT_SEATED";

    this.#drawHands(desk?.hand ?? null, screen);
    this.#drawPending(screen, auto);
    this.#cut.hidden = desk?.mode !== "shoe";
    this.#cut.disabled = !screen.canCut;
    setText(this.#cut, desk?.hand?.cut_card_out ? "Cut card is out ✓" : "Cut card is out");
    this.#newShoe.disabled = !screen.canEnterShoe;
    this.#newShoe.classList.toggle("button-gold", screen.dialog === "enter");
    this.#endShoe.disabled = !screen.canEndShoe;
    this.#endShoe.classList.toggle("button-gold", screen.dialog === "end");
    this.#leave.disabled = !screen.canLeave;
    setText(this.#auto, `Auto-confirm: ${auto.on ? "on" : "off"}`);
    setAttribute(this.#auto, "aria-pressed", auto.on);
    setText(this.#mute, `Sound: ${muted ? "off" : "on"}`);
    setAttribute(this.#mute, "aria-pressed", !muted);
    setText(this.#typed, typed === "" ? "ready" : typed);
  }

  #drawHands(hand, screen) {
    const cards = hand?.cards ?? [];
    for (const [name] of HANDS) {
      const { element, total, cards: place } = this.#hands.get(name);
      const own = handOf(cards, name);
      whenChanged(place, `${hand?.roundId} ${own.join(" ")}`, () => {
        place.replaceChildren(...own.map((card) => openCard(name, card)));
      });
      setText(total, own.length === 0 ? "" : String(name === "PLAYER" ? hand.player_total : hand.banker_total));
      setAttribute(element, "data-next", screen.next?.hand === name ? "true" : null);
      setAttribute(element, "data-result", screen.result === null ? null
        : screen.result.winner === name ? "won" : screen.result.winner === "TIE" ? "tie" : "lost");
    }
  }

  #drawPending({ pending, next, canConfirm, canUndo }, auto) {
    const [hand, place] = next === null ? [null, null] : [next.hand, next.place];
    setAttribute(this.#next, "data-hand", hand);
    setAttribute(this.#next, "data-place", place);
    setText(this.#next, next === null ? "" : `Card ${place} → ${hand}`);
    setAttribute(this.#pendingCard, "data-card", pending);
    whenChanged(this.#pendingCard, String(pending), () => {
      this.#pendingCard.replaceChildren(...(pending === null ? [] : [openCard(hand ?? "PLAYER", pending)]));
    });
    setText(this.#pendingName, pending === null ? "" : cardName(pending));
    this.#pendingCard.classList.toggle("pending-ring", auto.on && pending !== null);
    setVariable(this.#pendingCard, "--progress", `${Math.round(auto.progress * 100)}%`);
    this.#confirm.disabled = !canConfirm;
    this.#undo.disabled = !canUndo;
  }
}

function shoeText(desk) {
  if (!desk) return "";
  if (desk.shoe === null) return "no shoe";
  const { cards_left: left, hands_left: hands } = desk.shoe;
  const rest = hands === null ? (desk.hand?.cut_card_out ? "cut card out" : null) : `${hands} ${hands === 1 ? "hand" : "hands"} to go`;
  return [`${left} cards left`, rest].filter(Boolean).join(" · ");
}
