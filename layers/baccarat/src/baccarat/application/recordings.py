"""Keeping the recordings: manifests are numbered and signed here, and the log cites them.

The SFU hands over what a segment holds and never signs: whoever takes it over gets pictures
signed, but no event of the log, and nothing that was recorded before can be replaced.
"""

from __future__ import annotations

from typing import Final

from baccarat.application.append import advance_table
from baccarat.application.ports import Clock, Floor, Recordings, Signer
from baccarat.domain.canonical import JsonObject
from baccarat.domain.errors import Contention, RecordingNotFound
from baccarat.domain.log import EventType
from baccarat.domain.round import RoundState
from baccarat.domain.table import table_of_round
from baccarat.domain.video.clip import MAX_SEGMENTS, FileOfSegment
from baccarat.domain.video.recording import Segment, SignedManifest, follow, signing_input

ANCHOR_MARGIN_MS: Final = 1_000
"""An anchor is written no later than that before the bets close: the round never waits for it."""

_ATTEMPTS: Final = 8
_LOOK_BACK: Final = 16
"""How many manifests after the last known one may be an earlier try to keep the same segment."""
_MOST_EVENTS: Final = 100


def keep_segment(
    segment: Segment, after: int, *, recordings: Recordings, signer: Signer
) -> SignedManifest:
    """Give a segment its number, sign its manifest, and note which rounds it shows.

    ``after`` is the last number that the recorder knows of, 0 for none. To keep a segment again
    returns the manifest that it has.

    Raises:
        InvalidRequest: a newer epoch of the table is being recorded, or time would go back.
        Contention: others kept segments of the table all the time.
    """
    for _ in range(_ATTEMPTS):
        newest = recordings.newest(segment.table_id, after)
        found = _kept_before(segment, after, newest, recordings)
        if found is None:
            previous = recordings.manifest(segment.table_id, newest) if newest else None
            manifest = follow(segment, previous)
            manifest_hash = manifest.hash
            signed = SignedManifest(
                manifest, manifest_hash, signer.sign(signing_input(manifest_hash))
            )
            found = signed if recordings.put_manifest(signed) else None
        if found is not None:
            for round_id in found.segment.round_ids:
                recordings.note_round(round_id, found.number)
            return found
        after = newest
    raise Contention(f"segments of {segment.table_id} were kept by others {_ATTEMPTS} times")


def _kept_before(
    segment: Segment, after: int, newest: int, recordings: Recordings
) -> SignedManifest | None:
    for number in range(newest, max(after, newest - _LOOK_BACK), -1):
        found = recordings.manifest(segment.table_id, number)
        if (
            found is not None
            and found.segment.video_epoch == segment.video_epoch
            and found.segment.file_sha256 == segment.file_sha256
        ):
            return found
    return None


def anchor(signed: SignedManifest, *, floor: Floor, signer: Signer, clock: Clock) -> bool:
    """Let the log cite a manifest, once a round, and return whether it does now.

    It is written while the table takes bets and its driver sleeps, and only when the manifest shows
    the end of the round before: it then cites everything recorded up to there. A place that
    somebody else took meanwhile is left to him; the next segment is the next try.
    """
    shown = signed.segment.shown
    table = floor.table(signed.segment.table_id)
    if table is None or not shown:
        return False
    last = shown[-1]
    record = floor.round(table.current_round_id) if table.current_round_id else None
    if (
        record is None
        or record.round.state is not RoundState.OPEN
        or clock.now_ms() > record.round.closes_at_ms - ANCHOR_MARGIN_MS
        or (last.log_epoch, last.log_seq) < table.round_end
    ):
        return False
    since = floor.events(
        table.table_id, after=table.round_end, until_epoch=table.epoch, limit=_MOST_EVENTS
    )
    if any(one.event.type is EventType.VIDEO_ANCHORED for one in since):
        return False
    fact = (EventType.VIDEO_ANCHORED, _citation(signed))
    try:
        advance_table(
            table, [fact], floor=floor, signer=signer, clock=clock, after=lambda _: table.changed()
        )
    except Contention:
        return False
    return True


def _citation(signed: SignedManifest) -> JsonObject:
    segment, last = signed.segment, signed.segment.shown[-1]
    frame = segment.frames[last.start]
    return {
        "videoEpoch": segment.video_epoch,
        "segment": signed.number,
        "manifest": signed.hash,
        "rtpTimestamp": frame.rtp_timestamp,
        "frame_at_ms": frame.at_ms,
        "logEpoch": last.log_epoch,
        "logSeq": last.log_seq,
    }


def segments_of(round_id: str, *, recordings: Recordings) -> list[FileOfSegment]:
    """Return the segments that show a round, and those at either side that are needed to see that
    nothing of it is left out.

    Raises:
        RecordingNotFound: nothing was recorded of the round, or a file is not there.
        ValueError: ``round_id`` is no round id.
    """
    table_id = table_of_round(round_id)
    numbers = recordings.numbers_of(round_id, MAX_SEGMENTS)
    if not numbers:
        raise RecordingNotFound(f"nothing was recorded of round {round_id}", roundId=round_id)
    first, last = numbers[0], numbers[-1]
    found = {number: _manifest(table_id, number, recordings) for number in range(first, last + 1)}
    # What was noted may end early, when a recorder died: the manifests themselves say more.
    while first > 1 and _shows(found[first], 0, round_id) and len(found) < MAX_SEGMENTS:
        first -= 1
        found[first] = _manifest(table_id, first, recordings)
    while _shows(found[last], -1, round_id) and len(found) < MAX_SEGMENTS:
        after = recordings.manifest(table_id, last + 1)
        if after is None:
            break
        last += 1
        found[last] = after
    return [_with_file(found[number], recordings) for number in sorted(found)]


def _shows(signed: SignedManifest, frame: int, round_id: str) -> bool:
    run = signed.segment.shown_by(frame % len(signed.segment.frames))
    return run is not None and run.round_id == round_id


def _manifest(table_id: str, number: int, recordings: Recordings) -> SignedManifest:
    found = recordings.manifest(table_id, number)
    if found is None:
        raise RecordingNotFound(f"manifest {number} of table {table_id} is not there")
    return found


def _with_file(signed: SignedManifest, recordings: Recordings) -> FileOfSegment:
    segment = signed.segment
    file = recordings.file(segment.table_id, segment.file_sha256)
    if file is None:
        raise RecordingNotFound(
            f"the file of segment {signed.number} of table {segment.table_id} is not there"
        )
    return FileOfSegment(signed, file)
