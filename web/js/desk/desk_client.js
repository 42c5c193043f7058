// The dealer at one table: line, desk state and commands together, without any drawing.

import { Commands } from "../staff/commands.js";
import { StaffSession } from "../staff/staff_session.js";
import { refusalWords } from "../staff/words.js";
import { deskScreen } from "./desk_screen.js";

const BEAT_EVERY_MS = 5_000;
const REFRESH_AFTER_MS = 150; // events come in bursts

export class DeskClient {
  #session;
  #commands;
  #callbacks;
  #tableId = null;
  #desk = null;
  #seated = null;
  #refused = null;
  #sealed = null;
  #wantsDesk = true; // not after the pit has relieved us
  #beatTimer = null;
  #refreshTimer = null;

  /**
   * onChange()       something to show may have changed
   * onAlarm(words)   a command was refused; see refusalWords
   * onScanned()      a scan was taken
   * onDecided()      the card that waited was confirmed or undone
   * onNoTable(error) there is no such table
   * onEnd(error)     signing in again is needed
   */
  constructor({ api, onChange, onAlarm, onScanned, onDecided, onNoTable, onEnd }) {
    this.#callbacks = { onChange, onAlarm, onScanned, onDecided };
    this.#session = new StaffSession({
      api,
      role: "dealer",
      onState: onChange,
      onJoined: (message) => this.#joined(message),
      onEvents: (events) => this.#events(events),
      onNoTable,
      onEnd,
    });
    this.#commands = new Commands({
      ask: (command) => this.#session.ask({ action: "desk", tableId: this.#tableId, command }),
      refreshing: { kind: "beat" },
      onAnswer: (answer) => this.#answered(answer),
      onRefused: (error, command) => this.#refusedBy(error, command),
    });
  }

  get session() {
    return this.#session;
  }

  get desk() {
    return this.#desk;
  }

  start() {
    this.#session.start();
    this.#beatTimer = setInterval(() => this.#beat(), BEAT_EVERY_MS);
  }

  stop() {
    clearInterval(this.#beatTimer);
    clearTimeout(this.#refreshTimer);
    this.#commands.clear();
    this.#session.stop();
  }

  /** Work at this table from now on. */
  open(tableId) {
    this.#commands.clear();
    this.#tableId = tableId;
    this.#desk = null;
    this.#seated = null;
    this.#sealed = null;
    this.#wantsDesk = true;
    this.#session.watch(tableId);
    this.#callbacks.onChange();
  }

  screen() {
    return deskScreen({
      desk: this.#desk,
      line: this.#session.state,
      nowMs: this.#session.nowMs(),
      seated: this.#seated,
      refused: this.#refused,
      sealed: this.#sealed,
    });
  }

  takeDesk() {
    this.#wantsDesk = true;
    return this.#commands.give({ kind: "take_desk" });
  }

  async leaveDesk() {
    if (!await this.#commands.give({ kind: "leave_desk" })) return;
    clearTimeout(this.#refreshTimer);
    this.#seated = false;
    this.#wantsDesk = false;
    this.#refused = "You have left the desk. The table waits for the next dealer.";
    this.#callbacks.onChange();
  }

  async scan(card) {
    const done = await this.#commands.give(() => {
      const hand = this.#desk?.hand ?? null;
      if (hand !== null && hand.place !== null) {
        return { kind: "scan", roundId: hand.roundId, place: hand.place, card };
      }
      this.#alarm({ code: "CARD_NOT_POSSIBLE", message: "no hand takes a card now" });
      return null;
    });
    if (done) this.#callbacks.onScanned();
  }

  /** Confirm the card that waits when this command's turn has come; nothing without one. */
  confirm() {
    return this.#decide("confirm");
  }

  undo() {
    return this.#decide("undo");
  }

  cutCard() {
    return this.#commands.give(() => {
      const hand = this.#desk?.hand ?? null;
      if (hand !== null) return { kind: "cut_card", roundId: hand.roundId };
      this.#alarm({ code: "NO_SUCH_STEP", message: "the cut card comes out while a hand is dealt, and none is" });
      return null;
    });
  }

  enterShoe(command) {
    return this.#commands.give(command);
  }

  endShoe(shoeId, cards) {
    return this.#commands.give({ kind: "end_shoe", shoeId, left: cards === null ? null : cards.join("") });
  }

  async #decide(kind) {
    const done = await this.#commands.give(() => {
      const hand = this.#desk?.hand;
      return hand?.pending ? { kind, roundId: hand.roundId, place: hand.place } : null;
    });
    if (done) this.#callbacks.onDecided();
  }

  #beat() {
    if (this.#session.state === "online" && this.#seated && !this.#commands.isBusy) this.#commands.refresh();
  }

  #joined({ events }) {
    this.#noteSealed(events);
    if (this.#wantsDesk) this.#commands.give({ kind: "take_desk" });
  }

  #events(events) {
    this.#noteSealed(events);
    if (!this.#seated) return;
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = setTimeout(() => this.#commands.refresh(), REFRESH_AFTER_MS);
  }

  // DeskView does not say whether the book is sealed, and before that no card is taken.
  #noteSealed(events) {
    for (const { type, roundId } of events) {
      if (type === "BOOK_SEALED" && (this.#sealed === null || roundId > this.#sealed)) this.#sealed = roundId;
    }
    this.#callbacks.onChange();
  }

  #answered({ desk }) {
    if (desk.tableId !== this.#tableId) return;
    this.#desk = desk;
    this.#seated = true;
    this.#refused = null;
    this.#callbacks.onChange();
  }

  #refusedBy(error, { kind }) {
    if (kind === "take_desk" && error.code === "NO_ANSWER") {
      this.takeDesk(); // safe to repeat, and nothing goes on without it
      return;
    }
    const words = refusalWords(error, "desk");
    if (error.code === "NOT_YOUR_TABLE" || kind === "take_desk") {
      // The pit has given the desk to somebody else: taking it back is the dealer's decision.
      this.#seated = false;
      this.#wantsDesk = false;
      this.#refused = words.what;
    } else if (kind !== "beat") {
      this.#callbacks.onAlarm(words);
      this.#commands.refresh(); // a refusal does not say how the desk stands
    }
    this.#callbacks.onChange();
  }

  #alarm(error) {
    this.#callbacks.onAlarm(refusalWords(error, "desk"));
  }
}
