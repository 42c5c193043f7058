"""H.264 over RTP (RFC 6184): NAL units into payloads and back. Nothing here decodes a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

MAX_PAYLOAD_BYTES: Final = 1200
"""With the headers of RTP, SRTP, UDP and IPv6 still below 1,280, which every path carries."""

NAL_IDR: Final = 5
NAL_SEI: Final = 6
NAL_SPS: Final = 7
NAL_PPS: Final = 8
_STAP_A: Final = 24
_FU_A: Final = 28
_TYPE: Final = 0x1F
_NRI: Final = 0x60
_FU_START: Final = 0x80
_FU_END: Final = 0x40


class MalformedPayload(ValueError):
    """The payload is no RTP payload of H.264 in packetization mode 1."""


def packetise(nals: Sequence[bytes], max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> list[bytes]:
    """Return the RTP payloads of one access unit, in order.

    Parameter sets that follow each other share one payload (STAP-A); a long unit is cut into
    fragments (FU-A) of nearly one size, so that they can leave in one segmented datagram.
    """
    payloads: list[bytes] = []
    sets: list[bytes] = []
    for nal in nals:
        if not nal:
            continue
        if nal[0] & _TYPE in {NAL_SPS, NAL_PPS} and (
            3 + sum(2 + len(one) for one in [*sets, nal]) <= max_payload_bytes
        ):
            sets.append(nal)
            continue
        payloads += _aggregated(sets)
        sets = []
        payloads += [nal] if len(nal) <= max_payload_bytes else _fragments(nal, max_payload_bytes)
    return payloads + _aggregated(sets)


def _aggregated(sets: list[bytes]) -> list[bytes]:
    if len(sets) < 2:
        return list(sets)
    header = _STAP_A | max(nal[0] & _NRI for nal in sets)
    return [bytes([header]) + b"".join(len(nal).to_bytes(2, "big") + nal for nal in sets)]


def _fragments(nal: bytes, max_payload_bytes: int) -> list[bytes]:
    indicator = (nal[0] & _NRI) | _FU_A
    kind = nal[0] & _TYPE
    body = nal[1:]
    count = -(-len(body) // (max_payload_bytes - 2))
    size = -(-len(body) // count)
    fragments = []
    for at in range(0, len(body), size):
        flags = (_FU_START if at == 0 else 0) | (_FU_END if at + size >= len(body) else 0)
        fragments.append(bytes([indicator, flags | kind]) + body[at : at + size])
    return fragments


def nal_types(payload: bytes) -> list[int]:
    """Return the types of the NAL units that begin in a payload; none for a later fragment."""
    if not payload:
        return []
    kind = payload[0] & _TYPE
    if kind == _STAP_A:
        types = []
        at = 1
        while at + 2 < len(payload):
            types.append(payload[at + 2] & _TYPE)
            at += 2 + int.from_bytes(payload[at : at + 2], "big")
        return types
    if kind == _FU_A:
        return [payload[1] & _TYPE] if len(payload) > 1 and payload[1] & _FU_START else []
    return [kind]


def begins_keyframe(payloads: Iterable[bytes]) -> bool:
    """Whether an access unit holds a picture that can be decoded without those before it."""
    return any(NAL_IDR in nal_types(payload) for payload in payloads)


def depacketise(payloads: Iterable[bytes]) -> list[bytes]:
    """Return the NAL units of one complete access unit, without start codes.

    Raises:
        MalformedPayload: units are cut off, or of a kind that packetization mode 1 does not have.
    """
    nals: list[bytes] = []
    fragments: list[bytes] = []
    for payload in payloads:
        if not payload:
            continue
        kind = payload[0] & _TYPE
        if fragments and kind != _FU_A:
            raise MalformedPayload("a fragmented unit is not finished before the next begins")
        if 1 <= kind < _STAP_A:
            nals.append(payload)
        elif kind == _STAP_A:
            nals += _disaggregated(payload)
        elif kind == _FU_A:
            nals += _joined(payload, fragments)
        else:
            raise MalformedPayload(f"NAL unit type {kind} is not of packetization mode 1")
    if fragments:
        raise MalformedPayload("the last fragment of a unit is missing")
    return nals


def _disaggregated(payload: bytes) -> list[bytes]:
    nals = []
    at = 1
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        nal = payload[at + 2 : at + 2 + size]
        if not nal or len(nal) < size:
            raise MalformedPayload("a unit of an aggregation packet is cut off")
        nals.append(nal)
        at += 2 + size
    return nals


def _joined(payload: bytes, fragments: list[bytes]) -> list[bytes]:
    if len(payload) < 3:
        raise MalformedPayload("a fragment is empty")
    if bool(payload[1] & _FU_START) is bool(fragments):
        raise MalformedPayload("a fragment does not continue the one before it")
    if payload[1] & _FU_START:
        fragments.append(bytes([(payload[0] & _NRI) | (payload[1] & _TYPE)]))
    fragments.append(payload[2:])
    if not payload[1] & _FU_END:
        return []
    nal = b"".join(fragments)
    fragments.clear()
    return [nal]
