"""The inner loop: the same packets to many viewers, each with its own key and its own numbering."""

from __future__ import annotations

import errno
import functools
import itertools
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from media_sfu.compat import SrtpOutlet, srtp_ffi, srtp_protect
from media_sfu.rtp import SEQUENCE_AT

SRTP_TRAILER_BYTES: Final = 32
"""Room behind each packet; the tags in use have 10 and 16 bytes."""
MAX_BURST_PACKETS: Final = 64
MAX_BURST_BYTES: Final = 60_000
MAX_PACKET_BYTES: Final = 1400
_UDP_SEGMENT: Final = 103  # linux/udp.h; not in Python's socket module
_SEGMENT_SIZE: Final = struct.Struct("H")
_CANNOT_SEGMENT: Final = {errno.EIO, errno.EINVAL, errno.EMSGSIZE}


@dataclass(frozen=True, slots=True)
class Member:
    """A viewer as the loop sees it."""

    outlet: SrtpOutlet
    sequence_offset: int
    """Added to the stream's sequence numbers."""


@dataclass(slots=True)
class Tally:
    """What happened to packets, counted for each viewer."""

    sent: int = 0
    dropped: int = 0
    """The viewer's socket was full, or refused."""
    resent: int = 0
    """Because the viewer asked."""

    def add(self, sent: int, dropped: int) -> None:
        self.sent += sent
        self.dropped += dropped


class FanOut(Protocol):
    """A group of viewers whose packets differ in nothing but sequence number and key."""

    tally: Tally

    def add(self, member: Member) -> None: ...

    def remove(self, outlet: SrtpOutlet) -> None: ...

    def send(self, packets: Sequence[bytes]) -> None:
        """Send packets, of at most ``MAX_PACKET_BYTES`` each, to every member, in order."""

    def __len__(self) -> int: ...


def bursts(packets: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Cut a large picture's packets into what one system call may carry."""
    if len(packets) <= MAX_BURST_PACKETS and sum(map(len, packets)) <= MAX_BURST_BYTES:
        return [packets]
    count = max(1, min(MAX_BURST_PACKETS, MAX_BURST_BYTES // MAX_PACKET_BYTES))
    return [packets[at : at + count] for at in range(0, len(packets), count)]


def segments(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Return runs [from, to) of packets that the kernel can cut from one datagram: all of one
    size, but the last of a run may be shorter.
    """
    runs = []
    start = 0
    for index in range(1, len(sizes) + 1):
        if index == len(sizes) or sizes[index] > sizes[start] or sizes[index - 1] < sizes[start]:
            runs.append((start, index))
            start = index
    return runs


@functools.cache
def kernel_segments() -> bool:
    """Whether one call may carry several datagrams (UDP_SEGMENT, Linux 4.18); asked once."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.5)
        try:
            sender.sendmsg([bytes(3)], _segmented(2), 0, receiver.getsockname())
            return [len(receiver.recv(9)) for _ in range(2)] == [2, 1]
        except OSError:
            return False


def _segmented(size: int) -> list[tuple[int, int, bytes]]:
    return [(socket.IPPROTO_UDP, _UDP_SEGMENT, _SEGMENT_SIZE.pack(size))]


@dataclass(slots=True)
class _Plan:
    """Where a burst's packets stand in the buffer, and how they leave it, for one size of tag."""

    tag_bytes: int
    calls: list[tuple[list[memoryview], list[tuple[int, int, bytes]], int]] = field(
        default_factory=list
    )
    """Each: pieces, ancillary data, packets."""


class PythonFanOut:
    """The loop in Python."""

    def __init__(self, tally: Tally, *, segmenting: bool | None = None) -> None:
        self.tally = tally
        self._segmenting = kernel_segments() if segmenting is None else segmenting
        self._members: dict[SrtpOutlet, Member] = {}
        self._buffer = srtp_ffi.new("char[]", MAX_BURST_BYTES * 2 + MAX_BURST_PACKETS * 128)
        self._view = memoryview(srtp_ffi.buffer(self._buffer))
        self._length = srtp_ffi.new("int *")

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: Member) -> None:
        self._members[member.outlet] = member

    def remove(self, outlet: SrtpOutlet) -> None:
        self._members.pop(outlet, None)

    def send(self, packets: Sequence[bytes]) -> None:
        if self._members:
            for burst in bursts(packets):
                self._send(burst)

    def _send(self, packets: Sequence[bytes]) -> None:
        starts = list(
            itertools.accumulate((len(one) + SRTP_TRAILER_BYTES for one in packets), initial=0)
        )[:-1]
        places = [self._buffer + start for start in starts]
        numbered: dict[int, list[Any]] = {}
        plan = _Plan(-1)
        protect, length, move = srtp_protect, self._length, srtp_ffi.memmove
        sent = dropped = 0
        for member in self._members.values():
            offset = member.sequence_offset
            mine = numbered.get(offset)
            if mine is None:
                mine = [
                    (place, one, len(one))
                    for place, one in zip(
                        places, [renumbered(one, offset) for one in packets], strict=True
                    )
                ]
                numbered[offset] = mine
            session = member.outlet.session
            failed = 0
            for place, packet, plain in mine:
                move(place, packet, plain)
                length[0] = plain
                failed |= protect(session, place, length)
            if failed:
                dropped += len(packets)
                continue
            tag = length[0] - mine[-1][2]
            if tag != plan.tag_bytes:
                plan = self._plan(packets, starts, tag)
            left = self._leave(member.outlet, plan)
            sent += left
            dropped += len(packets) - left
        self.tally.add(sent, dropped)

    def _plan(self, packets: Sequence[bytes], starts: list[int], tag: int) -> _Plan:
        plan = _Plan(tag)
        sizes = [len(one) + tag for one in packets]
        pieces = [
            self._view[start : start + size] for start, size in zip(starts, sizes, strict=True)
        ]
        runs = segments(sizes) if self._segmenting else [(at, at + 1) for at in range(len(sizes))]
        for first, last in runs:
            ancillary = _segmented(sizes[first]) if last - first > 1 else []
            plan.calls.append((pieces[first:last], ancillary, last - first))
        return plan

    def _leave(self, outlet: SrtpOutlet, plan: _Plan) -> int:
        """Return how many packets left; the first that does not ends the attempt."""
        sent = 0
        for pieces, ancillary, count in plan.calls:
            try:
                outlet.socket.sendmsg(pieces, ancillary, 0, outlet.address)
            except OSError as error:
                if ancillary and error.errno in _CANNOT_SEGMENT:
                    self._segmenting = False  # this network card cannot; from the next burst on
                break
            sent += count
        return sent


def renumbered(packet: bytes, offset: int) -> bytes:
    """Return the RTP packet with ``offset`` added to its sequence number."""
    if not offset:
        return packet
    at = SEQUENCE_AT
    sequence = (int.from_bytes(packet[at : at + 2], "big") + offset) & 0xFFFF
    return packet[:at] + sequence.to_bytes(2, "big") + packet[at + 2 :]
