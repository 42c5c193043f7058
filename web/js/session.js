// What belongs to the player, whatever tables he is at: connection, balance, clock, session record.
// Messages of the house go to the table that they are about, answers to whoever asked.
//
// `onChange()` is called whenever something to show may have changed, `onNotice({kind, text, tableId})`
// for what the player should read now, `onSignedOut(error)` when signing in again is needed.

import { ApiError } from "./api.js";
import { SignInError } from "./auth.js";
import { Connection } from "./connection.js";
import { randomId } from "./ids.js";
import { refusalText } from "./refusals.js";
import { ServerClock } from "./server_clock.js";
import { SessionRecord } from "./session_record.js";
import { TableClient } from "./table_client.js";
import { Balance } from "./wallet.js";

/** Tables that fit on a screen side by side. */
export const MOST_TABLES = 4;
const ANSWER_WITHIN_MS = 15_000;

/** The house refused what was asked; `code` and `details` are its own. */
export class Refused extends Error {
  constructor(error, currency) {
    super(refusalText(error, currency));
    this.code = error.code;
    this.details = error.details ?? {};
  }
}

export class Session {
  #callbacks;
  #connection;
  #tables = new Map();
  #balance = new Balance();
  #pings = new Map();
  #questions = new Map(); // id → {resolve, reject, timer}
  #identity = null;
  #makePlayer;

  /** `makePlayer(client, session)` returns the player of a table's picture, or null where there is none. */
  constructor({
    api, onChange, onNotice, onSignedOut,
    connect = (options) => new Connection(options), clock = new ServerClock(), record = new SessionRecord(),
    makePlayer = () => null,
  }) {
    this.api = api;
    this.clock = clock;
    this.record = record;
    this.#callbacks = { onChange, onNotice };
    this.#makePlayer = makePlayer;
    this.#connection = connect({
      address: () => this.#address(),
      isFatal: (error) => error instanceof SignInError
        || (error instanceof ApiError && [400, 403, 404].includes(error.status)),
      onFatal: (error) => onSignedOut(error),
      onOpen: () => { for (const table of this.tables) table.connected(); },
      onMessage: (message) => this.#receive(message),
      onState: (state) => {
        if (state !== "online") for (const table of this.tables) table.disconnected();
        onChange();
      },
      ping: () => this.#ping(),
    });
  }

  start() {
    this.#connection.start();
  }

  stop({ signedOut = false } = {}) {
    this.showTables([]);
    this.#connection.stop();
    for (const { reject, timer } of this.#questions.values()) {
      clearTimeout(timer);
      reject(new Error("The session has ended."));
    }
    this.#questions.clear();
    if (signedOut) this.record.close();
  }

  /** The tables the player is at, in the order in which he came. */
  get tables() {
    return [...this.#tables.values()];
  }

  table(tableId) {
    return this.#tables.get(tableId) ?? null;
  }

  /** Be at these tables and at no other; `pressedAt`, monotonic, is when the player asked for that. */
  showTables(tableIds, pressedAt = this.clock.monotonicMs()) {
    for (const table of this.tables) {
      if (tableIds.includes(table.tableId)) continue;
      table.stop();
      this.#tables.delete(table.tableId);
      this.send({ action: "leave", id: randomId(), tableId: table.tableId });
    }
    for (const tableId of tableIds.slice(0, MOST_TABLES)) {
      if (this.#tables.has(tableId)) continue;
      const table = new TableClient({
        session: this, tableId, onChange: this.#callbacks.onChange, onNotice: this.#callbacks.onNotice,
        makePlayer: (client) => this.#makePlayer(client, this),
      });
      this.#tables.set(tableId, table);
      table.start(pressedAt);
      if (this.#connection.isOpen) table.connected();
    }
  }

  /** What every screen shows of the player. */
  snapshot() {
    const wallet = this.wallet();
    return {
      nowMs: this.clock.nowMs(),
      connection: this.connection,
      identity: this.#identity,
      wallet,
      currency: wallet?.currency ?? "EUR",
      record: this.record,
    };
  }

  get identity() {
    return this.#identity;
  }

  /** online | connecting | offline */
  get connection() {
    return this.#connection.state;
  }

  /**
   * The balance to show of a currency, without one of the currency heard of first: until a result that may
   * pay is on the screen it may fall, but not rise.
   */
  wallet(currency = this.#balance.firstCurrency) {
    return this.#balance.shown(this.#tablesOf(currency).some((table) => table.holdsBalance()), currency);
  }

  /** What can be staked: the balance of a currency less what is on its way to any table. */
  spendableMinor(currency = this.#balance.firstCurrency) {
    const pending = this.#tablesOf(currency).reduce((sum, table) => sum + table.pendingMinor(), 0);
    return (this.wallet(currency)?.available_minor ?? 0) - pending;
  }

  /** Tables that play for a currency; one that has not said yet may. */
  #tablesOf(currency) {
    return this.tables.filter((table) => (table.currency ?? currency) === currency);
  }

  /** Send a message; false when there is no open connection. */
  send(message) {
    return this.#connection.send(message);
  }

  /** Send a message and return the answer. Rejects: Refused, or Error without an answer. */
  ask(message) {
    const id = randomId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        reject(new Error("The house did not answer."));
      }, ANSWER_WITHIN_MS);
      this.#questions.set(id, { resolve, reject, timer });
      if (!this.send({ ...message, id })) this.#settle(id, "reject", new Error("There is no connection."));
    });
  }

  /** Give the connection up and connect anew. */
  reset() {
    this.#connection.reset();
  }

  /** For tests and support; see main.js. */
  get diagnostics() {
    const at = (tableId) => (tableId ? this.table(tableId) : this.tables[0])?.diagnostics;
    return {
      tables: () => [...this.#tables.keys()],
      position: (tableId) => at(tableId)?.position() ?? null,
      events: (tableId) => at(tableId)?.events() ?? [],
      dropConnection: () => this.reset(),
      video: (tableId) => at(tableId)?.video() ?? null,
      frames: (tableId) => at(tableId)?.frames() ?? [],
    };
  }

  async #address() {
    const { ticket, url, playerId, role } = await this.api.ticket();
    if (this.#identity?.playerId !== playerId) this.record.open(playerId);
    this.#identity = { playerId, role };
    return `${url}?ticket=${encodeURIComponent(ticket)}`;
  }

  #ping() {
    const id = randomId();
    if (!this.send({ action: "ping", id })) return false;
    this.#pings.set(id, this.clock.monotonicMs());
    if (this.#pings.size > 20) this.#pings.delete(this.#pings.keys().next().value);
    return true;
  }

  #receive(message) {
    if (message.wallet) this.#balance.offer(message.wallet);
    if (message.type === "pong") this.#pong(message);
    else if (message.type === "error") this.#refused(message);
    else {
      this.#tables.get(tableIdOf(message))?.receive(message);
      if (message.id) this.#settle(message.id, "resolve", message);
    }
    this.#callbacks.onChange();
  }

  #pong({ id, server_ms: serverMs }) {
    const sentAt = this.#pings.get(id);
    if (sentAt === undefined) return;
    this.#pings.delete(id);
    this.clock.sample(serverMs, sentAt);
  }

  #refused(error) {
    if (this.#settle(error.id, "reject", new Refused(error, this.snapshot().currency))) return;
    if (this.#pings.delete(error.id) || this.tables.some((table) => table.refused(error))) return;
    // An id that nobody waits for is the answer to a repeat, and was told the first time.
    if (error.id === null) this.#callbacks.onNotice({ kind: "error", text: refusalText(error, this.snapshot().currency) });
  }

  #settle(id, how, value) {
    const question = this.#questions.get(id);
    if (!question) return false;
    clearTimeout(question.timer);
    this.#questions.delete(id);
    question[how](value);
    return true;
  }
}

/** The table a message is about, or undefined. */
export function tableIdOf({ tableId, table, roundId, bet, bets }) {
  const round = roundId ?? bet?.roundId ?? bets?.[0]?.roundId;
  return tableId ?? table?.tableId ?? round?.slice(0, round.lastIndexOf("."));
}
