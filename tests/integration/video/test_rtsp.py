"""A camera on the network: its pictures are taken as they come, and it may go and come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import pairwise

import pytest

from media_sfu.sources import Coded, MediaSource, Picture, SourceLost
from tests.support.pictures import encoded
from tests.support.rtsp import rtsp_camera

PICTURES = 40


def now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)


async def take(source: MediaSource, count: int) -> list[Picture | Coded]:
    taken: list[Picture | Coded] = []
    async with asyncio.timeout(20), aclosing(source.shots(now_ms)) as shots:
        async for shot in shots:
            taken.append(shot)
            if len(taken) == count:
                break
    return taken


async def to_the_end(shots: AsyncIterator[Picture | Coded]) -> None:
    async with asyncio.timeout(20):
        async for _ in shots:
            pass


def test_every_picture_of_an_rtsp_camera_is_taken_as_it_is() -> None:
    async def story() -> None:
        async with rtsp_camera(encoded()) as camera:
            taken = await take(MediaSource(camera.url, 25, untouched=True), PICTURES)
            coded = [shot.nals for shot in taken if isinstance(shot, Coded)]
            assert len(coded) == PICTURES
            # it begins with the camera's first, and none is missing
            wanted = [tuple(nal for nal in nals if nal[0] & 31 != 6) for nals in encoded()]
            assert [tuple(nal for nal in nals if nal[0] & 31 != 6) for nals in coded] == (
                wanted[:PICTURES]
            )
            times = [shot.at_ms for shot in taken]
            assert all(sooner < later for sooner, later in pairwise(times))

    asyncio.run(story())


def test_a_camera_that_went_away_is_lost_and_taken_again_when_it_is_back() -> None:
    async def story() -> None:
        async with rtsp_camera(encoded()) as camera:
            source = MediaSource(camera.url, 25, untouched=False)
            async with aclosing(source.shots(now_ms)) as shots:
                shot = await anext(shots)
                assert isinstance(shot, Picture)
                assert (shot.frame.width, shot.frame.height) == (64, 48)
                await camera.leave()
                with pytest.raises(SourceLost, match="has ended"):
                    await to_the_end(shots)
        with pytest.raises(SourceLost, match="cannot be opened"):
            await take(source, 1)
        async with rtsp_camera(encoded(), port=camera.port) as again:
            assert len(await take(source, 5)) == 5
            assert again.plays == 1

    asyncio.run(story())
