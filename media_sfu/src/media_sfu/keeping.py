"""What becomes of the pictures of a table besides being sent on: HLS, and the recording."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from media_sfu.frames import Frame, Gap
from media_sfu.hls.window import Window
from media_sfu.packaging import Listener, Packager
from media_sfu.recording.recorder import Recorder, RecordingMetrics
from media_sfu.recording.store import SegmentStore
from media_sfu.tables import Table

CLOSE_SECONDS: Final = 20.0
"""For what is not kept yet when the process ends."""


class Keeping:
    """Keeps the pictures of all tables of a process; ``store`` None: for HLS alone.

    ``windows`` are those of HLS, by table: of the tables that had a publisher.
    """

    def __init__(
        self, *, store: SegmentStore | None, folder: Path, metrics: RecordingMetrics
    ) -> None:
        self.windows: dict[str, Window] = {}
        self._store = store
        self._folder = folder
        self._metrics = metrics
        self._recorders: list[Recorder] = []
        self._packagers: list[Packager] = []

    def follow(self, table: Table) -> None:
        """Keep the pictures of a table from now on."""
        table.taps.append(_Keeper(self, table.name))

    def packager(self, table_id: str) -> Packager:
        """Return what a table's frames are to be given to, made now."""
        window = self.windows[table_id] = Window()
        listeners: list[Listener] = [window]
        if self._store is not None:
            recorder = Recorder(
                table_id,
                store=self._store,
                folder=self._folder / table_id,
                metrics=self._metrics,
            )
            self._recorders.append(recorder)
            listeners.append(recorder)
        packager = Packager(table_id, listeners)
        self._packagers.append(packager)
        return packager

    async def close(self) -> None:
        """End every epoch, and wait a bounded time until what was recorded is kept."""
        for packager in self._packagers:
            packager.close()
        await asyncio.gather(
            *(asyncio.to_thread(one.close, CLOSE_SECONDS) for one in self._recorders)
        )


class _Keeper:
    """Implements ``Tap``. A table that only has viewers costs nothing: all is made at its first
    frame.
    """

    def __init__(self, keeping: Keeping, table_id: str) -> None:
        self._keeping = keeping
        self._table_id = table_id
        self._packager: Packager | None = None

    def frame(self, frame: Frame) -> None:
        if self._packager is None:
            self._packager = self._keeping.packager(self._table_id)
        self._packager.frame(frame)

    def gap(self, gap: Gap) -> None:
        if self._packager is not None:
            self._packager.gap(gap)
