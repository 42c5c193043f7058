"""Write ``video/strips.json`` and ``video/sei.json``, for the page's twins of the domain.

Run from the root of the repository with the packages on the path:

    PYTHONPATH=layers/baccarat/src python -m tests.vectors.make_video
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.sei import encode_sei
from baccarat.domain.video.strip import ROWS, Strip
from tests.support.pictures import HEIGHT, WIDTH, coded, luma_of, picture, scaled

FOLDER = Path(__file__).with_name("video")
LAST = FrameMark("t" * 24, f"{'t' * 24}.999999999", 2**31, 2**31, "d" * 40, 2**42 - 1)
MARKS = (
    FrameMark("bac-1", "bac-1.000000042", 3, 17, "dealer-7", 1_764_000_000_123),
    FrameMark("bac-1", "", 3, 18, "", 1_764_000_040_123),
    FrameMark("bac-5", "bac-5.000000001", 1, 4, "Ørjan 黒", 1_764_000_040_163),
    FrameMark("bac-5", "bac-5.000000000", 0, 0, "", 0),
    LAST,
)


def strips() -> list[dict[str, Any]]:
    """Return marks, their strips, the blocks, and what a coded picture's strip looked like."""
    frames = [picture(Strip.of(mark).blocks()) for mark in MARKS]
    small = coded([scaled(frame) for frame in coded(frames, 500)], 250)
    found = []
    for mark, frame in zip(MARKS, small, strict=True):
        strip = Strip.of(mark)
        width, lines = WIDTH // 2, ROWS * WIDTH // 2 // 80
        luma = luma_of(frame)
        assert len(luma) == width * HEIGHT // 2
        found.append(
            {
                "mark": mark.to_json(),
                "strip": asdict(strip),
                "blocks": ["".join("01"[white] for white in row) for row in strip.blocks()],
                "coded": {
                    "width": width,
                    "height": lines,
                    "luma": base64.b64encode(luma[-lines * width :]).decode(),
                },
            }
        )
    return found


def main() -> None:
    for name, content in (
        ("strips", strips()),
        ("sei", [{"mark": mark.to_json(), "nal": encode_sei(mark).hex()} for mark in MARKS]),
    ):
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
