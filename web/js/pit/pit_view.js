// The pit's screen: state of a table, what can be done, corrections, the log. It only draws.

import { handOf } from "../coup.js";
import { moneyText } from "../money.js";
import { readCards } from "../staff/card_codes.js";
import { MODE_WORDS, PAUSE_WORDS, STATUS_WORDS, cardText, personText } from "../staff/words.js";
import { h, setAttribute, setText, whenChanged } from "../view/dom.js";
import { playingCard, revealCard } from "../view/playing_card.js";
import { SILENT_MS, reasonsAgainst, silentMs } from "./actions.js";
import { isGap, shortData } from "./event_feed.js";

const LINE = { online: "Live", connecting: "Connecting", offline: "Offline" };
const MISSING = { OPENING: "not open", DEALER: "waits for a dealer", SHOE: "waits for a shoe" };
const STATES = {
  OPEN: "Bets are taken", CLOSED: "No more bets", DEALING: "Cards are dealt", RESOLVED: "Payouts are made",
  SETTLED: "Settled", VOIDED: "Void",
};
const CORRECTION_STATES = { PROPOSED: "proposed", APPROVED: "being applied", APPLIED: "applied", REJECTED: "rejected" };

const GROUPS = [
  ["Table", [
    ["open", "Open", "pit-open"], ["pause", "Pause", "pit-pause"], ["close", "Close", "pit-close"],
    ["relieve", "Relieve dealer", "pit-relieve"], ["endShoe", "End the shoe", "pit-end-shoe"],
  ]],
  ["Hand in play", [
    ["pauseDealing", "Pause the deal", "pit-pause-dealing"], ["resume", "Resume the deal", "pit-resume"],
    ["rescan", "Scan again from …", "pit-rescan"], ["enterCard", "Enter a card", "pit-enter-card"],
    ["burnCard", "Burn a card", "pit-burn-card"], ["void", "Void the round", "pit-void"],
  ]],
];

const time = (ms) => new Date(ms).toLocaleTimeString("en-GB");

function figure(label, testid) {
  const value = h("strong", { class: "fact-value", "data-testid": testid }, "–");
  return { element: h("div", { class: "fact" }, h("span", { class: "figure-label" }, label), value), value };
}

export class PitView {
  #on;
  #name = h("h1", { class: "head-name" }, "Pit");
  #where = h("span", { class: "head-round", "data-testid": "pit-table" });
  #line = h("span", { class: "head-line", role: "status", "data-testid": "pit-line" });
  #clock = h("time", { class: "head-clock" });
  #strip = h("nav", { class: "strip", "aria-label": "Tables", "data-testid": "pit-strip" });
  #refusal = h("section", { class: "refusal", role: "alert", "data-testid": "pit-error", hidden: true });
  #status = figure("Table", "pit-status");
  #dealer = figure("Dealer", "pit-dealer");
  #heard = figure("Last heard", "pit-heard");
  #shoe = figure("Shoe", "pit-shoe");
  #round = figure("Round", "pit-round");
  #paused = h("p", { class: "pit-paused", role: "status", "data-testid": "pit-paused", hidden: true });
  #hands = h("div", { class: "pit-hands", "data-testid": "pit-hand" });
  #buttons = new Map();
  #propose;
  #corrections = h("div", { class: "corrections", "data-testid": "pit-corrections" });
  #log = h("ol", { class: "log", "data-testid": "pit-log" });

  /** `on` has a handler for each action, and approve, reject, choose, acknowledge, chooseTable, signOut. */
  constructor({ on }) {
    this.#on = on;
    for (const [, actions] of GROUPS) {
      for (const [action, label, testid] of actions) this.#button(action, label, testid, action === "void" ? "button-plain pit-danger" : "button-plain");
    }
    this.#propose = this.#button("propose", "Propose a correction", "pit-correction-propose", "button-plain");
    this.element = h(
      "div", { class: "pit-screen", hidden: true },
      h("header", { class: "head" },
        h("div", { class: "head-titles" }, this.#name, this.#where),
        h("div", { class: "head-state" }, this.#line, this.#clock),
        h("div", { class: "head-actions" },
          h("button", { type: "button", class: "button-plain", "data-testid": "pit-choose", onclick: on.chooseTable }, "Table"),
          h("button", { type: "button", class: "button-plain", "data-testid": "sign-out", onclick: on.signOut }, "Sign out"))),
      this.#strip, this.#refusal,
      h("main", { class: "pit-main" },
        h("section", { class: "pit-panel", "aria-label": "State" },
          h("div", { class: "facts" }, ...[this.#status, this.#dealer, this.#heard, this.#shoe, this.#round].map(({ element }) => element)),
          this.#paused, this.#hands),
        h("section", { class: "pit-panel", "aria-label": "Actions" },
          ...GROUPS.map(([title, actions]) => h("div", { class: "action-group" }, h("h2", {}, title),
            h("div", { class: "action-buttons" }, ...actions.map(([action]) => this.#buttons.get(action)))))),
        h("section", { class: "pit-panel pit-corrections", "aria-label": "Corrections" },
          h("div", { class: "panel-head" }, h("h2", {}, "Corrections"), this.#propose), this.#corrections),
        h("section", { class: "pit-panel pit-log", "aria-label": "Log" }, h("h2", {}, "Log"), this.#log)),
    );
  }

  #button(action, label, testid, kind) {
    const button = h("button", { type: "button", class: kind, "data-testid": testid, onclick: () => this.#on[action]() }, label);
    this.#buttons.set(action, button);
    return button;
  }

  /** All tables of the house, when it lists them. */
  showTables(tables, chosen) {
    this.#strip.hidden = !tables?.length;
    this.#strip.replaceChildren(...(tables ?? []).map(({ tableId, name, status, mode }) => h(
      "button", {
        type: "button", class: "strip-table", "data-table": tableId, "data-status": status, "data-testid": "pit-strip-table",
        "aria-current": tableId === chosen ? "true" : null, onclick: () => this.#on.choose(tableId),
      },
      h("strong", {}, name ?? tableId), h("span", {}, [STATUS_WORDS[status], mode].filter(Boolean).join(" · ")),
    )));
  }

  update({ tableId, desk, corrections, events, line, me, nowMs, refusal }) {
    setText(this.#name, desk?.name ?? "Pit");
    setText(this.#where, [tableId, desk && MODE_WORDS[desk.mode]].filter(Boolean).join(" · "));
    setText(this.#line, LINE[line]);
    setAttribute(this.#line, "data-state", line);
    setText(this.#clock, time(nowMs));
    this.#drawRefusal(refusal);
    this.#drawFacts(desk, me, nowMs);
    this.#drawHands(desk?.hand ?? null);
    const reasons = reasonsAgainst({ desk, line });
    for (const [action, button] of this.#buttons) {
      button.disabled = reasons[action] !== null;
      setAttribute(button, "title", reasons[action]);
    }
    this.#drawCorrections(corrections, desk?.currency ?? "EUR", me, line);
    whenChanged(this.#log, events.map(({ epoch, seq }) => `${epoch}/${seq}`).join(), () => this.#drawLog(events));
  }

  #drawRefusal(refusal) {
    this.#refusal.hidden = refusal === null;
    setAttribute(this.#refusal, "data-code", refusal?.code ?? null);
    whenChanged(this.#refusal, JSON.stringify(refusal), () => this.#refusal.replaceChildren(...(refusal === null ? [] : [
      h("div", {}, h("strong", {}, refusal.title), h("p", {}, refusal.what), h("p", { class: "refusal-todo" }, refusal.todo)),
      h("code", {}, refusal.code),
      h("button", { type: "button", class: "button-plain", "data-testid": "pit-error-ack", onclick: this.#on.acknowledge }, "OK"),
    ])));
  }

  #drawFacts(desk, me, nowMs) {
    const { value: status } = this.#status;
    setText(status, desk === null ? "–" : [STATUS_WORDS[desk.status], desk.status === "OPEN" && MISSING[desk.missing]].filter(Boolean).join(", "));
    setAttribute(status, "data-status", desk?.status ?? null);
    const silent = desk === null ? null : silentMs(desk, nowMs);
    setText(this.#dealer.value, desk === null ? "–" : desk.mode === "rng" ? "a server" : personText(desk.dealerId, me));
    setAttribute(this.#dealer.value, "title", desk?.dealerId ?? null);
    setText(this.#heard.value, silent === null ? "–" : `${Math.floor(silent / 1000)} s ago`);
    setAttribute(this.#heard.value, "data-late", silent !== null && silent > SILENT_MS ? "true" : null);
    const shoe = desk?.shoe;
    setText(this.#shoe.value, desk === null ? "–" : shoe === null ? "none" : [
      `${shoe.cards_left} left`, `${shoe.drawn} drawn`, shoe.hands_left !== null && `${shoe.hands_left} hands to go`,
    ].filter(Boolean).join(", "));
    const hand = desk?.hand;
    setText(this.#round.value, hand ? `${hand.roundId.split(".")[1].replace(/^0+/, "")}: ${STATES[hand.state] ?? hand.state}` : "–");
    setAttribute(this.#round.value, "title", hand?.roundId ?? null);
    this.#paused.hidden = !hand?.paused;
    if (hand?.paused) setText(this.#paused, `The deal is paused. ${PAUSE_WORDS[hand.paused] ?? hand.paused}`);
  }

  #drawHands(hand) {
    whenChanged(this.#hands, JSON.stringify([hand?.roundId, hand?.cards, hand?.pending, hand?.next, hand?.state]), () => {
      this.#hands.replaceChildren(...(hand === null ? [h("p", { class: "quiet" }, "No hand yet.")] : [
        ...[["PLAYER", hand.player_total], ["BANKER", hand.banker_total]].map(([name, total]) => {
          const cards = handOf(hand.cards, name);
          return h("div", { class: `pit-hand pit-hand-${name.toLowerCase()}` },
            h("h3", {}, name, " ", cards.length > 0 ? h("b", {}, String(total)) : null),
            h("div", { class: "pit-cards" }, ...cards.map((card) => openCard(name, card))));
        }),
        h("div", { class: "pit-hand pit-pending" }, h("h3", {}, hand.pending ? "NOT CONFIRMED" : hand.next && hand.state !== "OPEN" ? `NEXT: ${hand.next}` : ""),
          h("div", { class: "pit-cards", "data-testid": "pit-pending", "data-card": hand.pending }, ...(hand.pending ? [openCard(hand.next ?? "PLAYER", hand.pending)] : []))),
      ]));
    });
  }

  #drawCorrections(corrections, currency, me, line) {
    whenChanged(this.#corrections, JSON.stringify([corrections, me, line]), () => {
      this.#corrections.replaceChildren(...(corrections.length === 0 ? [h("p", { class: "quiet" }, "None.")]
        : corrections.map((correction) => this.#correction(correction, currency, me, line))));
    });
  }

  #correction(correction, currency, me, line) {
    const { state, roundId, cards, note } = correction;
    const own = correction.proposed_by === me;
    const money = (minor) => moneyText(minor, currency);
    const decide = (testid, text, action, why) => h("button", {
      type: "button", class: "button-plain", "data-testid": testid, disabled: why !== null || line !== "online", title: why,
      onclick: () => this.#on[action](correction),
    }, text);
    const open = state === "PROPOSED";
    return h(
      "article", { class: "correction", "data-state": state, "data-round": roundId, "data-testid": "pit-correction" },
      h("div", { class: "correction-head" }, h("strong", {}, roundId), h("span", { class: "correction-state", "data-testid": "pit-correction-state" }, CORRECTION_STATES[state] ?? state)),
      h("p", { class: "correction-cards" }, cards === null ? "Void: every stake is given back." : readCards(cards).cards.map(cardText).join(" ")),
      h("p", {}, `“${note}”`),
      h("p", { class: "quiet" }, `${time(correction.proposed_at_ms)} proposed by ${personText(correction.proposed_by, me)}`
        + (correction.decided_by ? `; decided by ${personText(correction.decided_by, me)}` : "")),
      state === "APPLIED" ? h("p", { "data-testid": "pit-correction-amounts" },
        `Credited ${money(correction.credited_minor)}, taken back ${money(correction.debited_minor)}`
        + (correction.short_minor ? `, not recoverable ${money(correction.short_minor)}` : "")) : null,
      open || state === "APPROVED" ? h("div", { class: "action-buttons" },
        decide("pit-correction-approve", open ? "Approve" : "Finish applying", "approve",
          open && own ? "You proposed it: another person has to approve it." : null),
        open ? decide("pit-correction-reject", "Reject", "reject", null) : null,
        open && own ? h("span", { class: "quiet" }, "Another person has to approve it.") : null) : null,
    );
  }

  #drawLog(events) {
    this.#log.replaceChildren(...events.map((event, at) => h(
      "li", { "data-type": event.type, "data-seq": event.seq, class: isGap(events[at - 1], event) ? "log-gap" : null },
      h("time", {}, time(event.at_ms)), h("span", { class: "log-seq" }, `${event.epoch}/${event.seq}`),
      h("strong", {}, event.type), h("span", { class: "log-data" }, shortData(event)),
    )).reverse());
  }
}

function openCard(to, card) {
  const element = playingCard({ to, card }, { animate: false, flipMs: 0, sideways: false });
  revealCard(element, card);
  return element;
}
