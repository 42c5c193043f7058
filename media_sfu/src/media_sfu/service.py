"""The processes: an origin or an edge in front, and workers behind it. One code for all three."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from baccarat.adapters.settings import ConfigurationError
from baccarat.domain.video.access import VideoRole
from media_sfu.client import http_session
from media_sfu.feeds import Feeds
from media_sfu.forwarding.accelerator import fastest_fan_out
from media_sfu.hls.routes import HlsRoutes, attach
from media_sfu.house import House, HouseUnavailable, ServiceUser
from media_sfu.http_api import HttpApi, LocalSessions, Sessions
from media_sfu.keeping import Keeping
from media_sfu.metrics import registry
from media_sfu.recording.recorder import RecordingMetrics
from media_sfu.recording.store import CloudStore
from media_sfu.reporting import Reporter
from media_sfu.settings import SfuSettings, jwk_set
from media_sfu.sfu import Sfu
from media_sfu.tokens import TokenVerifier, UsedHere
from media_sfu.upstream import TokenFor, Upstream
from media_sfu.workers import WorkerPool, WorkerSessions

_log = logging.getLogger(__name__)

DRAIN_GRACE_SECONDS: Final = 5.0
_FOLDER: Final = "media-sfu-"
_LOCK: Final = "lock"
SHUTDOWN_SECONDS: Final = 2.0
"""For requests that are being answered when the process ends."""


async def no_token(_table: str) -> str | None:
    """For a socket that only we can open."""
    return None


def house_tokens(http: aiohttp.ClientSession, settings: SfuSettings) -> TokenFor:
    """Return how an edge gets the tokens for its origin: from the house, as its service user.

    Raises:
        ConfigurationError: the user is missing.
    """
    given = (settings.page_url, settings.service_user, settings.service_password)
    if not all(given):
        raise ConfigurationError("an edge needs PAGE_URL, SERVICE_USER and SERVICE_PASSWORD")
    house = House(http, ServiceUser(*given))

    async def token_for(table: str) -> str | None:
        answer = await house.post("/video/tokens", {"tableId": table, "role": VideoRole.EDGE.value})
        if "token" not in answer:
            raise HouseUnavailable("the house answered without a token")
        return str(answer["token"])

    return token_for


class Service:
    """An SFU with its HTTP; ``upstream_url`` set: an edge, otherwise an origin."""

    def __init__(self, settings: SfuSettings, *, token_for: TokenFor | None = None) -> None:
        """``token_for`` takes the house's place for an edge.

        Raises:
            ConfigurationError: a setting is missing or wrong.
        """
        if not settings.video_keys:
            raise ConfigurationError("VIDEO_KEYS is missing: who may publish and watch?")
        self.settings = settings
        self._feeds = _feeds(settings)
        self.sfu = Sfu(
            make_fan_out=fastest_fan_out(),
            limits=settings.limits(),
            addresses=tuple(settings.media_addresses.split()),
            public_address=settings.public_address,
            keep_tapped=not settings.upstream_url,
            feed_of=lambda table: self._feeds.of(table) if self._feeds is not None else None,
            table_made=self._table_made,
        )
        self.port = settings.listen_port
        self._token_for = token_for
        self._verifier = TokenVerifier(lambda: jwk_set(settings.video_keys), _used_tokens(settings))
        self._folder, self._holding = _own_folder()
        self._registry = registry(self._stats)
        self._keeping = None if settings.upstream_url else self._made_keeping()
        self._upstream: Upstream | None = None
        self._upstream_http: Any = None
        self._pool: WorkerPool | None = None
        self._hls: HlsRoutes | None = None
        self._runners: list[web.AppRunner] = []
        self._reporter = Reporter("edge" if settings.upstream_url else "origin", self._viewers)
        self._reporting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when sessions can be made."""
        settings = self.settings
        self.sfu.start()
        self._reporting = asyncio.create_task(self._reporter.run())
        if settings.upstream_url:
            self._upstream_http = http_session()
            self._upstream = Upstream(
                self.sfu,
                self._upstream_http,
                settings.upstream_url,
                token_for=self._token_for or house_tokens(self._upstream_http, settings),
                addresses=tuple(settings.media_addresses.split()),
            )
        here = LocalSessions(self.sfu)
        sessions: Sessions = here
        if settings.workers:
            inner = self._folder / "front.sock"
            await self._listen_inside(here, inner)
            self._pool = WorkerPool(
                settings.workers,
                folder=self._folder,
                upstream_socket=inner,
                environment=os.environ | _as_environment(settings),
            )
            sessions = WorkerSessions(here, self._pool)
        api = HttpApi(
            sessions,
            verifier=self._verifier,
            kinds=("whep",) if settings.upstream_url else ("whip", "whep"),
            origins=frozenset(settings.page_origins.split()),
            is_draining=lambda: self.sfu.is_draining,
            is_starting=lambda: self._pool is not None and not self._pool.takes_viewers,
            stats=self.sfu.stats,
            registry=self._registry,
        )
        application = api.application()
        if self._keeping is not None:
            self._hls = attach(application, self._keeping.windows, api.authorise_viewer)
        # Publishers need no worker: they are back while those start.
        await self._listen_outside(application)
        if self._pool is not None:
            await self._pool.start()

    async def drain(self) -> None:
        """Take no new sessions, ask viewers and publishers to move, wait for the viewers."""
        self.sfu.is_draining = True
        seconds = self.settings.drain_seconds
        if self._pool is not None:
            await asyncio.gather(
                self._pool.drain(seconds + DRAIN_GRACE_SECONDS), self.sfu.drain(seconds)
            )
        else:
            await self.sfu.drain(seconds)

    async def close(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
        if self._pool is not None:
            await self._pool.close()
        if self._upstream is not None:
            await self._upstream.close()
            await self._upstream_http.close()
        await self.sfu.close()
        if self._feeds is not None:
            await self._feeds.close()
        if self._keeping is not None:
            await self._keeping.close()
        for runner in self._runners:
            await runner.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._holding)

    def _table_made(self, table: Any) -> None:
        table.taps.append(self._reporter.tap(table.name))
        if self._upstream is not None:
            self._upstream.follow(table)
        if self._keeping is not None:
            self._keeping.follow(table)

    def _made_keeping(self) -> Keeping:
        settings = self.settings
        if bool(settings.films_bucket) != bool(settings.keep_segment_function):
            raise ConfigurationError("FILMS_BUCKET and KEEP_SEGMENT_FUNCTION come together")
        store = None
        if settings.films_bucket:
            store = CloudStore(settings.films_bucket, settings.keep_segment_function)
        return Keeping(
            store=store, folder=self._folder / "films", metrics=RecordingMetrics(self._registry)
        )

    def _viewers(self) -> int:
        if self._pool is None:
            return self.sfu.viewer_count
        return int(sum(stats.get("viewers", 0) for stats in self._pool.stats().values()))

    def _stats(self) -> dict[str, Mapping[str, float]]:
        workers = self._pool.stats() if self._pool is not None else {}
        front = self.sfu.stats()
        if self._hls is not None:
            front["hls_viewers"] = self._hls.viewers
        return {"front": front, **workers}

    async def _listen_inside(self, sessions: Sessions, socket: Path) -> None:
        api = HttpApi(
            sessions,
            verifier=None,
            default_role=VideoRole.EDGE,
            kinds=("whep",),
            is_draining=lambda: self.sfu.is_draining,
            stats=self.sfu.stats,
            registry=self._registry,
        )
        await self._run(api.application(), lambda runner: web.UnixSite(runner, str(socket)))

    async def _listen_outside(self, application: web.Application) -> None:
        runner = await self._run(
            application,
            lambda runner: web.TCPSite(
                runner, self.settings.listen_host, self.settings.listen_port
            ),
        )
        self.port = runner.addresses[0][1]

    async def _run(self, application: web.Application, site: Any) -> web.AppRunner:
        runner = await run_site(application, site)
        self._runners.append(runner)
        return runner


async def run_site(application: web.Application, site: Any) -> web.AppRunner:
    """Serve an application at ``site(runner)``; the caller cleans the runner up."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    await site(runner).start()
    return runner


async def run_worker(
    settings: SfuSettings, socket: Path, upstream_socket: Path, stopped: asyncio.Event
) -> None:
    """Carry viewers on ``socket`` as an edge of the process at ``upstream_socket``."""
    addresses = tuple(settings.media_addresses.split())
    http = http_session(unix_socket=str(upstream_socket))
    sfu = Sfu(
        make_fan_out=fastest_fan_out(),
        limits=settings.limits(),
        addresses=addresses,
        public_address=settings.public_address,
        table_made=lambda table: upstream.follow(table),  # noqa: PLW0108  # made below
    )
    upstream = Upstream(
        sfu, http, "http://front", token_for=no_token, addresses=addresses, moves=False
    )
    sfu.start()
    api = HttpApi(
        LocalSessions(sfu),
        verifier=None,
        kinds=("whep",),
        is_draining=lambda: sfu.is_draining,
        stats=sfu.stats,
        registry=registry(lambda: {"worker": sfu.stats()}),
    )
    runner = await run_site(api.application(), lambda runner: web.UnixSite(runner, str(socket)))
    orphaned = asyncio.create_task(_end_of_input())
    try:
        stop = asyncio.create_task(stopped.wait())
        await asyncio.wait({stop, orphaned}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not orphaned.done():
            await sfu.drain(settings.drain_seconds)
    finally:
        orphaned.cancel()
        await upstream.close()
        await sfu.close()
        await runner.cleanup()
        await http.close()


async def _end_of_input() -> None:
    """Return when the process that started this one is gone."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


def _own_folder() -> tuple[Path, int]:
    """Return a new folder for sockets and what is not kept yet, and the lock that is its owner's.

    Folders that nobody holds are removed: their process was killed, and their recordings' chains
    have gone on. Not by the process's number, which a container gives out again.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        with contextlib.suppress(OSError):
            lock = os.open(left / _LOCK, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(lock)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDER))
    holding = os.open(folder / _LOCK, os.O_CREAT | os.O_RDONLY, 0o600)
    fcntl.flock(holding, fcntl.LOCK_EX)
    return folder, holding


def _as_environment(settings: SfuSettings) -> dict[str, str]:
    return {name.upper(): str(value) for name, value in settings if value is not None}


def _feeds(settings: SfuSettings) -> Feeds | None:
    given = (settings.page_url, settings.service_user, settings.service_password)
    if not settings.service_user or settings.upstream_url:
        return None
    if not all(given):
        raise ConfigurationError("SERVICE_USER needs PAGE_URL and SERVICE_PASSWORD")
    return Feeds(ServiceUser(*given))


def _used_tokens(settings: SfuSettings) -> Any:
    if not settings.used_tokens_table:
        return UsedHere()
    from baccarat.adapters.dynamodb.models import UsedItem, bind
    from baccarat.adapters.dynamodb.once import DynamoOnce

    bind((UsedItem,), settings.used_tokens_table, settings.aws_region)
    return DynamoOnce()
