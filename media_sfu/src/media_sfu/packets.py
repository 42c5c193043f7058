"""From packets as the network brings them to whole pictures in their order.

A picture is of use to nobody before its last packet is here, and none after a lost one until the
next keyframe. So pictures are forwarded whole: what is late is waited for (and asked for again),
what stays lost is left out up to the next keyframe. Viewers never see the loss of the way in, and
cannot answer it with a storm of requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from baccarat.domain.video.sei import MARK_UUID, NAL_SEI
from media_sfu.h264 import NAL_SPS, begins_keyframe, nal_types

MAX_WAIT_MS: Final = 400
"""For a missing packet, from when it was noticed: seven requests, of which at a loss of 10 % both
ways one in 100,000 stays without an answer; and time for a keyframe within the second.
"""
MAX_HELD_PACKETS: Final = 512
ASK_AGAIN_MS: Final = 30
ASK_LATER: Final = 1.3
"""Each pause between two requests is so much longer: the way may be long."""
MAX_ASK_AGAIN_MS: Final = 100
MAX_ASKED_AT_ONCE: Final = 128
MAX_JUMP: Final = 1 << 13
"""A larger step of sequence numbers is a new beginning, not a loss."""
MAX_UNIT_PACKETS: Final = 1024
MAX_UNIT_BYTES: Final = 1 << 20
_NAL_AUD: Final = 9
_STAMP_BEGINS_WITHIN: Final = 24
"""Header, type, size in up to five bytes, UUID."""


@dataclass(frozen=True, slots=True)
class MediaPacket:
    sequence: int
    timestamp: int
    marker: bool
    payload: bytes


class Lost:
    """Stands in the order where packets are missing for good."""


LOST: Final = Lost()


@dataclass(slots=True)
class _Missing:
    since_ms: int
    ask_at_ms: float
    pause_ms: float = ASK_AGAIN_MS


class PacketOrder:
    """Puts packets in order. Times are of any clock that does not go back."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._held: dict[int, MediaPacket] = {}
        self._missing: dict[int, _Missing] = {}
        self.packets_missed = 0
        self.packets_recovered = 0
        self.packets_lost = 0

    @property
    def is_waiting(self) -> bool:
        """Whether ``due`` has something to look after."""
        return bool(self._missing)

    def push(self, packet: MediaPacket, now_ms: int) -> list[MediaPacket | Lost]:
        """Take a packet; return what is in order now."""
        if self._next is None:
            self._next = packet.sequence
        ahead = (packet.sequence - self._next) & 0xFFFF
        if ahead == 0 and not self._missing:
            self._next = (packet.sequence + 1) & 0xFFFF
            return [packet]
        if MAX_JUMP <= ahead <= 0x10000 - MAX_JUMP:
            return self._begin_again(packet)
        if ahead >= 0x8000 or packet.sequence in self._held:
            return []  # given up before, or a repetition
        if self._missing.pop(packet.sequence, None):
            self.packets_recovered += 1
        self._held[packet.sequence] = packet
        self._notice_gap(packet.sequence, now_ms)
        if len(self._held) > MAX_HELD_PACKETS:
            return self._give_up_first()
        return self._released()

    def due(self, now_ms: int) -> tuple[list[MediaPacket | Lost], list[int]]:
        """Return what is in order now that the wait for others is over, and whom to ask for."""
        ready: list[MediaPacket | Lost] = []
        while self._missing and now_ms - self._first_missing().since_ms >= MAX_WAIT_MS:
            ready += self._give_up_first()
        ask: list[int] = []
        for sequence, missing in self._missing.items():
            if now_ms >= missing.ask_at_ms and len(ask) < MAX_ASKED_AT_ONCE:
                missing.ask_at_ms = now_ms + missing.pause_ms
                missing.pause_ms = min(missing.pause_ms * ASK_LATER, MAX_ASK_AGAIN_MS)
                ask.append(sequence)
        return ready, ask

    def _begin_again(self, packet: MediaPacket) -> list[MediaPacket | Lost]:
        self._held.clear()
        self._missing.clear()
        self._next = (packet.sequence + 1) & 0xFFFF
        return [LOST, packet]

    def _notice_gap(self, newest: int, now_ms: int) -> None:
        """Everything between the expected and the newest packet, once."""
        assert self._next is not None
        sequence = (newest - 1) & 0xFFFF
        gap = []
        while (
            ((sequence - self._next) & 0xFFFF) < 0x8000
            and sequence not in self._held
            and sequence not in self._missing
        ):
            gap.append(sequence)
            sequence = (sequence - 1) & 0xFFFF
        for one in reversed(gap):
            self._missing[one] = _Missing(now_ms, now_ms)
        self.packets_missed += len(gap)

    def _first_missing(self) -> _Missing:
        return next(iter(self._missing.values()))

    def _give_up_first(self) -> list[MediaPacket | Lost]:
        """Go on with the oldest packet that is there."""
        assert self._next is not None
        while self._next not in self._held:
            self._missing.pop(self._next, None)
            self.packets_lost += 1
            self._next = (self._next + 1) & 0xFFFF
        return [LOST, *self._released()]

    def _released(self) -> list[MediaPacket | Lost]:
        ready: list[MediaPacket | Lost] = []
        assert self._next is not None
        while (packet := self._held.pop(self._next, None)) is not None:
            ready.append(packet)
            self._next = (self._next + 1) & 0xFFFF
        return ready


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """All packets of one picture, in their order."""

    rtp_timestamp: int
    received_ms: int
    """Unix time at which the last of them was here."""
    keyframe: bool
    payloads: tuple[bytes, ...]


class AccessUnits:
    """Collects packets that are in order into pictures."""

    def __init__(self) -> None:
        self._payloads: list[bytes] = []
        self._bytes = 0
        self._timestamp: int | None = None
        self._skipped: int | None = None
        self._is_certain = False
        """Whether the next packet can only be the first of its picture."""

    def lost(self) -> None:
        """Packets are missing before the next one."""
        self._drop()
        self._is_certain = False
        self._skipped = None

    def push(self, packet: MediaPacket, now_ms: int) -> list[AccessUnit]:
        """Take the next packet; return the pictures that are complete with it."""
        ready = []
        if self._payloads and packet.timestamp != self._timestamp:
            ready.append(self._finish(now_ms))  # its sender sets no markers
        if not self._payloads and not self._begins_unit(packet):
            self._is_certain = packet.marker
            return ready
        self._payloads.append(packet.payload)
        self._bytes += len(packet.payload)
        self._timestamp = packet.timestamp
        if packet.marker:
            ready.append(self._finish(now_ms))
        elif len(self._payloads) >= MAX_UNIT_PACKETS or self._bytes >= MAX_UNIT_BYTES:
            self.lost()
        return ready

    def _begins_unit(self, packet: MediaPacket) -> bool:
        if self._is_certain or {_NAL_AUD, NAL_SPS} & set(nal_types(packet.payload)):
            return True
        if MARK_UUID in packet.payload[:_STAMP_BEGINS_WITHIN] and packet.payload[0] == NAL_SEI:
            return True  # an SFU's stamp stands before everything else
        if self._skipped is not None and packet.timestamp != self._skipped:
            return True
        self._skipped = packet.timestamp
        return False

    def _finish(self, now_ms: int) -> AccessUnit:
        assert self._timestamp is not None
        unit = AccessUnit(
            rtp_timestamp=self._timestamp,
            received_ms=now_ms,
            keyframe=begins_keyframe(self._payloads),
            payloads=tuple(self._payloads),
        )
        self._drop()
        self._is_certain = True
        return unit

    def _drop(self) -> None:
        self._payloads = []
        self._bytes = 0
        self._timestamp = None
