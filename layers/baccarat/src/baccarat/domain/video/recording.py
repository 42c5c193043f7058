"""The recording of a table: segments of pictures, a chain of signed manifests, clips of rounds.

Each segment is a fragmented MP4 file. Its manifest lists every frame with its hash, which round
and place of the log the frames show, and what is missing; manifests are numbered from 1 at each
table and each names the hash of the one before. A clip is what was recorded of one round, with the
manifests that prove it. ``docs/formats/video-recording.md`` specifies all of it for strangers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from baccarat.domain.canonical import MAX_SAFE_INTEGER, Json, JsonObject, digest
from baccarat.domain.errors import InvalidRequest
from baccarat.domain.log import GENESIS, Signature
from baccarat.domain.table import TABLE_ID, table_of_round
from baccarat.domain.video.fmp4 import Sample
from baccarat.domain.video.marks import FrameMark

FORMAT: Final = "baccarat-recording/1"
MAX_FRAMES: Final = 2_000
"""Of a segment."""
MAX_SEGMENT_BYTES: Final = 32 * 1024 * 1024
MAX_TEXT: Final = 64
"""Longest round and dealer id that a manifest takes, in characters."""

_SIGNING_TAG: Final = "baccarat-recording-v1:"
_FRAME_TAG: Final = b"baccarat-frame-v1:"
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class HoleReason(StrEnum):
    """Why pictures are missing.

    LOST: packets did not arrive. DROPPED: the recorder could not keep up with its store. NEW_EPOCH:
    the publisher or the SFU started anew. TIMESTAMP: the publisher's clock jumped.
    """

    LOST = "LOST"
    DROPPED = "DROPPED"
    NEW_EPOCH = "NEW_EPOCH"
    TIMESTAMP = "TIMESTAMP"


@dataclass(frozen=True, slots=True)
class Hole:
    """Pictures are missing right before frame number ``before`` of a segment, counted from 0."""

    before: int
    reason: HoleReason

    def to_json(self) -> JsonObject:
        return {"before": self.before, "reason": self.reason.value}


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """One frame. ``decode_time`` and ``duration`` are in 1/90,000 s, ``at_ms`` is when it was taken
    (when it arrived, where nobody marked it). ``hash`` is ``frame_hash`` in hex.
    """

    decode_time: int
    duration: int
    at_ms: int
    keyframe: bool
    size_bytes: int
    hash: str

    @property
    def rtp_timestamp(self) -> int:
        return self.decode_time % 2**32

    def to_json(self) -> JsonObject:
        return {
            "decode_time": self.decode_time,
            "duration": self.duration,
            "at_ms": self.at_ms,
            "keyframe": self.keyframe,
            "size_bytes": self.size_bytes,
            "hash": self.hash,
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """What frames show from number ``start`` on: a mark without its table and time."""

    start: int
    round_id: str
    log_epoch: int
    log_seq: int
    dealer_id: str

    @classmethod
    def of(cls, start: int, mark: FrameMark) -> Self:
        return cls(start, mark.round_id, mark.log_epoch, mark.log_seq, mark.dealer_id)

    def agrees(self, mark: FrameMark) -> bool:
        return self == Shown.of(self.start, mark)

    def to_json(self) -> JsonObject:
        return {
            "from": self.start,
            "roundId": self.round_id,
            "logEpoch": self.log_epoch,
            "logSeq": self.log_seq,
            "dealerId": self.dealer_id,
        }


@dataclass(frozen=True, slots=True)
class Segment:
    """What a manifest says of its file. Frames before the first of ``shown`` carry no mark."""

    table_id: str
    video_epoch: int
    file_sha256: str
    file_bytes: int
    frames: tuple[RecordedFrame, ...]
    shown: tuple[Shown, ...]
    holes: tuple[Hole, ...]

    @property
    def round_ids(self) -> list[str]:
        """The rounds that it shows, each once, in the order of their first frames."""
        return list(dict.fromkeys(run.round_id for run in self.shown if run.round_id))

    def shown_by(self, frame: int) -> Shown | None:
        """Return what frame number ``frame`` shows, None for one without a mark."""
        found = None
        for run in self.shown:
            if run.start > frame:
                break
            found = run
        return found

    def to_json(self) -> JsonObject:
        return {
            "tableId": self.table_id,
            "videoEpoch": self.video_epoch,
            "file_sha256": self.file_sha256,
            "file_bytes": self.file_bytes,
            "frames": [frame.to_json() for frame in self.frames],
            "shown": [run.to_json() for run in self.shown],
            "holes": [hole.to_json() for hole in self.holes],
        }

    @staticmethod
    def from_json(value: Json) -> Segment:
        """Raises: InvalidRequest: a member is missing, unknown or makes no sense."""
        try:
            return _checked(_segment(value))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidRequest(f"this describes no segment: {error}") from error


@dataclass(frozen=True, slots=True)
class Manifest:
    """A segment's place in the recording of its table."""

    segment: Segment
    number: int
    prev: str

    def unsigned_json(self) -> JsonObject:
        return {
            "format": FORMAT,
            "number": self.number,
            "prev": self.prev,
            **self.segment.to_json(),
        }

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical form of everything but hash and signature, in hex."""
        return digest(self.unsigned_json())


@dataclass(frozen=True, slots=True)
class SignedManifest:
    manifest: Manifest
    hash: str
    sig: Signature

    @property
    def segment(self) -> Segment:
        return self.manifest.segment

    @property
    def number(self) -> int:
        return self.manifest.number

    def to_json(self) -> JsonObject:
        return {**self.manifest.unsigned_json(), "hash": self.hash, "sig": self.sig.to_json()}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Return the manifest as it is written; whether hash and signature hold is not checked.

        Raises:
            InvalidRequest: a member is missing, unknown or makes no sense.
        """
        names = ("format", "number", "prev", "hash", "sig")
        if isinstance(value, dict) and value.get("format") == FORMAT:
            rest = {name: member for name, member in value.items() if name not in names}
            try:
                number = _number(value.get("number"), "number")
                prev = _hash(value.get("prev"), "prev")
                written_hash = _hash(value.get("hash"), "hash")
                signature = Signature.from_json(value.get("sig"))
            except ValueError as error:
                raise InvalidRequest(f"this is no manifest: {error}") from error
            return cls(Manifest(Segment.from_json(rest), number, prev), written_hash, signature)
        raise InvalidRequest(
            f"a manifest has format {FORMAT!r}, number, prev, hash, sig and the members of a "
            "segment, and nothing else"
        )


def is_mark_of(table_id: str, mark: FrameMark) -> bool:
    """Whether a manifest of the table can say what the mark says."""
    try:
        _check_shown(table_id, Shown.of(0, mark))
    except ValueError:
        return False
    return mark.table_id == table_id


def _check_shown(table_id: str, shown: Shown) -> None:
    if shown.round_id and table_of_round(shown.round_id) != table_id:
        raise ValueError(f"{shown.round_id!r} is no round of table {table_id}")
    if max(len(shown.round_id), len(shown.dealer_id)) > MAX_TEXT:
        raise ValueError(f"ids of rounds and dealers have at most {MAX_TEXT} characters")


def signing_input(manifest_hash: str) -> bytes:
    """Return the bytes that are signed for a manifest with that hash."""
    return (_SIGNING_TAG + manifest_hash).encode("ascii")


def frame_hash(video_epoch: int, sample: Sample) -> str:
    """Return the hash of one frame, in hex: of its bytes, its time and its epoch."""
    return timed_hash(video_epoch, sample.decode_time, sample.duration, content_hash(sample.data))


def content_hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def timed_hash(video_epoch: int, decode_time: int, duration: int, content: bytes) -> str:
    """Return the hash of the frame with that ``content_hash`` at that time."""
    place = video_epoch.to_bytes(8, "big") + decode_time.to_bytes(8, "big")
    return hashlib.sha256(_FRAME_TAG + place + duration.to_bytes(4, "big") + content).hexdigest()


def follow(segment: Segment, previous: SignedManifest | None) -> Manifest:
    """Return the manifest that puts ``segment`` after ``previous``, None for a table's first.

    A new epoch is a hole, and so is time within one that no frame covers.

    Raises:
        InvalidRequest: the segment is older than ``previous``, or of another table.
    """
    if previous is None:
        return Manifest(segment, 1, GENESIS)
    before = previous.segment
    if segment.table_id != before.table_id or segment.video_epoch < before.video_epoch:
        raise InvalidRequest(
            f"a segment of {segment.table_id} in epoch {segment.video_epoch} cannot follow one of "
            f"{before.table_id} in epoch {before.video_epoch}"
        )
    holes = segment.holes
    if segment.video_epoch > before.video_epoch:
        holes = _with_hole(holes, HoleReason.NEW_EPOCH)
    elif segment.frames[0].decode_time < _end(before.frames[-1]):
        raise InvalidRequest(
            f"a segment that starts at {segment.frames[0].decode_time} cannot follow one that ends "
            f"at {_end(before.frames[-1])}"
        )
    elif segment.frames[0].decode_time > _end(before.frames[-1]) and not _has_hole(holes, 0):
        holes = _with_hole(holes, HoleReason.DROPPED)
    whole = replace(segment, holes=holes)
    return Manifest(whole, previous.number + 1, previous.hash)


def broken_link(before: SignedManifest, after: SignedManifest) -> str | None:
    """Return why ``after`` is not the next manifest of the recording; None when it is."""
    one, other = before.segment, after.segment
    if other.table_id != one.table_id:
        return f"it is of table {other.table_id}, the one before of {one.table_id}"
    if after.number != before.number + 1:
        return f"it is number {after.number}, the one before {before.number}"
    if after.manifest.prev != before.hash:
        return f"its prev is {after.manifest.prev[:16]}…, not {before.hash[:16]}…"
    if other.video_epoch < one.video_epoch:
        return f"it is of epoch {other.video_epoch}, the one before of {one.video_epoch}"
    missing = other.video_epoch > one.video_epoch or other.frames[0].decode_time != _end(
        one.frames[-1]
    )
    if missing and not _has_hole(other.holes, 0):
        return "pictures are missing before it, and it does not say so"
    return None


def _end(frame: RecordedFrame) -> int:
    return frame.decode_time + frame.duration


def _has_hole(holes: Sequence[Hole], before: int) -> bool:
    return any(hole.before == before for hole in holes)


def _with_hole(holes: tuple[Hole, ...], reason: HoleReason) -> tuple[Hole, ...]:
    return (Hole(0, reason), *holes)


def _segment(value: Json) -> Segment:
    match value:
        case {
            "tableId": str(table_id),
            "videoEpoch": video_epoch,
            "file_sha256": file_sha256,
            "file_bytes": file_bytes,
            "frames": list(frames),
            "shown": list(shown),
            "holes": list(holes),
            **rest,
        } if not rest:
            return Segment(
                table_id,
                _number(video_epoch, "videoEpoch"),
                _hash(file_sha256, "file_sha256"),
                _number(file_bytes, "file_bytes"),
                tuple(_frame(item) for item in frames),
                tuple(_shown(item) for item in shown),
                tuple(_hole(item) for item in holes),
            )
    raise ValueError(
        "it has tableId, videoEpoch, file_sha256, file_bytes, frames, shown and holes, "
        "and nothing else"
    )


def _frame(item: Json) -> RecordedFrame:
    match item:
        case {
            "decode_time": decode_time,
            "duration": duration,
            "at_ms": at_ms,
            "keyframe": bool(keyframe),
            "size_bytes": size_bytes,
            "hash": hash_,
            **rest,
        } if not rest:
            return RecordedFrame(
                _number(decode_time, "decode_time"),
                _number(duration, "duration", 2**32 - 1),
                _number(at_ms, "at_ms"),
                keyframe,
                _number(size_bytes, "size_bytes"),
                _hash(hash_, "hash"),
            )
    raise ValueError(f"{item!r} is no frame")


def _shown(item: Json) -> Shown:
    match item:
        case {
            "from": start,
            "roundId": str(round_id),
            "logEpoch": log_epoch,
            "logSeq": log_seq,
            "dealerId": str(dealer_id),
            **rest,
        } if not rest:
            return Shown(
                _number(start, "from"),
                round_id,
                _number(log_epoch, "logEpoch"),
                _number(log_seq, "logSeq"),
                dealer_id,
            )
    raise ValueError(f"{item!r} is nothing that frames show")


def _hole(item: Json) -> Hole:
    match item:
        case {"before": before, "reason": str(reason), **rest} if not rest:
            return Hole(_number(before, "before"), HoleReason(reason))
    raise ValueError(f"{item!r} is no hole")


def _number(value: Json, name: str, at_most: int = MAX_SAFE_INTEGER) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= at_most:
        raise ValueError(f"{name} is {value!r}, not a whole number from 0 to {at_most}")
    return value


def _hash(value: Json, name: str) -> str:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise ValueError(f"{name} is not the hex of 32 bytes")
    return value


def _checked(segment: Segment) -> Segment:
    """Raises: ValueError: members that contradict each other."""
    count = len(segment.frames)
    if not TABLE_ID.fullmatch(segment.table_id):
        raise ValueError(f"{segment.table_id!r} is no table id")
    if not 0 < count <= MAX_FRAMES:
        raise ValueError(f"a segment has 1 to {MAX_FRAMES} frames, not {count}")
    if not 0 < segment.file_bytes <= MAX_SEGMENT_BYTES:
        raise ValueError(f"a file has 1 to {MAX_SEGMENT_BYTES} bytes, not {segment.file_bytes}")
    for number, (before, after) in enumerate(
        zip(segment.frames[:-1], segment.frames[1:], strict=True), 1
    ):
        gap = after.decode_time - _end(before)
        if gap < 0 or (gap and not _has_hole(segment.holes, number)):
            raise ValueError(f"frame {number} starts {gap} units after the end of the one before")
    for run in segment.shown:
        _check_shown(segment.table_id, run)
    starts = [run.start for run in segment.shown]
    places = [hole.before for hole in segment.holes]
    if starts != sorted(set(starts)) or (starts and starts[-1] >= count):
        raise ValueError("shown is not in the order of its frames")
    if places != sorted(places) or (places and places[-1] >= count):
        raise ValueError("holes are not in the order of the frames behind them")
    return segment
