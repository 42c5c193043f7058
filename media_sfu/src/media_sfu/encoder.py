"""One quality of a picture as H.264 constrained baseline, coded as the pictures come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

import av
from av.video.frame import PictureType

KEYFRAME_SECONDS: Final = 2
_LARGEST_QUANTIZER: Final = 51
"""H.264's own limit. FFmpeg allows 69, at which a starved picture stays as the one before it was,
strip and all."""

_QUALITY: Final = re.compile(r"(\d{2,4})x(\d{2,4})@(\d{2,5})")
_START_CODE: Final = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class Quality:
    """``kbit_per_second`` is the most that it takes, keyframes included, over half a second."""

    width: int
    height: int
    kbit_per_second: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the quality that ``text`` names, such as ``640x360@800``.

        Raises:
            ValueError: it names none.
        """
        found = _QUALITY.fullmatch(text)
        if found is None or int(found[1]) % 2 or int(found[2]) % 2:
            raise ValueError(
                f"{text!r} is no quality: give even width and height and kbit/s, as in 640x360@800"
            )
        return cls(int(found[1]), int(found[2]), int(found[3]))


class Encoder:
    """libx264 for one quality. Each picture comes out at once; none waits for a later one."""

    def __init__(self, quality: Quality, frames_per_second: int) -> None:
        self.quality = quality
        codec = av.VideoCodecContext.create("libx264", "w")
        codec.width, codec.height = quality.width, quality.height
        codec.pix_fmt = "yuv420p"
        codec.framerate = Fraction(frames_per_second)
        codec.time_base = Fraction(1, 1000)
        codec.bit_rate = quality.kbit_per_second * 1000
        codec.gop_size = KEYFRAME_SECONDS * frames_per_second
        codec.thread_count = 1
        codec.options = {
            "profile": "baseline",
            "preset": "superfast",
            "tune": "zerolatency",
            "maxrate": f"{quality.kbit_per_second}k",
            "bufsize": f"{quality.kbit_per_second // 2}k",
            "qmax": str(_LARGEST_QUANTIZER),
            "x264-params": "scenecut=0",
        }
        self._codec = codec

    def encode(self, picture: av.VideoFrame, at_ms: int, *, keyframe: bool) -> tuple[bytes, ...]:
        """Return the NAL units of the picture; ``at_ms`` rises from call to call."""
        frame = picture.reformat(
            width=self.quality.width, height=self.quality.height, format="yuv420p"
        )
        frame.pts, frame.time_base = at_ms, Fraction(1, 1000)
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        packets = self._codec.encode(frame)
        return tuple(nal for packet in packets for nal in split_nals(bytes(packet)))


def split_nals(stream: bytes) -> list[bytes]:
    """Return the NAL units of a byte stream (Annex B), without start codes and padding."""
    units = (part.rstrip(b"\x00") for part in stream.split(_START_CODE)[1:])
    return [unit for unit in units if unit]
