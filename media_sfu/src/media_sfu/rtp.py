"""RTP packets as bytes: what an m-line negotiated, and packets in that form."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NTP_EPOCH_OFFSET_SECONDS: Final = 2_208_988_800


@dataclass(frozen=True, slots=True)
class WireFormat:
    """What one m-line negotiated: it decides the bytes of a packet but for its sequence number."""

    ssrc: int
    payload_type: int
    abs_send_time_id: int
    """0: not negotiated."""
    rtx_ssrc: int
    rtx_payload_type: int
    """0: not negotiated; packets are then sent again as they were."""


_HEADER: Final = struct.Struct("!BBHLL")
_EXTENSION: Final = struct.Struct("!HHL")
_SENDER_REPORT: Final = struct.Struct("!BBHLQLLL")
_RTCP_HEADER: Final = struct.Struct("!BBH")
SEQUENCE_AT: Final = 2
"""Where the two bytes of the sequence number stand in a packet."""


def serialise(
    wire: WireFormat, *, sequence: int, timestamp: int, marker: bool, payload: bytes, now: float
) -> bytes:
    """Return the RTP packet; ``now`` in Unix seconds goes into abs-send-time where negotiated."""
    return _packet(wire.ssrc, wire.payload_type, wire, sequence, timestamp, marker, now) + payload


def serialise_again(
    wire: WireFormat,
    *,
    original_sequence: int,
    rtx_sequence: int,
    timestamp: int,
    marker: bool,
    payload: bytes,
    now: float,
) -> bytes:
    """Return a packet of RFC 4588, or the packet as it was where that was not negotiated."""
    if not wire.rtx_payload_type:
        return serialise(
            wire,
            sequence=original_sequence,
            timestamp=timestamp,
            marker=marker,
            payload=payload,
            now=now,
        )
    head = _packet(wire.rtx_ssrc, wire.rtx_payload_type, wire, rtx_sequence, timestamp, marker, now)
    return head + original_sequence.to_bytes(2, "big") + payload


def _packet(
    ssrc: int,
    payload_type: int,
    wire: WireFormat,
    sequence: int,
    timestamp: int,
    marker: bool,  # noqa: FBT001  # private; a header's fields in their order
    now: float,
) -> bytes:
    kind = (marker << 7) | payload_type
    if not wire.abs_send_time_id:
        return _HEADER.pack(0x80, kind, sequence, timestamp, ssrc)
    sent = int(now * (1 << 18)) & 0xFFFFFF
    extension = (wire.abs_send_time_id << 28) | (2 << 24) | sent
    return _HEADER.pack(0x90, kind, sequence, timestamp, ssrc) + _EXTENSION.pack(
        0xBEDE, 1, extension
    )


def random_ssrc() -> int:
    return random.getrandbits(31) + 1  # an identifier, not a secret


def random_sequence() -> int:
    """In the lower half: a wrap soon after the start can break a receiver's decryption."""
    return random.getrandbits(15)


def ntp(now: float) -> int:
    """Return Unix seconds as the 64 bits of NTP."""
    return int((now + _NTP_EPOCH_OFFSET_SECONDS) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def sender_report(
    ssrc: int, *, now: float, rtp_timestamp: int, packets: int, octets: int, cname: str
) -> bytes:
    """Return a compound RTCP packet that ties the RTP clock to the wall clock (RFC 3550, 6.4.1)."""
    report = _SENDER_REPORT.pack(
        0x80, 200, 6, ssrc, ntp(now), rtp_timestamp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    )
    name = cname.encode()
    chunk = ssrc.to_bytes(4, "big") + bytes([1, len(name)]) + name
    chunk += bytes(4 - len(chunk) % 4)  # at least one zero ends the list of items
    return report + _RTCP_HEADER.pack(0x81, 202, len(chunk) // 4) + chunk


def nack(sender_ssrc: int, media_ssrc: int, sequences: Sequence[int]) -> bytes:
    """Return the RTCP packet that asks for packets (RFC 4585, 6.2.1), in any order, over a wrap."""
    fields: list[list[int]] = []
    for sequence in sequences:
        after = (sequence - fields[-1][0] - 1) & 0xFFFF if fields else 16
        if after < 16:
            fields[-1][1] |= 1 << after
        else:
            fields.append([sequence, 0])
    body = b"".join(first.to_bytes(2, "big") + mask.to_bytes(2, "big") for first, mask in fields)
    head = _RTCP_HEADER.pack(0x81, 205, 2 + len(fields))
    return head + sender_ssrc.to_bytes(4, "big") + media_ssrc.to_bytes(4, "big") + body
