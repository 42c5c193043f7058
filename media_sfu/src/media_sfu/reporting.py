"""What a video server says of itself once a minute: how old the pictures are that it sends, and how
many watch. Lines of metrics among its logs (EMF); see docs/runbooks/video.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Callable
from typing import Final

from baccarat.adapters.observability import pictures_sent, video_viewers
from media_sfu.frames import Frame, Gap

EVERY_SECONDS: Final = 60.0
SAMPLES: Final = 100
"""Of a table and minute: as many as a line of metrics takes."""


class LagTap:
    """Implements ``frames.Tap``: samples how old a table's frames are when they are sent on."""

    def __init__(self) -> None:
        self._lags_ms: list[int] = []
        self._frames = 0

    def frame(self, frame: Frame) -> None:
        if frame.mark is None:
            return
        lag_ms = time.time_ns() // 1_000_000 - frame.mark.at_ms
        self._frames += 1
        if len(self._lags_ms) < SAMPLES:
            self._lags_ms.append(lag_ms)
            return
        # Every frame of the minute has the same chance to be among the samples.
        place = random.randrange(self._frames)  # noqa: S311  no secret
        if place < SAMPLES:
            self._lags_ms[place] = lag_ms

    def gap(self, gap: Gap) -> None:
        """Nothing: what is missing is seen by its absence."""

    def take(self) -> list[int]:
        """Return the samples since the last time."""
        taken, self._lags_ms, self._frames = self._lags_ms, [], 0
        return taken


class Reporter:
    """``role`` is that of the server, ``viewers`` how many it carries now."""

    def __init__(self, role: str, viewers: Callable[[], int]) -> None:
        self._role = role
        self._viewers = viewers
        self._taps: dict[str, LagTap] = {}

    def tap(self, table_id: str) -> LagTap:
        """Return the tap of a table; one that was forgotten and comes again gets the same."""
        return self._taps.setdefault(table_id, LagTap())

    def report(self) -> None:
        """Write the lines of the minute that has passed, where the logs are: whoever started this
        process reads one line of its output and no more.
        """
        with contextlib.redirect_stdout(sys.stderr):
            for table_id, tap in self._taps.items():
                lags_ms = tap.take()
                if lags_ms:
                    pictures_sent(table_id, lags_ms)
            video_viewers(self._role, self._viewers())

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self.report()
