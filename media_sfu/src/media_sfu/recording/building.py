"""A segment's file and what its manifest says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from baccarat.domain.video.recording import (
    Hole,
    RecordedFrame,
    Segment,
    Shown,
    frame_hash,
)
from media_sfu.packaging import Part


def build(table_id: str, parts: Sequence[Part]) -> tuple[Segment, bytes]:
    """Return what ``parts``, all of one segment, hold, and the file of them."""
    file = b"".join([parts[0].init, *(part.fragment for part in parts)])
    frames: list[RecordedFrame] = []
    shown: list[Shown] = []
    holes: list[Hole] = []
    for part in parts:
        if part.hole is not None:
            holes.append(Hole(len(frames), part.hole))
        for frame in part.frames:
            mark = frame.mark
            if mark is not None and not (shown and shown[-1].agrees(mark)):
                shown.append(Shown.of(len(frames), mark))
            sample = frame.sample
            frames.append(
                RecordedFrame(
                    sample.decode_time,
                    sample.duration,
                    frame.at_ms,
                    sample.keyframe,
                    len(sample.data),
                    frame_hash(part.video_epoch, sample),
                )
            )
    segment = Segment(
        table_id,
        parts[0].video_epoch,
        hashlib.sha256(file).hexdigest(),
        len(file),
        tuple(frames),
        tuple(shown),
        tuple(holes),
    )
    return segment, file
