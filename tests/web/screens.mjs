// The screens of the player's page, whole, for tests/e2e/test_screens.py: a real session on a connection
// that the test speaks for, stopped at a moment that the test chooses.

import { LobbyView } from "../../web/js/view/lobby.js";
import { TableView } from "../../web/js/view/table.js";
import { TablesView } from "../../web/js/view/tables.js";
import { resultOf } from "../../web/js/coup.js";
import { PAYTABLES } from "../../web/js/paytable.js";
import { Session } from "../../web/js/session.js";
import { SessionRecord } from "../../web/js/session_record.js";
import { Picture } from "../../web/js/video/picture.js";
import { CLOSES_AT, DEALT_AT, INTERVAL, Log, OPENED_AT, joined, roundIdOf } from "./builders.mjs";
import { Line, memory } from "./line.mjs";

const root = document.getElementById("screen");
const THREE_CARDS_EACH = [
  ["PLAYER", "5H"], ["BANKER", "TD"], ["PLAYER", "8D"], ["BANKER", "2D"], ["PLAYER", "7C"], ["BANKER", "5D"],
].map(([to, card]) => ({ to, card }));
const SHOWN_AT = DEALT_AT + THREE_CARDS_EACH.length * INTERVAL;
const SETTLED_AT = SHOWN_AT + 300;
const NEXT_AT = SETTLED_AT + 4_000;
/** As long as a shoe gets, with runs that turn the corner of the roads. */
const HISTORY = [..."BBTPPBPTBBBBBBBBPBPPPPPPPTTBPBPBBPPBTBBPPPBPBBBPPBPTBPBBBBPPPPBPBTBB"];
const TAKEN = { 2: "Player 00AF", 3: "you", 6: "Player C81E" };
const PLAYER_LIMIT = { min_minor: 2_500, max_minor: 1_000_000 };
const SIDE_LIMIT = { min_minor: 500, max_minor: 50_000 };

const limitsOf = (version) => Object.fromEntries(Object.keys(PAYTABLES[version].odds)
  .map((spot) => [spot, spot === "PLAYER" || spot === "BANKER" ? PLAYER_LIMIT : SIDE_LIMIT]));

/** Moments of a table: which of its events are known, and when it is. */
const MOMENTS = {
  open: { until: "ROUND_OPENED", nowMs: OPENED_AT + 2_000 },
  closed: { until: "BOOK_SEALED", nowMs: CLOSES_AT + 200 },
  dealing: { until: "ROUND_SETTLED", nowMs: DEALT_AT + 5.5 * INTERVAL },
  result: { until: "ROUND_SETTLED", nowMs: SETTLED_AT + 1_000 },
  afterglow: { until: "next", nowMs: NEXT_AT + 1_000 },
  resting: { until: "ROUND_SETTLED", nowMs: SETTLED_AT + 20_000 },
  voided: { until: "ROUND_VOIDED", nowMs: CLOSES_AT + 1_000 },
  paused: { until: "DEALING_PAUSED", nowMs: DEALT_AT + 4_000 },
};

function eventsUntil(until, version, tableId) {
  const log = new Log();
  const roundId = roundIdOf(1);
  const opened = (no, atMs, options) => {
    const event = log.opened(no, { atMs, ...options });
    Object.assign(event.data, { paytable: version, limits: limitsOf(version) });
    return event;
  };
  const dealt = () => [
    log.event("DEALING_STARTED", roundId, DEALT_AT),
    log.event("CARDS_DEALT", roundId, DEALT_AT, { cards: THREE_CARDS_EACH, shown_at_ms: SHOWN_AT }),
    log.event("ROUND_RESOLVED", roundId, SHOWN_AT, resultOf(THREE_CARDS_EACH)),
    Object.assign(log.settled(1), { at_ms: SETTLED_AT }),
  ];
  const events = {
    ROUND_OPENED: () => [opened(1, OPENED_AT)],
    BOOK_SEALED: () => [opened(1, OPENED_AT), ...log.closed(1)],
    ROUND_VOIDED: () => [opened(1, OPENED_AT), ...log.closed(1), log.voided(1)],
    DEALING_PAUSED: () => [
      opened(1, OPENED_AT, { mode: "shoe", handsLeft: 1 }), ...log.closed(1),
      log.event("DEALING_STARTED", roundId, DEALT_AT), log.dealtByHand(1, 0), log.dealtByHand(1, 1),
      log.event("DEALING_PAUSED", roundId, DEALT_AT + 3_000, { reason: "SILENT_DESK", by: null }),
    ],
    ROUND_SETTLED: () => [opened(1, OPENED_AT), ...log.closed(1), ...dealt()],
    next: () => [opened(1, OPENED_AT), ...log.closed(1), ...dealt(), opened(2, NEXT_AT)],
  }[until]();
  const here = (id) => id.replace("bac-1", tableId);
  return events.map((event) => ({ ...event, tableId, roundId: here(event.roundId) }));
}

function betsOf(stakes, roundId) {
  return Object.entries(stakes).map(([spot, stake], at) => ({
    betId: `${roundId}/${spot}/${at}`, roundId, spot, stake_minor: stake, state: "PLACED", payout_minor: 0, reason: null,
  }));
}

const tableIdOf = (at) => `bac-${at + 1}`;
let session = null;
let line = null;
let screen = null;

/** A player whose picture is in a state, and shows `film`, an address. */
function playerOf({ picture: state, film = "" }) {
  const isOn = state === "on";
  const element = Object.assign(new Image(), { className: "picture-video", src: film, play: async () => {} });
  return {
    picture: new Picture(), elements: isOn ? [element] : [],
    status: { state, transport: isOn ? "webrtc" : null, lagMs: isOn ? 180 : null, firstFrameMs: isOn ? 300 : null },
    start() {}, stop() {}, overdue() {},
  };
}

/** A session of a stopped clock, with its line open; `filmed` are its tables with a picture, by id. */
function begin(nowMs, filmed = {}) {
  session?.stop();
  screen?.close?.();
  session = new Session({
    api: {}, onChange() {}, onNotice: (notice) => screen.notify(notice), onSignedOut() {},
    connect: (options) => (line = new Line(options)), record: new SessionRecord(memory()),
    clock: { nowMs: () => nowMs, monotonicMs: () => 0, sample() {} },
    makePlayer: ({ tableId }) => (tableId in filmed ? playerOf(filmed[tableId]) : null),
  });
}

/**
 * Show the screen of `tables`, [{version, name, presentation, picture, film}], at a `moment` of all of them.
 * A filmed one has a `picture`: "on" with a `film`, its address, "waiting" or "none".
 * `stakes` are the player's, by spot; `pending` the spots he has just bet the least on, unanswered;
 * `notices` what he is told; `away` cuts the line.
 */
window.show = ({ tables, moment, stakes = {}, pending = [], notices = [], balance = 123_456_789, away = false }) => {
  const { until, nowMs } = MOMENTS[moment];
  const ids = tables.map((_, at) => tableIdOf(at));
  begin(nowMs, Object.fromEntries(tables.flatMap((table, at) => (table.picture ? [[ids[at], table]] : []))));
  session.showTables(ids);
  session.start();
  const nothing = () => {};
  root.hidden = false;
  root.dataset.kind = tables.length === 1 ? "table" : "tables";
  screen = tables.length === 1
    ? new TableView({ root, session, client: session.table(ids[0]), api: {}, onLobby: nothing, onAdd: nothing, onSignOut: nothing })
    : new TablesView({
      root, session, canAdd: tables.length < 4, onLobby: nothing, onAdd: nothing, onOnly: nothing, onLeave: nothing, onSignOut: nothing,
    });
  for (const [at, { version, name, presentation = "standard" }] of tables.entries()) {
    const tableId = ids[at];
    const events = eventsUntil(until, version, tableId);
    const message = joined(events, { history: HISTORY });
    line.say({
      ...message, id: line.last("join", tableId).id, server_ms: nowMs,
      table: { ...message.table, tableId, name, presentation, paytable: version, limits: limitsOf(version) },
      bets: betsOf(stakes, events.at(-1).roundId),
      wallet: { currency: "EUR", available_minor: balance, version: 1 },
      seats: Object.entries(TAKEN).map(([seat, nickname]) =>
        ({ seat: Number(seat), nickname: nickname === "you" ? "Player 4B12" : nickname, since_ms: 1, you: nickname === "you" })),
    });
    session.table(tableId).placeBets(pending.map((spot) => ({ spot, minor: limitsOf(version)[spot].min_minor })));
  }
  if (away) {
    line.isOpen = false;
    line.state = "offline";
    line.options.onState("offline");
  }
  screen.update();
  for (const text of notices) screen.notify({ kind: "error", text, tableId: ids.at(-1) });
  scrollTo(0, 0);
};

/** Show the lobby with these `tables`, [{name, version, presentation}]; `taken` are places in it. */
window.showLobby = async ({ tables, taken = [] }) => {
  const nowMs = OPENED_AT + 2_000;
  begin(nowMs);
  session.start();
  root.hidden = false;
  root.dataset.kind = "lobby";
  screen = new LobbyView({ root, session, taken: taken.map(tableIdOf), onJoin() {}, onNear() {}, onBack() {}, onSignOut() {} });
  screen.update();
  line.say({
    type: "lobby", id: line.last("lobby").id, server_ms: nowMs,
    tables: tables.map(({ name, version, presentation = "standard" }, at) => ({
      tableId: tableIdOf(at), name, presentation, group: "salon", variant: PAYTABLES[version].variant, language: "en",
      mode: "rng", dealerId: "server", status: "OPEN", currency: "EUR", limits: limitsOf(version), history: HISTORY,
      players: 12, seats_free: 4, round: { phase: "OPEN", closes_at_ms: CLOSES_AT },
    })),
  });
  await Promise.resolve(); // the lobby takes the answer
  screen.update();
};
