"""Frames into parts: short fragments of MP4, made once for the recording and for HLS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from baccarat.domain.errors import InvalidRequest
from baccarat.domain.video import fmp4
from baccarat.domain.video.fmp4 import MAX_SAMPLE_BYTES, TIMESCALE, Sample
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.recording import MAX_FRAMES, MAX_SEGMENT_BYTES, HoleReason, is_mark_of
from baccarat.domain.video.sei import NAL_SEI, decode_sei
from baccarat.domain.video.sps import NAL_PPS, NAL_SPS
from media_sfu.frames import Frame, Gap

PART_TICKS: Final = TIMESCALE // 5
"""A part is no longer, unless one frame alone is."""
SEGMENT_TICKS: Final = 4 * TIMESCALE
"""The first keyframe from there on starts the next segment, and so does the first of a round."""
LONGEST_SEGMENT_TICKS: Final = 6 * TIMESCALE
"""Without a keyframe a segment ends in mid-picture: pictures lost with a crash stay few."""
LONGEST_STEP_TICKS: Final = 10 * TIMESCALE
"""A longer step between two frames is a jump of the publisher's clock."""
_FIRST_DURATION: Final = TIMESCALE // 25


@dataclass(frozen=True, slots=True)
class PackedFrame:
    """``at_ms`` is when the frame was taken, or when it arrived if nobody marked it."""

    sample: Sample
    at_ms: int
    mark: FrameMark | None


@dataclass(frozen=True, slots=True)
class Part:
    """Frames that follow each other, as one fragment.

    ``init`` is what must stand before the fragments of this part's segment. ``hole`` is why frames
    are missing right before the part, None when none are.
    """

    video_epoch: int
    starts_segment: bool
    hole: HoleReason | None
    init: bytes
    frames: tuple[PackedFrame, ...]
    fragment: bytes

    @property
    def starts_with_keyframe(self) -> bool:
        return self.frames[0].sample.keyframe

    @property
    def duration(self) -> int:
        """In 1/90,000 s."""
        return sum(frame.sample.duration for frame in self.frames)


class Listener(Protocol):
    """Takes parts. Called in the event loop: it must return at once."""

    def part(self, part: Part) -> None: ...

    def ended(self) -> None:
        """The epoch is over: no part of it follows."""


@dataclass(slots=True)
class _Segment:
    """What is known of the segment under way."""

    started: int
    round_id: str
    size_bytes: int = 0
    frames: int = 0


@dataclass(slots=True)
class _Epoch:
    """What is known of the publisher. ``held`` is the newest frame: how long it is shown says only
    the next one.
    """

    number: int
    init: bytes
    held: PackedFrame
    segment: _Segment
    parameters: tuple[bytes, bytes]
    last_duration: int = _FIRST_DURATION
    collected: list[PackedFrame] = field(default_factory=list)
    collected_ticks: int = 0
    starts_segment: bool = True
    hole: HoleReason | None = None
    missing: HoleReason | None = None
    sequence: int = 0


class Packager:
    """Implements ``Tap`` and hands parts to its listeners.

    An epoch begins with its first keyframe that has parameter sets; what comes before cannot be
    shown and is left out. Decode times count on from the first frame's RTP timestamp, so that
    modulo 2**32 each is its frame's own.
    """

    def __init__(self, table_id: str, listeners: Iterable[Listener]) -> None:
        self._table_id = table_id
        self._listeners = tuple(listeners)
        self._epoch: _Epoch | None = None
        self._ended = 0

    def frame(self, frame: Frame) -> None:
        epoch = self._epoch
        if frame.video_epoch <= self._ended or (epoch and frame.video_epoch < epoch.number):
            return  # late from a publisher that left or was replaced
        if epoch is not None and frame.video_epoch > epoch.number:
            self.close()
            epoch = None
        if not all(frame.nals) or not 0 < sum(map(len, frame.nals)) <= MAX_SAMPLE_BYTES:
            self.gap(Gap(frame.video_epoch, None, "a frame without content or too large"))
        elif epoch is None:
            self._begin(frame)
        else:
            self._continue(epoch, frame)

    def gap(self, gap: Gap) -> None:
        if self._epoch is None or gap.video_epoch != self._epoch.number:
            return
        if gap.is_end:
            self.close()
        else:
            self._epoch.missing = HoleReason.LOST

    def close(self) -> None:
        """End the epoch: its last frame is taken to be as long as the one before. No other frame of
        the epoch is taken.
        """
        epoch, self._epoch = self._epoch, None
        if epoch is None:
            return
        self._ended = epoch.number
        self._release(epoch, epoch.last_duration)
        self._finish_part(epoch)
        for listener in self._listeners:
            listener.ended()

    def _begin(self, frame: Frame) -> None:
        parameters = _parameter_sets(frame)
        init = _init_of(parameters) if frame.keyframe and parameters else None
        if parameters is None or init is None:
            return
        held = self._packed(frame, frame.rtp_timestamp)
        segment = _Segment(held.sample.decode_time, _round_of(held))
        self._epoch = _Epoch(frame.video_epoch, init, held, segment, parameters)

    def _continue(self, epoch: _Epoch, frame: Frame) -> None:
        before = epoch.held.sample.decode_time
        step = (frame.rtp_timestamp - before) % 2**32
        if step == 0:
            epoch.missing = HoleReason.TIMESTAMP  # two frames at one time: the first one stays
            return
        if step > LONGEST_STEP_TICKS and epoch.missing is None:
            epoch.missing = HoleReason.TIMESTAMP
        # Up to where frames are missing, the frame before is shown no longer than usual.
        duration = step if epoch.missing is None else min(step, epoch.last_duration)
        self._release(epoch, duration)
        arrived = self._packed(frame, before + step)
        fresh = self._fresh_init(epoch, frame)
        jumped = epoch.missing is HoleReason.TIMESTAMP
        if fresh is not None or jumped or _is_due(epoch.segment, arrived):
            self._finish_part(epoch)
            epoch.init = fresh or epoch.init
            epoch.starts_segment = True
            epoch.segment = _Segment(arrived.sample.decode_time, _round_of(arrived))
        elif epoch.missing is not None or epoch.collected_ticks + duration > PART_TICKS:
            self._finish_part(epoch)
        if epoch.missing is not None:
            epoch.hole, epoch.missing = epoch.missing, None
        epoch.held = arrived

    def _fresh_init(self, epoch: _Epoch, frame: Frame) -> bytes | None:
        """Return the header of pictures that have another form from this frame on."""
        parameters = _parameter_sets(frame) if frame.keyframe else None
        if parameters is None or parameters == epoch.parameters:
            return None
        init = _init_of(parameters)
        if init is not None:
            epoch.parameters = parameters
        return init

    def _packed(self, frame: Frame, decode_time: int) -> PackedFrame:
        # A publisher's own mark, or one of another table, is no mark; the picture stays as it is.
        mark = frame.mark if frame.mark and is_mark_of(self._table_id, frame.mark) else None
        nals = [nal for nal in frame.nals if nal[0] & 0x1F != NAL_SEI or not _is_foreign(nal, mark)]
        sample = Sample(decode_time, 0, frame.keyframe, fmp4.sample_of(nals))
        return PackedFrame(sample, mark.at_ms if mark else frame.received_ms, mark)

    def _release(self, epoch: _Epoch, duration: int) -> None:
        """Put the held frame into the part under way, or into the next when it is too long."""
        if epoch.collected and epoch.collected_ticks + duration > PART_TICKS:
            self._finish_part(epoch)
        held = epoch.held
        sample = Sample(held.sample.decode_time, duration, held.sample.keyframe, held.sample.data)
        epoch.collected.append(PackedFrame(sample, held.at_ms, held.mark))
        epoch.collected_ticks += duration
        epoch.last_duration = duration
        epoch.segment.size_bytes += len(sample.data)
        epoch.segment.frames += 1

    def _finish_part(self, epoch: _Epoch) -> None:
        if not epoch.collected:
            return
        epoch.sequence += 1
        part = Part(
            epoch.number,
            epoch.starts_segment,
            epoch.hole,
            epoch.init,
            tuple(epoch.collected),
            fmp4.fragment(epoch.sequence, [frame.sample for frame in epoch.collected]),
        )
        epoch.collected, epoch.collected_ticks = [], 0
        epoch.starts_segment, epoch.hole = False, None
        for listener in self._listeners:
            listener.part(part)


def _is_due(segment: _Segment, arrived: PackedFrame) -> bool:
    """Whether the frame that arrived starts the next segment."""
    ticks = arrived.sample.decode_time - segment.started
    if arrived.sample.keyframe and (
        ticks >= SEGMENT_TICKS or _round_of(arrived) != segment.round_id
    ):
        return True
    return (
        ticks >= LONGEST_SEGMENT_TICKS
        or segment.frames >= MAX_FRAMES - 1
        or segment.size_bytes >= MAX_SEGMENT_BYTES // 2
    )


def _round_of(frame: PackedFrame) -> str:
    return frame.mark.round_id if frame.mark is not None else ""


def _is_foreign(nal: bytes, mark: FrameMark | None) -> bool:
    try:
        found = decode_sei(nal)
    except InvalidRequest:
        return True
    return found is not None and found != mark


def _parameter_sets(frame: Frame) -> tuple[bytes, bytes] | None:
    sets: dict[int, bytes] = {}
    for nal in frame.nals:
        sets.setdefault(nal[0] & 0x1F, nal)
    if NAL_SPS in sets and NAL_PPS in sets:
        return sets[NAL_SPS], sets[NAL_PPS]
    return None


def _init_of(parameters: tuple[bytes, bytes]) -> bytes | None:
    try:
        return fmp4.init_segment(*parameters)
    except ValueError:
        return None  # a publisher's nonsense: the frame is as good as one without
