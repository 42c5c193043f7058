// The chip tray and the buttons that change bets.

import { SPOTS } from "../bets.js";
import { shortMoneyText } from "../money.js";
import { chipPicture, denominations } from "./chip.js";
import { h, setAttribute, whenChanged } from "./dom.js";

export class BetControls {
  #tray = h("div", { class: "tray", role: "group", "aria-label": "Chips" });
  #chips = new Map();
  #selected = null;
  #last = []; // the player's bets of the newest round that had any, for rebet
  #lastRoundId = null;
  #snapshot = null;
  #buttons;

  constructor({ onUndo, onClear, onBets }) {
    const button = (name, title, action) => h("button", {
      type: "button", class: "button-plain control", "data-testid": name.toLowerCase(), title, onclick: action,
    }, name);
    this.#buttons = {
      undo: button("Undo", "Take back your newest bet of this round", onUndo),
      clear: button("Clear", "Take back all your bets of this round", onClear),
      rebet: button("Rebet", "Place the bets of your last round again", () => onBets(this.#rebet())),
      double: button("Double", "Place all your bets of this round once more", () => onBets(this.#double())),
    };
    this.element = h("section", { class: "controls", "aria-label": "Your chips" },
      this.#tray, h("div", { class: "actions" }, Object.values(this.#buttons)));
  }

  /** The chip to bet with in minor units, or null when none can be afforded. */
  get selectedMinor() {
    const chip = this.#chips.get(this.#selected);
    return chip && !chip.disabled ? this.#selected : null;
  }

  update(snapshot) {
    this.#snapshot = snapshot;
    const { currency, limits, spendableMinor, round, bets, canBet, clearing, wallet } = snapshot;
    whenChanged(this.#tray, currency, () => this.#buildTray(currency));
    const mostMinor = Math.max(0, ...Object.values(limits).map((limit) => limit.max_minor));
    for (const [minor, chip] of this.#chips) {
      // Before the table and the balance are known nothing is greyed out yet.
      chip.disabled = wallet !== null && (minor > mostMinor || minor > spendableMinor);
    }
    if (this.selectedMinor === null) this.#select(this.#bestChip());
    if (round !== null && bets.standing(round.roundId).some(({ pending }) => pending !== "placing")) {
      this.#lastRoundId = round.roundId;
      this.#last = sumsBySpot(bets, round.roundId);
    }
    const standing = round === null ? [] : bets.standing(round.roundId);
    const settledBets = standing.filter(({ pending }) => pending === null);
    this.#buttons.undo.disabled = !canBet || clearing || settledBets.length === 0;
    this.#buttons.clear.disabled = !canBet || clearing || settledBets.length === 0;
    this.#buttons.rebet.disabled = !canBet || standing.length > 0 || !this.#affordable(this.#rebet());
    this.#buttons.double.disabled = !canBet || !this.#affordable(this.#double());
  }

  #rebet() {
    return this.#snapshot.round?.roundId === this.#lastRoundId ? [] : this.#last;
  }

  #double() {
    const { round, bets } = this.#snapshot;
    return round === null ? [] : sumsBySpot(bets, round.roundId);
  }

  #affordable(wanted) {
    const { round, bets, limits, spendableMinor } = this.#snapshot;
    if (wanted.length === 0 || round === null) return false;
    const fits = wanted.every(({ spot, minor }) => {
      const { accepted, pending } = bets.onSpot(round.roundId, spot);
      return limits[spot] && minor >= limits[spot].min_minor && accepted + pending + minor <= limits[spot].max_minor;
    });
    return fits && wanted.reduce((sum, { minor }) => sum + minor, 0) <= spendableMinor;
  }

  #buildTray(currency) {
    this.#chips.clear();
    for (const minor of denominations(currency)) {
      this.#chips.set(minor, h("button", {
        type: "button", class: "chip", "data-testid": `chip-${minor}`, "aria-pressed": "false",
        "aria-label": `Chip ${shortMoneyText(minor, currency)}`, onclick: () => this.#select(minor),
      }, chipPicture(minor, currency)));
    }
    this.#tray.replaceChildren(...this.#chips.values());
    this.#select(denominations(currency)[1]);
  }

  /** The selected chip when it can be used again, else the largest usable one below it. */
  #bestChip() {
    const usable = [...this.#chips].filter(([, chip]) => !chip.disabled).map(([minor]) => minor);
    return usable.filter((minor) => minor <= (this.#selected ?? Infinity)).at(-1) ?? usable[0] ?? this.#selected;
  }

  #select(minor) {
    this.#selected = minor;
    for (const [value, chip] of this.#chips) setAttribute(chip, "aria-pressed", String(value === minor));
  }
}

/** One bet for each spot that carries a stake. */
function sumsBySpot(bets, roundId) {
  return SPOTS.map((spot) => ({ spot, minor: bets.onSpot(roundId, spot).accepted }))
    .filter(({ minor }) => minor > 0);
}
