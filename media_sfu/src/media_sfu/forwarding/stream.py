"""One quality on its way out: numbered once for all viewers, remembered for those who miss some."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from media_sfu.forwarding.fan_out import MAX_PACKET_BYTES, FanOut, Member, renumbered
from media_sfu.packets import AccessUnit, MediaPacket
from media_sfu.rtp import WireFormat, random_sequence, serialise

HISTORY_PACKETS: Final = 1024
HEAD_START_SECONDS: Final = 0.2
"""A keyframe of so long ago, and what followed it, is sent to who joins now. More would arrive as a
burst that a player takes for delay.
"""
HEADROOM_BYTES: Final = 40
"""For the headers of RTP; a payload that leaves less room is of nobody well-behaved."""
_BITRATE_SHARE: Final = 0.4
"""Weight of the newest second."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A picture's packets with the stream's own sequence numbers."""

    packets: tuple[MediaPacket, ...]

    @property
    def first_sequence(self) -> int:
        return self.packets[0].sequence

    @property
    def rtp_timestamp(self) -> int:
        return self.packets[0].timestamp

    def serialised(self, wire: WireFormat, now: float, offset: int = 0) -> list[bytes]:
        return [
            renumbered(
                serialise(
                    wire,
                    sequence=one.sequence,
                    timestamp=one.timestamp,
                    marker=one.marker,
                    payload=one.payload,
                    now=now,
                ),
                offset,
            )
            for one in self.packets
        ]


class Stream:
    """Numbers pictures and sends them to its groups of viewers."""

    def __init__(self, make_fan_out: Callable[[], FanOut]) -> None:
        self.next_sequence = random_sequence()
        self.last_timestamp = 0
        self.last_sent_at = 0.0
        """Unix seconds; 0 before the first picture."""
        self.bits_per_second = 0.0
        self.packets = 0
        self.octets = 0
        self.payloads_too_long = 0
        self._make_fan_out = make_fan_out
        self._groups: dict[WireFormat, FanOut] = {}
        self._history: list[MediaPacket | None] = [None] * HISTORY_PACKETS
        self._octets_measured = 0
        self._group: list[Numbered] = []
        self._group_at = 0.0

    def number(self, unit: AccessUnit, sei: bytes | None) -> Numbered | None:
        """Give the unit's packets their numbers, the SEI unit before them; None: nothing is left
        of it that can be sent.
        """
        payloads = [sei, *unit.payloads] if sei is not None else list(unit.payloads)
        if any(len(one) > MAX_PACKET_BYTES - HEADROOM_BYTES for one in payloads):
            self.payloads_too_long += 1
            return None
        packets = []
        for index, payload in enumerate(payloads):
            packet = MediaPacket(
                self.next_sequence, unit.rtp_timestamp, index == len(payloads) - 1, payload
            )
            self._history[packet.sequence % HISTORY_PACKETS] = packet
            self.next_sequence = (self.next_sequence + 1) & 0xFFFF
            self.octets += len(payload)
            packets.append(packet)
        self.packets += len(packets)
        numbered = Numbered(tuple(packets))
        self._remember_group(numbered, begins=unit.keyframe)
        return numbered

    def _remember_group(self, numbered: Numbered, *, begins: bool) -> None:
        now = time.monotonic()
        if begins:
            self._group, self._group_at = [numbered], now
        elif now - self._group_at > HEAD_START_SECONDS:
            self._group = []
        elif self._group:
            self._group.append(numbered)

    def forget_group(self) -> None:
        """What comes next does not follow what was."""
        self._group = []

    def head_start(self) -> list[Numbered]:
        """Return a new keyframe and all pictures since, or nothing when there is none so new."""
        is_new = time.monotonic() - self._group_at <= HEAD_START_SECONDS
        return list(self._group) if is_new else []

    def send(self, numbered: Numbered) -> None:
        now = time.time()
        for wire, group in self._groups.items():
            group.send(numbered.serialised(wire, now))
        self.last_timestamp = numbered.rtp_timestamp
        self.last_sent_at = now

    def remembered(self, sequence: int) -> MediaPacket | None:
        """Return a packet of the last seconds."""
        packet = self._history[sequence % HISTORY_PACKETS]
        return packet if packet is not None and packet.sequence == sequence else None

    def add(self, wire: WireFormat, member: Member) -> None:
        if wire not in self._groups:
            self._groups[wire] = self._make_fan_out()
        self._groups[wire].add(member)

    def remove(self, wire: WireFormat, member: Member) -> None:
        group = self._groups.get(wire)
        if group is not None:
            group.remove(member.outlet)
            if not len(group):
                del self._groups[wire]

    def is_live(self, now: float, silent_seconds: float) -> bool:
        return now - self.last_sent_at < silent_seconds

    def measure(self, passed_seconds: float) -> None:
        """To be called about once a second."""
        newest = (self.octets - self._octets_measured) * 8 / passed_seconds
        self._octets_measured = self.octets
        if self.bits_per_second == 0:
            self.bits_per_second = newest
        self.bits_per_second += (newest - self.bits_per_second) * _BITRATE_SHARE

    def timestamp_at(self, now: float) -> int:
        """Return what the RTP clock of 90 kHz shows."""
        return (self.last_timestamp + int((now - self.last_sent_at) * 90_000)) & 0xFFFFFFFF
