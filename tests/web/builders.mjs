// Events of made-up rounds for the tests of the page's state; hashes are names, nothing is signed.

export const CARDS = [
  { to: "PLAYER", card: "4H" }, { to: "BANKER", card: "KS" },
  { to: "PLAYER", card: "5D" }, { to: "BANKER", card: "7C" },
];
export const OPENED_AT = 1_000_000;
export const CLOSES_AT = OPENED_AT + 10_000;
export const DEALT_AT = CLOSES_AT + 500;
export const INTERVAL = 1_000;
export const SHOWN_AT = DEALT_AT + CARDS.length * INTERVAL;

/** A log that hands out events in order. */
export class Log {
  epoch = 1;
  seq = 0;
  lastHash = "genesis";

  event(type, roundId, atMs, data = {}) {
    this.seq += 1;
    const hash = `${this.epoch}/${this.seq}`;
    const event = {
      tableId: "bac-1", roundId, epoch: this.epoch, seq: this.seq, type, at_ms: atMs, data,
      prev: this.lastHash, hash, sig: { kid: "key", ver: 1, val: "" },
    };
    this.lastHash = hash;
    return event;
  }

  takeOver() {
    this.epoch += 1;
    this.seq = 0;
  }

  /** A new shoe; rounds after it name it. */
  shoeOpened(shoeId = "bac-1.s1", data = {}) {
    const event = this.event("SHOE_OPENED", "", OPENED_AT, {
      shoeId, shoe_no: 1, mode: "rng", decks: 8, commitment: null, by: null, burned: null,
      procedure: { cut_cards: 14, hands_after_cut: 1, burn: false }, ...data,
    });
    this.shoeHash = event.hash;
    return event;
  }

  shoeHash = "never seen";

  opened(no, { shoeId = "bac-1.s1", atMs = OPENED_AT, mode = "rng", handsLeft = null } = {}) {
    return this.event("ROUND_OPENED", roundIdOf(no), atMs, {
      round_no: no, closes_at_ms: atMs + 10_000, card_interval_ms: INTERVAL, currency: "EUR",
      paytable: "commission-8/1", limits: {}, commitment: mode === "rng" ? "c" : null, shoeId, decks: 8,
      remaining: "8".repeat(52), mode, dealerId: "dora", shoe_hash: this.shoeHash, drawn: 0, hands_left: handsLeft,
    });
  }

  closed(no) {
    return [
      this.event("BETS_CLOSED", roundIdOf(no), CLOSES_AT),
      this.event("BOOK_SEALED", roundIdOf(no), CLOSES_AT, { root: "r", count: 1, stakes_minor: {} }),
    ];
  }

  dealt(no) {
    return [
      this.event("DEALING_STARTED", roundIdOf(no), DEALT_AT),
      this.event("CARDS_DEALT", roundIdOf(no), DEALT_AT, { cards: CARDS, shown_at_ms: SHOWN_AT }),
    ];
  }

  /** Card number `at` of CARDS, as a dealer deals it. */
  dealtByHand(no, at, atMs = DEALT_AT + at * 100) {
    return this.event("CARDS_DEALT", roundIdOf(no), atMs, {
      cards: [CARDS[at]], shown_at_ms: 0, by: "dora", source: "SCANNER", opening: null,
    });
  }

  resolved(no, outcome = "PLAYER") {
    return this.event("ROUND_RESOLVED", roundIdOf(no), SHOWN_AT, {
      outcome, player_total: 9, banker_total: 7, natural: true,
    });
  }

  settled(no) {
    return this.event("ROUND_SETTLED", roundIdOf(no), SHOWN_AT + 300, { seed: "00" });
  }

  voided(no) {
    return this.event("ROUND_VOIDED", roundIdOf(no), CLOSES_AT, { reason: "DEAL_FAILED", from: "CLOSED" });
  }

  /** All events of a settled round. */
  round(no, options = {}) {
    return [
      this.opened(no, options), ...this.closed(no), ...this.dealt(no),
      this.resolved(no, options.outcome), this.settled(no),
    ];
  }
}

export const roundIdOf = (no) => `bac-1.${String(no).padStart(9, "0")}`;

/** The answer to a join. */
export const joined = (events, { complete = false, history = [] } = {}) => ({
  type: "joined", complete, events, bets: [], wallet: null, server_ms: 0,
  table: { tableId: "bac-1", name: "Test", currency: "EUR", history, limits: {}, epoch: 1 },
});
