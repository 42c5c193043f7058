"""SIGKILL of a recorder in mid-segment: what was kept holds, and the chain shows the hole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from baccarat.adapters.keys import KeySet
from baccarat.application.recordings import segments_of
from baccarat.domain.video.clip import make_clips, verify_clips
from tests.builders import HouseKey
from tests.support.pictures import EPOCH, frames, mark
from tests.support.recordings import FolderRecordings, record

ROUND = "bac-1.000000002"


def test_a_killed_recorder_leaves_an_honest_chain(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.recorder_process", str(tmp_path), "190"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "kept\n"
        process.kill()
        assert process.wait(20) == -9

    shown = [(0, mark(2)), (20, mark(3))]
    record(frames(shown, count=60, video_epoch=EPOCH + 12_000), tmp_path)
    recordings = FolderRecordings(tmp_path)
    index, clips = make_clips(ROUND, segments_of(ROUND, recordings=recordings))
    check = KeySet.from_jwks(json.dumps({"keys": [HouseKey().jwk]})).check
    found = verify_clips(json.loads(json.dumps(index)), clips, check)
    # Frames 0 to 149 of the first process were handed over; 150 to 189 died with it.
    assert [len(one.segment.frames) for one in found.manifests] == [50, 100, 25]
    assert found.holes == ("before frame 0 of segment 3: NEW_EPOCH",)
    assert (found.frames, len(clips)) == (120 + 20, 2)
    assert (found.from_before, found.until_after) == (True, True)
