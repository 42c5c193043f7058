"""What the SFU hands to whoever keeps the pictures: whole frames, and honest gaps between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from baccarat.domain.video.marks import FrameMark


@dataclass(frozen=True, slots=True)
class Frame:
    """One access unit of a table's publisher, complete, in the order of its RTP timestamps.

    ``nals`` are the NAL units without start codes, our SEI among them when the frame was stamped;
    a keyframe's include its SPS and PPS when the publisher sent them with it. ``received_ms`` is
    when the last packet arrived, in Unix milliseconds.
    """

    video_epoch: int
    rtp_timestamp: int
    received_ms: int
    keyframe: bool
    nals: tuple[bytes, ...]
    mark: FrameMark | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames after ``after_rtp_timestamp`` are missing: lost on the way, or the publisher left.

    ``after_rtp_timestamp`` is the last whole frame's, None when the epoch had none yet. After
    ``is_end`` no frame of the epoch comes.
    """

    video_epoch: int
    after_rtp_timestamp: int | None
    reason: str
    is_end: bool = False


class Tap(Protocol):
    """Sees every frame of one table. Called in the event loop: it must return at once."""

    def frame(self, frame: Frame) -> None: ...

    def gap(self, gap: Gap) -> None: ...
