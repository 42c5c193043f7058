"""The drawn table through the real SFU: picture, stream and channel tell the same."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import dropwhile
from typing import Any, cast

import aiohttp
import av

from baccarat.domain.video.access import VideoRole
from baccarat.domain.video.sei import decode_sei
from baccarat.domain.video.strip import Strip, read_strip
from media_sfu.agent import Agent, Studio, ask_leave
from media_sfu.encoder import Quality
from media_sfu.feed import TableFeed
from media_sfu.h264 import depacketise
from media_sfu.house import House as Door
from media_sfu.marking import Marker
from media_sfu.marks import MarkTrack, viewer_mark
from media_sfu.packets import AccessUnit
from media_sfu.steady import PictureClock
from sandbox.studio.source import DrawnTable
from tests.builders import CONFIG, Floor
from tests.support.house import open_house
from tests.support.pictures import luma_of
from tests.support.video import Watcher, until


def strips_of(units: Sequence[AccessUnit]) -> list[tuple[int, Strip | None, Any]]:
    """Return, of each decoded frame, its RTP timestamp, its strip and the mark in its stream."""
    decoder = cast("av.VideoCodecContext", av.CodecContext.create("h264", "r"))
    decoder.options = {"flags": "low_delay"}
    found = []
    for unit in units:
        nals = depacketise(unit.payloads)
        mark = next(filter(None, map(decode_sei, nals)), None)
        coded = av.Packet(b"".join(b"\x00\x00\x00\x01" + nal for nal in nals))
        for frame in decoder.decode(coded):
            strip = read_strip(luma_of(frame), frame.width, frame.height, frame.width)
            found.append((unit.rtp_timestamp, strip, mark))
    return found


def newest_seq(watcher: Watcher) -> int:
    mark = decode_sei(depacketise(watcher.units[-1].payloads)[0])
    return 0 if mark is None else mark.log_seq


def test_every_frame_a_viewer_gets_names_the_same_place_in_the_log_three_ways(stage: Any) -> None:
    async def story() -> None:
        floor = Floor(config=replace(CONFIG, card_interval_ms=0))
        floor.now_ms = round(time.time() * 1000)
        async with stage() as one, open_house(floor) as house, aiohttp.ClientSession() as http:
            house.sfu_url = one.url
            house.mint = lambda _: one.tokens.mint("bac-1", VideoRole.PUBLISH)
            clock = PictureClock()
            marker = Marker("bac-1", clock.now_ms)
            door = Door(http, house.user)
            feed = TableFeed("bac-1", door, marker.change)
            agent = Agent(
                Studio("bac-1", house.user, (Quality(640, 360, 500),)),
                http,
                lambda: ask_leave(door, "bac-1"),
                clock,
                marker,
                DrawnTable(marker, feed),
            )
            await house.happen(floor.play().events)
            tasks = [asyncio.create_task(feed.run()), asyncio.create_task(agent.run())]
            try:
                await until(lambda: one.service.sfu.publishers.get("bac-1"))
                watcher = await one.watch()
                await until(lambda: watcher.units and watcher.texts)
                played = floor.play()
                for event in played.events:
                    await house.happen([event])
                    seq = event.event.seq
                    await until(lambda seq=seq: newest_seq(watcher) >= seq, seconds=30)
                    seen = len(watcher.units)
                    await until(lambda seen=seen: len(watcher.units) >= seen + 3)
                units = list(watcher.units)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            told = MarkTrack()
            for text in watcher.texts:
                _, since, mark = viewer_mark(text)
                told.add(since, mark)
            frames = strips_of(units)
            assert len(frames) == len(units)
            # The camera's channel for marks opens a little after its first frame.
            marked = list(dropwhile(lambda frame: frame[2] is None, frames))
            assert len(marked) >= 3 * len(played.events)
            for rtp_timestamp, strip, in_stream in marked:
                assert strip is not None
                in_channel = told.at(rtp_timestamp)
                assert in_channel is not None
                assert in_stream == in_channel
                assert strip == Strip.of(in_channel)
            shown = {strip.log_seq for _, strip, _ in frames if strip}
            assert {e.event.seq for e in played.events} <= shown

    asyncio.run(story())
