"""A recorder in a process of its own, to be killed: ``python -m tests.support.recorder_process``.

Arguments are the folder of the store and the number of frames; it says how many segments are kept
and then waits, the last segment under way, until its input ends.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from prometheus_client import CollectorRegistry

from media_sfu.packaging import Packager
from media_sfu.recording.recorder import Recorder, RecordingMetrics
from tests.support.pictures import frames, mark
from tests.support.recordings import FolderRecordings, LocalStore

WHOLE_SEGMENTS = 2


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    recordings = FolderRecordings(folder)
    recorder = Recorder(
        "bac-1",
        store=LocalStore(recordings),
        folder=folder / "spool",
        metrics=RecordingMetrics(CollectorRegistry()),
    )
    packager = Packager("bac-1", [recorder])
    for frame in frames([(0, mark(1)), (30, mark(2))], count=count):
        packager.frame(frame)
    while recordings.newest("bac-1", 0) < WHOLE_SEGMENTS:
        time.sleep(0.01)
    print("kept", flush=True)  # noqa: T201  the parent waits for it
    sys.stdin.read()


if __name__ == "__main__":
    main()
