// The fairness drawer: what the house promised, what it revealed, and this browser's own checks.

import { importKeySet } from "../keys.js";
import { verifyRound, verifyTranscript } from "../fairness.js";
import { isFinal } from "../round.js";
import { isByHand } from "../shoe.js";
import { isRevealed } from "../presentation.js";
import { h, setText, whenChanged } from "./dom.js";

const SHOE_COMMITMENTS = {
  shuffler: "Merkle root over every card of the shoe, published before its first bet",
  shoe: "SHA-256 of the house's record of the shuffle, published before the first bet",
};
const NO_CRYPTO = "This browser offers no cryptography on this page; open it over HTTPS to check rounds here.";

const LEADS = {
  rng: ["Provably fair",
    "Before the first bet the house commits to a secret seed. When bets close, all of them are sealed "
    + "under one root. Seed and root together draw the cards from what is left in the shoe, so neither "
    + "the house nor a player alone can pick them. This browser checks it all again, by itself."],
  shuffler: ["Provably fair",
    "A machine shuffles this shoe and knows its order. Before the shoe's first bet the house commits to "
    + "that order, card by card. Each card that the dealer draws is opened, and this browser checks that it "
    + "is the one that was promised for its place. That the order is random, and kept secret until then, the "
    + "house says and nobody can check from here."],
  shoe: ["Attested, not provable",
    "This shoe is shuffled by hand, so nobody knows its order and none can be promised. The cards are "
    + "those that the scanner at the table read, signed by the house; the camera shows them. This browser "
    + "checks that nothing was changed afterwards, that the shoe can hold the cards, and that what is left "
    + "of it was counted when it was closed. It cannot prove which card was drawn."],
};

export class FairnessPanel {
  #api;
  #onNotice;
  #keys = null; // promise of the keys by thumbprint
  #selectedId = null; // null follows the current round
  #recalled = null; // {round, bets} of a past round that is looked at again
  #snapshot = null;
  #proofs = new Map(); // roundId → {text, checks}
  #opener = null;
  #current = ""; // what the list of checks is being drawn for
  #title = h("h2", { id: "fair-title" });
  #lead = h("p", { class: "fair-lead", "data-testid": "fairness-lead" });
  #tabs = h("div", { class: "fair-rounds", role: "group", "aria-label": "Round to check" });
  #facts = h("dl", { class: "fair-facts" });
  #checks = h("ul", { class: "fair-checks", "aria-live": "polite" });
  #message = h("p", { class: "fair-message", role: "status" });
  #close = h("button", { type: "button", class: "button-plain", "data-testid": "fairness-close", onclick: () => this.close() }, "Close");
  #proofButton = h("button", { type: "button", class: "button-gold", "data-testid": "check-bets", onclick: () => this.#checkBets() }, "Check my bets");
  #saveButton = h("button", { type: "button", class: "button-plain", "data-testid": "download-proof", onclick: () => this.#download() }, "Download proof");

  constructor({ api, onNotice }) {
    this.#api = api;
    this.#onNotice = onNotice;
    this.element = h(
      "aside", { class: "fair", role: "dialog", "aria-labelledby": "fair-title", "data-testid": "fairness", hidden: true },
      h("div", { class: "fair-head" }, this.#title, this.#close),
      h("div", { class: "fair-body" },
        this.#lead, this.#tabs, this.#facts,
        h("h3", {}, "Checks made by this browser"), this.#checks, this.#message,
        h("div", { class: "fair-actions" }, this.#proofButton, this.#saveButton)),
    );
    this.element.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  open() {
    this.#opener = document.activeElement;
    this.element.hidden = false;
    this.#close.focus();
    if (this.#snapshot) this.update(this.#snapshot);
  }

  /** Open with a past round, {round, bets} as recall.js makes it, and check its signed record. */
  openRecalled(recalled) {
    this.#recalled = recalled;
    this.#selectedId = recalled.round.roundId;
    setText(this.#message, "");
    this.open();
    this.#checkBets();
  }

  close() {
    this.element.hidden = true;
    this.#opener?.focus();
  }

  /** The rounds to choose from, oldest first. */
  get #rounds() {
    const { rounds } = this.#snapshot;
    const known = this.#recalled === null || rounds.some(({ roundId }) => roundId === this.#recalled.round.roundId);
    return known ? rounds : [...rounds, this.#recalled.round].sort((a, b) => a.roundNo - b.roundNo);
  }

  get #round() {
    const rounds = this.#rounds;
    return rounds.find(({ roundId }) => roundId === this.#selectedId) ?? rounds.at(-1) ?? null;
  }

  #betsOf(round) {
    const own = this.#snapshot.bets.ofRound(round.roundId);
    return own.length === 0 && this.#recalled?.round.roundId === round.roundId ? this.#recalled.bets : own;
  }

  update(snapshot) {
    this.#snapshot = snapshot;
    if (this.element.hidden) return;
    // A result that is still being shown on the table must not be read here first.
    const [rounds, round] = [this.#rounds, this.#round];
    const revealed = round !== null && (isRevealed(round, snapshot.nowMs) || round.cards.length === 0);
    const proof = round && this.#proofs.get(round.roundId);
    const bets = round ? this.#betsOf(round) : [];
    const [title, lead] = LEADS[round?.mode] ?? LEADS.rng;
    setText(this.#title, title);
    setText(this.#lead, lead);
    this.#drawTabs(rounds, round);
    whenChanged(this.#facts, `${round?.roundId}/${round?.events.length}/${revealed}`, () => this.#drawFacts(round, revealed));
    const stateOfBets = bets.map(({ betId, state, payout_minor: payout }) => [betId, state, payout]);
    const key = JSON.stringify([round?.roundId, round?.events.length, revealed, stateOfBets, Boolean(proof)]);
    whenChanged(this.#checks, key, () => this.#drawChecks(round, revealed, rounds, bets, key));
    this.#proofButton.disabled = round === null || !isFinal(round) || !revealed;
    this.#saveButton.disabled = !proof;
  }

  #drawTabs(rounds, selected) {
    whenChanged(this.#tabs, rounds.map(({ roundId }) => roundId).join() + selected?.roundId, () => {
      const newest = rounds.at(-1);
      this.#tabs.replaceChildren(...[...rounds].reverse().map((round) => h("button", {
        type: "button", class: "fair-tab", "data-testid": "fairness-round", "data-round": round.roundId,
        "aria-pressed": String(round === selected),
        onclick: () => {
          // The running round is followed on to the next; an ended one stays selected.
          this.#selectedId = isFinal(round) ? round.roundId : null;
          setText(this.#message, "");
          this.update(this.#snapshot);
        },
      }, round === newest ? `#${round.roundNo} now` : `#${round.roundNo}`)));
    });
  }

  #drawFacts(round, revealed) {
    const rows = [];
    const fact = (name, value, note) => rows.push(
      h("div", { class: "fair-fact" }, h("dt", {}, name), h("dd", {}, h("code", {}, value), note ? h("span", {}, note) : null)));
    if (round === null) {
      this.#facts.replaceChildren(h("p", { class: "panel-empty" }, "No round has been played yet."));
      return;
    }
    if (round.commitment) fact("Commitment", round.commitment, "SHA-256 of seed and round id, published before the first bet");
    const promised = round.shoe?.data.commitment;
    if (promised) fact("Commitment of the shoe", promised, SHOE_COMMITMENTS[round.mode]);
    if (round.shoeId) fact("Shoe", round.shoeId, `${round.decks * 52 - round.drawn} cards left at the opening`);
    const kids = [...new Set(round.events.map((event) => event.sig.kid))];
    fact("Signing key", kids.join(" "), "RFC 7638 thumbprint, recomputed here");
    fact("Book root", round.bookRoot ?? "when bets close", round.bookRoot
      ? `${round.bookCount} ${round.bookCount === 1 ? "bet" : "bets"} sealed before the first card` : "");
    if (!isByHand(round.mode)) fact("Seed", revealed && round.seed ? round.seed : round.phase === "voided" ? "not revealed: the round is void" : "revealed when the round is settled");
    this.#facts.replaceChildren(...rows);
  }

  async #drawChecks(round, revealed, rounds, bets, key) {
    this.#current = key;
    if (round === null) {
      this.#checks.replaceChildren();
      return;
    }
    if (!globalThis.crypto?.subtle) {
      setText(this.#message, NO_CRYPTO);
      return;
    }
    let checks;
    try {
      const keys = await this.#trustedKeys(round);
      // While the cards are being turned only the events up to the deal are looked at.
      const dealt = round.events.findIndex(({ type }) => type === "DEALING_STARTED");
      const all = revealed || dealt < 0 || isByHand(round.mode);
      const events = all ? round.events : round.events.slice(0, dealt);
      const previous = rounds[rounds.indexOf(round) - 1] ?? null;
      checks = await verifyRound(events, { keys, bets, shoe: round.shoe, previous });
    } catch (error) {
      setText(this.#message, `The house's keys could not be read: ${error.message}`);
      this.#keys = null;
      return;
    }
    if (this.#current !== key) return; // the round went on meanwhile
    const proof = this.#proofs.get(round.roundId)?.checks ?? [];
    this.#checks.replaceChildren(...[...checks, ...proof.filter(isNews).map(asRecordCheck)].map(checkItem));
  }

  /** The house's keys; asked for again when a round is signed by one that is not among them. */
  async #trustedKeys(round) {
    this.#keys ??= this.#api.keys().then(importKeySet);
    const keys = await this.#keys;
    if ([...round.events, round.shoe].every((event) => event === null || keys.has(event.sig.kid))) return keys;
    this.#keys = this.#api.keys().then(importKeySet);
    return this.#keys;
  }

  async #checkBets() {
    const { identity } = this.#snapshot;
    const round = this.#round;
    this.#proofButton.disabled = true;
    setText(this.#message, "Fetching the signed record…");
    try {
      const keys = await this.#trustedKeys(round);
      const { text, transcript } = await this.#api.transcript(round.roundId);
      const checks = await verifyTranscript(transcript, {
        keys,
        playerId: identity.playerId,
        seen: round.events.map(({ hash }) => hash),
        bets: this.#betsOf(round),
      });
      this.#proofs.set(round.roundId, { text, checks });
      const failed = checks.filter(({ ok }) => ok !== true).length;
      setText(this.#message, failed === 0
        ? "The signed record holds, and so do your bets in it."
        : "The signed record does not hold. Please save it and tell the house.");
    } catch (error) {
      setText(this.#message, `The record could not be fetched: ${error.message}`);
    }
    this.update(this.#snapshot);
  }

  #download() {
    const round = this.#round;
    const url = URL.createObjectURL(new Blob([this.#proofs.get(round.roundId).text], { type: "application/json" }));
    const link = h("a", { href: url, download: `${round.roundId}.transcript.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    this.#onNotice({ kind: "info", text: `Saved ${round.roundId}.transcript.json` });
  }
}

// Of a record that holds, only what the round's own checks have not said already.
const RECORD_NEWS = new Set(["book", "payouts", "seal", "seen"]);
const isNews = ({ name, ok }) => ok === false || RECORD_NEWS.has(name);
const asRecordCheck = (found) => ({ ...found, name: `record-${found.name}` });

function checkItem({ name, title, ok, detail }) {
  const attributes = ok === null
    ? { class: "fair-check fair-check-later", "data-testid": "fairness-pending", "data-check": name }
    : { class: "fair-check", "data-testid": "fairness-check", "data-check": name, "data-ok": String(ok) };
  const word = ok === null ? "not yet" : ok ? "holds" : "fails";
  return h("li", attributes,
    h("span", { class: "fair-sign", role: "img", "aria-label": word }, ok === null ? "…" : ok ? "✓" : "✕"),
    h("div", {}, h("strong", {}, title), h("p", {}, detail)));
}
