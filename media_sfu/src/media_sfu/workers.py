"""Processes that carry the viewers, one a core. Each is an edge of this process over loopback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp

from baccarat.domain.video.access import VideoRole
from media_sfu.backoff import backoff_seconds
from media_sfu.client import http_session
from media_sfu.errors import SessionNotFound, SfuFull, SfuRefused
from media_sfu.http_api import SDP, Sessions

_log = logging.getLogger(__name__)

START_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 8.0
STOP_SECONDS: Final = 5.0
READY_SECONDS: Final = 3.0
"""How long a viewer's request waits for a worker that is being started."""
STABLE_SECONDS: Final = 30.0
_UNREACHABLE: Final = (aiohttp.ClientError, TimeoutError, OSError)


class RelayedRefusal(SfuRefused):
    """What a worker refused, as it said it."""

    def __init__(self, message: str, *, code: str, status: int, retry_after: int | None) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # of the worker's error, not of a class
        self.status = HTTPStatus(status)  # type: ignore[misc]
        self.retry_after_seconds = retry_after  # type: ignore[misc]


class Worker:
    """One place for a process; ``generation`` counts the processes that were there."""

    def __init__(self, index: int, folder: Path) -> None:
        self.index = index
        self.socket = folder / f"worker-{index}.sock"
        self.generation = 0
        self.is_up = False
        self.stats: dict[str, float] = {}
        self.joining = 0
        self.process: asyncio.subprocess.Process | None = None
        self.http: aiohttp.ClientSession = http_session(unix_socket=str(self.socket))

    @property
    def load(self) -> float:
        return self.stats.get("viewers", 0) + self.joining


class WorkerPool:
    """Starts the workers, starts those anew that die, and knows how much each has to do."""

    def __init__(
        self, count: int, *, folder: Path, upstream_socket: Path, environment: Mapping[str, str]
    ) -> None:
        self.workers = [Worker(index, folder) for index in range(count)]
        self.restarts = 0
        self._upstream_socket = upstream_socket
        self._environment = dict(environment)
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False

    async def start(self) -> None:
        """Return when every worker answers.

        Raises:
            RuntimeError: one does not within ``START_SECONDS``.
        """
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep(worker)) for worker in self.workers]
        until = time.monotonic() + START_SECONDS
        while not all(worker.is_up for worker in self.workers):
            if time.monotonic() > until:
                raise RuntimeError(f"not all workers answered within {START_SECONDS:.0f} s")
            await asyncio.sleep(0.05)

    @property
    def takes_viewers(self) -> bool:
        """While one worker is started anew the others do."""
        return any(worker.is_up for worker in self.workers)

    async def ready(self) -> list[Worker]:
        """Return who takes viewers, the least busy first; wait a little if nobody does yet."""
        until = time.monotonic() + READY_SECONDS
        while not self.takes_viewers and time.monotonic() < until:  # noqa: ASYNC110  # of several
            await asyncio.sleep(0.02)
        return sorted((one for one in self.workers if one.is_up), key=lambda one: one.load)

    def stats(self) -> dict[str, Mapping[str, float]]:
        return {f"worker-{one.index}": one.stats for one in self.workers if one.is_up}

    async def drain(self, seconds: float) -> None:
        """Ask all to drain, and wait until they are gone, or time is up."""
        self._is_stopping = True
        running = [one.process for one in self.workers if one.process is not None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        waits = [asyncio.ensure_future(process.wait()) for process in running]
        if waits:
            await asyncio.wait(waits, timeout=seconds)

    async def close(self) -> None:
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self.workers:
            await self._stop(worker)
            await worker.http.close()

    async def _keep(self, worker: Worker) -> None:
        attempt = 0
        while not self._is_stopping:
            began = time.monotonic()
            await self._spawn(worker)
            await self._watch(worker)
            if self._is_stopping:
                return
            attempt = 0 if time.monotonic() - began > STABLE_SECONDS else attempt + 1
            self.restarts += 1
            _log.error("worker %s ended and is started anew", worker.index)
            await self._stop(worker)
            await asyncio.sleep(backoff_seconds(attempt) if attempt > 1 else 0)

    async def _spawn(self, worker: Worker) -> None:
        worker.socket.unlink(missing_ok=True)
        worker.generation += 1
        worker.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "media_sfu", "worker"),
            *("--socket", str(worker.socket), "--upstream", str(self._upstream_socket)),
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,  # its end tells the worker that we are gone
        )

    async def _watch(self, worker: Worker) -> None:
        """Return when the process is gone, or does not answer any more."""
        assert worker.process is not None
        answered_at = time.monotonic()
        while worker.process.returncode is None:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    async with worker.http.get("http://worker/stats") as response:
                        worker.stats = await response.json()
                worker.is_up = True
                answered_at = time.monotonic()
            except _UNREACHABLE:
                if time.monotonic() - answered_at > START_SECONDS:
                    break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS if worker.is_up else 0.05):
                    await worker.process.wait()
        worker.is_up = False
        worker.stats = {}

    @staticmethod
    async def _stop(worker: Worker) -> None:
        process = worker.process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()


class WorkerSessions:
    """Implements ``Sessions``: publishers and edges here, viewers at the least busy worker."""

    def __init__(self, here: Sessions, pool: WorkerPool) -> None:
        self._here = here
        self._pool = pool

    async def make(self, role: VideoRole, table: str, offer: str) -> tuple[str, str]:
        if role is not VideoRole.VIEW:
            return await self._here.make(role, table, offer)
        for worker in (await self._pool.ready())[:2]:
            worker.joining += 1
            try:
                return await self._ask(worker, table, offer)
            except _UNREACHABLE:
                _log.warning("worker %s does not answer", worker.index)
            finally:
                worker.joining -= 1
        raise SfuFull("no worker takes viewers now: try again")

    async def end(self, role: VideoRole, table: str, session_id: str) -> None:
        if "~" not in session_id:
            await self._here.end(role, table, session_id)
            return
        place, _, inner = session_id.partition("~")
        known = {f"{one.index}.{one.generation}": one for one in self._pool.workers if one.is_up}
        if place not in known:
            raise SessionNotFound("there is no such session; it may have ended already")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                url = f"http://worker/whep/{table}/{inner}"
                async with known[place].http.delete(url) as response:
                    await _raise_refusal(response)
        except _UNREACHABLE as error:
            raise SessionNotFound("the session's process is gone, and the session with it") from (
                error
            )

    async def _ask(self, worker: Worker, table: str, offer: str) -> tuple[str, str]:
        async with asyncio.timeout(ANSWER_SECONDS):
            async with worker.http.post(
                f"http://worker/whep/{table}",
                data=offer.encode(),
                headers={"Content-Type": SDP},
            ) as response:
                await _raise_refusal(response)
                inner = response.headers["Location"].rpartition("/")[2]
                return f"{worker.index}.{worker.generation}~{inner}", await response.text()


async def _raise_refusal(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    said: Any = (await response.json())["error"]
    retry_after = response.headers.get("Retry-After")
    raise RelayedRefusal(
        said["message"],
        code=said["code"],
        status=response.status,
        retry_after=int(retry_after) if retry_after else None,
    )
