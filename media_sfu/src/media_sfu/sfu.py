"""The SFU of one process: its tables and sessions, their limits, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from media_sfu.compat import counters
from media_sfu.errors import SessionNotFound, SfuDraining, SfuFull, TooManyJoins
from media_sfu.forwarding.fan_out import FanOut, Tally
from media_sfu.limits import TokenBucket
from media_sfu.sdp import Offer, with_public_address
from media_sfu.sessions import MediaSession, PublisherSession, ViewerSession
from media_sfu.tables import MarkFeed, Table

_log = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.25
IDLE_TABLE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process takes on; more is refused with a clear answer."""

    max_tables: int = 200
    max_viewers: int = 1000
    joins_per_second: float = 50.0
    joins_at_once: float = 100.0


class Sfu:
    """``feed_of`` gives what a table shows to frames whose publisher sends no marks. A table that
    nobody uses is forgotten, but not one with taps if ``keep_tapped``: they may be in the middle of
    a recording.
    """

    def __init__(
        self,
        *,
        make_fan_out: Callable[[Tally], FanOut],
        limits: Limits | None = None,
        addresses: tuple[str, ...] = (),
        public_address: str | None = None,
        keep_tapped: bool = True,
        feed_of: Callable[[str], MarkFeed | None] = lambda _table: None,
        table_made: Callable[[Table], None] = lambda _table: None,
    ) -> None:
        self.tables: dict[str, Table] = {}
        self.sessions: dict[str, MediaSession] = {}
        self.publishers: dict[str, PublisherSession] = {}
        self.is_draining = False
        self.joins = 0
        self.joins_refused = 0
        self.loop_lag_seconds = 0.0
        """How late the last tick was: what every packet waits for, too."""
        self._make_fan_out = make_fan_out
        self._limits = limits or Limits()
        self._addresses = addresses
        self._public_address = public_address
        self._keep_tapped = keep_tapped
        self._feed_of = feed_of
        self._table_made = table_made
        self._joining = TokenBucket(self._limits.joins_per_second, self._limits.joins_at_once)
        self._idle_since: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None
        self._last_epoch = 0
        self._past: Counter[str] = Counter()
        """Counts of tables and publishers that are gone: counters do not go back."""
        self._left = asyncio.Event()

    @property
    def viewer_count(self) -> int:
        return sum(isinstance(one, ViewerSession) for one in self.sessions.values())

    def start(self) -> None:
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def publish(self, table_name: str, offer: Offer) -> tuple[PublisherSession, str]:
        """Take a publisher. Once it is connected the table is its own, and an old one's session
        ends.

        Raises:
            SfuRefused: see ``_admit`` and the sessions.
        """
        self._admit()
        session = PublisherSession(
            self.table(table_name),
            offer,
            video_epoch=self._next_epoch(),
            addresses=self._addresses,
            connected=self._publisher_connected,
            ended=self._session_ended,
        )
        return session, await self._answered(session, offer)

    async def watch(
        self, table_name: str, offer: Offer, *, is_edge: bool
    ) -> tuple[ViewerSession, str]:
        """Take a viewer, also of a table that nobody publishes yet.

        Raises:
            SfuRefused: see ``_admit`` and the sessions.
        """
        self._admit()
        if self.viewer_count >= self._limits.max_viewers:
            self.joins_refused += 1
            raise SfuFull(f"this SFU takes {self._limits.max_viewers} viewers at most")
        session = ViewerSession(
            self.table(table_name),
            offer,
            is_edge=is_edge,
            addresses=self._addresses,
            ended=self._session_ended,
        )
        return session, await self._answered(session, offer)

    async def end(self, table_name: str, session_id: str) -> None:
        """Raises: SessionNotFound: there is no such session at this table (any more)."""
        session = self.sessions.get(session_id)
        if session is None or session.table.name != table_name:
            raise SessionNotFound("there is no such session; it may have ended already")
        self._session_ended(session)

    def table(self, name: str) -> Table:
        """Return the table, made when it is not known yet.

        Raises:
            SfuFull: there are too many.
        """
        table = self.tables.get(name)
        if table is None:
            if len(self.tables) >= self._limits.max_tables:
                raise SfuFull(f"this SFU takes {self._limits.max_tables} tables at most")
            table = Table(name, make_fan_out=self._make_fan_out, feed=self._feed_of(name))
            self.tables[name] = table
            self._table_made(table)
        return table

    def stats(self) -> dict[str, float]:
        """Return what is counted in this process, by the names of its metrics."""
        counts = Counter(self._past)
        for table in self.tables.values():
            counts.update(_counts_of_table(table))
        for publisher in self.publishers.values():
            counts.update(_counts_of_publisher(publisher))
        return {
            **counts,
            "viewers": self.viewer_count,
            "publishers": len(self.publishers),
            "tables": len(self.tables),
            "joins": self.joins,
            "joins_refused": self.joins_refused,
            "datagrams_malformed": counters.malformed,
            "datagrams_oversized": counters.oversized,
            "datagrams_unexpected": counters.unknown_ssrc,
            "datagrams_not_queued": counters.queue_full,
            "loop_lag_seconds": self.loop_lag_seconds,
            "draining": self.is_draining,
        }

    async def drain(self, seconds: float) -> None:
        """Refuse new sessions, ask all to move, and wait until the viewers have, or time is up."""
        self.is_draining = True
        for table in self.tables.values():
            table.ask_to_move()
        for publisher in self.publishers.values():
            publisher.ask_to_move()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.viewer_count:
                    self._left.clear()
                    await self._left.wait()

    async def close(self) -> None:
        """End every session."""
        self.is_draining = True
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        for session in list(self.sessions.values()):
            self._session_ended(session)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _admit(self) -> None:
        if self.is_draining:
            self.joins_refused += 1
            raise SfuDraining("this SFU is about to leave: ask for a session again")
        if not self._joining.take():
            self.joins_refused += 1
            raise TooManyJoins("too many new sessions at once: try again in a second")
        self.joins += 1

    async def _answered(self, session: MediaSession, offer: Offer) -> str:
        self.sessions[session.id] = session
        try:
            return with_public_address(await session.answer(offer), self._public_address)
        except BaseException:
            self._session_ended(session)
            raise

    def _publisher_connected(self, session: PublisherSession) -> None:
        name = session.table.name
        before = self.publishers.get(name)
        if before is not None and before.video_epoch > session.video_epoch:
            self._session_ended(session)  # a later one was quicker
            return
        self.publishers[name] = session
        if before is not None:
            before.leave_table("the publisher was replaced")
            self._session_ended(before)
        session.take_table()
        _log.info("table %s: a publisher, epoch %s", name, session.video_epoch)

    def _session_ended(self, session: MediaSession) -> None:
        if self.sessions.pop(session.id, None) is None:
            return
        self._left.set()
        if isinstance(session, PublisherSession):
            session.leave_table("the publisher left")
            self._past.update(_counts_of_publisher(session))
            if self.publishers.get(session.table.name) is session:
                del self.publishers[session.table.name]
        self._run(session.close())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _next_epoch(self) -> int:
        self._last_epoch = max(time.time_ns() // 1_000_000, self._last_epoch + 1)
        return self._last_epoch

    async def _tick(self) -> None:
        before = time.monotonic()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            self.loop_lag_seconds = max(0.0, now - before - TICK_SECONDS)
            for session in [one for one in self.sessions.values() if one.is_silent(now)]:
                _log.info("table %s: nothing heard of a session, ended", session.table.name)
                self._session_ended(session)
            for table in self.tables.values():
                table.audience.tick(now - before)
            self._forget_idle_tables(now)
            before = now

    def _forget_idle_tables(self, now: float) -> None:
        used = {session.table.name for session in self.sessions.values()}
        for name in list(self.tables):
            since = self._idle_since.setdefault(name, now)
            if name in used or (self._keep_tapped and self.tables[name].taps):
                self._idle_since[name] = now
            elif now - since > IDLE_TABLE_SECONDS:
                self._past.update(_counts_of_table(self.tables.pop(name)))
                del self._idle_since[name]


def _counts_of_table(table: Table) -> dict[str, int]:
    tally = table.audience.tally
    return {
        "frames": table.frames,
        "frames_without_mark": table.frames_without_mark,
        "marks_refused": table.marks_refused,
        "marks_not_sent": table.marks_not_sent,
        "packets_sent": tally.sent,
        "packets_dropped": tally.dropped,
        "packets_resent": tally.resent,
        "quality_switches": table.audience.switches,
        "payloads_too_long": sum(one.payloads_too_long for one in table.audience.streams),
    }


def _counts_of_publisher(session: PublisherSession) -> dict[str, int]:
    receivers = session.receivers
    return {
        "packets_missed": sum(one.order.packets_missed for one in receivers),
        "packets_recovered": sum(one.order.packets_recovered for one in receivers),
        "packets_lost": sum(one.order.packets_lost for one in receivers),
        "keyframes_wanted": sum(one.keyframes.wanted for one in receivers),
        "keyframes_requested": sum(one.keyframes.sent for one in receivers),
    }
