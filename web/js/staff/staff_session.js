// The line of a member of staff to the house: one websocket, one watched table, and `ask`, which gives
// every message a bounded time to be answered. It knows nothing of desks or corrections.

import { ApiError } from "../api.js";
import { SignInError } from "../auth.js";
import { Connection } from "../connection.js";
import { randomId } from "../ids.js";
import { Outbox } from "../outbox.js";
import { ServerClock } from "../server_clock.js";

const ANSWER_MS = 25_000; // a function that starts cold takes seconds
const BUSY_CODES = new Set(["CONTENTION", "INTERNAL"]);
const MAX_BUSY = 3; // then the person is told

/** The house refused a message, or did not answer it; `code` says which, as in the protocol. */
export class Refusal extends Error {
  constructor({ code, message, details }) {
    super(message);
    this.code = code;
    this.details = details ?? {};
  }
}

/** The account is not one for this page. */
export class WrongRole extends Error {}

export class StaffSession {
  #api;
  #role;
  #callbacks;
  #connection;
  #outbox;
  #clock = new ServerClock();
  #waiting = new Map(); // id → {resolve, reject, timer, busy}
  #pings = new Map();
  #tableId = null;
  #joinId = null;
  #joinSentAt = 0;
  #identity = null;

  /**
   * onState(s)       online | connecting | offline
   * onJoined(m)      the watched table was joined, also after every reconnect
   * onEvents(events) news of the watched table; they may come twice and out of order
   * onNoTable(error) the table cannot be watched
   * onEnd(error)     signing in again is needed, or the role is not `role`
   */
  constructor({ api, role, onState, onJoined, onEvents, onNoTable, onEnd }) {
    this.#api = api;
    this.#role = role;
    this.#callbacks = { onState, onJoined, onEvents, onNoTable, onEnd };
    this.#outbox = new Outbox({
      send: (message) => this.#connection.state === "online" && this.#connection.send(message),
      onGivenUp: (id) => this.#settle(id, ({ reject }) => reject(noAnswer())),
    });
    this.#connection = new Connection({
      address: () => this.#address(),
      isFatal: (error) => error instanceof SignInError || error instanceof WrongRole
        || (error instanceof ApiError && [400, 403, 404].includes(error.status)),
      onFatal: (error) => onEnd(error),
      onOpen: () => this.#join(),
      onMessage: (message) => this.#receive(message),
      onState,
      ping: () => this.#ping(),
    });
  }

  /** Who is signed in: {playerId, role}, or null before the first connection. */
  get identity() {
    return this.#identity;
  }

  get state() {
    return this.#connection.state;
  }

  nowMs() {
    return this.#clock.nowMs();
  }

  start() {
    this.#connection.start();
  }

  stop() {
    this.#connection.stop();
    this.#outbox.clear();
    for (const id of [...this.#waiting.keys()]) this.#settle(id, ({ reject }) => reject(noAnswer()));
  }

  /** Close the socket abruptly, as a lost network would. */
  dropConnection() {
    this.#connection.reset();
  }

  /** Watch this table instead of the one before. */
  watch(tableId) {
    if (this.#tableId !== null && this.#tableId !== tableId) {
      this.#connection.send({ action: "leave", id: randomId(), tableId: this.#tableId });
    }
    this.#tableId = tableId;
    this.#join();
  }

  /**
   * Send a message under a new id. Resolves with its answer; rejects with a Refusal.
   * Until it is answered it is sent again, over a new connection as well: every one is safe to repeat.
   */
  ask(message, { timeoutMs = ANSWER_MS } = {}) {
    const id = randomId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, () => reject(noAnswer())), timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer, busy: 0 });
      this.#outbox.post(id, { ...message, id });
    });
  }

  async #address() {
    const { ticket, url, playerId, role } = await this.#api.ticket();
    if (role !== this.#role) {
      throw new WrongRole(`This page is for the role “${this.#role}”; this account is “${role}”. `
        + "Please sign in with another account.");
    }
    this.#identity = { playerId, role };
    return `${url}?ticket=${encodeURIComponent(ticket)}`;
  }

  #join() {
    if (this.#tableId === null) return;
    this.#joinId = randomId();
    this.#joinSentAt = this.#clock.monotonicMs();
    this.#connection.send({ action: "join", id: this.#joinId, tableId: this.#tableId });
  }

  #ping() {
    const id = randomId();
    if (!this.#connection.send({ action: "ping", id })) return false;
    this.#pings.set(id, this.#clock.monotonicMs());
    if (this.#pings.size > 20) this.#pings.delete(this.#pings.keys().next().value);
    return true;
  }

  #receive(message) {
    switch (message.type) {
      case "pong": this.#pong(message); break;
      case "joined": this.#joined(message); break;
      case "events":
        if (message.tableId === this.#tableId) this.#callbacks.onEvents(message.events);
        break;
      case "error": this.#refused(message); break;
      default:
        if (message.id) this.#settle(message.id, ({ resolve }) => resolve(message));
    }
  }

  #pong({ id, server_ms: serverMs }) {
    const sentAt = this.#pings.get(id);
    if (sentAt === undefined) return;
    this.#pings.delete(id);
    this.#clock.sample(serverMs, sentAt);
    this.#connection.pong();
    // Without a table to join this answer is what shows that the line is up.
    if (this.#tableId === null) this.#up();
  }

  #joined(message) {
    if (message.id !== this.#joinId) return;
    this.#clock.sample(message.server_ms, this.#joinSentAt);
    this.#up();
    this.#callbacks.onJoined(message);
  }

  #up() {
    if (this.#connection.state === "online") return;
    this.#connection.ready();
    this.#outbox.resendAll();
  }

  #refused(error) {
    if (error.id !== null && error.id === this.#joinId) {
      this.#tableId = null;
      this.#up();
      this.#callbacks.onNoTable(new Refusal(error));
      return;
    }
    const waiting = this.#waiting.get(error.id);
    if (waiting && BUSY_CODES.has(error.code) && waiting.busy < MAX_BUSY) {
      waiting.busy += 1;
      this.#outbox.retrySoon(error.id);
      return;
    }
    this.#settle(error.id, ({ reject }) => reject(new Refusal(error)));
  }

  #settle(id, how) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    this.#outbox.answered(id);
    how(waiting);
  }
}

const noAnswer = () => new Refusal({ code: "NO_ANSWER", message: "the house did not answer in time" });
