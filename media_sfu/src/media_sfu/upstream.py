"""An edge's way to its origin: a WHEP session for each table that somebody watches."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp

from baccarat.domain.errors import BaccaratError
from media_sfu.backoff import backoff_seconds
from media_sfu.client import Subscription
from media_sfu.forwarding.viewers import QUALITIES
from media_sfu.ingest import IngestReceiver
from media_sfu.sfu import Sfu
from media_sfu.tables import QualitySink, Table

_log = logging.getLogger(__name__)

MAX_DOUBLINGS: Final = 2
STABLE_SECONDS: Final = 3.0
"""A session that lasted so long was a good one: the next retry comes at once."""
SILENT_SECONDS: Final = 6.0
"""The origin reports every two seconds, also when nobody publishes."""
LINGER_SECONDS: Final = 20.0
"""After the last viewer, for the next one."""
LOOK_SECONDS: Final = 0.25

TokenFor = Callable[[str], Awaitable[str | None]]


class Upstream:
    """Keeps a subscription for every table of ``sfu`` that has viewers."""

    def __init__(
        self,
        sfu: Sfu,
        http: aiohttp.ClientSession,
        url: str,
        *,
        token_for: TokenFor,
        addresses: tuple[str, ...] = (),
        moves: bool = True,
    ) -> None:
        """``moves`` False: whoever is there drains together with us, and there is no other."""
        self.reconnections = 0
        self._moves = moves
        self._sfu = sfu
        self._http = http
        self._url = url.rstrip("/")
        self._token_for = token_for
        self._addresses = addresses
        self._following: dict[str, asyncio.Task[None]] = {}

    def follow(self, table: Table) -> None:
        """Begin to follow a table that was just made."""
        task = asyncio.get_running_loop().create_task(self._follow(table))
        self._following[table.name] = task
        task.add_done_callback(lambda _task: self._following.pop(table.name, None))

    async def close(self) -> None:
        tasks = list(self._following.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, table: Table) -> None:
        """Subscribe, again and again, until the table is forgotten."""
        attempt = 0
        while self._sfu.tables.get(table.name) is table:
            began = time.monotonic()
            try:
                await self._subscription(table)
            except BaccaratError as error:  # no token, or no session; the next try may have both
                _log.warning("table %s: upstream: %s", table.name, error.message)
            lasted = time.monotonic() - began
            attempt = 0 if lasted > STABLE_SECONDS else attempt + 1
            self.reconnections += 1
            await asyncio.sleep(backoff_seconds(min(attempt, MAX_DOUBLINGS)))

    async def _subscription(self, table: Table) -> None:
        """One session, until it is of no use any more."""
        moving = asyncio.Event()
        heard_at = time.monotonic()

        def on_text(text: str) -> None:
            nonlocal heard_at
            heard_at = time.monotonic()
            if table.upstream_says(text) and self._moves:
                moving.set()

        subscription = await Subscription.start(
            self._http,
            f"{self._url}/whep/{table.name}",
            await self._token_for(table.name),
            make_receiver=IngestReceiver,
            lines=QUALITIES,
            on_mark_text=on_text,
            addresses=self._addresses,
        )
        receivers: list[IngestReceiver] = subscription.receivers
        try:
            table.receivers = dict(enumerate(receivers))
            for quality, receiver in enumerate(receivers):
                receiver.sink = QualitySink(table, quality)
            while not (subscription.ended.is_set() or moving.is_set()):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await subscription.ended.wait()
                newest = max(heard_at, *(one.heard_at for one in receivers))
                if time.monotonic() - newest > SILENT_SECONDS or not self._is_watched(table):
                    return
        finally:
            table.receivers = {}
            for receiver in receivers:
                receiver.forget_sink()
            await subscription.close()

    def _is_watched(self, table: Table) -> bool:
        return self._sfu.tables.get(table.name) is table
