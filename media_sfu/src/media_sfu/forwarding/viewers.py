"""The viewers of a table: who gets which quality, from which keyframe on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiortc.rtcdtlstransport import RTCDtlsTransport

from media_sfu.compat import MediaSender, SrtpOutlet
from media_sfu.forwarding.choice import QualityChoice
from media_sfu.forwarding.fan_out import FanOut, Member, Tally
from media_sfu.forwarding.stream import HISTORY_PACKETS, Numbered, Stream
from media_sfu.limits import TokenBucket
from media_sfu.packets import AccessUnit, MediaPacket
from media_sfu.rtp import (
    WireFormat,
    random_sequence,
    random_ssrc,
    sender_report,
    serialise_again,
)

QUALITIES: Final = 3
SILENT_SECONDS: Final = 1.5
"""A quality without pictures for so long is not there."""
RESENT_SHARE: Final = 0.3
"""Of a quality's bytes, for those that are sent again. A narrow line loses because it is full: more
would fill it for good.
"""
MIN_RESENT_BYTES_PER_SECOND: Final = 10_000
RESENT_AT_ONCE_BYTES: Final = 50_000
"""After a while without losses: a keyframe."""
AGAIN_AFTER_ROUND_TRIPS: Final = 0.7
"""Who asks for a packet again before it can have come does not get it twice."""
MAX_KEYFRAME_REQUESTS_PER_SECOND: Final = 4
REPORT_ROUNDS: Final = 8
"""A viewer gets a sender report in every eighth call of ``tick``."""
CNAME: Final = "table"


@dataclass(slots=True)
class _Segment:
    """Where a viewer's sequence numbers come from, from ``first_sequence`` on."""

    stream: Stream
    member: Member
    first_sequence: int


@dataclass(slots=True)
class _Late:
    """A viewer that is about to switch gets its pictures one picture late, so that the switch can
    still replace the newest one: two qualities of one instant have one timestamp, and a player
    takes that only once.
    """

    held: Numbered | None
    last_timestamp: int


class Viewer(MediaSender):
    """One m-line of one viewer."""

    def __init__(self, track_or_kind: Any, transport: RTCDtlsTransport) -> None:
        super().__init__(track_or_kind, transport)
        self.audience: Audience | None = None
        self.fixed_quality: int | None = None
        """An edge takes every quality on a line of its own."""
        self.segment: _Segment | None = None
        self.before: _Segment | None = None
        self.target: int | None = None
        self.late: _Late | None = None
        self.choice = QualityChoice(time.monotonic())
        self.estimate = 0
        self.fraction_lost = 0.0
        self._rtx_sequence = random_sequence()
        self._resending = TokenBucket(MIN_RESENT_BYTES_PER_SECOND, RESENT_AT_ONCE_BYTES)
        self._resent: dict[int, tuple[int, float]] = {}
        """The sequence number and when, by the number's place in the history."""
        self._asking = TokenBucket(MAX_KEYFRAME_REQUESTS_PER_SECOND)

    def watch(self, audience: Audience, *, fixed_quality: int | None = None) -> None:
        """Say which table's; to be called before the answer is made."""
        self.audience = audience
        self.fixed_quality = fixed_quality
        self.use_ssrcs(*audience.ssrcs[fixed_quality or 0])

    def on_started(self) -> None:
        if self.audience is not None:
            self.audience.join(self)

    def on_stopped(self) -> None:
        if self.audience is not None:
            self.audience.leave(self)

    def on_nack(self, sequences: list[int]) -> None:
        now = time.monotonic()
        if self.segment is not None:
            rate = RESENT_SHARE * self.segment.stream.bits_per_second / 8
            self._resending.change(max(rate, MIN_RESENT_BYTES_PER_SECOND), RESENT_AT_ONCE_BYTES)
        for sequence in sequences:
            packet = self._sent_as(sequence)
            if packet is None or self._is_on_its_way(sequence, now):
                continue
            if not self._resending.take(len(packet.payload)):
                return
            self._resent[sequence % HISTORY_PACKETS] = (sequence, now)
            self._send_again(packet, sequence)

    def _is_on_its_way(self, sequence: int, now: float) -> bool:
        again, at = self._resent.get(sequence % HISTORY_PACKETS, (-1, 0.0))
        return again == sequence and now - at < AGAIN_AFTER_ROUND_TRIPS * self.round_trip_seconds

    def _sent_as(self, sequence: int) -> MediaPacket | None:
        segment = self.segment
        if segment is not None and ((sequence - segment.first_sequence) & 0xFFFF) >= 0x8000:
            segment = self.before
        if segment is None:
            return None
        return segment.stream.remembered((sequence - segment.member.sequence_offset) & 0xFFFF)

    def _send_again(self, packet: MediaPacket, sequence: int) -> None:
        if self.wire is None or self.outlet is None:
            return
        again = serialise_again(
            self.wire,
            original_sequence=sequence,
            rtx_sequence=self._rtx_sequence,
            timestamp=packet.timestamp,
            marker=packet.marker,
            payload=packet.payload,
            now=time.time(),
        )
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        self.outlet.send_rtp(again)
        if self.audience is not None:
            self.audience.tally.resent += 1

    def on_keyframe_wanted(self) -> None:
        if self.audience is not None and self._asking.take():
            self.audience.keyframe_wanted(self)

    def on_bitrate_estimate(self, bits_per_second: int) -> None:
        self.estimate = bits_per_second
        if self.audience is not None:
            self.audience.reconsider(self)

    def on_report(self, fraction_lost: float) -> None:
        self.fraction_lost = fraction_lost

    def send_now(self, numbered: Numbered) -> None:
        """Send one picture of the current segment to this viewer alone."""
        if self.wire is not None and self.outlet is not None and self.segment is not None:
            offset = self.segment.member.sequence_offset
            for packet in numbered.serialised(self.wire, time.time(), offset):
                self.outlet.send_rtp(packet)


class Audience:
    """All viewers of one table in this process.

    ``want_keyframe`` asks the publisher for a keyframe of a quality; it is throttled elsewhere.
    """

    def __init__(
        self, *, make_fan_out: Callable[[Tally], FanOut], want_keyframe: Callable[[int], None]
    ) -> None:
        self.tally = Tally()
        self.streams = tuple(Stream(lambda: make_fan_out(self.tally)) for _ in range(QUALITIES))
        self.ssrcs = tuple((random_ssrc(), random_ssrc()) for _ in range(QUALITIES))
        """Of media and retransmissions. A viewer with one line has those of the first quality,
        whichever it gets.
        """
        self.viewers: dict[Viewer, None] = {}
        self.switches = 0
        self._want_keyframe = want_keyframe
        self._waiting: tuple[dict[Viewer, None], ...] = tuple({} for _ in range(QUALITIES))
        self._late: tuple[dict[Viewer, _Late], ...] = tuple({} for _ in range(QUALITIES))
        self._round = 0

    def unit(self, quality: int, unit: AccessUnit, sei: bytes | None) -> None:
        """Send a picture on to everybody who has this quality."""
        stream = self.streams[quality]
        numbered = stream.number(unit, sei)
        if numbered is None:
            return
        if unit.keyframe and self._waiting[quality]:
            self._admit(quality, numbered)
        stream.send(numbered)
        for viewer, late in self._late[quality].items():
            self._flush(viewer, late)
            late.held = numbered

    def new_epoch(self) -> None:
        """The publisher began anew, with timestamps that are not of the same clock."""
        for viewer in [one for late in self._late for one in late]:
            self._stop_waiting(viewer)
        for stream in self.streams:
            stream.forget_group()

    def expect(self, viewer: Viewer) -> None:
        """The viewer is about to connect: let a keyframe be there by then."""
        self._want_keyframe(self._first_choice(viewer))

    def join(self, viewer: Viewer) -> None:
        """The viewer is connected; it begins with a keyframe of just now, or with the next."""
        self.viewers[viewer] = None
        viewer.choice = QualityChoice(time.monotonic())
        quality = self._first_choice(viewer)
        known = self.streams[quality].head_start()
        if known and viewer.outlet is not None:
            self._begin(viewer, viewer.outlet, quality, known[0], _first_number(known[0]))
            for numbered in known:
                viewer.send_now(numbered)
        else:
            self._wait_for(viewer, quality)

    def leave(self, viewer: Viewer) -> None:
        self.viewers.pop(viewer, None)
        self._stop_waiting(viewer)
        if viewer.segment is not None:
            self._stream_of(viewer).remove(_wire(viewer), viewer.segment.member)
            viewer.segment = viewer.before = None

    def keyframe_wanted(self, viewer: Viewer) -> None:
        quality = viewer.target if viewer.target is not None else self._quality_of(viewer)
        if quality is not None:
            self._want_keyframe(quality)

    def reconsider(self, viewer: Viewer) -> None:
        """Let the viewer's newest estimate decide about its quality."""
        current = self._quality_of(viewer)
        if current is None or viewer.fixed_quality is not None or viewer.target is not None:
            return
        now = time.time()
        wanted = viewer.choice.better_or_worse(
            time.monotonic(),
            current=current,
            bits_per_second=[
                one.bits_per_second if one.is_live(now, SILENT_SECONDS) else 0
                for one in self.streams
            ],
            estimate=viewer.estimate,
            fraction_lost=viewer.fraction_lost,
        )
        if wanted != current:
            self._wait_for(viewer, wanted)

    def tick(self, passed_seconds: float) -> None:
        """To be called some times a second: measures, reports, and mends what does not move."""
        now = time.time()
        self._round += 1
        if self._round % REPORT_ROUNDS == 0:
            for stream in self.streams:
                stream.measure(passed_seconds * REPORT_ROUNDS)
        live = [index for index, one in enumerate(self.streams) if one.is_live(now, SILENT_SECONDS)]
        for index, viewer in enumerate(list(self.viewers)):
            self._mend(viewer, live)
            if index % REPORT_ROUNDS == self._round % REPORT_ROUNDS:
                self._report(viewer, now)

    def _mend(self, viewer: Viewer, live: list[int]) -> None:
        """A quality may come, or end while somebody has it or waits for it."""
        if not live or viewer.fixed_quality is not None:
            return
        if viewer.target is not None:
            if viewer.target not in live:
                self._wait_for(viewer, live[0])
        elif self._quality_of(viewer) not in live:
            self._wait_for(viewer, live[0])

    def _report(self, viewer: Viewer, now: float) -> None:
        """Also before the first picture: it says that we are here."""
        if viewer.outlet is None:
            return
        stream = None if viewer.segment is None else viewer.segment.stream
        viewer.outlet.send_rtcp(
            sender_report(
                _wire(viewer).ssrc,
                now=now,
                rtp_timestamp=0 if stream is None else stream.timestamp_at(now),
                packets=0 if stream is None else stream.packets,
                octets=0 if stream is None else stream.octets,
                cname=CNAME,
            )
        )

    def _first_choice(self, viewer: Viewer) -> int:
        if viewer.fixed_quality is not None:
            return viewer.fixed_quality
        now = time.time()
        live = [index for index, one in enumerate(self.streams) if one.is_live(now, SILENT_SECONDS)]
        return live[0] if live else 0

    def _quality_of(self, viewer: Viewer) -> int | None:
        return None if viewer.segment is None else self.streams.index(viewer.segment.stream)

    @staticmethod
    def _stream_of(viewer: Viewer) -> Stream:
        assert viewer.segment is not None
        return viewer.segment.stream

    def _wait_for(self, viewer: Viewer, quality: int) -> None:
        self._stop_waiting(viewer)
        current = self._quality_of(viewer)
        if quality == current:
            return
        viewer.target = quality
        self._waiting[quality][viewer] = None
        if current is not None:
            stream = self._stream_of(viewer)
            stream.remove(_wire(viewer), _segment(viewer).member)
            viewer.late = self._late[current][viewer] = _Late(None, stream.last_timestamp)
        self._want_keyframe(quality)

    def _stop_waiting(self, viewer: Viewer) -> None:
        """Back to the current quality, if there is one, as if nothing had been asked for."""
        if viewer.target is not None:
            self._waiting[viewer.target].pop(viewer, None)
            viewer.target = None
        if viewer.late is not None:
            self._flush(viewer, viewer.late)
            self._no_longer_late(viewer)
            self._stream_of(viewer).add(_wire(viewer), _segment(viewer).member)

    def _no_longer_late(self, viewer: Viewer) -> None:
        for late in self._late:
            late.pop(viewer, None)
        viewer.late = None

    @staticmethod
    def _flush(viewer: Viewer, late: _Late) -> None:
        if late.held is not None:
            viewer.send_now(late.held)
            late.last_timestamp = late.held.rtp_timestamp
            late.held = None

    def _admit(self, quality: int, keyframe: Numbered) -> None:
        for viewer in list(self._waiting[quality]):
            if viewer.outlet is None:
                continue
            first = self._continues_at(viewer, keyframe)
            if first is None:
                self._want_keyframe(quality)
                continue
            self._waiting[quality].pop(viewer)
            viewer.target = None
            self._no_longer_late(viewer)
            self.switches += viewer.segment is not None
            self._begin(viewer, viewer.outlet, quality, keyframe, first)

    def _begin(
        self, viewer: Viewer, outlet: SrtpOutlet, quality: int, keyframe: Numbered, first: int
    ) -> None:
        """From this keyframe on, whose first packet gets number ``first``, the viewer has it."""
        offset = (first - keyframe.first_sequence) & 0xFFFF
        viewer.before = viewer.segment
        viewer.segment = _Segment(self.streams[quality], Member(outlet, offset), first)
        self.streams[quality].add(_wire(viewer), viewer.segment.member)

    def _continues_at(self, viewer: Viewer, keyframe: Numbered) -> int | None:
        """Return the viewer's number for the keyframe's first packet; None: it comes too late."""
        if viewer.segment is None:
            return _first_number(keyframe)
        late = viewer.late
        assert late is not None
        offset = viewer.segment.member.sequence_offset
        if late.held is not None and late.held.rtp_timestamp == keyframe.rtp_timestamp:
            return (late.held.first_sequence + offset) & 0xFFFF
        if not _newer(keyframe.rtp_timestamp, late.last_timestamp):
            return None
        if late.held is not None:
            if not _newer(keyframe.rtp_timestamp, late.held.rtp_timestamp):
                return (late.held.first_sequence + offset) & 0xFFFF
            self._flush(viewer, late)
        return (viewer.segment.stream.next_sequence + offset) & 0xFFFF


def _first_number(keyframe: Numbered) -> int:
    # a receiver that misses the first wrap cannot decrypt: keep it far
    return keyframe.first_sequence & 0x7FFF


def _newer(one: int, other: int) -> bool:
    return 0 < ((one - other) & 0xFFFFFFFF) < 0x80000000


def _wire(viewer: Viewer) -> WireFormat:
    assert viewer.wire is not None
    return viewer.wire


def _segment(viewer: Viewer) -> _Segment:
    assert viewer.segment is not None
    return viewer.segment
