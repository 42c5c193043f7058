"""Clips: what was recorded of one round, with what proves it, and the one verifier of them.

A clip is made of whole segments, so that each file's hash can be computed again. The segments of
one clip follow each other; where the publisher began anew, or changed the form of its pictures, the
next clip begins. ``docs/formats/video-recording.md`` specifies the index for strangers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from baccarat.domain.canonical import Json, JsonObject, canonical
from baccarat.domain.errors import InvalidRequest
from baccarat.domain.transcript import CheckSignature, VerificationFailed
from baccarat.domain.video import fmp4
from baccarat.domain.video.fmp4 import Sample
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.recording import (
    RecordedFrame,
    SignedManifest,
    broken_link,
    content_hash,
    frame_hash,
    signing_input,
    timed_hash,
)
from baccarat.domain.video.sei import decode_sei

FORMAT: Final = "baccarat-clip/1"
MAX_SEGMENTS: Final = 1_000
"""Of a round: more than an hour."""

_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}\.mp4")


@dataclass(frozen=True, slots=True)
class FileOfSegment:
    """A manifest with the bytes of its file."""

    signed: SignedManifest
    file: bytes


@dataclass(frozen=True, slots=True)
class VerifiedClip:
    """What an index that holds proves. ``marked`` counts the round's frames whose own bytes say the
    round; ``from_before`` and ``until_after`` tell whether the recording shows what was right
    before and after the round, so that nothing of it can have been left out at the ends.
    """

    table_id: str
    round_id: str
    manifests: tuple[SignedManifest, ...]
    frames: int
    marked: int
    holes: tuple[str, ...]
    from_before: bool
    until_after: bool
    checks: tuple[str, ...]


def make_clips(round_id: str, segments: Sequence[FileOfSegment]) -> tuple[JsonObject, list[bytes]]:
    """Return the index of a round and its clips; ``segments`` follow each other and the first and
    the last of them show the round, or what was right before and after.

    Raises:
        ValueError: a file is not of the form of a segment.
    """
    clips: list[tuple[bytes, list[SignedManifest], list[bytes]]] = []
    for segment in segments:
        init, _ = fmp4.read(segment.file)
        epoch = segment.signed.segment.video_epoch
        if not clips or clips[-1][0] != init or clips[-1][1][-1].segment.video_epoch != epoch:
            clips.append((init, [], [init]))
        clips[-1][1].append(segment.signed)
        clips[-1][2].append(segment.file[len(init) :])
    files = [b"".join(parts) for _, _, parts in clips]
    listed: list[Json] = [
        {
            "file": f"{round_id}-{number}.mp4",
            "sha256": hashlib.sha256(file).hexdigest(),
            "segments": [signed.to_json() for signed in manifests],
        }
        for number, ((_, manifests, _), file) in enumerate(zip(clips, files, strict=True), 1)
    ]
    index: JsonObject = {
        "format": FORMAT,
        "tableId": segments[0].signed.segment.table_id,
        "roundId": round_id,
        "clips": listed,
        "frames": _frames_of_round(round_id, [manifests for _, manifests, _ in clips]),
    }
    return index, files


def files_of(index: Json) -> list[str]:
    """Return the names of the clips that an index lists.

    Raises:
        VerificationFailed: it is no index.
    """
    return [name for name, _, _ in _structure(index)[1]]


def verify_clips(
    index: Json, files: Sequence[bytes], check_signature: CheckSignature
) -> VerifiedClip:
    """Check an index and its clips, given in the index's order.

    Raises:
        VerificationFailed: with the first rule that does not hold, and the frame that breaks it.
    """
    document, clips = _structure(index)
    manifests = [signed for _, _, segments in clips for signed in segments]
    table_id, round_id = str(document["tableId"]), str(document["roundId"])
    for signed in manifests:
        _check_signature(signed, check_signature)
    for before, after in pairwise(manifests):
        broken = broken_link(before, after)
        if broken is not None:
            raise VerificationFailed("chain", f"segment {after.number}: {broken}")
    if any(signed.segment.table_id != table_id for signed in manifests):
        raise VerificationFailed("chain", f"a segment is not of table {table_id}")
    marked = 0
    for (name, sha256, segments), file in zip(clips, files, strict=True):
        marked += _check_file(name, sha256, segments, file, round_id)
    listed = _frames_of_round(round_id, [segments for _, _, segments in clips])
    if canonical(listed) != canonical(document["frames"]):
        raise VerificationFailed("round", _first_difference(listed, document["frames"]))
    if not listed:
        raise VerificationFailed("round", f"no frame of these segments shows {round_id}")
    from_before, until_after = _shows_around(round_id, manifests)
    return VerifiedClip(
        table_id,
        round_id,
        tuple(manifests),
        len(listed),
        marked,
        _holes_in(manifests, from_start=not from_before),
        from_before,
        until_after,
        ("structure", "signatures", "chain", "frames", "marks", "files", "round"),
    )


_Clip = tuple[str, str, list[SignedManifest]]


def _structure(index: Json) -> tuple[JsonObject, list[_Clip]]:
    try:
        canonical(index)
    except ValueError as error:
        raise VerificationFailed(
            "structure", f"the index has no canonical form: {error}"
        ) from error
    match index:
        case {
            "format": str(format_),
            "tableId": str(),
            "roundId": str(),
            "clips": list(clips),
            "frames": list(),
            **rest,
        } if not rest and format_ == FORMAT and clips:
            assert isinstance(index, dict)
            read = [_clip(item) for item in clips]
            if sum(len(segments) for _, _, segments in read) > MAX_SEGMENTS:
                raise VerificationFailed("structure", f"more than {MAX_SEGMENTS} segments")
            return index, read
    raise VerificationFailed(
        "structure",
        f"an index has format {FORMAT!r}, tableId, roundId, clips and frames, and nothing else",
    )


def _clip(item: Json) -> _Clip:
    match item:
        case {
            "file": str(name),
            "sha256": str(sha256),
            "segments": list(segments),
            **rest,
        } if not rest and segments and _FILE_NAME.fullmatch(name):
            try:
                return name, sha256, [SignedManifest.from_json(segment) for segment in segments]
            except InvalidRequest as error:
                raise VerificationFailed("structure", f"{name}: {error.message}") from error
    raise VerificationFailed(
        "structure", "a clip has file (a plain name ending in .mp4), sha256 and segments"
    )


def _check_signature(signed: SignedManifest, check_signature: CheckSignature) -> None:
    if signed.manifest.hash != signed.hash:
        raise VerificationFailed(
            "signatures",
            f"the manifest of segment {signed.number} was changed: it hashes to "
            f"{signed.manifest.hash[:16]}…, it says {signed.hash[:16]}…",
        )
    try:
        check_signature(signed.sig, signing_input(signed.hash))
    except ValueError as error:
        raise VerificationFailed("signatures", f"segment {signed.number}: {error}") from error


def _check_file(
    name: str, sha256: str, segments: Sequence[SignedManifest], file: bytes, round_id: str
) -> int:
    """Return how many frames of the round say so themselves."""
    try:
        init, samples = fmp4.read(file)
    except ValueError as error:
        raise VerificationFailed("frames", f"{name}: {error}") from error
    frames = [
        (signed, number, frame)
        for signed in segments
        for number, frame in enumerate(signed.segment.frames)
    ]
    _check_frames(name, frames, samples)
    marked = sum(
        _check_mark(signed, number, frame, sample) == round_id
        for (signed, number, frame), sample in zip(frames, samples, strict=True)
    )
    at = len(init)
    for signed in segments:
        size_bytes = signed.segment.file_bytes - len(init)
        whole = hashlib.sha256(init + file[at : at + size_bytes]).hexdigest()
        if size_bytes <= 0 or whole != signed.segment.file_sha256:
            raise VerificationFailed(
                "files", f"{name}: segment {signed.number} is not the file that was recorded"
            )
        at += size_bytes
    if at != len(file) or hashlib.sha256(file).hexdigest() != sha256:
        raise VerificationFailed("files", f"{name} is not the file of its index")
    return marked


_Listed = tuple[SignedManifest, int, RecordedFrame]


def _check_frames(name: str, frames: Sequence[_Listed], samples: Sequence[Sample]) -> None:
    for place, ((signed, number, frame), sample) in enumerate(zip(frames, samples, strict=False)):
        if frame_hash(signed.segment.video_epoch, sample) != frame.hash:
            raise VerificationFailed("frames", f"{name}: {_what_is(place, frames, samples)}")
        if (sample.keyframe, len(sample.data)) != (frame.keyframe, frame.size_bytes):
            raise VerificationFailed(
                "frames", f"{name}: frame {number} of segment {signed.number} has other flags"
            )
    if len(samples) < len(frames):
        signed, number, _ = frames[len(samples)]
        raise VerificationFailed(
            "frames",
            f"{name}: frame {number} of segment {signed.number} and what follows was dropped",
        )
    if len(samples) > len(frames):
        raise VerificationFailed(
            "frames",
            f"{name}: a frame was inserted after the last of segment {frames[-1][0].number}",
        )


def _what_is(place: int, frames: Sequence[_Listed], samples: Sequence[Sample]) -> str:
    """Say what is wrong with the sample at ``place``, whose hash is not the recorded one."""
    content = content_hash(samples[place].data)
    signed, number, frame = frames[place]
    here = f"frame {number} of segment {signed.number}"
    origin = next(
        (
            at
            for at, (manifest, _, listed) in enumerate(frames)
            if listed.size_bytes == len(samples[place].data)
            and timed_hash(
                manifest.segment.video_epoch, listed.decode_time, listed.duration, content
            )
            == listed.hash
        ),
        None,
    )
    if origin == place:
        sample = samples[place]
        return (
            f"{here} was re-timed: it is shown at {sample.decode_time} for {sample.duration}, "
            f"recorded at {frame.decode_time} for {frame.duration}"
        )
    if origin is not None and origin > place and len(samples) < len(frames):
        return f"{here} was dropped"
    if origin is not None and len(samples) == len(frames):
        there = f"frame {frames[origin][1]} of segment {frames[origin][0].number}"
        return f"{here} was swapped: the picture there is {there}"
    if len(samples) > len(frames):
        return f"a frame was inserted before {here}"
    return f"{here} was changed: its picture is none that was recorded"


def _check_mark(signed: SignedManifest, number: int, frame: RecordedFrame, sample: Sample) -> str:
    """Return the round that the frame's own bytes say, empty when they say none."""
    try:
        marks = (decode_sei(nal) for nal in fmp4.nals_of(sample.data))
        mark: FrameMark | None = next((found for found in marks if found is not None), None)
    except (InvalidRequest, ValueError) as error:
        raise VerificationFailed(
            "marks", f"frame {number} of segment {signed.number}: {error}"
        ) from error
    if mark is None:
        return ""
    shown = signed.segment.shown_by(number)
    if shown is None or not shown.agrees(mark) or mark.at_ms != frame.at_ms:
        raise VerificationFailed(
            "marks",
            f"frame {number} of segment {signed.number} says {mark.to_json()}, "
            "its manifest says something else",
        )
    return mark.round_id


def _frames_of_round(round_id: str, clips: Sequence[Sequence[SignedManifest]]) -> list[Json]:
    found: list[Json] = []
    for clip, segments in enumerate(clips):
        start = segments[0].segment.frames[0].decode_time
        for signed in segments:
            for number, frame in enumerate(signed.segment.frames):
                shown = signed.segment.shown_by(number)
                if shown is None or shown.round_id != round_id:
                    continue
                found.append(
                    {
                        "clip": clip,
                        "clip_time": frame.decode_time - start,
                        "segment": signed.number,
                        "frame": number,
                        "videoEpoch": signed.segment.video_epoch,
                        "rtpTimestamp": frame.rtp_timestamp,
                        "at_ms": frame.at_ms,
                        "logEpoch": shown.log_epoch,
                        "logSeq": shown.log_seq,
                        "dealerId": shown.dealer_id,
                        "keyframe": frame.keyframe,
                        "hash": frame.hash,
                    }
                )
    return found


def _first_difference(due: list[Json], listed: Json) -> str:
    assert isinstance(listed, list)
    if len(due) != len(listed):
        return f"{len(listed)} frames are listed, the segments have {len(due)} of the round"
    pairs = zip(due, listed, strict=True)
    place = next(at for at, (one, other) in enumerate(pairs) if canonical(one) != canonical(other))
    return f"entry {place} of frames is not what its manifest says"


def _shows_around(round_id: str, manifests: Sequence[SignedManifest]) -> tuple[bool, bool]:
    """Whether the frames right before and right after the round show, without a hole between, that
    it was not yet, and not any more.
    """
    runs, holes = [], []
    for signed in manifests:
        before = {hole.before for hole in signed.segment.holes}
        for number in range(len(signed.segment.frames)):
            runs.append(signed.segment.shown_by(number))
            holes.append(number in before)
    of_round = [at for at, run in enumerate(runs) if run is not None and run.round_id == round_id]
    first, after = of_round[0], of_round[-1] + 1
    return (
        first > 0 and not holes[first] and runs[first - 1] is not None,
        after < len(runs) and not holes[after] and runs[after] is not None,
    )


def _holes_in(manifests: Sequence[SignedManifest], *, from_start: bool) -> tuple[str, ...]:
    """Say what is missing between the first and the last frame, or right before the first too."""
    return tuple(
        f"before frame {hole.before} of segment {signed.number}: {hole.reason}"
        for place, signed in enumerate(manifests)
        for hole in signed.segment.holes
        if from_start or place or hole.before
    )
