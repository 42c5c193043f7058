"""The drawn table as a source of pictures for the ingest agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Final

import av

from media_sfu.feed import TableFeed
from media_sfu.marking import Marker
from media_sfu.sources import Picture, Shot
from sandbox.studio.painter import Painter
from sandbox.studio.scene import scene_of

FRAMES_PER_SECOND: Final = 25
_INTERVAL_MS: Final = 1000 // FRAMES_PER_SECOND


class DrawnTable:
    """A picture every 40 ms of what the marker says is shown then; late ones are left out."""

    frames_per_second = FRAMES_PER_SECOND

    def __init__(self, marker: Marker, feed: TableFeed) -> None:
        self._marker = marker
        self._feed = feed
        self._painter = Painter()

    async def shots(self, now_ms: Callable[[], int]) -> AsyncGenerator[Shot, None]:
        at_ms = now_ms()
        while True:
            await asyncio.sleep(max(0, at_ms - now_ms()) / 1000)
            state = self._marker.state_at(at_ms)
            scene = scene_of(state, at_ms + self._feed.clock_offset_ms)
            picture = self._painter.paint(scene, state.mark(at_ms))
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # in PyAV
            yield Picture(at_ms, frame)
            missed = max(0, now_ms() - at_ms) // _INTERVAL_MS
            at_ms += _INTERVAL_MS * max(1, missed)
