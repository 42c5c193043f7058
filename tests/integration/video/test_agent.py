"""The ingest agent on loopback: pictures and marks of a house's table arrive and agree."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import aiohttp
import av
import pytest

from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.strip import Strip
from media_sfu import backoff
from media_sfu.agent import Agent, Studio, ask_leave
from media_sfu.encoder import KEYFRAME_SECONDS, Quality
from media_sfu.feed import TableFeed
from media_sfu.house import House as Door
from media_sfu.marking import Marker
from media_sfu.sources import MediaSource, Source
from media_sfu.steady import PictureClock
from sandbox.studio.source import DrawnTable
from tests.builders import CONFIG, Floor
from tests.support.cloud import ROOT
from tests.support.house import PASSWORD, House, open_house
from tests.support.pictures import picture
from tests.support.video import until
from tests.support.whip import Received, WhipEndpoint, whip_endpoint


async def first_picture(sfu: WhipEndpoint, session: int = 0) -> Received:
    await until(lambda: len(sfu.sessions) > session and sfu.sessions[session].frames)
    return sfu.sessions[session]


LARGE, SMALL = Quality(640, 360, 800), Quality(320, 180, 250)


@dataclass
class OnAir:
    house: House
    sfu: WhipEndpoint
    agent: Agent
    feed: TableFeed


@asynccontextmanager
async def on_air(
    make_source: Callable[[Marker, TableFeed], Source] = DrawnTable,
    qualities: tuple[Quality, ...] = (LARGE,),
) -> AsyncIterator[OnAir]:
    floor = Floor(config=replace(CONFIG, card_interval_ms=0))
    floor.now_ms = round(time.time() * 1000)
    async with (
        open_house(floor) as house,
        whip_endpoint() as sfu,
        aiohttp.ClientSession() as http,
    ):
        clock = PictureClock()
        marker = Marker("bac-1", clock.now_ms)
        door = Door(http, house.user)
        feed = TableFeed("bac-1", door, marker.change)
        house.sfu_url = sfu.url
        agent = Agent(
            Studio("bac-1", house.user, qualities),
            http,
            lambda: ask_leave(door, "bac-1"),
            clock,
            marker,
            make_source(marker, feed),
        )
        tasks = [asyncio.create_task(feed.run()), asyncio.create_task(agent.run())]
        try:
            yield OnAir(house, sfu, agent, feed)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "BASE_SECONDS", 0.01)


def _newest_seq(received: Received) -> int:
    strips = [strip.log_seq for _, strip, _ in received.frames[-3:] if strip is not None]
    return max(strips, default=0)


def test_every_frame_of_the_drawn_table_agrees_with_the_marks_in_both_qualities() -> None:
    async def story() -> None:
        async with on_air(qualities=(LARGE, SMALL)) as air:
            house, floor = air.house, air.house.floor
            await house.happen(floor.play().events)
            received = await first_picture(air.sfu)
            small = received.receivers[1]
            played = floor.play()
            for event in played.events:
                await house.happen([event])
                seq = event.event.seq
                await until(lambda seq=seq: _newest_seq(received) >= seq, seconds=30)
                seen = len(small.frames)
                await until(lambda seen=seen: len(small.frames) >= seen + 3)
            for quality, width in ((0, 640), (1, 320)):
                compared, wrong = received.disagreements(quality)
                assert wrong == []
                assert compared >= 3 * len(played.events) - 3
                assert {w for *_, w in received.receivers[quality].frames} == {width}
            shown = {strip.log_seq for _, strip, _ in received.frames if strip}
            assert {e.event.seq for e in played.events} <= shown
            both = [{at for at, *_ in one.frames[:-1]} for one in received.receivers]
            assert both[1] <= both[0]

    asyncio.run(story())


def test_it_comes_back_with_a_new_token_when_the_sfu_hangs_up() -> None:
    async def story() -> None:
        async with on_air() as air:
            await first_picture(air.sfu)
            await air.sfu.hang_up()
            again = await first_picture(air.sfu, session=1)
            await until(lambda: again.disagreements()[0] > 3)
            assert again.disagreements()[1] == []
            assert air.sfu.tokens == ["Bearer publisher-1", "Bearer publisher-2"]
            assert air.sfu.deleted == 1

    asyncio.run(story())


def test_a_server_that_falls_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with on_air() as air:
            old = await first_picture(air.sfu)
            for receiver in old.receivers:
                monkeypatch.setattr(receiver, "send_rtcp", lambda _packet: None)
            new = await first_picture(air.sfu, session=1)
            await until(lambda: new.disagreements()[0] > 3)
            assert old.connection.iceConnectionState != "failed"

    asyncio.run(story())


def test_a_server_that_leaves_is_moved_from_before_it_is_gone() -> None:
    async def story() -> None:
        async with on_air() as air:
            old = await first_picture(air.sfu)
            await until(lambda: old.channel)
            assert old.channel is not None
            old.channel.send('{"move":true}')
            new = await first_picture(air.sfu, session=1)
            await until(lambda: new.disagreements()[0] > 2)
            first = new.frames[0][0]
            await until(lambda: old.frames[-1][0] > first)
            await old.connection.close()
            seen = len(new.frames)
            await until(lambda: len(new.frames) >= seen + 5)
            assert len(air.sfu.sessions) == 2
            assert new.disagreements()[1] == old.disagreements()[1] == []

    asyncio.run(story())


def test_a_keyframe_comes_in_the_quality_that_the_sfu_asks_for() -> None:
    async def story() -> None:
        async with on_air(qualities=(LARGE, SMALL)) as air:
            received = await first_picture(air.sfu)
            large, small = received.receivers
            await until(lambda: len(small.frames) > 3)
            before = len(large.keyframes)
            small.request_keyframe()
            await until(lambda: len(small.keyframes) == 2)
            assert len(large.keyframes) == before
            since = (small.keyframes[1] - small.keyframes[0]) % 2**32
            assert since < 90_000 * KEYFRAME_SECONDS

    asyncio.run(story())


def film(path: Path, frames: int) -> list[Strip]:
    """Write a film whose frames carry strips; return them."""
    strips = [Strip.of(FrameMark("bac-1", "", 1, at, "", 1_000 + at)) for at in range(frames)]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.options = {"profile": "baseline", "tune": "zerolatency", "qmax": "51"}
        for strip in strips:
            out.mux(stream.encode(picture(strip.blocks())))
        out.mux(stream.encode(None))
    return strips


@pytest.mark.parametrize("untouched", [False, True])
def test_a_film_is_played_in_a_loop(tmp_path: Path, *, untouched: bool) -> None:
    strips = film(tmp_path / "film.mp4", 10)
    source = MediaSource(str(tmp_path / "film.mp4"), 25, untouched=untouched)

    async def story() -> None:
        async with on_air(lambda _marker, _feed: source) as air:
            frames = (await first_picture(air.sfu)).frames
            await until(lambda: len(frames) >= 25)
            seen = [strip.log_seq for _, strip, _ in frames if strip is not None]
            assert len(seen) == len(frames)
            assert set(seen) == {strip.log_seq for strip in strips}
            assert 0 in seen[seen.index(9) :]
            times = [rtp_timestamp for rtp_timestamp, *_ in frames]
            assert all((b - a) % 2**32 >= 90 * 39 for a, b in pairwise(times))

    asyncio.run(story())


def test_the_studio_ends_its_session_at_sigterm() -> None:
    async def story() -> None:
        floor = Floor()
        async with open_house(floor) as house, whip_endpoint() as sfu:
            house.log += floor.play().events
            house.sfu_url = sfu.url
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "sandbox.studio", "--table", "bac-1"),
                *("--page", house.url, "--quality", "320x180@250"),
                env={**os.environ, "INGEST_PASSWORD": PASSWORD},
                cwd=ROOT,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                await until(lambda: sfu.sessions, seconds=20)
                received = await first_picture(sfu)
                await until(lambda: received.marks)
            finally:
                process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            said = (await process.stderr.read()).decode()
            assert await process.wait() == 0, said
            assert sfu.deleted == 1
            assert '"message": "table bac-1 is on the air"' in said
            assert PASSWORD not in said
            assert "publisher-1" not in said

    asyncio.run(story())


@pytest.mark.parametrize(
    ("arguments", "password", "said"),
    [
        (["--quality", "641x360@800"], PASSWORD, "641x360@800"),
        (["--quality", "640x360@800"] * 4, PASSWORD, "at most 3 qualities"),
        ([], "", "set INGEST_PASSWORD"),
    ],
)
def test_arguments_that_cannot_be_are_named(
    arguments: list[str],
    password: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from media_sfu.agent import main

    monkeypatch.setenv("INGEST_PASSWORD", password)
    with pytest.raises(SystemExit):
        main(["--table", "t", "--page", "http://p", "--source", "x", *arguments])
    assert said in capsys.readouterr().err
