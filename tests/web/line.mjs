// A session's connection without a house behind it.

import { OPENED_AT } from "./builders.mjs";

/** A connection that is up at once and keeps what is sent. */
export class Line {
  state = "offline";
  isOpen = false;
  sent = [];
  resets = 0;

  constructor(options) {
    this.options = options;
  }

  start() { this.#open(); }
  stop() { this.isOpen = false; }
  send(message) { if (this.isOpen) this.sent.push(message); return this.isOpen; }

  reset() {
    this.resets += 1;
    this.isOpen = false;
    this.state = "offline";
    this.options.onState("offline");
    this.#open();
  }

  #open() {
    this.isOpen = true;
    this.options.onOpen();
    this.options.ping();
    this.say({ type: "pong", id: this.last("ping").id, server_ms: OPENED_AT });
  }

  say(message) {
    if (this.state !== "online") {
      this.state = "online";
      this.options.onState("online");
    }
    this.options.onMessage(message);
  }

  last(action, tableId) {
    return this.sent.findLast((m) => m.action === action && (tableId === undefined || m.tableId === tableId));
  }
}

/** A storage of the browser, without one. */
export const memory = () => {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) };
};
