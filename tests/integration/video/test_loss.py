"""Pictures over lines that lose and delay: none is broken, none waits long, nobody storms."""

import asyncio
import itertools
from typing import Any

import pytest

from media_sfu.keyframes import MIN_INTERVAL_SECONDS
from tests.support.relay import RelayedPublication, RelayedSubscription
from tests.support.video import until

PICTURES = 75
SECOND = 90_000


def longest_freeze(watcher: Any) -> int:
    seen = [unit.rtp_timestamp for unit in watcher.units]
    return max(later - sooner for sooner, later in itertools.pairwise(seen))


@pytest.mark.parametrize("side", ["viewer", "publisher"])
def test_pictures_recover_within_a_second_at_ten_percent(stage: Any, side: str) -> None:
    async def run() -> None:
        async with stage() as one:
            kinds = (
                {"publication": RelayedPublication}
                if side == "publisher"
                else {"subscription": RelayedSubscription}
            )
            camera = await one.publish(kind=kinds.get("publication"), every=100_000)
            lossy = await one.watch(kind=kinds.get("subscription"))
            clean = await one.watch()
            relay = (camera.publication if side == "publisher" else lossy.session).relay
            camera.start()
            await until(lambda: lossy.units and clean.units)
            relay.loss, relay.jitter_seconds = 0.1, 0.03
            asked = camera.keyframes_asked
            before = len(camera.sent)
            await until(lambda: len(camera.sent) >= before + PICTURES, seconds=30)
            newest = camera.sent[-1][0]
            await until(lambda: lossy.units[-1].rtp_timestamp >= newest)
            assert relay.lost > PICTURES / 10
            assert longest_freeze(lossy) < SECOND
            recovered = lossy if side == "viewer" else one.service.sfu.publishers["bac-1"]
            receivers = recovered.session.receivers if side == "viewer" else recovered.receivers
            assert receivers[0].order.packets_recovered > 0
            # the bound of the throttle, and far below one request for each loss
            most = PICTURES * 0.04 / MIN_INTERVAL_SECONDS + 1
            assert camera.keyframes_asked - asked <= most
            if side == "viewer":
                assert longest_freeze(clean) == 3600  # one lossy viewer costs the others nothing
                assert clean.gaps == []

    asyncio.run(run())


def test_a_burst_that_is_lost_for_good_costs_pictures_up_to_a_keyframe(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish(kind=RelayedPublication, every=100_000)
            watcher = await one.watch()
            camera.start()
            await until(lambda: len(watcher.units) >= 5)
            camera.publication.relay.loss = 1.0
            lost_from = len(camera.sent)
            await until(lambda: len(camera.sent) >= lost_from + 5)
            asked = camera.keyframes_asked
            camera.publication.senders[0]._history.clear()  # it cannot send them again either
            camera.publication.relay.loss = 0.0
            seen = len(watcher.units)
            await until(lambda: len(watcher.units) >= seen + 5)
            assert watcher.units[seen].keyframe
            assert longest_freeze(watcher) < SECOND
            assert 1 <= camera.keyframes_asked - asked <= 3
            # the viewer's own packets have no hole, and it asked for nothing
            assert watcher.session.receivers[0].order.packets_missed == 0

    asyncio.run(run())
