// The player at one table: its log, his bets and his seat there, without any drawing. What is the
// player's own, whatever the table, is session.js.
//
// `onChange()` is called whenever something to show may have changed, `onNotice({kind, text, tableId})`
// for what the player should read now.

import { randomId } from "./ids.js";
import { shortMoneyText } from "./money.js";
import { Outbox } from "./outbox.js";
import { OwnBets } from "./own_bets.js";
import { isRevealed, present } from "./presentation.js";
import { recall } from "./recall.js";
import { refusalText } from "./refusals.js";
import { isFinal } from "./round.js";
import { currentRound, initialState, join, receive } from "./table_state.js";

const GAP_GRACE_MS = 300; // events of two messages may overtake each other
const REJOIN_EVERY_MS = 2_000;
const JOIN_WITHIN_MS = 8_000; // a join that stays unanswered is sent again
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
  #session;
  #tableId;
  #callbacks;
  #outbox;
  #state = initialState();
  #shown = this.#state; // the log as far as the picture shows it: all of it where there is none
  #unshown = []; // {event, dueAt}: what the picture has not come to, oldest first
  #player = null; // of the picture
  #bets = new OwnBets();
  #seats = { seats: [], serverMs: 0 };
  #ownSeat = null; // where the player wants to sit, also after a reconnect
  #applied = [];
  #joined = false; // on this connection
  #joinId = null;
  #joinSentAt = 0;
  #rejoinTimer = null;
  #watchTimer = null;
  #clearing = null;
  #oldRounds = new Set(); // ended before this session: not part of its record
  #recovering = new Set();

  /** `makePlayer(client)` returns the player of the table's picture, or null where there is no camera. */
  constructor({ session, tableId, onChange, onNotice, makePlayer = () => null }) {
    this.#session = session;
    this.#tableId = tableId;
    this.#callbacks = { onChange, onNotice };
    this.#player = makePlayer(this);
    this.#outbox = new Outbox({
      send: (message) => this.#joined && session.send(message),
      onGivenUp: (key, message) => this.#givenUp(key, message),
    });
  }

  get tableId() {
    return this.#tableId;
  }

  /** `pressedAt`, monotonic, is when the player asked for the table. */
  start(pressedAt) {
    this.#watchTimer = setInterval(() => this.#watch(), WATCH_EVERY_MS);
    this.#player?.start(pressedAt);
  }

  stop() {
    this.#player?.stop();
    this.#outbox.clear();
    clearTimeout(this.#rejoinTimer);
    clearInterval(this.#watchTimer);
  }

  /** There is a connection to join with. */
  connected() {
    this.#join(this.#state.position);
  }

  /** The connection is gone; another will come. */
  disconnected() {
    this.#joined = false;
    this.#joinId = null;
  }

  /** What is played for here; null until the table has said. */
  get currency() {
    return this.#state.table?.currency ?? null;
  }

  /** Whether a balance that rises now could tell the result before the cards do. */
  holdsBalance() {
    const nowMs = this.#clock.nowMs();
    const seen = this.#seen(nowMs);
    const { round, phase } = present(this.#state, nowMs, seen);
    if ((phase === "closed" || phase === "dealing") && this.#bets.standing(round.roundId).length > 0) return true;
    const last = currentRound(seen.state);
    return last !== null && last.roundId !== round.roundId && !isRevealed(last, seen.nowMs)
      && this.#bets.standing(last.roundId).length > 0;
  }

  /** Where in its log an event stands: {roundId, isLast}, or undefined if it is not known. */
  eventAt(epoch, seq) {
    const found = this.#applied.findLast((event) => event.epoch === epoch && event.seq === seq);
    return found && { roundId: found.roundId, isLast: found.type === "ROUND_SETTLED" || found.type === "ROUND_VOIDED" };
  }

  /** The round that its log was at, on the house's clock; "" where that is not known. */
  roundIdWhen(atMs) {
    return this.#applied.findLast((event) => event.atMs <= atMs)?.roundId ?? "";
  }

  get player() {
    return this.#player;
  }

  /** What the picture has come to, and its time: see presentation.js. */
  #seen(nowMs) {
    const picture = this.#player?.picture ?? null;
    if (picture === null) return { state: this.#state, nowMs };
    const now = this.#clock.monotonicMs();
    while (this.#unshown.length > 0) {
      const { event, dueAt } = this.#unshown[0];
      const isShown = picture.hasShown(event);
      if (!isShown && now < dueAt) break;
      if (!isShown) this.#player.overdue(event);
      this.#unshown.shift();
      this.#shown = receive(this.#shown, [event]).state;
    }
    if (this.#unshown.length === 0) this.#shown = this.#state;
    return { state: this.#shown, nowMs: picture.tellMs(nowMs, now) };
  }

  /** Minor units sent to this table but not yet taken from the balance. */
  pendingMinor() {
    return this.#bets.pendingMinor();
  }

  /** Everything a view needs, at this moment. */
  snapshot() {
    const nowMs = this.#clock.nowMs();
    const seen = this.#seen(nowMs);
    const view = present(this.#state, nowMs, seen);
    this.#noteEndedRounds(seen);
    const { connection, wallet: anyWallet, ...own } = this.#session.snapshot();
    const currency = view.round?.currency ?? this.currency ?? anyWallet?.currency ?? "EUR";
    const wallet = this.#session.wallet(currency);
    const limits = Object.keys(view.round?.limits ?? {}).length ? view.round.limits : this.#state.table?.limits;
    return {
      ...own,
      ...view,
      nowMs,
      // The line to this table is up when the table has answered.
      connection: connection === "online" && !this.#joined ? "connecting" : connection,
      joined: this.#state.table !== null,
      tableId: this.#tableId,
      table: this.#state.table,
      dealer: this.#state.dealer,
      currency,
      paytable: view.round?.paytable ?? this.#state.table?.paytable ?? null,
      limits: limits ?? {},
      wallet,
      spendableMinor: this.#session.spendableMinor(currency),
      bets: this.#bets,
      seats: this.#seats.seats,
      canSit: own.identity?.role === "player" && this.#joined,
      rounds: seen.state.rounds,
      video: this.#player?.status ?? null,
      canBet: view.phase === "open" && wallet !== null,
      clearing: this.#clearing !== null,
    };
  }

  /** For tests and support; see session.js. */
  get diagnostics() {
    return {
      position: () => (this.#state.position ? { ...this.#state.position } : null),
      events: () => this.#applied.map((event) => ({ ...event })),
      video: () => this.#player?.status ?? null,
      frames: () => this.#player?.verifier?.frames ?? [],
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

  /** Sit down; the player's seat at another place of this table is given up for it. */
  async sit(seat) {
    try {
      if (this.#seats.seats.some(({ you }) => you)) await this.#session.ask({ action: "stand", tableId: this.#tableId });
      this.#ownSeat = seat;
      await this.#session.ask({ action: "sit", tableId: this.#tableId, seat });
    } catch (error) {
      this.#ownSeat = null;
      this.#notice("error", `You are not seated: ${error.message}`);
    }
  }

  async stand() {
    this.#ownSeat = null;
    try {
      await this.#session.ask({ action: "stand", tableId: this.#tableId });
    } catch (error) {
      this.#notice("error", `You still sit: ${error.message}`);
    }
  }

  get #clock() {
    return this.#session.clock;
  }

  get #record() {
    return this.#session.record;
  }

  #join(last) {
    this.#joinId = randomId();
    this.#joinSentAt = this.#clock.monotonicMs();
    this.#session.send({ action: "join", id: this.#joinId, tableId: this.#tableId, last });
  }

  /** Take a message about this table. */
  receive(message) {
    switch (message.type) {
      case "joined": this.#takeJoined(message); break;
      case "events": this.#events(message.events); break;
      case "seats": this.#takeSeats(message); break;
      case "bets_accepted":
        this.#outbox.answered(message.id);
        for (const bet of message.bets) this.#bets.update(bet);
        break;
      case "bet_cancelled":
        this.#outbox.answered(message.id);
        this.#bets.update(message.bet);
        if (this.#clearing !== null) this.#clearNext();
        break;
      case "bet": this.#betChanged(message.bet); break;
      default: // a later version's message
    }
  }

  #takeJoined(message) {
    if (message.id !== this.#joinId) return;
    this.#joinId = null;
    this.#clock.sample(message.server_ms, this.#joinSentAt);
    const first = this.#state.table === null;
    const outcome = join(this.#state, message);
    this.#take(outcome);
    for (const bet of message.bets) this.#bets.update(bet);
    this.#dropUnknown(message);
    if (first) {
      const known = new Set(this.#record.rounds.map(({ roundId }) => roundId).filter((id) => this.#isOurs(id)));
      for (const round of this.#state.rounds) {
        if (isFinal(round) && !known.has(round.roundId) && known.size === 0) this.#oldRounds.add(round.roundId);
      }
    }
    this.#joined = true;
    this.#takeSeats(message);
    // A seat is lost with the connection; the place may be free still.
    if (this.#ownSeat !== null && !this.#seats.seats.some(({ you }) => you)) this.sit(this.#ownSeat);
    this.#outbox.resendAll();
    this.#recoverLostRounds();
  }

  #takeSeats({ seats, server_ms: serverMs }) {
    if (serverMs >= this.#seats.serverMs) this.#seats = { seats, serverMs };
  }

  #isOurs(roundId) {
    return roundId.slice(0, roundId.lastIndexOf(".")) === this.#tableId;
  }

  /** A bet the table was asked for, but does not list although it takes no more, does not exist. */
  #dropUnknown({ bets, events }) {
    const listed = new Set(bets.map(({ betId }) => betId));
    const round = currentRound(this.#state);
    if (round === null || events.some(({ roundId }) => roundId !== "" && roundId !== round.roundId)) return;
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

  #take({ state, applied, gap, forked, reset = false }) {
    if (reset) this.#applied = []; // what follows replaces what came before it
    this.#state = state;
    this.#holdBack(applied, reset);
    for (const { epoch, seq, type, roundId, at_ms: atMs } of applied) this.#applied.push({ epoch, seq, type, roundId, atMs });
    if (this.#applied.length > APPLIED_KEPT) this.#applied.splice(0, this.#applied.length - APPLIED_KEPT);
    const keep = new Set(state.rounds.map(({ roundId }) => roundId));
    if (!gap) this.#bets.keepRounds(new Set([...keep, ...this.#lostRounds()]));
    if (forked) this.#rejoin(() => null);
    else if (gap) this.#rejoin(() => this.#state.position);
  }

  /** What happened may wait for its picture, and no longer than the bound. */
  #holdBack(applied, reset) {
    if (this.#player === null) return;
    if (reset) {
      this.#unshown = [];
      this.#shown = this.#state;
      return;
    }
    const dueAt = this.#clock.monotonicMs() + this.#player.picture.boundMs;
    for (const event of applied) this.#unshown.push({ event, dueAt });
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
    const askedMs = this.#clock.monotonicMs() - this.#joinSentAt;
    if (!this.#joined) {
      if (this.#joinId !== null && askedMs >= JOIN_WITHIN_MS) this.#join(this.#state.position);
      return;
    }
    const round = currentRound(this.#state);
    const running = round !== null && !isFinal(round);
    const expectedMs = Math.max(
      round?.closesAtMs ?? 0, round?.shownAtMs ?? 0, round?.events.at(-1).at_ms ?? 0,
    );
    const patienceMs = running ? OVERDUE_MS : QUIET_MS;
    if (this.#clock.nowMs() < expectedMs + patienceMs || askedMs < patienceMs) return;
    if (this.#joinId === null) this.#join(this.#state.position);
    else this.#session.reset();
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

  /** Take an error; returns whether it answers something that this table sent. */
  refused(error) {
    const { id, code } = error;
    const message = refusalText(error, this.#state.table?.currency ?? "EUR");
    if (id !== null && id === this.#joinId) {
      if (BUSY_CODES.has(code)) return true; // sent again by #watch
      this.#joinId = null;
      this.#notice("error", `The table does not let you in: ${message}`);
      return true;
    }
    if (id !== null && BUSY_CODES.has(code) && this.#outbox.retrySoon(id)) return true;
    const command = id === null ? null : this.#outbox.answered(id);
    if (command?.action === "bet") {
      for (const { betId } of command.bets) this.#bets.remove(betId);
      this.#notice("error", `${command.bets.length === 1 ? "Bet" : "Bets"} not taken: ${message}`);
    } else if (command?.action === "cancel") {
      this.#bets.cancelRefused(command.betId);
      this.#clearing = null;
      this.#notice("error", `Not taken back: ${message}`);
    } else {
      return false;
    }
    return true;
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
    this.#session.reset();
  }

  #noteEndedRounds(seen) {
    if (this.#session.identity === null) return;
    for (const round of seen.state.rounds) {
      if (!isFinal(round) || this.#oldRounds.has(round.roundId) || !isRevealed(round, seen.nowMs)) continue;
      const sums = this.#bets.sumUp(round) ?? { stakeMinor: 0, returnMinor: 0 };
      this.#record.note({
        roundId: round.roundId,
        roundNo: round.roundNo,
        outcome: round.phase === "voided" ? "VOID" : round.result.outcome,
        endedAtMs: round.endedAtMs,
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
        const { transcript } = await this.#session.api.transcript(roundId);
        const { round, bets } = recall(transcript);
        for (const bet of bets) if (bet.state === "PAID") this.#bets.update(bet);
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
    // It ended long ago: there is nothing to wait for.
    if (this.#unshown.length === 0) this.#shown = this.#state;
  }

  #money(minor) {
    return shortMoneyText(minor, this.#state.table?.currency ?? "EUR");
  }

  #notice(kind, text) {
    this.#callbacks.onNotice({ kind, text, tableId: this.#tableId });
  }
}
