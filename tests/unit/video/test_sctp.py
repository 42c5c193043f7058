"""What of SCTP is let through: true lengths and bounded reach, as browsers send it."""

import struct

import pytest
from aiortc.rtcsctptransport import (
    AbortChunk,
    Chunk,
    CookieAckChunk,
    DataChunk,
    ForwardTsnChunk,
    HeartbeatChunk,
    InitChunk,
    ReconfigChunk,
    SackChunk,
    StreamResetOutgoingParam,
    serialize_packet,
)

from media_sfu.sctp import MAX_AHEAD, MAX_CHUNKS, MAX_STREAMS, is_sound

NEWEST = 0xFFFFFFF0
"""Numbers wrap soon after it."""


def data(tsn: int = NEWEST + 1, stream: int = 0, text: bytes = b"{}") -> Chunk:
    chunk = DataChunk(flags=3)
    chunk.tsn, chunk.stream_id, chunk.user_data = tsn & 0xFFFFFFFF, stream, text
    return chunk


def sack(*gaps: tuple[int, int]) -> Chunk:
    chunk = SackChunk()
    chunk.gaps = list(gaps)
    return chunk


def forward(tsn: int, *streams: int) -> Chunk:
    chunk = ForwardTsnChunk()
    chunk.cumulative_tsn, chunk.streams = tsn & 0xFFFFFFFF, [(one, 0) for one in streams]
    return chunk


def with_parameters(kind: type, *parameters: tuple[int, bytes]) -> Chunk:
    chunk: Chunk = kind()
    chunk.params = list(parameters)  # type: ignore[attr-defined]
    return chunk


def packet(*chunks: Chunk | bytes) -> bytes:
    head = serialize_packet(5000, 5000, 7, CookieAckChunk())[:12]
    return head + b"".join(map(bytes, chunks))


@pytest.mark.parametrize(
    "chunk",
    [
        data(),
        data(NEWEST + MAX_AHEAD, MAX_STREAMS - 1),
        data(NEWEST - 5),
        sack(),
        sack((2, 2), (4, 9), (11, MAX_AHEAD)),
        forward(NEWEST + 2, 0, 1),
        with_parameters(InitChunk, (0xC000, b""), (0x8008, b"\xc0\x82")),
        with_parameters(HeartbeatChunk, (1, b"now")),
        with_parameters(AbortChunk),
        with_parameters(ReconfigChunk, (13, bytes(StreamResetOutgoingParam(1, 2, 3, [0])))),
        CookieAckChunk(),
        b"\x40\x00\x00\x07odd",  # a type that nobody knows, and is passed over
    ],
)
def test_what_browsers_send_is_let_through(chunk: Chunk | bytes) -> None:
    assert is_sound(packet(chunk), NEWEST)
    assert is_sound(packet(chunk, CookieAckChunk()), NEWEST)


def parameter_of_length(length: int) -> bytes:
    return struct.pack("!BBHHH", HeartbeatChunk.type, 0, 8, 1, length)


@pytest.mark.parametrize(
    "chunk",
    [
        parameter_of_length(0),
        parameter_of_length(3),
        struct.pack("!BBHLLHHLHH", InitChunk.type, 0, 24, 1, 1, 1, 1, 1, 0xC000, 0),
        struct.pack("!BBH", InitChunk.type, 0, 4),
        data(NEWEST + MAX_AHEAD + 1),
        data(stream=MAX_STREAMS),
        data(text=b""),
        sack((1, MAX_AHEAD + 1)),
        sack((2, 1)),
        sack((1, 9), (9, 12)),
        sack((0, 1)),
        struct.pack("!BBHLLHH", SackChunk.type, 0, 16, 1, 1, 65535, 0),
        struct.pack("!BBH", SackChunk.type, 0, 4),
        forward(NEWEST + MAX_AHEAD + 1, 0),
        forward(NEWEST + 1, MAX_STREAMS),
        struct.pack("!BBHL", ForwardTsnChunk.type, 0, 10, NEWEST) + b"odd",
        struct.pack("!BBH", DataChunk.type, 0, 3),
        struct.pack("!BBH", DataChunk.type, 0, 900),
        b"",
        b"\x00",
    ],
)
def test_what_would_cost_without_end_is_not(chunk: Chunk | bytes) -> None:
    assert not is_sound(packet(chunk), NEWEST)
    if chunk:
        assert not is_sound(packet(CookieAckChunk(), chunk), NEWEST) or chunk == b"\x00"


def test_many_chunks_and_data_before_the_first_word_are_not() -> None:
    assert is_sound(packet(*[data()] * MAX_CHUNKS), NEWEST)
    assert not is_sound(packet(*[data()] * (MAX_CHUNKS + 1)), NEWEST)
    assert not is_sound(packet(data()), None)
    assert not is_sound(packet(forward(1)), None)
    assert is_sound(packet(with_parameters(InitChunk)), None)
