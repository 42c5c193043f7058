"""HTTP of LL-HLS: addresses for tokens, requests that wait, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from media_sfu.errors import NotYourTable
from media_sfu.hls import routes as hls
from media_sfu.hls.window import Window
from media_sfu.http_api import _answer_errors
from media_sfu.packaging import Part
from tests.support.pictures import frames
from tests.support.recordings import package

Client = TestClient[web.Request, web.Application]
PARTS = [part for parts in package(frames(count=115)) for part in parts]


class Stage:
    """A server with one table, whose parts the test sends."""

    def __init__(self, client: Client, routes: hls.HlsRoutes, window: Window) -> None:
        self.client = client
        self.routes = routes
        self.window = window

    def send(self, *parts: Part) -> None:
        for part in parts:
            self.window.part(part)

    async def open(self) -> str:
        """Return the address of a session."""
        answer = await self.client.post("/hls/bac-1", headers={"Authorization": "Bearer good"})
        assert answer.status == 201
        playlist: str = (await answer.json())["playlist"]
        assert playlist == answer.headers["Location"] + "/live.m3u8"
        return answer.headers["Location"]

    async def refused(self, path: str) -> tuple[int, str]:
        answer = await self.client.get(path)
        return answer.status, (await answer.json())["error"]["code"]


def on_stage(test: Callable[[Stage], Awaitable[None]]) -> None:
    async def authorise(request: web.Request, table_id: str) -> None:
        if request.headers.get("Authorization") != "Bearer good" or table_id != "bac-1":
            raise NotYourTable("another token")

    async def run() -> None:
        app, window = web.Application(middlewares=[_answer_errors]), Window()
        routes = hls.attach(app, {"bac-1": window}, authorise)
        async with TestClient(TestServer(app)) as client:
            await test(Stage(client, routes, window))

    asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    """Let the server run until something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  what is waited for is inside the server
            await asyncio.sleep(0)


def test_a_token_is_exchanged_for_an_address_that_serves_all() -> None:
    async def test(stage: Stage) -> None:
        stage.send(*PARTS)
        base = await stage.open()
        answer = await stage.client.get(f"{base}/live.m3u8")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("application/vnd.apple.mpegurl")
        assert answer.headers["Cache-Control"] == "no-store"
        playlist = await answer.text()
        assert playlist == stage.window.playlist()
        names = [line for line in playlist.splitlines() if not line.startswith("#")]
        names += [
            line.split('URI="')[1].split('"')[0]
            for line in playlist.splitlines()
            if line.startswith(("#EXT-X-PART:", "#EXT-X-MAP:"))
        ]
        for name in names:
            part = await stage.client.get(f"{base}/{name}")
            assert (part.status, part.content_type) == (200, "video/mp4")
            assert await part.read()
        assert len(names) == 25

    on_stage(test)


def test_without_a_token_there_is_no_address() -> None:
    async def test(stage: Stage) -> None:
        stage.send(*PARTS)
        assert (await stage.client.post("/hls/bac-1")).status == 403
        assert await stage.refused("/hls/bac-1/guess/live.m3u8") == (404, "SESSION_OVER")
        base = await stage.open()
        other = base.replace("bac-1", "bac-2")
        assert await stage.refused(f"{other}/live.m3u8") == (404, "SESSION_OVER")
        assert (await stage.client.delete(base)).status == 200
        assert await stage.refused(f"{base}/live.m3u8") == (404, "SESSION_OVER")

    on_stage(test)


def test_an_address_is_over_when_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(stage: Stage) -> None:
        stage.send(*PARTS)
        base = await stage.open()
        now = hls.time.monotonic()
        monkeypatch.setattr(hls, "time", _Clock(now + hls.IDLE_SECONDS - 1))
        assert (await stage.client.get(f"{base}/live.m3u8")).status == 200
        monkeypatch.setattr(hls, "time", _Clock(now + 2 * hls.IDLE_SECONDS - 2))
        assert (await stage.client.get(f"{base}/live.m3u8")).status == 200
        assert stage.routes.viewers == 1
        monkeypatch.setattr(hls, "time", _Clock(now + 4 * hls.IDLE_SECONDS))
        assert await stage.refused(f"{base}/live.m3u8") == (404, "SESSION_OVER")
        assert stage.routes.viewers == 0

    on_stage(test)


class _Clock:
    def __init__(self, seconds: float) -> None:
        self.monotonic: Callable[[], float] = lambda: seconds


def test_a_reload_waits_for_its_part_and_a_part_for_itself() -> None:
    async def test(stage: Stage) -> None:
        stage.send(*PARTS[:3])
        base = await stage.open()
        reload = asyncio.create_task(
            _text(stage.client, f"{base}/live.m3u8?_HLS_msn=0&_HLS_part=3")
        )
        part = asyncio.create_task(_text(stage.client, f"{base}/part-0-3.m4s"))
        await until(lambda: stage.routes._waiters == 2)
        assert not reload.done()
        stage.send(PARTS[3])
        status, playlist = await reload
        assert (status, 'URI="part-0-3.m4s"' in str(playlist)) == (200, True)
        assert await part == (200, PARTS[3].fragment)
        assert stage.routes._waiters == 0

    on_stage(test)


def test_a_reload_without_a_part_waits_for_the_whole_segment() -> None:
    async def test(stage: Stage) -> None:
        stage.send(*PARTS[:20])
        base = await stage.open()
        reload = asyncio.create_task(_text(stage.client, f"{base}/live.m3u8?_HLS_msn=0"))
        await until(lambda: stage.routes._waiters == 1)
        stage.send(PARTS[20])
        status, playlist = await reload
        assert (status, "segment-0.m4s" in str(playlist)) == (200, True)

    on_stage(test)


def test_the_hinted_part_that_becomes_another_segments_first_is_not_there() -> None:
    async def test(stage: Stage) -> None:
        stage.send(*PARTS[:20])
        base = await stage.open()
        part = asyncio.create_task(_text(stage.client, f"{base}/part-0-20.m4s"))
        await until(lambda: stage.routes._waiters == 1)
        stage.send(PARTS[20])
        assert (await part)[0] == 404
        assert (await stage.client.get(f"{base}/part-1-0.m4s")).status == 200

    on_stage(test)


def test_waits_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(stage: Stage) -> None:
        base = await stage.open()
        monkeypatch.setattr(hls, "WAIT_SECONDS", 0.01)
        answer = await stage.client.get(f"{base}/live.m3u8")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        stage.send(*PARTS[:3])
        assert await stage.refused(f"{base}/live.m3u8?_HLS_msn=1") == (503, "NOTHING_NEW")
        assert await stage.refused(f"{base}/part-0-3.m4s") == (503, "NOTHING_NEW")
        monkeypatch.setattr(hls, "MAX_WAITERS", 0)
        assert await stage.refused(f"{base}/live.m3u8?_HLS_msn=1") == (503, "HLS_BUSY")
        monkeypatch.setattr(hls, "MAX_SESSIONS", 1)
        answer = await stage.client.post("/hls/bac-1", headers={"Authorization": "Bearer good"})
        assert answer.status == 503

    on_stage(test)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("live.m3u8?_HLS_part=1", (400, "RELOAD_REFUSED")),
        ("live.m3u8?_HLS_msn=-1", (400, "RELOAD_REFUSED")),
        ("live.m3u8?_HLS_msn=1&_HLS_part=x", (400, "RELOAD_REFUSED")),
        ("live.m3u8?_HLS_msn=12345678901", (400, "RELOAD_REFUSED")),
        ("live.m3u8?_HLS_msn=4", (400, "RELOAD_REFUSED")),
        ("part-9-0.m4s", (404, "FILE_NOT_THERE")),
        ("segment-1.m4s", (404, "FILE_NOT_THERE")),
        ("init-0123456789abcdef.mp4", (404, "FILE_NOT_THERE")),
        ("..%2f..%2fsecret", (404, "FILE_NOT_THERE")),
    ],
)
def test_what_cannot_be_had_is_refused_at_once(path: str, expected: tuple[int, str]) -> None:
    async def test(stage: Stage) -> None:
        stage.send(*PARTS)
        assert await stage.refused(f"{await stage.open()}/{path}") == expected

    on_stage(test)


async def _text(client: Client, path: str) -> tuple[int, Any]:
    answer = await client.get(path)
    is_text = answer.content_type != "video/mp4"
    return answer.status, await answer.text() if is_text else await answer.read()
