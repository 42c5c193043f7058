"""Which packets of SCTP are let through to aiortc, which believes what its peers say of lengths.

A parameter of length 0 would be read for ever, a range of acknowledged packets is counted one by
one, and what waits for a packet before it is sorted anew for each. Marks need little of all that.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

WINDOW_BYTES: Final = 65_536
"""What a peer may have sent that is not complete; we tell it so."""
MAX_STREAMS: Final = 64
"""A channel has one; there is one channel, or two."""
MAX_CHUNKS: Final = 16
"""Of one packet."""
MAX_AHEAD: Final = 256
"""How far a packet may be ahead of what is acknowledged; the rest comes again."""
MAX_WAITING_CHUNKS: Final = 256
"""Of messages that are not complete."""
MAX_UNSENT_CHUNKS: Final = 512
"""Of answers to a peer that acknowledges nothing."""

_HEADER_BYTES: Final = 12
_CHUNK: Final = struct.Struct("!BBH")
_DATA: Final = struct.Struct("!LHHL")
_SACK: Final = struct.Struct("!LLHH")
_INIT_BYTES: Final = 16
_WRAP: Final = 0xFFFFFFFF
_HALF: Final = 0x80000000

_Check = Callable[[bytes, int | None], bool]


def is_sound(packet: bytes, newest_tsn: int | None) -> bool:
    """Whether the packet's lengths are true and what it asks for is bounded.

    ``newest_tsn`` is the last transmission number up to which everything is here.
    """
    at, chunks = _HEADER_BYTES, 0
    while at <= len(packet) - _CHUNK.size:
        kind, _flags, length = _CHUNK.unpack_from(packet, at)
        chunks += 1
        if length < _CHUNK.size or at + length > len(packet) or chunks > MAX_CHUNKS:
            return False
        check = _CHECKS.get(kind)
        if check is not None and not check(packet[at + _CHUNK.size : at + length], newest_tsn):
            return False
        at += length + -length % 4
    return chunks > 0


def _data(body: bytes, newest_tsn: int | None) -> bool:
    if len(body) <= _DATA.size:
        return False
    tsn, stream, _sequence, _protocol = _DATA.unpack_from(body)
    return stream < MAX_STREAMS and _is_near(tsn, newest_tsn)


def _forward(body: bytes, newest_tsn: int | None) -> bool:
    if len(body) < 4 or len(body) % 4:
        return False
    streams = [int.from_bytes(body[at : at + 2], "big") for at in range(4, len(body), 4)]
    is_near = _is_near(int.from_bytes(body[:4], "big"), newest_tsn)
    return is_near and all(one < MAX_STREAMS for one in streams)


def _acknowledgement(body: bytes, _newest_tsn: int | None) -> bool:
    if len(body) < _SACK.size:
        return False
    _tsn, _window, gaps, repeated = _SACK.unpack_from(body)
    if _SACK.size + 4 * (gaps + repeated) > len(body):
        return False
    last = 0
    for at in range(_SACK.size, _SACK.size + 4 * gaps, 4):
        first, end = struct.unpack_from("!HH", body, at)
        if not last < first <= end <= MAX_AHEAD:
            return False
        last = end
    return True


def _init(body: bytes, newest_tsn: int | None) -> bool:
    return len(body) >= _INIT_BYTES and _parameters(body[_INIT_BYTES:], newest_tsn)


def _parameters(body: bytes, _newest_tsn: int | None) -> bool:
    at = 0
    while at <= len(body) - 4:
        length = int.from_bytes(body[at + 2 : at + 4], "big")
        if length < 4:
            return False
        at += length + -length % 4
    return True


def _is_near(tsn: int, newest_tsn: int | None) -> bool:
    """Also of what is known already, which costs nothing; never before the peer said its first."""
    if newest_tsn is None:
        return False
    ahead = (tsn - newest_tsn) & _WRAP
    return ahead <= MAX_AHEAD or ahead >= _HALF


_CHECKS: Final[dict[int, _Check]] = {
    0: _data,
    1: _init,
    2: _init,
    3: _acknowledgement,
    4: _parameters,  # HEARTBEAT
    5: _parameters,  # its answer
    6: _parameters,  # ABORT
    9: _parameters,  # ERROR
    130: _parameters,  # RE-CONFIG
    192: _forward,
}
"""By the type of the chunk. Others have a fixed form, or are passed over."""
