"""HTTP of LL-HLS: a token is exchanged once for an address that nobody can guess.

``POST /hls/{table}`` with the token answers 201 with the playlist's address; everything under it is
read without a token, so that none is ever in an address. An address serves as long as its playlist
is asked for.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from aiohttp import web

from media_sfu.hls.errors import (
    FileNotThere,
    HlsBusy,
    NothingNew,
    NotLive,
    ReloadRefused,
    SessionOver,
)
from media_sfu.hls.window import TARGET_SECONDS, Window

MAX_SESSIONS: Final = 5_000
MAX_WAITERS: Final = 5_000
IDLE_SECONDS: Final = 60
LONGEST_SECONDS: Final = 12 * 3600
"""Then the page asks for a new token, which it may be refused."""
WAIT_SECONDS: Final = TARGET_SECONDS
"""How long a request for what is not there yet is held."""
_MEDIA: Final = "video/mp4"
_PLAYLIST: Final = "application/vnd.apple.mpegurl"
_NUMBER: Final = re.compile(r"\d{1,10}")
_FILE: Final = re.compile(
    r"(?P<init>init-[0-9a-f]{16}\.mp4)"
    r"|segment-(?P<segment>\d{1,10})\.m4s"
    r"|part-(?P<of>\d{1,10})-(?P<part>\d{1,5})\.m4s"
)

Authorise: TypeAlias = Callable[[web.Request, str], Awaitable[None]]
"""Raises: SfuRefused when the request may not view the table."""


@dataclass(slots=True)
class _Session:
    table_id: str
    ends_at: float
    idle_at: float


class HlsRoutes:
    """``windows`` are those of the tables that are sent now, by table id."""

    def __init__(self, windows: Mapping[str, Window], authorise: Authorise) -> None:
        self._windows = windows
        self._authorise = authorise
        self._sessions: dict[str, _Session] = {}
        self._waiters = 0

    @property
    def viewers(self) -> int:
        """How many addresses are in use."""
        self._forget()
        return len(self._sessions)

    async def open(self, request: web.Request) -> web.Response:
        table_id = request.match_info["table"]
        await self._authorise(request, table_id)
        self._window(table_id)
        self._forget()
        if len(self._sessions) >= MAX_SESSIONS:
            raise HlsBusy("too many viewers: try again soon")
        session_id, now = secrets.token_urlsafe(24), time.monotonic()
        self._sessions[session_id] = _Session(table_id, now + LONGEST_SECONDS, now + IDLE_SECONDS)
        folder = f"/hls/{table_id}/{session_id}"
        return web.json_response(
            {"playlist": f"{folder}/live.m3u8"},
            status=201,
            headers={"Location": folder, "Cache-Control": "no-store"},
        )

    async def close(self, request: web.Request) -> web.Response:
        self._session(request)
        del self._sessions[request.match_info["session"]]
        return web.Response()

    async def playlist(self, request: web.Request) -> web.Response:
        session = self._session(request)
        window = self._window(session.table_id)
        segment, part = _asked(request)
        if segment is None:
            await self._wait(lambda: not window.is_empty, window)
        elif window.is_too_far(segment, part):
            raise ReloadRefused("_HLS_msn and _HLS_part are too far ahead of live")
        else:
            await self._wait(lambda: window.has(segment, part), window)
        session.idle_at = time.monotonic() + IDLE_SECONDS
        return web.Response(
            text=window.playlist(),
            content_type=_PLAYLIST,
            charset="utf-8",
            headers={"Cache-Control": "no-store"},
        )

    async def media(self, request: web.Request) -> web.Response:
        window = self._window(self._session(request).table_id)
        name = request.match_info["name"]
        match = _FILE.fullmatch(name)
        content: bytes | None = None
        if match is None:
            pass
        elif match["init"]:
            content = window.init(name)
        elif match["segment"]:
            content = window.segment(int(match["segment"]))
        else:
            segment, part = int(match["of"]), int(match["part"])
            if window.may_come(segment, part):
                await self._wait(lambda: not window.may_come(segment, part), window)
            content = window.fragment(segment, part)
        if content is None:
            raise FileNotThere(f"{name} is not, or no longer, there")
        return web.Response(
            body=content,
            content_type=_MEDIA,
            headers={"Cache-Control": f"private, max-age={IDLE_SECONDS}"},
        )

    async def _wait(self, condition: Callable[[], bool], window: Window) -> None:
        """Raises: NothingNew when it does not come true in time; HlsBusy."""
        if condition():
            return
        if self._waiters >= MAX_WAITERS:
            raise HlsBusy("too many wait: try again soon")
        self._waiters += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not condition():
                    await window.changed()
        except TimeoutError:
            raise NothingNew("nothing new is coming from this table") from None
        finally:
            self._waiters -= 1

    def _window(self, table_id: str) -> Window:
        window = self._windows.get(table_id)
        if window is None:
            raise NotLive(f"table {table_id} has no picture now")
        return window

    def _session(self, request: web.Request) -> _Session:
        found = self._sessions.get(request.match_info["session"])
        now = time.monotonic()
        if (
            found is None
            or found.table_id != request.match_info["table"]
            or now > min(found.ends_at, found.idle_at)
        ):
            raise SessionOver("this address is over: post a new token for one")
        return found

    def _forget(self) -> None:
        now = time.monotonic()
        over = [
            name
            for name, session in self._sessions.items()
            if now > min(session.ends_at, session.idle_at)
        ]
        for name in over:
            del self._sessions[name]


def attach(app: web.Application, windows: Mapping[str, Window], authorise: Authorise) -> HlsRoutes:
    """Add the routes; ``authorise`` is asked once a viewer, when it posts its token."""
    routes = HlsRoutes(windows, authorise)
    app.router.add_post("/hls/{table}", routes.open)
    app.router.add_options("/hls/{table}", _options)
    app.router.add_options("/hls/{table}/{session}", _options)
    app.router.add_delete("/hls/{table}/{session}", routes.close)
    app.router.add_get("/hls/{table}/{session}/live.m3u8", routes.playlist)
    app.router.add_get("/hls/{table}/{session}/{name}", routes.media)
    return routes


async def _options(request: web.Request) -> web.Response:
    allowed = "DELETE, OPTIONS" if "session" in request.match_info else "POST, OPTIONS"
    return web.Response(status=204, headers={"Allow": allowed})


def _asked(request: web.Request) -> tuple[int | None, int | None]:
    """Return ``_HLS_msn`` and ``_HLS_part``."""
    segment, part = request.query.get("_HLS_msn"), request.query.get("_HLS_part")
    for name, text in (("_HLS_msn", segment), ("_HLS_part", part)):
        if text is not None and not _NUMBER.fullmatch(text):
            raise ReloadRefused(f"{name} is a number, 0 or more")
    if part is not None and segment is None:
        raise ReloadRefused("_HLS_part comes with _HLS_msn")
    return None if segment is None else int(segment), None if part is None else int(part)
