"""A line that does not carry the best quality: the viewer gets the other, and the best again."""

import asyncio
import math
from typing import Any

import pytest

from media_sfu.forwarding import choice
from tests.support.relay import RelayedSubscription
from tests.support.video import until

NARROW = 400_000
"""Bits a second: between the two qualities, of 800 and 250 kbit/s."""
SOON = {
    "SETTLE_SECONDS": 1.0,
    "DOWN_AFTER_SECONDS": 0.3,
    "UP_AFTER_SECONDS": 1.0,
}


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in SOON.items():
        monkeypatch.setattr(choice, name, seconds)


def test_a_narrow_line_gets_the_lower_quality_and_a_wide_one_the_best_again(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish(qualities=2, every=100_000)
            camera.sizes = [4000, 1250]
            camera.start()
            await until(lambda: camera.sent)
            wide = await one.watch()
            narrow = await one.watch(kind=RelayedSubscription)
            audience = one.service.sfu.table("bac-1").audience
            _, viewer = audience.viewers
            best, other = audience.streams[:2]
            await until(lambda: narrow.units and viewer.segment.stream is best)
            narrow.session.relay.bits_per_second = NARROW
            await until(lambda: viewer.segment.stream is other, seconds=20)
            assert viewer.estimate < best.bits_per_second
            seen = len(narrow.units)
            await until(lambda: len(narrow.units) >= seen + 10)
            narrow.session.relay.bits_per_second = math.inf
            await until(lambda: viewer.segment.stream is best, seconds=30)
            seen = len(narrow.units)
            await until(lambda: len(narrow.units) >= seen + 10)
            assert wide.gaps == []  # one narrow line costs the others nothing

    asyncio.run(run())
