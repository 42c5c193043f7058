// The player at one table: connection, log, bets and balance together, without any drawing.
//
// `onChange()` is called whenever something to show may have changed, `onNotice({kind, text})` for
// what the player should read now, `onSignedOut(error)` when signing in again is needed.

import { ApiError } from "./api.js";
import { SignInError } from "./auth.js";
import { Connection } from "./connection.js";
import { randomId } from "./ids.js";
import { shortMoneyText } from "./money.js";
import { Outbox } from "./outbox.js";
import { OwnBets } from "./own_bets.js";
import { isRevealed, present } from "./presentation.js";
import { refusalText } from "./refusals.js";
import { emptyRound, isFinal, withEvent } from "./round.js";
import { ServerClock } from "./server_clock.js";
import { SessionRecord } from "./session_record.js";
import { currentRound, initialState, join, receive } from "./table_state.js";
import { Balance } from "./wallet.js";

const GAP_GRACE_MS = 300; // events of two messages may overtake each other
const REJOIN_EVERY_MS = 2_000;
const WATCH_EVERY_MS = 2_000;
const OVERDUE_MS = 6_000; // news of a running round this late have been missed
const QUIET_MS = 30_000; // a table at rest is asked this often
const APPLIED_KEPT = 5_000;
const BUSY_CODES = new Set(["CONTENTION", "INTERNAL"]);
const MAIN_SPOTS = new Set(["PLAYER", "BANKER", "TIE"]);
const RETURNED_BECAUSE = {
  NOT_IN_BOOK: "came too late for the round",
  TABLE_DIFFERENTIAL: "was too much for one side of the table",
};

export class TableClient {
  #api;
  #tableId;
  #callbacks;
  #connection;
  #outbox;
  #state = initialState();
  #bets = new OwnBets();
  #balance = new Balance();
  #record = new SessionRecord();
  #clock = new ServerClock();
  #identity = null;
  #applied = [];
  #joinId = null;
  #joinSentAt = 0;
  #pings = new Map();
  #rejoinTimer = null;
  #watchTimer = null;
  #clearing = null;
  #oldRounds = new Set(); // ended before this session: not part of its record
  #recovering = new Set();

  constructor({ api, tableId, onChange, onNotice, onSignedOut }) {
    this.#api = api;
    this.#tableId = tableId;
    this.#callbacks = { onChange, onNotice, onSignedOut };
    this.#outbox = new Outbox({
      send: (message) => this.#connection.state === "online" && this.#connection.send(message),
      onGivenUp: (key, message) => this.#givenUp(key, message),
    });
    this.#connection = new Connection({
      address: () => this.#address(),
      isFatal: (error) => error instanceof SignInError
        || (error instanceof ApiError && [400, 403, 404].includes(error.status)),
      onFatal: (error) => onSignedOut(error),
      onOpen: () => this.#join(this.#state.position),
      onMessage: (message) => this.#receive(message),
      onState: () => onChange(),
      ping: () => this.#ping(),
    });
  }

  start() {
    this.#connection.start();
    this.#watchTimer = setInterval(() => this.#watch(), WATCH_EVERY_MS);
  }

  stop({ signedOut = false } = {}) {
    this.#connection.stop();
    this.#outbox.clear();
    clearTimeout(this.#rejoinTimer);
    clearInterval(this.#watchTimer);
    if (signedOut) this.#record.close();
  }

  /** Everything a view needs, at this moment. */
  snapshot() {
    const nowMs = this.#clock.nowMs();
    const view = present(this.#state, nowMs);
    this.#noteEndedRounds(nowMs);
    // Until the result is on the screen the balance may fall, but not rise.
    const wallet = this.#balance.shown(view.phase === "closed" || view.phase === "dealing");
    const limits = Object.keys(view.round?.limits ?? {}).length ? view.round.limits : this.#state.table?.limits;
    return {
      ...view,
      nowMs,
      connection: this.#connection.state,
      joined: this.#state.table !== null,
      identity: this.#identity,
      table: this.#state.table,
      currency: view.round?.currency ?? this.#state.table?.currency ?? wallet?.currency ?? "EUR",
      paytable: view.round?.paytable ?? this.#state.table?.paytable ?? null,
      limits: limits ?? {},
      wallet,
      spendableMinor: (wallet?.available_minor ?? 0) - this.#bets.pendingMinor(),
      bets: this.#bets,
      record: this.#record,
      rounds: this.#state.rounds,
      canBet: view.phase === "open" && wallet !== null,
      clearing: this.#clearing !== null,
    };
  }

  /** For tests and support; see main.js. */
  get diagnostics() {
    return {
      position: () => (this.#state.position ? { ...this.#state.position } : null),
      events: () => this.#applied.map((event) => ({ ...event })),
      dropConnection: () => this.#connection.reset(),
    };
  }

  /** Put stakes ({spot, minor}) on spots of the current round: all of them or none. */
  placeBets(stakes) {
    const roundId = currentRound(this.#state)?.roundId;
    if (roundId === undefined || stakes.length === 0) return;
    const id = randomId();
    const bets = stakes.map(({ spot, minor }) => ({ betId: randomId(), spot, stake_minor: minor }));
    for (const bet of bets) this.#bets.place({ ...bet, roundId, commandId: id });
    this.#outbox.post(id, { action: "bet", id, roundId, bets });
    this.#callbacks.onChange();
  }

  /** Take back the newest accepted bet of the current round. */
  undo() {
    const bet = this.#cancellable().at(-1);
    if (bet) this.#cancel(bet);
  }

  /** Take back all bets of the current round, one after the other: side bets first, which need the others. */
  clear() {
    if (this.#clearing !== null) return;
    this.#clearing = currentRound(this.#state)?.roundId ?? null;
    this.#clearNext();
  }

  #clearNext() {
    const bets = this.#clearing === currentRound(this.#state)?.roundId ? this.#cancellable() : [];
    const bet = bets.findLast(({ spot }) => !MAIN_SPOTS.has(spot)) ?? bets.at(-1);
    if (bet) this.#cancel(bet);
    else this.#clearing = null;
    this.#callbacks.onChange();
  }

  #cancellable() {
    const round = currentRound(this.#state);
    return round === null ? [] : this.#bets.standing(round.roundId)
      .filter(({ state, pending }) => state === "PLACED" && pending === null);
  }

  #cancel(bet) {
    const id = randomId();
    this.#bets.cancelling(bet.betId);
    this.#outbox.post(id, { action: "cancel", id, roundId: bet.roundId, betId: bet.betId });
    this.#callbacks.onChange();
  }

  async #address() {
    const { ticket, url, playerId, role } = await this.#api.ticket();
    if (this.#identity?.playerId !== playerId) this.#record.open(playerId);
    this.#identity = { playerId, role };
    return `${url}?ticket=${encodeURIComponent(ticket)}`;
  }

  #join(last) {
    this.#joinId = randomId();
    this.#joinSentAt = this.#clock.monotonicMs();
    this.#connection.send({ action: "join", id: this.#joinId, tableId: this.#tableId, last });
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
      case "joined": this.#joined(message); break;
      case "events": if (message.tableId === this.#tableId) this.#events(message.events); break;
      case "bets_accepted":
        this.#outbox.answered(message.id);
        this.#balance.offer(message.wallet);
        for (const bet of message.bets) this.#bets.update(bet);
        break;
      case "bet_cancelled":
        this.#outbox.answered(message.id);
        this.#balance.offer(message.wallet);
        this.#bets.update(message.bet);
        if (this.#clearing !== null) this.#clearNext();
        break;
      case "wallet": this.#balance.offer(message.wallet); break;
      case "bet": this.#betChanged(message.bet); break;
      case "pong": this.#pong(message); break;
      case "error": this.#refused(message); break;
      default: return; // a later version's message, or the gateway's own
    }
    this.#callbacks.onChange();
  }

  #joined(message) {
    if (message.id !== this.#joinId) return;
    this.#joinId = null;
    this.#clock.sample(message.server_ms, this.#joinSentAt);
    const first = this.#state.table === null;
    const outcome = join(this.#state, message);
    this.#take(outcome);
    this.#balance.offer(message.wallet);
    for (const bet of message.bets) this.#bets.update(bet);
    this.#dropUnknown(message);
    if (first) {
      const known = new Set(this.#record.rounds.map(({ roundId }) => roundId));
      for (const round of this.#state.rounds) {
        if (isFinal(round) && !known.has(round.roundId) && known.size === 0) this.#oldRounds.add(round.roundId);
      }
    }
    this.#connection.ready();
    this.#outbox.resendAll();
    this.#recoverLostRounds();
  }

  /** A bet the table was asked for, but does not list although it takes no more, does not exist. */
  #dropUnknown({ bets, events }) {
    const listed = new Set(bets.map(({ betId }) => betId));
    const round = currentRound(this.#state);
    if (round === null || events.some(({ roundId }) => roundId !== round.roundId)) return;
    for (const bet of this.#bets.ofRound(round.roundId)) {
      if (bet.pending === "placing" && isFinal(round) && !listed.has(bet.betId)) {
        this.#outbox.answered(bet.commandId);
        this.#bets.remove(bet.betId);
      }
    }
  }

  #events(events) {
    this.#take(receive(this.#state, events));
  }

  #take({ state, applied, gap, forked }) {
    this.#state = state;
    for (const { epoch, seq, type, roundId } of applied) this.#applied.push({ epoch, seq, type, roundId });
    if (this.#applied.length > APPLIED_KEPT) this.#applied.splice(0, this.#applied.length - APPLIED_KEPT);
    const keep = new Set(state.rounds.map(({ roundId }) => roundId));
    if (!gap) this.#bets.keepRounds(new Set([...keep, ...this.#lostRounds()]));
    if (forked) this.#rejoin(() => null);
    else if (gap) this.#rejoin(() => this.#state.position);
  }

  /** Join again soon, unless the gap has closed by itself; at most every REJOIN_EVERY_MS. */
  #rejoin(positionOf) {
    if (this.#rejoinTimer !== null) return;
    const since = this.#clock.monotonicMs() - this.#joinSentAt;
    const delay = Math.max(GAP_GRACE_MS, REJOIN_EVERY_MS - since);
    this.#rejoinTimer = setTimeout(() => {
      this.#rejoinTimer = null;
      const position = positionOf();
      if (position === null || this.#state.waiting.length > 0) this.#join(position);
    }, delay);
  }

  /**
   * A message that was lost shows as a gap only when a later one arrives. So when the log is silent
   * for longer than it should be, ask; and when even that stays unanswered, the line is dead.
   */
  #watch() {
    if (this.#connection.state !== "online") return;
    const round = currentRound(this.#state);
    const running = round !== null && !isFinal(round);
    const expectedMs = Math.max(
      round?.closesAtMs ?? 0, round?.shownAtMs ?? 0, round?.events.at(-1).at_ms ?? 0,
    );
    const patienceMs = running ? OVERDUE_MS : QUIET_MS;
    const askedMs = this.#clock.monotonicMs() - this.#joinSentAt;
    if (this.#clock.nowMs() < expectedMs + patienceMs || askedMs < patienceMs) return;
    if (this.#joinId === null) this.#join(this.#state.position);
    else this.#connection.reset();
  }

  #betChanged(bet) {
    const before = this.#bets.update(bet);
    const commandId = before?.pending === "placing" ? before.commandId : null;
    const waiting = this.#bets.ofRound(bet.roundId).some((other) => other.commandId === commandId);
    if (commandId !== null && !waiting) this.#outbox.answered(commandId);
    const because = RETURNED_BECAUSE[bet.reason];
    if (bet.state === "REFUNDED" && before?.state !== "REFUNDED" && because) {
      this.#notice("info", `Your bet of ${this.#money(bet.stake_minor)} on ${bet.spot} ${because} and was returned.`);
    }
  }

  #pong({ id, server_ms: serverMs }) {
    const sentAt = this.#pings.get(id);
    if (sentAt === undefined) return;
    this.#pings.delete(id);
    this.#clock.sample(serverMs, sentAt);
    this.#connection.pong();
  }

  #refused(error) {
    const { id, code } = error;
    const message = refusalText(error, this.#state.table?.currency ?? "EUR");
    if (id !== null && id === this.#joinId) {
      this.#notice("error", `The table does not let you in: ${message}`);
      return;
    }
    if (id !== null && BUSY_CODES.has(code) && this.#outbox.retrySoon(id)) return;
    const command = id === null ? null : this.#outbox.answered(id);
    if (command?.action === "bet") {
      for (const { betId } of command.bets) this.#bets.remove(betId);
      this.#notice("error", `${command.bets.length === 1 ? "Bet" : "Bets"} not taken: ${message}`);
    } else if (command?.action === "cancel") {
      this.#bets.cancelRefused(command.betId);
      this.#clearing = null;
      this.#notice("error", `Not taken back: ${message}`);
    } else if (!this.#pings.delete(id)) {
      this.#notice("error", message);
    }
  }

  #givenUp(_key, message) {
    if (message.action === "bet") {
      for (const { betId } of message.bets) this.#bets.remove(betId);
      this.#notice("error", "The table did not answer: the bet is not confirmed.");
    } else {
      this.#bets.cancelRefused(message.betId);
      this.#clearing = null;
      this.#notice("error", "The table did not answer: the bet stands.");
    }
    // A new connection starts with a join, and that tells which bets there really are.
    this.#connection.reset();
  }

  #noteEndedRounds(nowMs) {
    if (this.#identity === null) return;
    for (const round of this.#state.rounds) {
      if (!isFinal(round) || this.#oldRounds.has(round.roundId) || !isRevealed(round, nowMs)) continue;
      const sums = this.#bets.sumUp(round) ?? { stakeMinor: 0, returnMinor: 0 };
      this.#record.note({
        roundId: round.roundId,
        roundNo: round.roundNo,
        outcome: round.phase === "voided" ? "VOID" : round.result.outcome,
        ...sums,
      });
    }
  }

  /** Rounds with open bets of ours that we did not see end. */
  #lostRounds() {
    const known = new Set(this.#state.rounds.map(({ roundId }) => roundId));
    return this.#bets.roundIds().filter(
      (roundId) => !known.has(roundId) || !isFinal(this.#state.rounds.find((r) => r.roundId === roundId)),
    ).filter((roundId) => roundId !== currentRound(this.#state)?.roundId);
  }

  /** After a long absence: learn from the transcripts how bets of missed rounds ended. */
  async #recoverLostRounds() {
    for (const roundId of this.#lostRounds()) {
      if (this.#recovering.has(roundId)) continue;
      this.#recovering.add(roundId);
      try {
        const { transcript } = await this.#api.transcript(roundId);
        const round = transcript.events.reduce(withEvent, emptyRound(roundId));
        const paid = new Map(transcript.payouts.map((payout) => [payout.betId, payout.payout_minor]));
        for (const bet of this.#bets.standing(roundId)) {
          const amount = paid.get(bet.betId);
          if (amount !== undefined) this.#bets.update({ ...bet, state: "PAID", payout_minor: amount });
        }
        this.#adopt(round);
      } catch {
        this.#recovering.delete(roundId); // tried again after the next join
      }
    }
    this.#callbacks.onChange();
  }

  #adopt(round) {
    const others = this.#state.rounds.filter(({ roundId }) => roundId !== round.roundId);
    const rounds = [...others, round].sort((a, b) => a.roundNo - b.roundNo);
    this.#state = { ...this.#state, rounds };
  }

  #money(minor) {
    return shortMoneyText(minor, this.#state.table?.currency ?? "EUR");
  }

  #notice(kind, text) {
    this.#callbacks.onNotice({ kind, text });
  }
}
