"""The ingest agent, ``python -m media_sfu ingest``: publishes a table's picture with its marks.

It takes a camera, an RTSP address or a file, codes once for each quality (or not at all), follows
the table's events, and comes back after whatever breaks. The picture goes on when the events do
not, and neither can touch a round.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import aiohttp

from baccarat.domain.errors import BaccaratError
from media_sfu.backoff import backoff_seconds
from media_sfu.client import Publication
from media_sfu.encoder import Encoder, Quality
from media_sfu.feed import TableFeed
from media_sfu.house import House, HouseUnavailable, ServiceUser
from media_sfu.logs import log_to_stderr
from media_sfu.marking import Marker
from media_sfu.sources import Coded, MediaSource, Shot, Source
from media_sfu.steady import PictureClock
from media_sfu.table_log import TableState

MAX_QUALITIES: Final = 3
DEFAULT_QUALITY: Final = "640x360@800"
PASSWORD_VARIABLE: Final = "INGEST_PASSWORD"  # noqa: S105  a name
_LASTED_SECONDS: Final = 10
"""A session of less counts as a failed try: two publishers of a table must not fight fast."""
_MOVE_AGAIN_SECONDS: Final = 1.0
_FAILURES: Final = (BaccaratError, aiohttp.ClientError, OSError)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Studio:
    """What an agent publishes and as whom. Where to, the house says with each token."""

    table_id: str
    user: ServiceUser
    qualities: tuple[Quality, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to publish, for one session that begins within a minute."""

    whip_url: str
    token: str


class Agent:
    """Publishes the pictures of one source.

    ``grant`` gets leave for each session. A server that is about to leave asks to move: then there
    is a second session, and both get the pictures until the first ends.
    """

    def __init__(
        self,
        studio: Studio,
        http: aiohttp.ClientSession,
        grant: Callable[[], Awaitable[Grant]],
        clock: PictureClock,
        marker: Marker,
        source: Source,
    ) -> None:
        self._studio = studio
        self._http = http
        self._grant = grant
        self._clock = clock
        self._marker = marker
        self._source = source
        self._sessions: list[Publication] = []
        self._moving: asyncio.Task[None] | None = None
        self._closing: list[asyncio.Task[None]] = []
        self._keyframes_wanted: set[int] = set()

    async def run(self) -> None:
        """Publish until cancelled; every failure is logged and followed by another try."""
        attempt = 0
        while True:
            began = time.monotonic()
            try:
                await self._publish()
            except _FAILURES as error:
                self._say_off_the_air(error)
            lasted = time.monotonic() - began >= _LASTED_SECONDS
            attempt = 0 if lasted else attempt + 1
            await asyncio.sleep(backoff_seconds(attempt))

    def _say_off_the_air(self, error: Exception) -> None:
        table_id, kind = self._studio.table_id, type(error).__name__
        _log.warning("table %s is off the air: %s: %s", table_id, kind, error)

    async def _publish(self) -> None:
        rate = self._source.frames_per_second
        encoders = [Encoder(quality, rate) for quality in self._studio.qualities]
        try:
            await self._begin()
            async with aclosing(self._source.shots(self._clock.now_ms)) as shots:
                async for shot in shots:
                    self._drop_ended()
                    if not self._sessions:
                        return
                    if self._moving is None and self._sessions[-1].moved.is_set():
                        self._moving = asyncio.create_task(self._move())
                    self._marker.repeat()
                    await self._send(shot, encoders)
        finally:
            await self._end()

    async def _begin(self) -> None:
        grant = await self._grant()
        session = await Publication.start(
            self._http,
            grant.whip_url,
            grant.token,
            qualities=len(self._studio.qualities),
            keyframe_wanted=self._keyframes_wanted.add,
        )
        self._sessions.append(session)
        self._keyframes_wanted.update(range(len(self._studio.qualities)))
        self._marker.begin(self._send_mark)
        _log.info("table %s is on the air", self._studio.table_id)

    async def _move(self) -> None:
        """Begin another session; when it fails, it is tried again while the old one holds."""
        try:
            await self._begin()
        except _FAILURES as error:
            self._say_off_the_air(error)
            await asyncio.sleep(_MOVE_AGAIN_SECONDS)
        finally:
            self._moving = None

    def _send_mark(self, at_ms: int, state: TableState) -> bool:
        mark, timestamp = state.mark(at_ms), self._clock.rtp(at_ms)
        sent = [session.send_mark(timestamp, mark) for session in self._sessions]
        return all(sent)

    async def _send(self, shot: Shot, encoders: Sequence[Encoder]) -> None:
        # A session that begins while this picture is coded starts with the next, a keyframe.
        sessions = tuple(self._sessions)
        wanted = frozenset(self._keyframes_wanted)
        self._keyframes_wanted.clear()
        coded = await asyncio.to_thread(_coded, shot, encoders, wanted)
        for session in sessions:
            for quality, nals in enumerate(coded):
                session.send_frame(quality, self._clock.rtp(shot.at_ms), nals)

    def _drop_ended(self) -> None:
        for session in self._sessions:
            session.look()
            if session.ended.is_set():
                # The pictures do not wait for a server that may not answer any more.
                self._closing.append(asyncio.create_task(session.close()))
        self._sessions = [one for one in self._sessions if not one.ended.is_set()]
        self._closing = [task for task in self._closing if not task.done()]

    async def _end(self) -> None:
        if self._moving is not None:
            self._moving.cancel()
            await asyncio.gather(self._moving, return_exceptions=True)
        sessions, self._sessions = self._sessions, []
        await asyncio.gather(*self._closing, *(session.close() for session in sessions))
        self._closing = []
        if sessions:
            _log.info("table %s: session ended", self._studio.table_id)


def _coded(
    shot: Shot, encoders: Sequence[Encoder], wanted: frozenset[int]
) -> list[tuple[bytes, ...]]:
    if isinstance(shot, Coded):
        return [shot.nals]
    return [
        encoder.encode(shot.frame, shot.at_ms, keyframe=quality in wanted)
        for quality, encoder in enumerate(encoders)
    ]


async def publish(studio: Studio, make_source: Callable[[Marker, TableFeed], Source]) -> None:
    """Publish until SIGTERM or SIGINT, then end the session and return."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    clock = PictureClock()
    marker = Marker(studio.table_id, clock.now_ms)
    async with aiohttp.ClientSession() as http:
        house = House(http, studio.user)
        feed = TableFeed(studio.table_id, house, marker.change)

        agent = Agent(
            studio,
            http,
            lambda: ask_leave(house, studio.table_id),
            clock,
            marker,
            make_source(marker, feed),
        )
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(feed.run())
                both.create_task(agent.run())
        except asyncio.CancelledError:
            _log.info("table %s: stopped", studio.table_id)


async def ask_leave(house: House, table_id: str) -> Grant:
    """Return leave to publish a table's picture. Raises: HouseUnavailable: the house gives none."""
    answer = await house.post("/video/tokens", {"tableId": table_id, "role": "publish"})
    try:
        return Grant(str(answer["whipUrl"]), str(answer["token"]))
    except KeyError as error:
        raise HouseUnavailable(f"the house's token has no {error}") from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every agent has to be told; the password comes in the environment."""
    parser.add_argument("--table", required=True)
    parser.add_argument("--page", required=True, help="address of the player page")
    parser.add_argument("--user", default="studio", help="a user of the house in group studio")
    parser.add_argument(
        "--quality",
        type=Quality.parse,
        action="append",
        help=f"width x height @ kbit/s, the best first; {DEFAULT_QUALITY} when none is given",
    )


def studio_of(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Studio:
    """Return what the arguments say; ends the process with a message where they cannot be."""
    qualities = tuple(given.quality or [Quality.parse(DEFAULT_QUALITY)])
    if len(qualities) > MAX_QUALITIES:
        parser.error(f"at most {MAX_QUALITIES} qualities can be published, not {len(qualities)}")
    password = os.environ.get(PASSWORD_VARIABLE)
    if not password:
        parser.error(f"set {PASSWORD_VARIABLE} to the password of user {given.user}")
    user = ServiceUser(given.page.rstrip("/"), given.user, password)
    return Studio(given.table, user, qualities)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 after SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="python -m media_sfu ingest",
        description="Publish a table's picture with its marks until SIGTERM.",
    )
    add_arguments(parser)
    parser.add_argument(
        "--source", required=True, help="/dev/video0, rtsp://…, or a file to play in a loop"
    )
    parser.add_argument("--fps", type=int, default=25, choices=range(5, 61), metavar="5..60")
    parser.add_argument(
        "--untouched", action="store_true", help="do not code constrained baseline anew"
    )
    given = parser.parse_args(arguments)
    studio = studio_of(parser, given)
    if given.untouched and len(studio.qualities) > 1:
        parser.error("--untouched goes with one quality: what is not coded has one size")
    log_to_stderr()
    source = MediaSource(given.source, given.fps, untouched=given.untouched)
    asyncio.run(publish(studio, lambda _marker, _feed: source))
    return 0
