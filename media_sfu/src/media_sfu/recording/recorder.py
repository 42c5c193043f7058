"""The recorder of one table. The event loop only hands parts over; two threads do the rest."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aws_lambda_powertools import Logger
from prometheus_client import CollectorRegistry, Counter, Gauge

from baccarat.domain.video.recording import Segment
from media_sfu.packaging import Part
from media_sfu.recording.building import build
from media_sfu.recording.store import SegmentRefused, SegmentStore, StoreUnavailable

_ATTEMPTS: Final = 10
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 10.0
"""With ten attempts: about a minute, beside what the attempts themselves take."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait of one table: so much in memory, what is beyond on disk, and what would be
    more than both together is not recorded.
    """

    memory_bytes: int = 16 * 1024 * 1024
    disk_bytes: int = 256 * 1024 * 1024


class RecordingMetrics:
    """What Prometheus is told of all recorders of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str) -> Counter:
            return Counter(f"sfu_recording_{name}", text, ["table"], registry=registry)

        self.kept = counter("segments_kept", "Segments whose manifest is signed")
        self.dropped = counter("segments_dropped", "Segments that were not recorded: holes")
        self.retries = counter("store_retries", "Attempts to keep a segment that failed")
        self.waiting_bytes = Gauge(
            "sfu_recording_waiting_bytes",
            "Bytes of segments that are not kept yet",
            ["table"],
            registry=registry,
        )


@dataclass(frozen=True, slots=True)
class _Built:
    segment: Segment
    file: bytes | Path
    size_bytes: int


class Recorder:
    """Implements ``packaging.Listener``. ``folder`` is this recorder's alone; what an earlier
    process left there is removed, because its chain has gone on without it.
    """

    def __init__(
        self,
        table_id: str,
        *,
        store: SegmentStore,
        folder: Path,
        metrics: RecordingMetrics,
        limits: Limits | None = None,
    ) -> None:
        self._table_id = table_id
        self._store = store
        self._folder = folder
        self._limits = limits or Limits()
        self._logger = Logger(service="media_sfu")
        self._kept = metrics.kept.labels(table_id)
        self._dropped = metrics.dropped.labels(table_id)
        self._retries = metrics.retries.labels(table_id)
        self._waiting_gauge = metrics.waiting_bytes.labels(table_id)
        self._parts: list[Part] = []
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._memory_bytes = 0
        # Bounded by the bytes that wait: a segment has at least a frame.
        self._finished: queue.SimpleQueue[list[Part] | None] = queue.SimpleQueue()
        self._built: queue.SimpleQueue[_Built | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._known = 0
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("*.mp4"):
            left.unlink()
        self._threads = [
            threading.Thread(target=work, name=f"{name}-{table_id}", daemon=True)
            for name, work in (("build", self._build), ("upload", self._upload))
        ]
        for thread in self._threads:
            thread.start()

    def part(self, part: Part) -> None:
        if part.starts_segment:
            self._finish()
        self._parts.append(part)

    def ended(self) -> None:
        self._finish()

    def close(self, seconds: float) -> bool:
        """Wait at most so long until everything is kept or given up, and return whether it is.

        Blocks: not for the event loop. The packager is closed before.
        """
        self._closing.set()
        self._finished.put(None)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _finish(self) -> None:
        parts, self._parts = self._parts, []
        if not parts:
            return
        size_bytes = _size_of(parts)
        with self._lock:
            room = self._limits.memory_bytes + self._limits.disk_bytes - self._waiting_bytes
            if size_bytes <= room:
                self._waiting_bytes += size_bytes
        if size_bytes > room:
            self._drop("the store is too slow", size_bytes=0)
            return
        self._waiting_gauge.set(self._waiting_bytes)
        self._finished.put(parts)

    def _drop(self, why: str, *, size_bytes: int) -> None:
        """The next segment's manifest shows the hole: its time does not follow."""
        self._dropped.inc()
        self._logger.error("segment not recorded", table_id=self._table_id, reason=why)
        self._leave(size_bytes)

    def _leave(self, size_bytes: int) -> None:
        with self._lock:
            self._waiting_bytes -= size_bytes
            self._waiting_gauge.set(self._waiting_bytes)

    def _build(self) -> None:
        while (parts := self._finished.get()) is not None:
            size_bytes = _size_of(parts)
            segment, content = build(self._table_id, parts)
            try:
                file = self._place(segment, content, size_bytes)
            except OSError as error:
                self._drop(f"the disk took no more: {error}", size_bytes=size_bytes)
                continue
            self._built.put(_Built(segment, file, size_bytes))
        self._built.put(None)

    def _place(self, segment: Segment, content: bytes, size_bytes: int) -> bytes | Path:
        with self._lock:
            if self._memory_bytes + size_bytes <= self._limits.memory_bytes:
                self._memory_bytes += size_bytes
                return content
        path = self._folder / f"{segment.file_sha256}.mp4"
        path.write_bytes(content)
        return path

    def _upload(self) -> None:
        while (built := self._built.get()) is not None:
            why = self._keep(built)
            if isinstance(built.file, Path):
                with contextlib.suppress(FileNotFoundError):
                    built.file.unlink()
            else:
                with self._lock:
                    self._memory_bytes -= built.size_bytes
            if why is None:
                self._kept.inc()
                self._leave(built.size_bytes)
            else:
                self._drop(why, size_bytes=built.size_bytes)

    def _keep(self, built: _Built) -> str | None:
        """Return None when the segment is kept, else why not."""
        why = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._retries.inc()
                pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
                if self._closing.wait(pause) and attempt > 1:
                    break
            try:
                content = built.file if isinstance(built.file, bytes) else built.file.read_bytes()
                self._store.put_file(built.segment, content)
                self._known = self._store.keep(built.segment, self._known)
            except StoreUnavailable as error:
                why = error.message
            except (SegmentRefused, OSError) as error:
                return str(error)
            except Exception as error:
                # One segment's trouble must not end the recording of all that follow.
                self._logger.exception("segment not kept", table_id=self._table_id)
                return repr(error)
            else:
                return None
        return why


def _size_of(parts: list[Part]) -> int:
    return len(parts[0].init) + sum(len(part.fragment) for part in parts)
