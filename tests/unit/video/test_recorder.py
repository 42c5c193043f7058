"""The recorder: what it keeps, what it drops, and that it never holds up who hands it pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from baccarat.application.recordings import segments_of
from baccarat.domain.video.clip import make_clips
from baccarat.domain.video.recording import HoleReason, Segment, SignedManifest
from media_sfu.packaging import Packager
from media_sfu.recording import recorder as module
from media_sfu.recording.recorder import Limits, Recorder, RecordingMetrics
from media_sfu.recording.store import SegmentRefused, StoreUnavailable
from tests.support.pictures import EPOCH, frames, mark
from tests.support.recordings import FolderRecordings, LocalStore

SECONDS = 20


class Gate(LocalStore):
    """A store that answers when it may, and fails as often as it is told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(FolderRecordings(folder / "store"))
        self.may = threading.Event()
        self.asked = threading.Event()
        self.failures: list[Exception] = []

    def put_file(self, segment: Segment, file: bytes) -> None:
        self.asked.set()
        assert self.may.wait(SECONDS)
        if self.failures:
            raise self.failures.pop(0)
        super().put_file(segment, file)


class Studio:
    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.registry = CollectorRegistry()
        self.store = Gate(folder)
        self.spool = folder / "spool"
        self.recorder = Recorder(
            "bac-1",
            store=self.store,
            folder=self.spool,
            metrics=RecordingMetrics(self.registry),
            limits=limits,
        )
        self.packager = Packager("bac-1", [self.recorder])

    def send(self, *, first: int = 0, count: int, epoch: int = EPOCH) -> None:
        for frame in frames(count=first + count, video_epoch=epoch)[first:]:
            self.packager.frame(frame)

    def end(self) -> list[SignedManifest]:
        """Close, and return the manifests."""
        self.packager.close()
        self.store.may.set()
        assert self.recorder.close(SECONDS)
        recordings = self.store.recordings
        found = [
            recordings.manifest("bac-1", number)
            for number in range(1, recordings.newest("bac-1", 0) + 1)
        ]
        return [manifest for manifest in found if manifest is not None]

    def count(self, name: str) -> float:
        value = self.registry.get_sample_value(f"sfu_recording_{name}", {"table": "bac-1"})
        assert value is not None
        return value


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0.001)


def holes(manifests: list[SignedManifest]) -> list[list[tuple[int, HoleReason]]]:
    return [[(hole.before, hole.reason) for hole in one.segment.holes] for one in manifests]


def test_segments_are_kept_in_a_chain(studio: Studio) -> None:
    studio.store.may.set()
    studio.send(count=230)
    manifests = studio.end()
    assert [len(one.segment.frames) for one in manifests] == [100, 100, 30]
    assert [one.number for one in manifests] == [1, 2, 3]
    assert holes(manifests) == [[], [], []]
    assert (studio.count("segments_kept_total"), studio.count("waiting_bytes")) == (3, 0)
    assert list(studio.spool.iterdir()) == []


def test_a_store_that_hangs_holds_nobody_up(studio: Studio) -> None:
    studio.send(count=1_100)  # ten segments are handed over while the first hangs
    assert studio.store.asked.wait(SECONDS)
    assert studio.count("waiting_bytes") > 0
    assert len(studio.end()) == 11
    assert studio.count("waiting_bytes") == 0


def test_what_memory_does_not_hold_waits_on_disk(tmp_path: Path) -> None:
    studio = Studio(tmp_path, Limits(memory_bytes=0, disk_bytes=10**6))
    studio.send(count=320)
    assert studio.store.asked.wait(SECONDS)
    assert [path.suffix for path in studio.spool.iterdir()][:1] == [".mp4"]
    assert len(studio.end()) == 4
    assert list(studio.spool.iterdir()) == []


def test_what_neither_holds_is_an_honest_hole(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    [size, *_] = _sizes(tmp_path / "measure")
    studio.recorder._limits = Limits(memory_bytes=size + size // 2, disk_bytes=0)
    studio.send(count=110)
    assert studio.store.asked.wait(SECONDS)
    studio.send(first=110, count=300)  # three more whole segments, for none of which is room
    assert studio.count("segments_dropped_total") == 3
    studio.store.may.set()
    _wait_until(lambda: studio.count("waiting_bytes") == 0)
    studio.send(first=410, count=40)
    manifests = studio.end()
    assert [one.segment.frames[0].rtp_timestamp for one in manifests] == [
        frames(count=401)[at].rtp_timestamp for at in (0, 400)
    ]
    assert holes(manifests) == [[], [(0, HoleReason.DROPPED)]]


def _sizes(folder: Path) -> list[int]:
    studio = Studio(folder)
    studio.store.may.set()
    studio.send(count=120)
    return [one.segment.file_bytes for one in studio.end()]


@pytest.mark.usefixtures("hasty")
def test_a_store_that_fails_is_asked_again(studio: Studio) -> None:
    studio.store.failures = [StoreUnavailable("no answer"), StoreUnavailable("no answer")]
    studio.store.may.set()
    studio.send(count=230)
    _wait_until(lambda: studio.count("segments_kept_total") == 2)
    manifests = studio.end()
    assert [one.number for one in manifests] == [1, 2, 3]
    assert studio.count("store_retries_total") == 2
    assert studio.count("segments_dropped_total") == 0


@pytest.mark.usefixtures("hasty")
def test_a_store_that_keeps_failing_makes_a_hole(studio: Studio) -> None:
    studio.store.failures = [StoreUnavailable("no answer")] * 10
    studio.store.may.set()
    studio.send(count=230)
    _wait_until(lambda: studio.count("segments_kept_total") == 1)
    manifests = studio.end()
    assert [len(one.segment.frames) for one in manifests] == [100, 30]
    # The chain begins with what was kept first: nothing was before it.
    assert holes(manifests) == [[], []]
    assert studio.count("segments_dropped_total") == 1


@pytest.mark.parametrize("error", [SegmentRefused("no"), RuntimeError("a defect")])
def test_what_is_refused_is_dropped_and_the_rest_goes_on(studio: Studio, error: Exception) -> None:
    studio.store.may.set()
    studio.send(count=110)
    _wait_until(lambda: studio.count("segments_kept_total") == 1)
    studio.store.failures = [error]
    studio.send(first=110, count=210)
    manifests = studio.end()
    assert [len(one.segment.frames) for one in manifests] == [100, 100, 20]
    assert holes(manifests) == [[], [(0, HoleReason.DROPPED)], []]


def test_a_disk_that_is_full_makes_a_hole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio(tmp_path, Limits(memory_bytes=0, disk_bytes=10**6))
    write = Path.write_bytes
    failing = [True]

    def full(path: Path, content: Any) -> int:
        if path.parent == studio.spool and failing:
            failing.clear()
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    studio.store.may.set()
    studio.send(count=320)
    assert [len(one.segment.frames) for one in studio.end()] == [100, 100, 20]
    assert studio.count("segments_dropped_total") == 1


def test_a_new_publisher_goes_on_with_the_chain(studio: Studio) -> None:
    studio.store.may.set()
    studio.send(count=60)
    studio.send(count=60, epoch=EPOCH + 5_000)
    manifests = studio.end()
    assert [one.segment.video_epoch - EPOCH for one in manifests] == [0, 5_000]
    assert holes(manifests) == [[], [(0, HoleReason.NEW_EPOCH)]]
    assert manifests[1].manifest.prev == manifests[0].hash


def test_what_an_earlier_process_left_waiting_is_removed(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "old.mp4").write_bytes(b"old")
    studio = Studio(tmp_path)
    assert list(spool.iterdir()) == []
    assert studio.end() == []


def test_closing_does_not_wait_for_a_store_that_hangs(studio: Studio) -> None:
    studio.send(count=120)
    studio.packager.close()
    assert not studio.recorder.close(0.05)
    studio.store.may.set()
    assert studio.recorder.close(SECONDS)


def test_clips_of_a_round_over_two_epochs_are_two(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.store.may.set()
    shown = [(0, mark(1)), (20, mark(2)), (80, mark(3))]
    for frame in frames(shown, count=60):
        studio.packager.frame(frame)
    for frame in frames([(0, mark(2)), (30, mark(3))], count=60, video_epoch=EPOCH + 9_000):
        studio.packager.frame(frame)
    studio.end()
    recordings = studio.store.recordings
    index, clips = make_clips(
        "bac-1.000000002", segments_of("bac-1.000000002", recordings=recordings)
    )
    assert [clip["file"] for clip in index["clips"]] == [  # type: ignore[index,union-attr,call-overload]
        "bac-1.000000002-1.mp4",
        "bac-1.000000002-2.mp4",
    ]
    assert len(clips) == 2


def _wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does; its events are not ours to set."""
    tick = threading.Event()
    for _ in range(SECONDS * 100):
        if condition():
            return
        tick.wait(0.01)
    raise AssertionError("it did not come true")
