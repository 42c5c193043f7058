"""Pictures: with a strip, coded as the studio codes them and worse; and tiny ones of real H.264
with marks, whole frames as the SFU hands them over.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import cast

import av
from PIL import Image

from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.sei import encode_sei
from baccarat.domain.video.strip import Blocks
from media_sfu.frames import Frame

WIDTH, HEIGHT = 640, 360
FRAMES_PER_SECOND = 25
TICKS = 90_000 // FRAMES_PER_SECOND
EPOCH = 1_764_000_000_000


def picture(blocks: Blocks, seed: int = 0) -> av.VideoFrame:
    """Return a noisy picture, dear to code, with a strip."""
    noise = random.Random(seed).randbytes(WIDTH // 4 * HEIGHT // 4 * 3)
    image = Image.frombytes("RGB", (WIDTH // 4, HEIGHT // 4), noise).resize((WIDTH, HEIGHT))
    row_bytes = bytes(255 * white for row in blocks for white in row)
    strip = Image.frombytes("L", (len(blocks[0]), len(blocks)), row_bytes)
    block = WIDTH // len(blocks[0])
    high = block * len(blocks)
    image.paste(strip.resize((WIDTH, high), Image.Resampling.NEAREST), (0, HEIGHT - high))
    return av.VideoFrame.from_image(image).reformat(format="yuv420p")


def coded(frames: list[av.VideoFrame], kbit_per_second: int) -> list[av.VideoFrame]:
    """Return the frames after H.264, constrained baseline, at that rate and no more."""
    encoder = cast("av.VideoCodecContext", av.CodecContext.create("libx264", "w"))
    encoder.width, encoder.height = frames[0].width, frames[0].height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = Fraction(FRAMES_PER_SECOND)
    encoder.time_base = Fraction(1, FRAMES_PER_SECOND)
    encoder.bit_rate = kbit_per_second * 1000
    encoder.options = {
        "profile": "baseline",
        "preset": "superfast",
        "tune": "zerolatency",
        # FFmpeg's own limit of 69 lets a starved encoder leave the whole picture as it was.
        "qmax": "51",
        "maxrate": f"{kbit_per_second}k",
        "bufsize": f"{kbit_per_second // 2}k",
    }
    decoder = cast("av.VideoCodecContext", av.CodecContext.create("h264", "r"))
    decoder.options = {"flags": "low_delay"}
    out: list[av.VideoFrame] = []
    for at, frame in enumerate(frames):
        frame.pts, frame.time_base = at, encoder.time_base
        for packet in encoder.encode(frame):
            out += decoder.decode(packet)
    for packet in encoder.encode(None):
        out += decoder.decode(packet)
    return [*out, *decoder.decode(None)]


def scaled(frame: av.VideoFrame) -> av.VideoFrame:
    """Return the frame at half its size."""
    return frame.reformat(width=frame.width // 2, height=frame.height // 2)


def luma_of(frame: av.VideoFrame) -> bytes:
    """Return the brightness of a frame, line after line without padding."""
    plane = frame.planes[0]
    lines = bytes(plane)
    size = plane.line_size
    return b"".join(lines[at * size : at * size + frame.width] for at in range(frame.height))


@cache
def encoded(seconds: int = 12, width: int = 64, height: int = 48) -> tuple[tuple[bytes, ...], ...]:
    """Return the NAL units of each frame; there is a keyframe with parameter sets each second."""
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.framerate = Fraction(FRAMES_PER_SECOND)
    codec.time_base = Fraction(1, FRAMES_PER_SECOND)
    codec.options = {
        "profile": "baseline",
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": f"keyint={FRAMES_PER_SECOND}:scenecut=0:threads=1",
    }
    frames = []
    for number in range(seconds * FRAMES_PER_SECOND):
        picture = av.VideoFrame(width, height, "yuv420p")
        for at, plane in enumerate(picture.planes):
            plane.update(bytes([(40 + 7 * number * (at + 1)) % 200 + 20]) * plane.buffer_size)
        picture.pts = number
        frames += [tuple(nals(bytes(packet))) for packet in codec.encode(picture)]
    return tuple(frames)


def nals(annex_b: bytes) -> Iterator[bytes]:
    """Yield the NAL units between the start codes."""
    for piece in annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01"):
        if piece:
            yield piece


def mark(round_no: int | None = 1, seq: int = 1, table_id: str = "bac-1") -> FrameMark:
    round_id = f"{table_id}.{round_no:09}" if round_no else ""
    return FrameMark(table_id, round_id, 1, seq, "dealer-7", 0)


def frames(
    marks: Sequence[tuple[int, FrameMark | None]] = ((0, mark()),),
    *,
    count: int | None = None,
    video_epoch: int = EPOCH,
    first_timestamp: int = 2**32 - 100_000,
    pictures: tuple[tuple[bytes, ...], ...] | None = None,
) -> list[Frame]:
    """Return frames that show each mark from its number on; ``at_ms`` follows the frames.

    The RTP timestamp wraps around soon after the start.
    """
    pictures = encoded() if pictures is None else pictures
    made = []
    for number in range(len(pictures) if count is None else count):
        shown = [one for start, one in marks if start <= number][-1:]
        at_ms = video_epoch + number * 1000 // FRAMES_PER_SECOND
        stamped = replace(shown[0], at_ms=at_ms) if shown and shown[0] else None
        units = pictures[number % len(pictures)]
        made.append(
            Frame(
                video_epoch,
                (first_timestamp + number * TICKS) % 2**32,
                at_ms + 5,
                any(nal[0] & 0x1F == 5 for nal in units),
                ((encode_sei(stamped),) if stamped else ()) + units,
                stamped,
            )
        )
    return made
