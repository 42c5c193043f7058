"""The recording from the recorder to the auditor: bucket, the function that signs, log, command."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from baccarat.adapters import cli, clients
from baccarat.adapters.kms import KmsSigner
from baccarat.adapters.recordings import S3Recordings
from baccarat.application import recordings as recordings_of
from baccarat.application.append import advance_table
from baccarat.application.recordings import anchor
from baccarat.domain.errors import Contention, RecordingNotFound
from baccarat.domain.log import EventType, SignedEvent
from baccarat.domain.transcript import verify
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.recording import Hole, HoleReason, Segment, SignedManifest
from media_sfu.frames import Frame
from media_sfu.recording.building import build
from media_sfu.recording.store import CloudStore, SegmentRefused, StoreUnavailable
from tests.support.cloud import TABLE_ID, Cloud, Context, load_handler
from tests.support.pictures import EPOCH, frames, mark
from tests.support.recordings import package
from tests.support.rounds import ManualRound

ROUND = "bac-1.000000002"


class Functions:
    """A Lambda client whose one function runs here."""

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "keep"
        handler = load_handler("keep_segment").build()
        answer = handler(json.loads(Payload), Context("keep_segment"))
        self.answers.append(answer)
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def store(cloud: Cloud) -> CloudStore:
    made = CloudStore(cloud.environment["FILMS_BUCKET"], "keep")
    made._functions = Functions()  # type: ignore[assignment]
    return made


@pytest.fixture
def recordings(cloud: Cloud) -> S3Recordings:
    return S3Recordings(clients.s3(), cloud.environment["FILMS_BUCKET"])


@pytest.fixture
def folder(cloud: Cloud, tmp_path: Path) -> Path:
    """A folder with the public key of the films."""
    signer = KmsSigner(clients.kms(), cloud.environment["FILM_KEY_ID"], 1)
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [signer.jwk]}))
    return tmp_path


def segments_of(taken: Sequence[Frame]) -> list[tuple[Segment, bytes]]:
    return [build(TABLE_ID, parts) for parts in package(taken)]


def keep(store: CloudStore, *made: tuple[Segment, bytes], after: int = 0) -> int:
    for segment, file in made:
        store.put_file(segment, file)
        after = store.keep(segment, after)
    return after


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What the functions have counted of the recordings since the last look."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    return {
        metric["Name"]: line[metric["Name"]][0]
        for line in lines
        if line["service"] == "video"
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def manifest(recordings: S3Recordings, number: int) -> SignedManifest:
    found = recordings.manifest(TABLE_ID, number)
    assert found is not None
    return found


@pytest.mark.usefixtures("cloud")
def test_a_round_is_cut_and_verified_by_the_command(
    store: CloudStore, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = [(0, mark(1)), (30, mark(2)), (60, mark(3))]
    assert keep(store, *segments_of(frames(shown, count=100))) == 3
    capsys.readouterr()
    assert cli.main(["video", "--round", ROUND, "--out", str(folder)]) == 0
    assert cli.main(["verify-video", str(folder / f"{ROUND}.json")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[:2] == [str(folder / f"{ROUND}-1.mp4"), str(folder / f"{ROUND}.json")]
    assert "  frames   30, of which 30 name the round in their own bytes" in lines
    assert "  begins   whole: it shows what was before the round" in lines
    assert "  ends     whole: it shows what was after the round" in lines
    assert lines[-1] == "VERIFIED"

    clip = folder / f"{ROUND}-1.mp4"
    content = bytearray(clip.read_bytes())
    content[-1] ^= 1
    clip.write_bytes(content)
    assert cli.main(["verify-video", str(folder / f"{ROUND}.json")]) == 1
    assert "FAILED frames: " in capsys.readouterr().out


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["video", "--round", "bac-1.000000099"], "nothing was recorded of round"),
        (["video", "--round", "nonsense"], "is not a round id such as"),
        (["verify-video", "missing.json"], "cannot read the index"),
        (["video", "--round", ROUND], "the recordings cannot be read: "),
    ],
)
def test_wrong_use_of_the_command(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "cannot be read" in words:
        monkeypatch.setenv("FILMS_BUCKET", "no-such-bucket")
    assert cli.main(arguments) == 2
    assert words in capsys.readouterr().err


def test_an_index_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "index.json").write_text('{"format":"baccarat-clip/1"}')
    assert cli.main(["verify-video", str(folder / "index.json")]) == 1
    assert "FAILED structure: an index has format" in capsys.readouterr().out


def test_the_recording_that_ends_in_a_round_says_so(
    store: CloudStore, recordings: S3Recordings, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recorder that is killed loses what it had not handed over; the next one shows the hole."""
    first, *_lost = segments_of(frames([(0, mark(2))], count=200))
    keep(store, first)
    later = segments_of(frames([(0, mark(2)), (30, mark(3))], count=60, video_epoch=EPOCH + 9_000))
    assert keep(store, *later) == 3  # the next process knows of no number
    assert manifest(recordings, 2).segment.holes[0].reason is HoleReason.NEW_EPOCH
    assert cli.main(["video", "--round", ROUND, "--out", str(folder)]) == 0
    assert cli.main(["verify-video", str(folder / f"{ROUND}.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  begins   with the recording: it shows nothing before the round" in lines
    assert "  ends     whole: it shows what was after the round" in lines
    assert "  hole     before frame 0 of segment 2: NEW_EPOCH" in lines


def test_what_was_noted_of_a_round_may_end_early(
    store: CloudStore, recordings: S3Recordings, folder: Path, cloud: Cloud
) -> None:
    keep(store, *segments_of(frames([(0, mark(1)), (30, mark(2)), (160, mark(3))], count=190)))
    numbers = recordings.numbers_of(ROUND, 100)
    assert numbers == [1, 2, 3]
    for number in (1, 3):
        clients.s3().delete_object(
            Bucket=cloud.environment["FILMS_BUCKET"],
            Key=f"rounds/{TABLE_ID}/{ROUND}/{number:010}",
        )
    assert cli.main(["video", "--round", ROUND, "--out", str(folder)]) == 0
    index = json.loads((folder / f"{ROUND}.json").read_text())
    assert [one["number"] for one in index["clips"][0]["segments"]] == [1, 2, 3]
    assert len(index["frames"]) == 130


def test_to_keep_again_changes_nothing(store: CloudStore, recordings: S3Recordings) -> None:
    one, other = segments_of(frames(count=130))
    assert keep(store, one) == 1
    assert keep(store, one) == 1  # the answer was lost, and the recorder knows of nothing
    assert keep(store, other, after=1) == 2
    assert keep(store, one) == 1
    assert recordings.newest(TABLE_ID, 0) == 2
    assert manifest(recordings, 2).manifest.prev == manifest(recordings, 1).hash


def test_a_segment_that_the_recorder_threw_away_is_counted(
    store: CloudStore, recordings: S3Recordings, capsys: pytest.CaptureFixture[str]
) -> None:
    one, _thrown_away, other = segments_of(frames(count=230))[:3]
    keep(store, one)
    assert counted(capsys)["RecordingHoles"] == 0
    keep(store, other, after=1)
    assert counted(capsys)["RecordingHoles"] == 1
    assert manifest(recordings, 2).segment.holes == (Hole(0, HoleReason.DROPPED),)


def test_an_older_publisher_is_refused(store: CloudStore) -> None:
    [old] = segments_of(frames(count=20))
    keep(store, *segments_of(frames(count=20, video_epoch=EPOCH + 1)))
    with pytest.raises(SegmentRefused, match="cannot follow one of bac-1 in epoch"):
        keep(store, old)


def test_time_does_not_go_back(store: CloudStore) -> None:
    [later] = segments_of(frames(count=80, first_timestamp=0)[50:])
    [earlier] = segments_of(frames(count=20, first_timestamp=0))
    keep(store, later)
    with pytest.raises(SegmentRefused, match="cannot follow one that ends"):
        keep(store, earlier)


def test_the_newest_manifest_is_found_among_many(cloud: Cloud, recordings: S3Recordings) -> None:
    for number in range(1, 38):
        clients.s3().put_object(
            Bucket=cloud.environment["FILMS_BUCKET"], Key=f"manifests/bac-2/{number:010}.json"
        )
    assert [recordings.newest("bac-2", at) for at in (0, 1, 17, 36, 37)] == [37] * 5
    assert recordings.newest("bac-1", 0) == 0


def test_two_who_take_one_number_are_told_apart(
    store: CloudStore, recordings: S3Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = segments_of(frames(count=130))
    newest = S3Recordings.newest

    def late(self: S3Recordings, table_id: str, at_least: int) -> int:
        found = newest(self, table_id, at_least)
        if found == 0:
            monkeypatch.setattr(S3Recordings, "newest", newest)
            keep(store, one)
        return found

    monkeypatch.setattr(S3Recordings, "newest", late)
    assert keep(store, other) == 2
    assert manifest(recordings, 2).manifest.prev == manifest(recordings, 1).hash


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    "event", [{}, {"segment": {}, "after": 0}, {"segment": {}, "after": -1}, {"segment": 1}]
)
def test_a_bad_event_is_refused(event: dict[str, Any]) -> None:
    answer = load_handler("keep_segment").build()(event, Context("keep_segment"))
    assert answer["error"]["code"] == "INVALID_REQUEST"


def test_a_store_that_is_not_there_may_be_tried_again(cloud: Cloud) -> None:
    [made] = segments_of(frames(count=20))
    away = CloudStore("no-such-bucket", "keep")
    with pytest.raises(StoreUnavailable):
        away.put_file(*made)
    there = CloudStore(cloud.environment["FILMS_BUCKET"], "no-such-function")
    with pytest.raises(StoreUnavailable):
        there.keep(made[0], 0)


class Filmed:
    """A table whose first round is over and whose second takes bets, with a camera on it."""

    def __init__(self, cloud: Cloud, store: CloudStore) -> None:
        self.cloud = cloud
        self.store = store
        self.one, self.two = ManualRound(cloud), ManualRound(cloud, number=2)
        self.one.start_table()
        self.one.open()
        self.one.play_out()
        self.end = self._last().event
        self.two.clock.ms = cloud.clock.now_ms()
        self.two.open()

    def _last(self) -> SignedEvent:
        found = self.cloud.floor.last_event(TABLE_ID, 1)
        assert found is not None
        return found

    def segments(self, seq: int, *, count: int = 200) -> list[tuple[Segment, bytes]]:
        shown = FrameMark(TABLE_ID, self.two.round_id, 1, seq, "server", 0)
        return segments_of(frames([(0, shown)], count=count))

    def anchors(self) -> list[SignedEvent]:
        events = self.cloud.floor.events(TABLE_ID, after=(1, 0), until_epoch=1, limit=100)
        return [one for one in events if one.event.type is EventType.VIDEO_ANCHORED]


@pytest.fixture
def filmed(cloud: Cloud, store: CloudStore) -> Filmed:
    return Filmed(cloud, store)


def test_the_log_cites_the_recording_once_a_round(filmed: Filmed, recordings: S3Recordings) -> None:
    keep(filmed.store, *filmed.segments(filmed.end.seq))
    [cited] = filmed.anchors()
    first = manifest(recordings, 1)
    assert (cited.event.round_id, cited.event.data) == (
        "",
        {
            "videoEpoch": EPOCH,
            "segment": 1,
            "manifest": first.hash,
            "rtpTimestamp": first.segment.frames[0].rtp_timestamp,
            "frame_at_ms": first.segment.frames[0].at_ms,
            "logEpoch": 1,
            "logSeq": filmed.end.seq,
        },
    )
    filmed.two.play_out()
    transcript = filmed.cloud.archive.transcript(TABLE_ID, filmed.two.round_id)
    found = verify(transcript, filmed.cloud.keys.check)
    assert cited.hash in [signed.hash for signed in found.events]


def test_a_recording_that_does_not_show_the_end_of_the_round_before_is_not_cited(
    filmed: Filmed,
) -> None:
    keep(filmed.store, *filmed.segments(filmed.end.seq - 1))
    assert filmed.anchors() == []


def test_a_recording_without_marks_is_not_cited(filmed: Filmed) -> None:
    keep(filmed.store, *segments_of(frames([(0, None)], count=30)))
    assert filmed.anchors() == []


def test_once_the_bets_are_about_to_close_nothing_is_written(
    filmed: Filmed,
) -> None:
    [made] = filmed.segments(filmed.end.seq, count=30)
    filmed.two.close()
    keep(filmed.store, made)
    assert filmed.anchors() == []


@pytest.mark.parametrize(("before_ms", "written"), [(999, False), (1_000, True)])
def test_the_margin_before_the_bets_close(
    filmed: Filmed, store: CloudStore, recordings: S3Recordings, before_ms: int, *, written: bool
) -> None:
    # Nothing was cited when it was kept: it showed too little.
    [made] = filmed.segments(filmed.end.seq - 1, count=30)
    keep(store, made)
    clock = filmed.two.clock
    clock.ms = filmed.two.record.round.closes_at_ms - before_ms
    signed = manifest(recordings, 1)
    moved = _showing(signed, filmed.end.seq)
    assert (
        anchor(moved, floor=filmed.cloud.floor, signer=filmed.cloud.signer, clock=clock) is written
    )
    assert len(filmed.anchors()) == written


def _showing(signed: SignedManifest, seq: int) -> SignedManifest:
    document = signed.to_json()
    document["shown"] = [{**run, "logSeq": seq} for run in document["shown"]]  # type: ignore[union-attr,dict-item]
    return SignedManifest.from_json(document)


def test_a_place_in_the_log_that_was_taken_meanwhile_is_left(
    filmed: Filmed, store: CloudStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor_events = type(filmed.cloud.floor).events

    def raced(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = floor_events(self, *args, **kwargs)
        monkeypatch.undo()
        table = self.table(TABLE_ID)
        advance_table(
            table,
            [(EventType.TABLE_OPENED, {"by": "pia", "note": ""})],
            floor=self,
            signer=filmed.cloud.signer,
            clock=filmed.cloud.clock,
            after=lambda _: table.changed(),
        )
        return found

    with monkeypatch.context() as patch:
        patch.setattr(type(filmed.cloud.floor), "events", raced)
        assert keep(store, *filmed.segments(filmed.end.seq, count=30)) == 1
    assert filmed.anchors() == []


def test_a_log_that_fails_does_not_stop_the_recording_and_is_counted(
    filmed: Filmed,
    store: CloudStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing(*_: Any, **__: Any) -> None:
        raise Contention("the floor is busy")

    handler = load_handler("keep_segment")
    monkeypatch.setattr(handler, "anchor", failing)
    assert keep(store, *filmed.segments(filmed.end.seq, count=30)) == 1
    assert filmed.anchors() == []
    assert counted(capsys) == {"AnchorsFailed": 1, "RecordingHoles": 0}


def test_a_file_that_is_gone_is_said_so(
    store: CloudStore, cloud: Cloud, recordings: S3Recordings
) -> None:
    [made] = segments_of(frames(count=20))
    keep(store, made)
    bucket = cloud.environment["FILMS_BUCKET"]
    clients.s3().delete_object(Bucket=bucket, Key=f"files/{TABLE_ID}/{made[0].file_sha256}.mp4")
    with pytest.raises(RecordingNotFound, match="file of segment 1"):
        recordings_of.segments_of("bac-1.000000001", recordings=recordings)
