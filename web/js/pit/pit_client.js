// The pit at one table: line, state, corrections, log and commands, without any drawing.

import { Commands } from "../staff/commands.js";
import { StaffSession } from "../staff/staff_session.js";
import { refusalWords } from "../staff/words.js";
import { withEvents } from "./event_feed.js";

const LOOK_EVERY_MS = 2_000;
const REFRESH_AFTER_MS = 150;

export class PitClient {
  #session;
  #commands;
  #callbacks;
  #tableId = null;
  #desk = null;
  #corrections = [];
  #events = [];
  #lookTimer = null;
  #refreshTimer = null;

  /** As DeskClient; `onRefused(words)` instead of alarms. */
  constructor({ api, onChange, onRefused, onNoTable, onEnd }) {
    this.#callbacks = { onChange, onRefused };
    this.#session = new StaffSession({
      api,
      role: "pit",
      onState: onChange,
      onJoined: ({ events }) => this.#take(events),
      onEvents: (events) => this.#take(events),
      onNoTable: (error) => {
        this.#tableId = null;
        onNoTable(error);
      },
      onEnd,
    });
    this.#commands = new Commands({
      ask: (command) => this.#session.ask({ action: "pit", tableId: this.#tableId, command }),
      refreshing: { kind: "look" },
      onAnswer: (answer) => this.#answered(answer),
      onRefused: (error, command) => {
        if (command.kind !== "look") {
          onRefused(refusalWords(error, "pit"));
          this.#commands.refresh();
        }
        onChange();
      },
    });
  }

  get session() {
    return this.#session;
  }

  snapshot() {
    return {
      tableId: this.#tableId,
      desk: this.#desk,
      corrections: this.#corrections,
      events: this.#events,
      line: this.#session.state,
      me: this.#session.identity?.playerId ?? null,
      nowMs: this.#session.nowMs(),
    };
  }

  start() {
    this.#session.start();
    this.#lookTimer = setInterval(() => {
      if (this.#tableId !== null && this.#session.state === "online" && !this.#commands.isBusy) this.#commands.refresh();
    }, LOOK_EVERY_MS);
  }

  stop() {
    clearInterval(this.#lookTimer);
    clearTimeout(this.#refreshTimer);
    this.#commands.clear();
    this.#session.stop();
  }

  /** Look at this table from now on. */
  open(tableId) {
    this.#commands.clear();
    this.#tableId = tableId;
    this.#desk = null;
    this.#corrections = [];
    this.#events = [];
    this.#session.watch(tableId);
    this.#callbacks.onChange();
  }

  /** Resolves with whether it was carried out. */
  give(command) {
    return this.#commands.give(command);
  }

  #take(events) {
    this.#events = withEvents(this.#events, events.filter(({ tableId }) => tableId === this.#tableId));
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = setTimeout(() => this.#commands.refresh(), REFRESH_AFTER_MS);
    this.#callbacks.onChange();
  }

  #answered({ desk, corrections }) {
    if (desk.tableId !== this.#tableId) return;
    this.#desk = desk;
    this.#corrections = corrections;
    this.#callbacks.onChange();
  }
}
