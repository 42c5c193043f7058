"""The newest parts of one table, and the playlist of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from baccarat.domain.video.fmp4 import TIMESCALE
from baccarat.domain.video.recording import HoleReason
from media_sfu.packaging import LONGEST_SEGMENT_TICKS, PART_TICKS, Part

WINDOW_SEGMENTS: Final = 6
"""Whole segments that are kept besides the one under way: up to half a minute."""
SEGMENTS_WITH_PARTS: Final = 3
"""Older ones than these are listed whole: nobody starts with their parts any more."""
TARGET_SECONDS: Final = LONGEST_SEGMENT_TICKS // TIMESCALE
PART_TARGET_SECONDS: Final = PART_TICKS / TIMESCALE
_HOLD_BACK_SECONDS: Final = 3 * PART_TARGET_SECONDS
MAX_ADVANCE_PARTS: Final = round(3 / PART_TARGET_SECONDS)
"""How far ahead of the newest part a request may look (RFC 8216bis, 6.2.5.2)."""


@dataclass(slots=True)
class _Segment:
    number: int
    init_name: str
    starts_anew: bool
    first_at_ms: int
    parts: list[Part] = field(default_factory=list)
    is_whole: bool = False

    @property
    def seconds(self) -> float:
        return sum(part.duration for part in self.parts) / TIMESCALE


class Window:
    """Implements ``packaging.Listener``. Bounded: what leaves the window is forgotten.

    Segments are numbered from 0, and their parts too.
    """

    def __init__(self) -> None:
        self._segments: deque[_Segment] = deque()
        self._inits: dict[str, bytes] = {}
        self._next_number = 0
        self._discontinuities_gone = 0
        self._ended = False
        self._changed = asyncio.Event()

    def part(self, part: Part) -> None:
        if part.starts_segment or not self._segments:
            self._start(part)
        self._segments[-1].parts.append(part)
        self._tell()

    def ended(self) -> None:
        """The next epoch's first part starts a segment of another timeline."""
        self._ended = True
        if self._segments:
            self._segments[-1].is_whole = True
        self._tell()

    async def changed(self) -> None:
        """Wait for the next change, without a bound."""
        await self._changed.wait()

    @property
    def is_empty(self) -> bool:
        return not self._segments

    @property
    def newest(self) -> tuple[int, int]:
        """The newest part, as numbers of segment and part; there must be one."""
        return self._segments[-1].number, len(self._segments[-1].parts) - 1

    def has(self, segment: int, part: int | None) -> bool:
        """Whether the playlist holds that part, or with None that whole segment, or later ones.

        A part past the end of a whole segment is the first one of the next.
        """
        if self.is_empty:
            return False
        last = self._segments[-1]
        if segment != last.number:
            return segment < last.number
        return last.is_whole if part is None else part < len(last.parts)

    def is_too_far(self, segment: int, part: int | None) -> bool:
        """Whether a request looks further ahead than a client of ours can."""
        if self.is_empty:
            return segment > 1
        last_segment, last_part = self.newest
        if segment > last_segment + 2:
            return True
        return part is not None and (
            part > MAX_ADVANCE_PARTS
            if segment > last_segment
            else segment == last_segment and part > last_part + MAX_ADVANCE_PARTS
        )

    def init(self, name: str) -> bytes | None:
        return self._inits.get(name)

    def segment(self, number: int) -> bytes | None:
        """Return a segment that is whole."""
        found = self._find(number)
        if found is None or not found.is_whole:
            return None
        return b"".join(part.fragment for part in found.parts)

    def fragment(self, segment: int, part: int) -> bytes | None:
        found = self._find(segment)
        if found is None or not 0 <= part < len(found.parts):
            return None
        return found.parts[part].fragment

    def may_come(self, segment: int, part: int) -> bool:
        """Whether that part is the one that the playlist hints at."""
        return not self.is_empty and self._hinted() == (segment, part)

    def playlist(self) -> str:
        """Return the media playlist; there must be a part."""
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:9",
            f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}",
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={_HOLD_BACK_SECONDS:.3f}",
            f"#EXT-X-PART-INF:PART-TARGET={PART_TARGET_SECONDS:.5f}",
            f"#EXT-X-MEDIA-SEQUENCE:{self._segments[0].number}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._discontinuities_gone}",
        ]
        init_name = ""
        with_parts = self._segments[-1].number - SEGMENTS_WITH_PARTS
        for segment in self._segments:
            if segment.starts_anew:
                lines.append("#EXT-X-DISCONTINUITY")
            if segment.init_name != init_name:
                init_name = segment.init_name
                lines.append(f'#EXT-X-MAP:URI="{init_name}"')
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.first_at_ms)}")
            if segment.number >= with_parts:
                lines += [_part(segment.number, at, part) for at, part in enumerate(segment.parts)]
            if segment.is_whole:
                lines += [f"#EXTINF:{segment.seconds:.5f},", f"segment-{segment.number}.m4s"]
        hinted = self._hinted()
        lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-{hinted[0]}-{hinted[1]}.m4s"')
        return "\n".join(lines) + "\n"

    def _start(self, part: Part) -> None:
        if self._segments:
            self._segments[-1].is_whole = True
        init_name = f"init-{hashlib.sha256(part.init).hexdigest()[:16]}.mp4"
        starts_anew = self._next_number > 0 and (
            self._ended
            or part.hole is HoleReason.TIMESTAMP
            or self._segments[-1].init_name != init_name
        )
        self._ended = False
        self._inits[init_name] = part.init
        self._segments.append(
            _Segment(self._next_number, init_name, starts_anew, part.frames[0].at_ms)
        )
        self._next_number += 1
        while len(self._segments) > WINDOW_SEGMENTS + 1:
            gone = self._segments.popleft()
            self._discontinuities_gone += gone.starts_anew
        used = {segment.init_name for segment in self._segments}
        self._inits = {name: init for name, init in self._inits.items() if name in used}

    def _find(self, number: int) -> _Segment | None:
        at = number - self._segments[0].number if self._segments else -1
        return self._segments[at] if 0 <= at < len(self._segments) else None

    def _hinted(self) -> tuple[int, int]:
        last = self._segments[-1]
        return (last.number + 1, 0) if last.is_whole else (last.number, len(last.parts))

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _part(segment: int, number: int, part: Part) -> str:
    independent = ",INDEPENDENT=YES" if part.starts_with_keyframe else ""
    return (
        f"#EXT-X-PART:DURATION={part.duration / TIMESCALE:.5f},"
        f'URI="part-{segment}-{number}.m4s"{independent}'
    )


def _date(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"
