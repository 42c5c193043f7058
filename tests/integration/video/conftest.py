"""An SFU in this process, on loopback, with its own tokens."""

import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from baccarat.domain.video.access import VideoRole
from media_sfu.client import Publication, Subscription, http_session
from media_sfu.service import Service
from media_sfu.settings import SfuSettings
from tests.support.video import LOOPBACK, Camera, Tokens, Watcher, until


class Stage:
    """One SFU and whoever publishes and watches."""

    def __init__(self, service: Service, tokens: Tokens, http: aiohttp.ClientSession) -> None:
        self.service = service
        self.tokens = tokens
        self.http = http
        self._leaving: list[Callable[[], Awaitable[None]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.service.port}"

    async def publish(
        self,
        table: str = "bac-1",
        *,
        qualities: int = 1,
        every: int = 50,
        kind: type[Publication] | None = None,
    ) -> Camera:
        camera: Any = None
        publication = await (kind or Publication).start(
            self.http,
            f"{self.url}/whip/{table}",
            self.tokens.mint(table, VideoRole.PUBLISH),
            qualities=qualities,
            keyframe_wanted=lambda quality: camera.keyframe_wanted(quality),  # noqa: PLW0108  # made below
            addresses=LOOPBACK,
        )
        camera = Camera(publication, every=every)
        self._leaving.append(camera.stop)
        sfu = self.service.sfu
        newest = list(sfu.sessions.values())[-1]
        await until(lambda: sfu.publishers.get(table) is newest)
        session = sfu.publishers[table]
        await until(lambda: all(one.has_started.is_set() for one in session.receivers))
        return camera

    async def watch(
        self,
        table: str = "bac-1",
        *,
        role: VideoRole = VideoRole.VIEW,
        lines: int = 1,
        kind: type[Subscription] | None = None,
    ) -> Watcher:
        watcher = Watcher()
        self._leaving.append(watcher.close)
        url = f"{self.url}/whep/{table}"
        audience = self.service.sfu.table(table).audience
        before = len(audience.viewers)
        token = self.tokens.mint(table, role)
        await watcher.watch(self.http, url, token, lines=lines, kind=kind or Subscription)
        await until(lambda: len(audience.viewers) == before + lines)
        return watcher

    async def leave(self) -> None:
        for leave in reversed(self._leaving):
            await leave()


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    """``async with stage(**settings) as one``: a running SFU."""

    @asynccontextmanager
    async def made(**changes: Any) -> Any:
        tokens = changes.pop("tokens", None) or Tokens()
        keys = tmp_path / "keys.json"
        keys.write_text(json.dumps(tokens.jwk_set))
        settings = {"listen_port": 0, "media_addresses": "127.0.0.1", "video_keys": str(keys)}

        async def edge_token(table: str) -> str:
            return tokens.mint(table, VideoRole.EDGE)

        service = Service(SfuSettings.model_validate(settings | changes), token_for=edge_token)
        try:
            await service.start()
            async with http_session() as http:
                one = Stage(service, tokens, http)
                try:
                    yield one
                finally:
                    await one.leave()
        finally:
            await service.close()

    return made
