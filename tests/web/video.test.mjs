// The page's picture: what frames show, what may be told beside them, and a player that comes back.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { present, isRevealed } from "../../web/js/presentation.js";
import { ServerClock } from "../../web/js/server_clock.js";
import { Session } from "../../web/js/session.js";
import { SessionRecord } from "../../web/js/session_record.js";
import { currentRound, initialState, join, receive } from "../../web/js/table_state.js";
import { Marks, STAMPS_KEPT, Stamps } from "../../web/js/video/marks.js";
import { BOUND_MS, Picture } from "../../web/js/video/picture.js";
import { NotPossible, Offer, SpareOffer } from "../../web/js/video/offer.js";
import { Player } from "../../web/js/video/player.js";
import { SyncReporter, judge } from "../../web/js/video/sync.js";
import { SessionRefused, WhepSession } from "../../web/js/video/whep.js";
import { CLOSES_AT, DEALT_AT, INTERVAL, Log, OPENED_AT, SHOWN_AT, joined, roundIdOf } from "./builders.mjs";
import { Line, memory } from "./line.mjs";

const mark = (logSeq, { roundId = roundIdOf(1), atMs = 1_000, logEpoch = 1 } = {}) =>
  ({ tableId: "bac-1", roundId, logEpoch, logSeq, dealerId: "dora", atMs });
const said = (rtpTimestamp, logSeq, { videoEpoch = 7, ...more } = {}) => ({ videoEpoch, rtpTimestamp, mark: mark(logSeq, more) });

// ── marks ──

test("a frame shows the newest mark at or before it, its time advanced by the RTP clock", () => {
  const marks = new Marks();
  assert.equal(marks.at(5), null);
  assert.equal(marks.take(said(9_000, 1)), true);
  assert.equal(marks.take(said(18_000, 2, { atMs: 1_100 })), true);
  assert.equal(marks.at(8_999), null);
  assert.deepEqual([marks.at(9_000), marks.at(17_999)].map(({ logSeq, atMs }) => [logSeq, atMs]), [[1, 1_000], [1, 1_099]]);
  assert.deepEqual([marks.at(18_000).logSeq, marks.at(18_000 + 3_600).atMs], [2, 1_140]);
});

test("RTP timestamps wrap, and an older publisher says nothing any more", () => {
  const marks = new Marks();
  marks.take(said(2 ** 32 - 900, 1));
  marks.take(said(900, 2));
  assert.deepEqual([marks.at(2 ** 32 - 1).logSeq, marks.at(899).logSeq, marks.at(900).logSeq], [1, 1, 2]);
  assert.equal(marks.take(said(5, 9, { videoEpoch: 6 })), false);
  marks.take(said(100, 3, { videoEpoch: 8 }));
  assert.deepEqual([marks.videoEpoch, marks.at(900).logSeq, marks.at(99)], [8, 3, null]);
});

test("what is no mark is not taken", () => {
  const marks = new Marks();
  for (const message of [null, 5, {}, { move: true }, { ...said(1, 1), rtpTimestamp: "1" }, { ...said(1, 1), mark: { ...mark(1), atMs: "1" } }]) {
    assert.equal(marks.take(message), false);
  }
  assert.equal(marks.at(1), null);
});

test("over HLS a frame's own mark is found by its place in the media", () => {
  const stamps = new Stamps();
  const take = (one, uuid = "6c697665-624d-4152-8b1d-0f2e7a5c4d93", pts = (one.atMs - 1_000) / 1000) =>
    stamps.take({ uuid, userData: typeof one === "string" ? one : JSON.stringify(one), pts });
  assert.equal(stamps.at(0), null);
  for (const [at, seq] of [[1_000, 1], [1_040, 1], [1_080, 2]]) assert.equal(take(mark(seq, { atMs: at })), true);
  assert.deepEqual([-0.019, 0.0195, 0.0605, 0.099].map((at) => stamps.at(at)?.atMs), [1_000, 1_000, 1_080, 1_080]);
  assert.deepEqual([stamps.at(-0.021), stamps.at(0.101)], [null, null]);
  take(mark(9, { atMs: 1_040 })); // read anew
  assert.equal(stamps.at(0.04).logSeq, 1);
  assert.deepEqual([take("{"), take("{}"), take(mark(3, { atMs: 2_000 }), "00000000-0000-0000-0000-000000000000")], [false, false, false]);
  for (let at = 0; at < STAMPS_KEPT; at += 1) take(mark(3, { atMs: 2_000 + 40 * at }));
  assert.deepEqual([stamps.at(0.08), stamps.at(1).logSeq], [null, 3]);
});

// ── what may be told ──

test("without a picture nothing waits; with one an event waits for it", () => {
  const picture = new Picture();
  const event = { epoch: 1, seq: 5, at_ms: 1_000 };
  assert.equal(picture.hasShown(event), true);
  assert.equal(picture.tellMs(9_000, 0), 9_000);
  assert.equal(picture.saw({ position: { epoch: 1, seq: 4 }, atMs: 8_900 }, 0), true);
  assert.equal(picture.hasShown(event), false);
  assert.equal(picture.saw({ position: { epoch: 1, seq: 4 }, atMs: 8_940 }, 40), false);
  picture.saw({ position: { epoch: 2, seq: 1 }, atMs: 9_000 }, 80);
  assert.equal(picture.hasShown(event), true);
  picture.gone();
  assert.equal(picture.hasShown({ epoch: 9, seq: 9, at_ms: 0 }), true);
});

test("the time that is told follows the picture, within a bound, and never goes back", () => {
  const picture = new Picture();
  const now = 100_000;
  picture.saw({ position: { epoch: 1, seq: 1 }, atMs: now - 300 }, 0);
  assert.equal(picture.tellMs(now, 0), now - 300);
  assert.equal(picture.tellMs(now + 30, 30), now - 270);
  picture.saw({ position: null, atMs: now - 280 }, 40);
  assert.equal(picture.tellMs(now + 40, 40), now - 270);
  // It stands still: a frame's time later nothing goes on, until the bound.
  assert.equal(picture.tellMs(now + 300, 300), now - 240);
  assert.equal(picture.tellMs(now + 3_000, 3_000), now + 3_000 - BOUND_MS);
  // A picture whose clock is ahead reveals nothing early.
  picture.saw({ position: null, atMs: now + 90_000 }, 3_000);
  assert.equal(picture.tellMs(now + 3_000, 3_000), now + 3_000);
});

test("over HLS an event is shown by its time", () => {
  const picture = new Picture();
  picture.saw({ position: null, atMs: 5_000 }, 0);
  assert.deepEqual([4_999, 5_000, 5_001].map((at_ms) => picture.hasShown({ epoch: 1, seq: 1, at_ms })), [true, true, false]);
});

test("what reveals the result follows the picture; bets and clock follow the log", () => {
  const log = new Log();
  const before = join(initialState(), joined([log.opened(1), ...log.closed(1)])).state;
  const settled = receive(before, [...log.dealt(1), log.resolved(1), log.settled(1)]).state;
  const next = receive(settled, [log.opened(2, { atMs: SHOWN_AT + 500 })]).state;
  const seen = { state: before, nowMs: SHOWN_AT - 400 };
  const early = present(settled, SHOWN_AT + 300, seen);
  assert.deepEqual([early.phase, early.stage.cards.length, early.stage.result, early.history], ["dealing", 0, null, []]);
  const open = present(next, SHOWN_AT + 600, { state: settled, nowMs: SHOWN_AT - 400 });
  assert.deepEqual([open.phase, open.round.roundNo, open.secondsLeft > 0], ["open", 2, true]);
  assert.deepEqual([open.stage.round.roundNo, open.stage.result, open.history], [1, null, []]);
  assert.equal(open.stage.cards.length, 4);
  const done = present(next, SHOWN_AT + 1_000, { state: next, nowMs: SHOWN_AT + 500 });
  assert.deepEqual([done.phase, done.stage.result.outcome, done.history], ["open", "PLAYER", ["P"]]);
  assert.equal(isRevealed(currentRound(settled), DEALT_AT + INTERVAL), false);
});

test("a void waits for no picture", () => {
  const log = new Log();
  const before = join(initialState(), joined([log.opened(1), ...log.closed(1)])).state;
  const after = receive(before, [log.voided(1)]).state;
  assert.equal(present(after, CLOSES_AT, { state: before, nowMs: CLOSES_AT - 800 }).phase, "voided");
});

// ── reports ──

const LOG_AT = (epoch, seq) => ({ 1: { roundId: roundIdOf(1), isLast: false }, 2: { roundId: roundIdOf(1), isLast: true }, 3: { roundId: "", isLast: false } }[seq]);

test("a frame is held against the log, where it tells", () => {
  const verdicts = [
    mark(1), mark(1, { roundId: roundIdOf(2) }), mark(1, { roundId: "" }), mark(2, { roundId: "" }),
    mark(3, { roundId: roundIdOf(9) }), mark(8),
  ].map((one) => judge(one, LOG_AT));
  assert.deepEqual(verdicts, ["matched", "mismatched", "mismatched", "matched", "matched", null]);
});

test("a round is reported when the next is on the picture, with samples of all its frames", () => {
  const sent = [];
  const reporter = new SyncReporter({ send: (report) => sent.push(report), roundIdAt: LOG_AT, random: () => 0.5 });
  for (let at = 0; at < 100; at += 1) reporter.frame({ markOf: () => mark(1) }, 1_000 + at);
  reporter.frame({ markOf: () => mark(1, { roundId: roundIdOf(5) }) }, 1_000);
  reporter.overdue(roundIdOf(1));
  assert.deepEqual(sent, []);
  for (let at = 0; at < 8; at += 1) reporter.frame({ markOf: () => mark(9, { roundId: roundIdOf(2) }) }, 1_070);
  const [first, second] = sent;
  assert.deepEqual({ ...first, lagsMs: first.lagsMs.length }, {
    tableId: "bac-1", roundId: roundIdOf(1), lagsMs: 20, matched: 100, mismatched: 0, overdue: 1,
  });
  assert.equal(second.roundId, roundIdOf(5));
  assert.equal(second.mismatched, 1);
  assert.ok(first.lagsMs.some((lag) => lag >= 20), "later frames are among the samples");
  reporter.flush();
  assert.deepEqual([sent[2].roundId, sent[2].matched, sent[2].lagsMs.length], [roundIdOf(2), 0, 8]);
  reporter.flush();
  assert.equal(sent.length, 3);
});

test("a message that comes a little after its frame still tells what it shows", () => {
  const sent = [];
  const marks = new Marks();
  marks.take(said(0, 9, { roundId: roundIdOf(4) }));
  const reporter = new SyncReporter({ send: (report) => sent.push(report), roundIdAt: LOG_AT });
  reporter.frame({ markOf: () => marks.at(3_600) }, 1_040);
  marks.take(said(3_600, 1));
  reporter.flush();
  assert.deepEqual(sent.map(({ roundId, matched }) => [roundId, matched]), [[roundIdOf(1), 1]]);
});

test("a frame that only says its time counts for the round that the log was at, and is not held against it", () => {
  const sent = [];
  const roundIdWhen = (atMs) => (atMs < 1_000 ? "" : roundIdOf(atMs < 2_000 ? 1 : 2));
  const reporter = new SyncReporter({ send: (report) => sent.push(report), roundIdAt: LOG_AT, roundIdWhen });
  for (const takenMs of [900, 1_500, 1_600, null, 2_500]) reporter.frame({ markOf: () => null, takenMs }, 99_000);
  reporter.flush();
  assert.deepEqual(sent.map(({ roundId, lagsMs, matched, mismatched }) => [roundId, lagsMs, matched, mismatched]), [
    [roundIdOf(1), [60_000, 60_000], 0, 0], [roundIdOf(2), [60_000], 0, 0],
  ]);
});

// ── a session ──

class FakePeer {
  connectionState = "new";
  transceivers = [];
  addTransceiver(kind, init) {
    const transceiver = { kind, init, setCodecPreferences: (codecs) => { transceiver.codecs = codecs; } };
    this.transceivers.push(transceiver);
    return transceiver;
  }
  createDataChannel(label) { this.channel = label; }
  async createOffer() { return { type: "offer", sdp: "v=0 offer" }; }
  async setLocalDescription(description) { this.local = description; }
  async setRemoteDescription(description) { this.remote = description; }
  close() { this.isClosed = true; }
}

const CODECS = [{ mimeType: "video/VP8" }, { mimeType: "video/H264" }, { mimeType: "video/rtx" }];
const GRANT = { token: "t.o.k", whepUrl: "https://video.example/whep/bac-1", hlsUrl: "https://video.example/hls/bac-1" };

function session(answer = { status: 201, headers: new Headers({ Location: "/whep/bac-1/s1" }), text: async () => "v=0 answer" }) {
  const asked = [];
  const heard = [];
  const peer = new FakePeer();
  const made = new WhepSession({
    offer: new Offer({ peer: () => peer, codecs: () => CODECS }),
    send: async (url, options) => { asked.push([options.method, url, options]); return answer; },
    onStream: () => {}, onMessage: (message) => heard.push(message), onBroken: () => heard.push("broken"),
  });
  return { made, peer, asked, heard };
}

test("a session offers H.264 and a line for channels, and ends with a DELETE", async () => {
  const { made, peer, asked, heard } = session();
  await made.open(Promise.resolve(GRANT));
  assert.deepEqual(peer.transceivers.map(({ kind, init, codecs }) => [kind, init.direction, codecs.length]), [["video", "recvonly", 2]]);
  assert.equal(peer.channel, "page");
  const [method, url, { headers, body }] = asked[0];
  assert.deepEqual([method, url, headers.Authorization, headers["Content-Type"], body], ["POST", GRANT.whepUrl, "Bearer t.o.k", "application/sdp", "v=0 offer"]);
  assert.deepEqual([peer.local, peer.remote], [{ type: "offer", sdp: "v=0 offer" }, { type: "answer", sdp: "v=0 answer" }]);
  const channel = { label: "marks" };
  peer.ondatachannel({ channel });
  channel.onmessage({ data: '{"move":true}' });
  channel.onmessage({ data: "{" });
  assert.deepEqual(heard, [{ move: true }, null]);
  made.close();
  assert.deepEqual([peer.isClosed, asked.at(-1).slice(0, 2)], [true, ["DELETE", "https://video.example/whep/bac-1/s1"]]);
});

test("a refusal says its status", async () => {
  const { made } = session({ status: 503 });
  await assert.rejects(made.open(Promise.resolve(GRANT)), (error) => error instanceof SessionRefused && error.status === 503);
});

test("an offer that was made before is sent as soon as there is leave, whether the browser's lines are open or not", async () => {
  const { made, peer, asked } = session();
  let opened;
  peer.setLocalDescription = () => new Promise((resolve) => { opened = resolve; });
  const opening = made.open(Promise.resolve(GRANT));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([asked.length, peer.remote], [1, undefined]);
  opened();
  await opening;
  assert.equal(peer.remote.sdp, "v=0 answer");
});

test("an offer opens no line before it is used, and a browser without H.264 has none to make", () => {
  const peer = new FakePeer();
  new Offer({ peer: () => peer, codecs: () => CODECS });
  assert.deepEqual([peer.channel, peer.local], ["page", undefined]);
  assert.throws(() => new Offer({ peer: () => new FakePeer(), codecs: () => CODECS.slice(0, 1) }), NotPossible);
});

test("an offer is kept ready for one session, and closed with the page", () => {
  const peers = [];
  const offers = new SpareOffer(() => {
    peers.push(new FakePeer());
    return { peer: peers.at(-1) };
  });
  offers.prepare();
  offers.prepare();
  assert.equal(peers.length, 1);
  assert.equal(offers.take().peer, peers[0]);
  assert.equal(offers.take().peer, peers[1]);
  offers.prepare();
  offers.close();
  assert.deepEqual(peers.map(({ isClosed }) => isClosed === true), [false, false, true]);
});

test("a browser without H.264 is told when an offer is needed, not before", () => {
  const offers = new SpareOffer(() => { throw new NotPossible("no H.264"); });
  offers.prepare();
  assert.throws(() => offers.take(), NotPossible);
});

test("a session that was closed while it opened is ended at the server as well", async () => {
  const { made, asked, peer } = session();
  const opening = made.open(Promise.resolve(GRANT));
  made.close();
  await opening;
  assert.equal(peer.remote, undefined);
  assert.ok(asked.length === 0 || asked.at(-1)[0] === "DELETE");
});

// ── the player ──

/** A player with sources that do what the test says; `step(ms)` lets time pass. */
function playing({ fails = () => null } = {}) {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const world = { now: 0, sources: [], reports: [], hidden: false, grants: 0 };
  const clock = new ServerClock(() => world.now);
  clock.sample(1_000_000, 0);
  const make = (transport) => (events) => {
    const error = fails(transport, world.sources.length);
    const source = {
      transport, events, element: { transport }, isClosed: false,
      open: async (grant) => { await grant; if (error) throw error; },
      close() { source.isClosed = true; },
      frame: (logSeq = 1, ageMs = 50) => {
        const shown = mark(logSeq, { atMs: clock.nowMs() - ageMs });
        events.onFrame({ shownAt: world.now, markOf: () => shown });
      },
    };
    world.sources.push(source);
    return source;
  };
  const player = new Player({
    clock, grant: async () => { world.grants += 1; return GRANT; }, make: { webrtc: make("webrtc"), hls: make("hls") },
    report: (report) => world.reports.push(report), roundIdAt: LOG_AT, onChange: () => {}, isHidden: () => world.hidden, random: () => 0.5,
  });
  world.step = async (ms, { each = () => {} } = {}) => {
    for (let passed = 0; passed < ms; passed += 50) {
      world.now += 50;
      each();
      mock.timers.tick(50);
      for (let turns = 0; turns < 5; turns += 1) await Promise.resolve();
    }
  };
  return { player, world };
}

const withPlayer = async (options, steps) => {
  const { player, world } = playing(options);
  try {
    player.start(0);
    await steps(player, world);
  } finally {
    player.stop();
    mock.timers.reset();
  }
};

test("the first frame is measured from the press, and the picture is on", () => withPlayer({}, async (player, world) => {
  assert.equal(player.status.state, "waiting");
  await world.step(200);
  world.sources[0].frame();
  assert.deepEqual(player.status, { state: "on", transport: "webrtc", lagMs: 50, firstFrameMs: 200 });
  assert.equal(player.picture.isOn, true);
  assert.equal(world.sources.length, 1);
}));

test("a table without a camera is left alone", () => withPlayer({
  fails: () => Object.assign(new Error("no camera"), { code: "NO_CAMERA" }),
}, async (player, world) => {
  await world.step(60_000);
  assert.equal(player.status.state, "off");
  assert.equal(world.sources.length, 1);
}));

test("who is to move is with another server before the old one is left", () => withPlayer({}, async (player, world) => {
  const [first] = world.sources;
  first.frame();
  first.events.onMove();
  await world.step(300, { each: () => first.frame() });
  const [, second] = world.sources;
  assert.deepEqual([first.isClosed, player.elements.length], [false, 2]);
  second.frame();
  assert.deepEqual([first.isClosed, player.elements], [true, [second.element]]);
}));

test("who could not move yet tries again, and keeps what plays", () => withPlayer({
  fails: (_transport, number) => (number === 1 ? new SessionRefused(503) : null),
}, async (player, world) => {
  const [first] = world.sources;
  first.frame();
  first.events.onMove();
  await world.step(500, { each: () => first.frame() });
  assert.equal(world.sources.length, 3);
  assert.deepEqual([first.isClosed, player.status.state], [false, "on"]);
}));

test("a server that is gone: another session within a moment, the last frame stays until then", () => withPlayer({}, async (player, world) => {
  world.sources[0].frame();
  world.sources[0].events.onBroken();
  await world.step(150);
  assert.deepEqual([world.sources.length, player.status.state, player.transport], [2, "on", "webrtc"]);
  world.sources[1].frame();
  assert.equal(world.sources[0].isClosed, true);
}));

test("a picture that stands still is made anew, and nothing waits for it for ever", () => withPlayer({}, async (player, world) => {
  world.sources[0].frame(1);
  await world.step(2_000);
  assert.equal(world.sources.length, 2);
  await world.step(3_000);
  assert.deepEqual([player.status.state, player.picture.isOn], ["waiting", false]);
}));

test("one that only stood still goes on", () => withPlayer({}, async (player, world) => {
  const [first] = world.sources;
  first.frame();
  await world.step(1_600);
  first.frame();
  await world.step(1_000, { each: () => first.frame() });
  assert.equal(first.isClosed, false);
  assert.equal(player.status.state, "on");
}));

test("WebRTC that does not get through: HLS, and back when the way is open", () => withPlayer({
  fails: (transport, number) => (transport === "webrtc" && number < 8 ? new TypeError("no way") : null),
}, async (player, world) => {
  await world.step(3_000);
  const hls = world.sources.find(({ transport }) => transport === "hls");
  assert.ok(hls, world.sources.map(({ transport }) => transport).join());
  hls.frame();
  assert.equal(player.transport, "hls");
  await world.step(200_000, { each: () => hls.frame() });
  assert.equal(player.transport, "hls");
  assert.ok(world.sources.length < 8, `${world.sources.length} sessions`);
  await world.step(500_000, { each: () => (world.sources.length > 8 ? world.sources.at(-1) : hls).frame() });
  assert.deepEqual([player.transport, hls.isClosed, world.sources.length], ["webrtc", true, 9]);
}));

const awayUntil = (number) => (transport, tried) => (transport === "webrtc" && tried > 0 && tried < number ? new TypeError("away") : null);

test("a server that is away for some seconds: WebRTC, which had worked, with the leave that no server has seen", () => withPlayer({
  fails: awayUntil(3),
}, async (player, world) => {
  const [first] = world.sources;
  first.frame();
  await world.step(3_500);
  assert.deepEqual(world.sources.map(({ transport }) => transport), Array(4).fill("webrtc"));
  assert.equal(world.grants, 2);
  world.sources[3].frame();
  assert.deepEqual([player.transport, first.isClosed], ["webrtc", true]);
}));

test("a server that refuses has used the leave up", () => withPlayer({
  fails: (_transport, tried) => (tried < 3 ? new SessionRefused(503) : null),
}, async (_player, world) => {
  await world.step(3_000);
  assert.equal(world.grants, world.sources.length);
}));

test("a server that was away for longer: HLS, and soon WebRTC again, which had worked", () => withPlayer({
  fails: awayUntil(8),
}, async (player, world) => {
  const [first] = world.sources;
  first.frame();
  await world.step(25_000);
  const hls = world.sources.find(({ transport }) => transport === "hls");
  assert.ok(hls, world.sources.map(({ transport }) => transport).join());
  const newest = () => world.sources.at(-1);
  await world.step(40_000, { each: () => newest().frame() });
  assert.deepEqual([player.transport, hls.isClosed], ["webrtc", true]);
}));

test("a browser that cannot do WebRTC has HLS at once, and is not asked again", () => withPlayer({
  fails: (transport) => (transport === "webrtc" ? new NotPossible("no H.264") : null),
}, async (player, world) => {
  await world.step(50);
  assert.deepEqual(world.sources.map(({ transport }) => transport), ["webrtc", "hls"]);
  world.sources[1].frame();
  await world.step(200_000, { each: () => world.sources[1].frame() });
  assert.deepEqual([player.transport, world.sources.length], ["hls", 2]);
  world.sources[1].events.onBroken();
  await world.step(2_000);
  assert.deepEqual(world.sources.slice(2).map(({ transport }) => transport), ["hls"]);
}));

test("a browser that can do neither has the drawn table at once", () => withPlayer({
  fails: () => new NotPossible("no H.264"),
}, async (player, world) => {
  await world.step(60_000);
  assert.deepEqual([player.status.state, world.sources.length], ["none", 2]);
}));

test("nothing gets through: the table is drawn, and tries become rare", () => withPlayer({
  fails: () => new TypeError("no way"),
}, async (player, world) => {
  await world.step(20_000);
  assert.equal(player.status.state, "none");
  const before = world.sources.length;
  await world.step(300_000);
  assert.ok(world.sources.length - before <= 11, `${world.sources.length - before} tries in 5 minutes`);
  assert.ok(world.sources.every(({ isClosed }) => isClosed));
}));

test("nobody looks: browsers show no frames then, and nothing is wrong", () => withPlayer({}, async (player, world) => {
  world.sources[0].frame();
  world.hidden = true;
  await world.step(60_000);
  assert.equal(world.sources.length, 1);
  player.overdue({ roundId: roundIdOf(1) });
  world.hidden = false;
  world.sources[0].frame();
  player.stop();
  assert.equal(world.reports[0].overdue, 0);
}));

test("a report says how it came and how good the clock is", () => withPlayer({}, async (player, world) => {
  for (let at = 0; at < 10; at += 1) world.sources[0].frame();
  player.stop();
  const [report] = world.reports;
  assert.deepEqual([report.transport, report.clockErrorMs, report.matched], ["webrtc", 0, 10]);
  assert.ok(report.lagsMs.every((lag) => lag === 50));
}));

test("what was seen over one transport is reported before the next one's", () => withPlayer({
  fails: (transport, number) => (transport === "webrtc" && number > 0 ? new TypeError("no way") : null),
}, async (player, world) => {
  for (let at = 0; at < 10; at += 1) world.sources[0].frame(1, 50);
  world.sources[0].events.onBroken();
  await world.step(5_000);
  const hls = world.sources.find(({ transport }) => transport === "hls");
  for (let at = 0; at < 10; at += 1) hls.frame(1, 1_500);
  player.stop();
  assert.deepEqual(world.reports.map(({ transport, lagsMs }) => [transport, new Set(lagsMs)]),
    [["webrtc", new Set([50])], ["hls", new Set([1_500])]]);
}));

// ── at the table ──

/** A player at a filmed table in its first round; `picture` is what he has seen, `world.now` the time. */
async function atTable(steps) {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const world = { now: 0, overdue: [] };
  const picture = new Picture();
  let line;
  const table = new Session({
    api: { ticket: async () => ({}) }, onChange: () => {}, onNotice: () => {}, onSignedOut: assert.fail,
    connect: (options) => (line = new Line(options)), clock: new ServerClock(() => world.now), record: new SessionRecord(memory()),
    makePlayer: () => ({ picture, start() {}, stop() {}, status: { state: "on" }, overdue: (event) => world.overdue.push(event.type) }),
  });
  const log = new Log();
  const say = (...events) => line.say({ type: "events", tableId: "bac-1", events });
  const serverMs = () => OPENED_AT + world.now;
  try {
    table.start();
    table.showTables(["bac-1"]);
    line.say({ ...joined([log.opened(1)]), id: line.last("join").id, seats: [], server_ms: OPENED_AT, wallet: { currency: "EUR", available_minor: 1_000, version: 1 } });
    steps({
      world, picture, log, say, client: table.table("bac-1"), session: table,
      at: () => table.table("bac-1").snapshot(),
      see: (seq, ageMs = 100) => picture.saw({ position: { epoch: 1, seq }, atMs: serverMs() - ageMs }, world.now),
      wallet: (minor, version) => line.say({ type: "wallet", wallet: { currency: "EUR", available_minor: minor, version } }),
      bet: (state, payout) => line.say({ type: "bet", bet: { betId: "b1", roundId: roundIdOf(1), spot: "PLAYER", stake_minor: 100, state, payout_minor: payout, reason: null } }),
    });
  } finally {
    table.stop();
    mock.timers.reset();
  }
}

test("a result waits for its picture, and what was bet does not", () => atTable(({ world, log, say, at, see, wallet, bet }) => {
  see(1);
  bet("PLACED", 0);
  say(...log.closed(1));
  world.now = SHOWN_AT - OPENED_AT;
  see(3);
  assert.equal(at().phase, "closed");
  say(...log.dealt(1), log.resolved(1), log.settled(1));
  bet("PAID", 200);
  wallet(1_200, 2);
  world.now += 600;
  see(3);
  const early = at();
  assert.deepEqual([early.phase, early.stage.cards.length, early.history, early.wallet.available_minor], ["dealing", 0, [], 1_000]);
  say(log.opened(2, { atMs: OPENED_AT + world.now }));
  const open = at();
  assert.deepEqual([open.phase, open.canBet, open.wallet.available_minor, open.record.rounds], ["open", true, 1_000, []]);
  world.now += 100;
  see(7, 50);
  const shown = at();
  assert.deepEqual([shown.stage.result.outcome, shown.history, shown.wallet.available_minor], ["PLAYER", ["P"], 1_200]);
  assert.deepEqual(world.overdue, []);
}));

test("a table knows which round its log was at", () => atTable(({ log, say, client }) => {
  say(...log.closed(1), ...log.dealt(1), log.resolved(1), log.settled(1), log.opened(2, { atMs: SHOWN_AT + 5_000 }));
  assert.deepEqual([OPENED_AT - 1, OPENED_AT, SHOWN_AT + 4_999, SHOWN_AT + 5_000].map((at) => client.roundIdWhen(at)),
    ["", roundIdOf(1), roundIdOf(1), roundIdOf(2)]);
}));

test("a result waits no longer than the bound, and that is noted", () => atTable(({ world, log, say, at, see }) => {
  see(1);
  say(...log.closed(1));
  world.now = SHOWN_AT - OPENED_AT;
  see(3);
  at();
  say(...log.dealt(1), log.resolved(1), log.settled(1));
  world.now += BOUND_MS - 1;
  assert.equal(at().stage.result, null);
  world.now += 1;
  assert.equal(at().stage.result.outcome, "PLAYER");
  assert.equal(world.overdue.length, 4);
}));

test("where the picture goes, what it had not shown is told at once", () => atTable(({ world, log, say, at, see, picture }) => {
  see(1);
  say(...log.closed(1));
  world.now = SHOWN_AT - OPENED_AT;
  see(3);
  at();
  say(...log.dealt(1), log.resolved(1), log.settled(1));
  assert.equal(at().stage.result, null);
  picture.gone();
  assert.equal(at().stage.result.outcome, "PLAYER");
}));
