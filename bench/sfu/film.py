"""The film that all servers forward, and the number that is burned into each of its pictures."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import av

from media_sfu.encoder import Encoder, Quality

QUALITY: Final = Quality(640, 360, 800)
FRAMES_PER_SECOND: Final = 25
PICTURES: Final = 250
"""Ten seconds, played over and over; five keyframes among them."""
TICKS: Final = 90_000 // FRAMES_PER_SECOND
_BITS: Final = 8
_BLOCK: Final = 32
_START_CODE: Final = b"\x00\x00\x00\x01"
Film = Sequence[tuple[bytes, ...]]


def make() -> Film:
    """Return the NAL units of each picture: a pattern that moves, with some noise."""
    rng = random.Random(5)  # noqa: S311  # a picture, no secret
    width, height = QUALITY.width, QUALITY.height
    pattern = [_smooth(rng, 2 * width) for _ in range(height)]
    encoder = Encoder(QUALITY, FRAMES_PER_SECOND)
    film = []
    for number in range(PICTURES):
        rows = [bytearray(row[2 * number % width :][:width]) for row in pattern]
        for row in rows[200:280]:
            row[240:400] = rng.randbytes(160)
        _burn(rows, number)
        frame = av.VideoFrame(width, height, "yuv420p")
        frame.planes[0].update(b"".join(rows))
        for plane in frame.planes[1:]:
            plane.update(bytes([128]) * plane.buffer_size)
        keyframe = number % (2 * FRAMES_PER_SECOND) == 0
        film.append(encoder.encode(frame, number * 1000 // FRAMES_PER_SECOND, keyframe=keyframe))
    return film


def kbit_per_second(film: Film) -> float:
    octets = sum(len(nal) for nals in film for nal in nals)
    return octets * 8 * FRAMES_PER_SECOND / len(film) / 1000


def numbers(pictures: Iterable[tuple[int, Sequence[bytes]]]) -> Iterator[tuple[int, int]]:
    """Decode pictures, the first of them a keyframe, and read their numbers; the other figure of
    each pair is whatever the caller knows the picture by.
    """
    codec = av.VideoCodecContext.create("h264", "r")
    codec.thread_count = 1
    for name, nals in pictures:
        packet = av.Packet(b"".join(_START_CODE + nal for nal in nals))
        packet.pts = name
        for frame in codec.decode(packet):
            yield frame.pts or 0, _read(frame)
    for frame in codec.decode(None):
        yield frame.pts or 0, _read(frame)


def _smooth(rng: random.Random, width: int) -> bytes:
    row = bytearray(width)
    level = 128
    for at in range(width):
        level = min(220, max(30, level + rng.randint(-12, 12)))
        row[at] = level
    return bytes(row)


def _burn(rows: list[bytearray], number: int) -> None:
    for bit in range(_BITS):
        shade = bytes([230 if number >> bit & 1 else 20]) * _BLOCK
        for row in rows[:_BLOCK]:
            row[bit * _BLOCK : (bit + 1) * _BLOCK] = shade


def _read(frame: av.VideoFrame) -> int:
    plane = frame.planes[0]
    luma = memoryview(plane)
    number = 0
    for bit in range(_BITS):
        middle = [
            luma[y * plane.line_size + bit * _BLOCK + x]
            for y in range(8, 24, 4)
            for x in range(8, 24, 4)
        ]
        number |= (sum(middle) > 125 * len(middle)) << bit
    return number
