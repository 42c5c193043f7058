// The drawer of past rounds: a list of what this table played, and any of them recalled.

import { SPOTS } from "../bets.js";
import { total, handOf } from "../coup.js";
import { moneyText, signedMoneyText } from "../money.js";
import { recall } from "../recall.js";
import { NAMES as SPOT_NAMES } from "./bet_words.js";
import { playingCard, revealCard } from "./playing_card.js";
import { h, setText } from "./dom.js";

const PAGE = 20;
const NAMES = { PLAYER: "Player", BANKER: "Banker", TIE: "Tie", VOID: "Void" };

export class PastRoundsPanel {
  #api;
  #tableId;
  #onVerify;
  #opener = null;
  #before = null;
  #generation = 0;
  #newest = "";
  #list = h("ol", { class: "past-list" });
  #detail = h("section", { class: "past-detail", "aria-live": "polite", "data-testid": "past-detail", hidden: true });
  #message = h("p", { class: "fair-message", role: "status" });
  #more = h("button", { type: "button", class: "button-plain", "data-testid": "past-more", hidden: true, onclick: () => this.#load(this.#before) }, "Older rounds");
  #close = h("button", { type: "button", class: "button-plain", "data-testid": "past-close", onclick: () => this.close() }, "Close");

  /** `onVerify({round, bets, text})` shows the checks of a recalled round. */
  constructor({ api, tableId, onVerify }) {
    this.#api = api;
    this.#tableId = tableId;
    this.#onVerify = onVerify;
    this.element = h("aside", { class: "fair past", role: "dialog", "aria-labelledby": "past-title", "data-testid": "past-rounds", hidden: true },
      h("div", { class: "fair-head" }, h("h2", { id: "past-title" }, "Past rounds"), this.#close),
      h("div", { class: "fair-body" }, this.#detail, this.#list, this.#message, h("div", { class: "fair-actions" }, this.#more)));
    this.element.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  open() {
    this.#opener = document.activeElement;
    this.element.hidden = false;
    this.#close.focus();
    this.#list.replaceChildren();
    this.#detail.hidden = true;
    this.#before = null;
    this.#load(null);
  }

  close() {
    this.#generation += 1;
    this.element.hidden = true;
    this.#opener?.focus();
  }

  /** A round that ends while one looks is added; its record follows the table a little later, so the next one's start asks too. */
  update({ record, round }) {
    const newest = `${record.rounds[0]?.roundId} ${round?.roundId}`;
    if (newest === this.#newest) return;
    this.#newest = newest;
    if (!this.element.hidden && this.#detail.hidden) this.#addNewest();
  }

  async #addNewest() {
    const generation = this.#generation;
    try {
      const { rounds, before } = await this.#api.pastRounds(this.#tableId, { before: null, limit: PAGE });
      if (generation !== this.#generation) return;
      const known = new Set([...this.#list.querySelectorAll("[data-round]")].map(({ dataset }) => dataset.round));
      if (known.size === 0) this.#before = before;
      this.#list.prepend(...rounds.filter(({ roundId }) => !known.has(roundId)).map((round) => this.#row(round)));
      if (this.#list.children.length > 0) setText(this.#message, "");
    } catch {
      // What is listed stays; the next round asks again.
    }
  }

  async #load(before) {
    const generation = ++this.#generation;
    this.#more.hidden = true;
    setText(this.#message, "Fetching…");
    try {
      const found = await this.#api.pastRounds(this.#tableId, { before, limit: PAGE });
      if (generation !== this.#generation) return;
      this.#before = found.before;
      setText(this.#more, "Older rounds");
      this.#more.hidden = found.before === null;
      this.#list.append(...found.rounds.map((round) => this.#row(round)));
      setText(this.#message, this.#list.children.length > 0 ? "" : "No round has ended here yet.");
    } catch (error) {
      if (generation !== this.#generation) return;
      setText(this.#message, `The rounds could not be fetched: ${error.message}`);
      setText(this.#more, "Try again");
      this.#more.hidden = false;
    }
  }

  #row(past) {
    const { roundId, round_no: no, outcome, corrected, player_total: player, banker_total: banker, stake_minor: stake, payout_minor: payout, currency } = past;
    const result = outcome ?? "VOID";
    const net = payout - stake;
    return h("li", {}, h("button", {
      type: "button", class: "past-row", "data-testid": "past-row", "data-round": roundId,
      onclick: (event) => this.#recall(past, event.currentTarget),
    },
    h("span", { class: "past-no" }, `#${no}`),
    h("span", { class: `mark mark-${result.toLowerCase()}` }, NAMES[result]),
    h("span", { class: "past-points" }, (outcome ? `${player} – ${banker}` : "–") + (corrected ? " corrected" : "")),
    h("span", { class: "past-time" }, new Date(past.opened_at_ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })),
    h("span", { class: `past-net${net > 0 ? " number-up" : ""}` }, stake ? signedMoneyText(net, currency) : "–")));
  }

  async #recall(past, row) {
    const generation = ++this.#generation;
    for (const other of this.#list.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    this.#drawDetail(past, null);
    this.element.querySelector(".fair-body").scrollTop = 0;
    try {
      const { text, transcript } = await this.#api.transcript(past.roundId);
      if (generation === this.#generation) this.#drawDetail(past, { ...recall(transcript), text });
    } catch (error) {
      if (generation === this.#generation) setText(this.#message, `The record could not be fetched: ${error.message}`);
    }
  }

  #drawDetail(past, recalled) {
    const { round_no: no, outcome, cards, currency, stake_minor: stake, payout_minor: payout, shoeId, opened_at_ms: openedMs } = past;
    setText(this.#message, "");
    this.#detail.hidden = false;
    this.#detail.replaceChildren(
      h("h3", {}, `Round #${no}`),
      h("p", { class: "past-when" }, `${new Date(openedMs).toLocaleString("en-GB")} · shoe ${shoeId}`),
      h("div", { class: "past-hands" }, ["PLAYER", "BANKER"].map((hand) => recalledHand(hand, cards, outcome))),
      h("p", { class: "past-result", "data-testid": "past-result", "data-outcome": outcome ?? "VOID" },
        outcome === null ? "The round was void: all bets were returned." : outcome === "TIE" ? "Tie" : `${NAMES[outcome]} wins`),
      recalled === null ? h("p", {}, "Fetching your bets…") : betsTable(recalled.bets, currency, stake, payout),
      h("button", {
        type: "button", class: "button-gold", "data-testid": "past-verify", disabled: recalled === null,
        onclick: () => this.#onVerify(recalled),
      }, "Check this round"));
  }
}

function recalledHand(hand, dealt, outcome) {
  const cards = dealt.filter(({ to }) => to === hand);
  const result = outcome === null ? "" : outcome === hand ? " past-hand-won" : "";
  return h("div", { class: `past-hand hand-${hand.toLowerCase()}${result}` },
    h("div", { class: "hand-head" }, h("span", { class: "hand-name" }, NAMES[hand]),
      h("span", { class: "hand-total" }, cards.length > 0 ? String(total(handOf(dealt, hand))) : "")),
    h("div", { class: "past-cards" }, cards.map((dealtCard) => {
      const element = playingCard(dealtCard, { animate: false, sideways: false, flipMs: 0 });
      element.dataset.testid = "past-card";
      revealCard(element, dealtCard.card);
      return element;
    })));
}

function betsTable(bets, currency, stakeMinor, payoutMinor) {
  if (bets.length === 0) return h("p", { class: "panel-empty" }, "You had no bet in this round.");
  const row = (name, stake, payout, tag) => h("tr", { "data-testid": "past-bet" },
    h(tag, {}, name), h(tag, { class: "number" }, moneyText(stake, currency)), h(tag, { class: "number" }, moneyText(payout, currency)));
  const asLaidOut = [...bets].sort((a, b) => SPOTS.indexOf(a.spot) - SPOTS.indexOf(b.spot));
  return h("table", { class: "rounds past-bets" },
    h("thead", {}, h("tr", {}, ["Your bet", "Stake", "Paid"].map((name, at) => h("th", { scope: "col", class: at ? "number" : null }, name)))),
    h("tbody", {}, asLaidOut.map(({ spot, stake_minor: stake, payout_minor: payout }) => row(SPOT_NAMES[spot] ?? spot, stake, payout, "td"))),
    h("tfoot", {}, h("tr", { "data-testid": "past-sum" }, h("th", { scope: "row" }, "Together"),
      h("td", { class: "number" }, moneyText(stakeMinor, currency)), h("td", { class: "number" }, moneyText(payoutMinor, currency)))));
}
