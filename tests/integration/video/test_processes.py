"""The SFU as processes: workers, a cascade, draining, and ends that nobody asked for."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from baccarat.domain.video.access import VideoRole
from baccarat.domain.video.marks import FrameMark
from media_sfu.__main__ import main
from media_sfu.client import Publication, SignallingRefused, http_session
from media_sfu.service import Service
from media_sfu.settings import SfuSettings
from tests.support.sfu_process import origin
from tests.support.video import LOOPBACK, Camera, Tokens, Watcher, until

MARK = FrameMark("bac-1", "round-1", 3, 14, "dealer-7", 1_700_000_000_000)


async def publish(
    http: aiohttp.ClientSession, url: str, tokens: Tokens, table: str = "bac-1"
) -> Camera:
    camera: Any = None
    publication = await Publication.start(
        http,
        f"{url}/whip/{table}",
        tokens.mint(table, VideoRole.PUBLISH),
        keyframe_wanted=lambda quality: camera.keyframe_wanted(quality),  # noqa: PLW0108
        addresses=LOOPBACK,
    )
    camera = Camera(publication)
    camera.start()
    return camera


async def watch(http: aiohttp.ClientSession, url: str, tokens: Tokens) -> Watcher:
    watcher = Watcher()
    await watcher.watch(http, f"{url}/whep/bac-1", tokens.mint("bac-1", VideoRole.VIEW))
    return watcher


def test_viewers_are_carried_by_a_worker_and_again_after_it_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        tokens = Tokens()
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        async with origin(tmp_path, tokens) as sfu, http_session() as http:
            camera = await publish(http, sfu.url, tokens)
            await until(lambda: camera.publication.send_mark(0, MARK))
            viewer = await watch(http, sfu.url, tokens)
            await until(lambda: len(viewer.units) >= 5 and viewer.texts)
            assert json.loads(viewer.texts[0])["mark"] == MARK.to_json()
            assert "~" in viewer.session._resource
            async with http.get(f"{sfu.url}/metrics") as metrics:
                text = await metrics.text()
            assert 'sfu_viewers{process="front"} 1.0' in text  # the worker
            workers = children(sfu.process.pid)
            os.kill(workers[0], signal.SIGKILL)

            async def rejoin() -> Watcher:
                async with asyncio.timeout(15):
                    while True:
                        try:
                            return await watch(http, sfu.url, tokens)
                        except SignallingRefused:
                            await asyncio.sleep(0.1)

            again = await rejoin()
            await until(lambda: len(again.units) >= 5)
            await again.close()
            await viewer.close()
            await camera.stop()
            sfu.end(signal.SIGKILL)
            await sfu.process.wait()
            [left] = folders_in(tmp_path)
            async with origin(tmp_path, tokens) as next_one:
                assert not left.exists()
                [held] = folders_in(tmp_path)
                async with origin(tmp_path, tokens):
                    assert held.exists()  # its process lives
                next_one.end(signal.SIGTERM)
                await next_one.process.wait()
                assert not held.exists()
            # its workers do not outlive it
            await until(lambda: not any(_runs(one, "media_sfu") for one in workers))

    asyncio.run(run())


def folders_in(parent: Path) -> list[Path]:
    return list(parent.glob("media-sfu-*"))


def children(process: int) -> list[int]:
    return [
        int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def _runs(process: int, name: str) -> bool:
    try:
        return name in Path(f"/proc/{process}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("workers", ["0", "1"])
def test_sigterm_lets_viewers_move_without_losing_a_picture(tmp_path: Path, workers: str) -> None:
    async def run() -> None:
        tokens = Tokens()
        async with (
            origin(tmp_path, tokens, WORKERS=workers) as old,
            origin(tmp_path, tokens, WORKERS="0") as new,
            http_session() as http,
        ):
            camera = await publish(http, old.url, tokens)
            viewer = await watch(http, old.url, tokens)
            await until(lambda: len(viewer.units) >= 5)
            old.end(signal.SIGTERM)
            await until(lambda: viewer.texts == ['{"move":true}'])
            await until(camera.publication.moved.is_set)
            second = await publish(http, new.url, tokens)
            moved = await watch(http, new.url, tokens)
            await until(lambda: moved.units)
            held = len(viewer.units)
            # the old one plays on meanwhile, for longer than a look at its upstream takes
            await until(lambda: len(viewer.units) > held + 25)
            assert viewer.gaps == []
            await viewer.close()
            async with asyncio.timeout(10):
                assert await old.process.wait() == 0
            before = len(moved.units)
            await until(lambda: len(moved.units) > before)
            for one in (moved, camera.publication):
                await one.close()
            await camera.stop()
            await second.stop()

    asyncio.run(run())


def test_an_edge_is_a_viewer_of_its_origin_and_keeps_its_epoch(tmp_path: Path) -> None:
    async def run() -> None:
        tokens = Tokens()
        async with origin(tmp_path, tokens, WORKERS="0") as sfu, http_session() as http:

            async def token_for(table: str) -> str | None:
                return tokens.mint(table, VideoRole.EDGE)

            edge = Service(
                SfuSettings.model_validate(
                    {
                        "listen_port": 0,
                        "media_addresses": "127.0.0.1",
                        "video_keys": str(tmp_path / "keys.json"),
                        "upstream_url": sfu.url,
                    }
                ),
                token_for=token_for,
            )
            try:
                await edge.start()
                camera = await publish(http, sfu.url, tokens)
                await until(lambda: camera.publication.send_mark(0, MARK))
                direct = await watch(http, sfu.url, tokens)
                url = f"http://127.0.0.1:{edge.port}"
                viewer = await watch(http, url, tokens)
                await until(lambda: len(viewer.units) >= 5 and viewer.texts and direct.texts)
                assert json.loads(viewer.texts[0]) == json.loads(direct.texts[0])
                direct_units = {unit.rtp_timestamp: unit.payloads for unit in direct.units}
                same = [one for one in viewer.units if one.rtp_timestamp in direct_units]
                assert same
                # the same bytes, the origin's stamp in them once
                assert all(one.payloads == direct_units[one.rtp_timestamp] for one in same)
                await viewer.close()
                await direct.close()
                await camera.stop()
            finally:
                await edge.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("role", "environment", "said"),
    [
        ("origin", {}, "VIDEO_KEYS is missing"),
        ("origin", {"VIDEO_KEYS": "/nowhere"}, "VIDEO_KEYS '/nowhere'"),
        ("edge", {"VIDEO_KEYS": "/nowhere"}, "UPSTREAM_URL"),
        ("origin", {"WORKERS": "many"}, "WORKERS"),
    ],
)
def test_settings_that_make_no_sense_end_it_at_once(
    role: str,
    environment: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("VIDEO_KEYS", "UPSTREAM_URL", "WORKERS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main([role]) == 1
    assert said in capsys.readouterr().err
