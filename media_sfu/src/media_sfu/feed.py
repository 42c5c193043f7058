"""Follows a table's event stream as a player's page does, for marks and pictures.

It only reads: it joins, asks again for what it missed, and comes back when the line breaks. Nothing
that happens to it can touch a round.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from baccarat.domain.errors import BaccaratError
from baccarat.domain.round import FINAL_STATES
from media_sfu.backoff import backoff_seconds
from media_sfu.house import House, HouseUnavailable
from media_sfu.table_log import TableLog, TableState

_log = logging.getLogger(__name__)

_BUSY: Final = frozenset({"CONTENTION", "INTERNAL"})
_SAMPLES_KEPT: Final = 8
_FAILURES: Final = (
    *(BaccaratError, aiohttp.ClientError, OSError),
    *(ValueError, KeyError, TypeError),  # of messages that are none of the protocol
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the feed waits for what, in seconds; the page's own values."""

    gap: float = 0.3
    """Events of two messages may overtake each other."""
    rejoin: float = 2.0
    """No two joins are closer."""
    answer: float = 8.0
    """After a join or a ping: longer without any message means a dead line."""
    ping: float = 25.0
    overdue: float = 6.0
    """News of a running round this late have been missed."""
    quiet: float = 30.0
    """A table at rest is asked this often."""
    look: float = 0.1
    """How often all of these are looked at."""


class FeedBroken(BaccaratError):
    """The line of the feed is of no use any more; the next one may be."""

    code = "FEED_BROKEN"


@dataclass(slots=True)
class _Line:
    """One websocket. Times are monotonic seconds, those in ``asked_ms`` the machine's clock."""

    socket: aiohttp.ClientWebSocketResponse
    join_id: str | None = None
    joined_at: float = 0.0
    asked_at: float = field(default_factory=time.monotonic)
    heard_at: float = field(default_factory=time.monotonic)
    gap_since: float | None = None
    asked_ms: dict[str, float] = field(default_factory=dict)

    @property
    def unanswered(self) -> bool:
        """Whether nothing was heard since ``asked_at``."""
        return self.heard_at < self.asked_at

    async def send(self, message: dict[str, Any]) -> str:
        id_ = secrets.token_urlsafe(12)
        if not self.unanswered:
            self.asked_at = time.monotonic()
        self.asked_ms[id_] = time.time() * 1000
        await self.socket.send_json({**message, "id": id_})
        return id_


class TableFeed:
    """One table. ``on_change`` is called with the table's state whenever its log went on.

    ``joins`` counts the lines that were let in.
    """

    def __init__(
        self,
        table_id: str,
        house: House,
        on_change: Callable[[TableState], None],
        patience: Patience | None = None,
    ) -> None:
        self.joins = 0
        self._house = house
        self._on_change = on_change
        self._patience = patience or Patience()
        self._table = TableLog(table_id)
        self._offsets: deque[tuple[float, float]] = deque(maxlen=_SAMPLES_KEPT)

    @property
    def state(self) -> TableState:
        return self._table.state

    @property
    def clock_offset_ms(self) -> float:
        """What the server's clock is ahead of this machine's; 0 until it is known."""
        # The quickest exchange bounds the error best: half of its round trip.
        return min(self._offsets)[1] if self._offsets else 0.0

    async def run(self) -> None:
        """Follow until cancelled; every failure is logged and followed by another try."""
        attempt = 0
        while True:
            before = self.joins
            try:
                await self._follow()
            except _FAILURES as error:
                table_id = self.state.table_id
                _log.warning("feed of table %s: %s: %s", table_id, type(error).__name__, error)
            attempt = 0 if self.joins > before else attempt + 1
            await asyncio.sleep(backoff_seconds(attempt))

    async def _follow(self) -> None:
        """Follow on one line until it breaks."""
        socket = await self._house.connect()
        try:
            line = _Line(socket)
            await self._join(line)
            while True:
                try:
                    message = await socket.receive(timeout=self._patience.look)
                except TimeoutError:
                    pass
                else:
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        raise FeedBroken(f"the websocket ended ({socket.close_code})")
                    self._take(line, json.loads(message.data))
                await self._watch(line)
        finally:
            await socket.close()

    async def _join(self, line: _Line) -> None:
        last = self._table.position
        position = None if last is None else {"epoch": last[0], "seq": last[1]}
        message = {"action": "join", "tableId": self.state.table_id, "last": position}
        line.joined_at = time.monotonic()
        line.join_id = await line.send(message)

    def _take(self, line: _Line, message: dict[str, Any]) -> None:
        line.heard_at = time.monotonic()
        before = self.state
        match message["type"]:
            case "joined" if message["id"] == line.join_id:
                self.joins += 1
                line.join_id = None
                self._sample(line, message)
                self._table.join(message)
            case "events" if message["tableId"] == self.state.table_id:
                self._table.receive(message["events"])
            case "pong":
                self._sample(line, message)
            case "error" if message["code"] not in _BUSY:
                raise HouseUnavailable(f"{message['code']}: {message['message']}")
        if not self._table.has_gap:
            line.gap_since = None
        elif line.gap_since is None:
            line.gap_since = line.heard_at
        if self.state != before:
            self._on_change(self.state)

    def _sample(self, line: _Line, message: dict[str, Any]) -> None:
        sent_ms = line.asked_ms.pop(message["id"], None)
        if sent_ms is not None:
            now_ms = time.time() * 1000
            middle_ms = (sent_ms + now_ms) / 2
            self._offsets.append((now_ms - sent_ms, message["server_ms"] - middle_ms))
        line.asked_ms.clear()

    async def _watch(self, line: _Line) -> None:
        """Ask for what is missing or late, and for a sign of life.

        Raises:
            FeedBroken: the line is dead.
        """
        patience, now = self._patience, time.monotonic()
        if line.unanswered and now - line.asked_at >= patience.answer:
            raise FeedBroken(f"no answer within {patience.answer} s")
        since_join = now - line.joined_at
        if since_join < patience.rejoin:
            return
        gap = line.gap_since is not None and now - line.gap_since >= patience.gap
        if gap or line.join_id is not None or self._is_late(since_join):
            await self._join(line)
        elif not line.unanswered and now - line.asked_at >= patience.ping:
            await line.send({"action": "ping"})

    def _is_late(self, since_join: float) -> bool:
        """A message that was lost shows as a gap only when a later one arrives; so ask when the log
        is silent for longer than it should be.
        """
        round_ = self.state.round
        if round_ is None or round_.state in FINAL_STATES:
            return since_join >= self._patience.quiet
        server_ms = time.time() * 1000 + self.clock_offset_ms
        expected_ms = max(round_.closes_at_ms, round_.shown_at_ms, *self.state.cards_at_ms, 0)
        late = (server_ms - expected_ms) / 1000
        return min(late, since_join) >= self._patience.overdue
