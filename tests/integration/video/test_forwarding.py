"""Pictures through a running SFU: whole, in order, stamped, with the publisher's timestamps."""

import asyncio
import itertools
import json
from typing import Any

import pytest

from baccarat.domain.video.access import VideoRole
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.sei import decode_sei
from media_sfu.forwarding import viewers
from media_sfu.frames import Frame, Gap
from media_sfu.h264 import depacketise
from tests.support.video import until

MARK = FrameMark("bac-1", "round-1", 3, 14, "dealer-7", 1_700_000_000_000)


class Kept:
    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.gaps: list[Gap] = []

    def frame(self, frame: Frame) -> None:
        self.frames.append(frame)

    def gap(self, gap: Gap) -> None:
        self.gaps.append(gap)


def test_a_viewer_sees_every_picture_from_its_first_keyframe_on(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish()
            camera.start()
            await until(lambda: camera.sent)
            viewer = await one.watch()
            await until(lambda: len(viewer.units) >= 20)
            assert viewer.units[0].keyframe
            seen = [unit.rtp_timestamp for unit in viewer.units]
            sent = [timestamp for timestamp, _ in camera.sent]
            start = sent.index(seen[0])
            assert seen == sent[start : start + len(seen)]
            assert viewer.gaps == []
            assert camera.keyframes_asked >= 1  # the viewer did not wait for the next regular one

    asyncio.run(run())


def test_who_joins_after_a_keyframe_begins_with_it(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish()
            first = await one.watch()
            for index in range(3):
                camera.shoot(index)
            await until(lambda: len(first.units) == 3)
            second = await one.watch()
            await until(lambda: len(second.units) == 3)
            camera.shoot(3)
            await until(lambda: len(second.units) == len(first.units) == 4)
            seen = [[unit.rtp_timestamp for unit in each.units] for each in (first, second)]
            assert seen[0] == seen[1]
            assert second.gaps == []
            # what stands before another publisher's pictures is not shown to newcomers
            await one.publish()
            third = await one.watch()
            monkeypatch.setattr("media_sfu.forwarding.stream.HEAD_START_SECONDS", 0)
            fourth = await one.watch()
            camera = await one.publish()
            camera.shoot(0, first_timestamp=77)
            await until(lambda: third.units and fourth.units)
            assert [each.units[0].rtp_timestamp for each in (third, fourth)] == [77, 77]

    monkeypatch.setattr("media_sfu.forwarding.stream.HEAD_START_SECONDS", 60)
    asyncio.run(run())


def test_marks_reach_frames_viewers_and_taps(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish()
            kept = Kept()
            table = one.service.sfu.table("bac-1")
            table.taps.append(kept)
            viewer = await one.watch()
            epoch = one.service.sfu.publishers["bac-1"].video_epoch
            await until(lambda: camera.publication.send_mark(1_003_600, MARK))
            await until(lambda: viewer.texts)
            for index in range(3):
                camera.shoot(index)
            await until(lambda: len(viewer.units) == 3)
            assert json.loads(viewer.texts[0]) == {
                "videoEpoch": epoch,
                "rtpTimestamp": 1_003_600,
                "mark": MARK.to_json(),
            }
            stamps = [decode_sei(depacketise(unit.payloads)[0]) for unit in viewer.units]
            assert stamps[0] is None  # before the first mark
            assert [stamp.at_ms - MARK.at_ms for stamp in stamps[1:] if stamp] == [0, 40]
            await until(lambda: len(kept.frames) == 3)
            assert [frame.mark for frame in kept.frames] == stamps
            assert {frame.video_epoch for frame in kept.frames} == {epoch}
            assert [frame.keyframe for frame in kept.frames] == [True, False, False]
            assert decode_sei(kept.frames[1].nals[0]) == stamps[1]
            # whoever joins later is told at once
            late = await one.watch()
            await until(lambda: late.texts)
            assert late.texts[0] == viewer.texts[0]

    asyncio.run(run())


def test_a_new_publisher_begins_a_new_epoch_and_viewers_stay(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            kept = Kept()
            one.service.sfu.table("bac-1").taps.append(kept)
            first = await one.publish()
            viewer = await one.watch()
            for index in range(3):
                first.shoot(index)
            await until(lambda: len(viewer.units) == 3)
            second = await one.publish()
            for index in range(3):
                second.shoot(index, first_timestamp=77)
            await until(lambda: len(viewer.units) == 6)
            assert [unit.rtp_timestamp for unit in viewer.units[3:]] == [77, 3677, 7277]
            assert viewer.gaps == []
            epochs = [frame.video_epoch for frame in kept.frames]
            assert epochs[0] == epochs[2] < epochs[3]
            assert kept.gaps == [
                Gap(epochs[0], 1_007_200, "the publisher was replaced", is_end=True)
            ]
            await until(first.publication.ended.is_set)
            assert not second.publication.ended.is_set()

    asyncio.run(run())


def test_an_edge_gets_every_quality_on_a_line_of_its_own(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish(qualities=2)
            edge = await one.watch(role=VideoRole.EDGE, lines=3)
            second: list[int] = []

            class Sink:
                def unit(self, unit: Any) -> None:
                    second.append(unit.rtp_timestamp)

                def gap(self, _reason: str) -> None:
                    raise AssertionError

            edge.session.receivers[1].sink = Sink()
            for index in range(3):
                camera.shoot(index)
            await until(lambda: len(edge.units) == 3 and len(second) == 3)
            assert second == [unit.rtp_timestamp for unit in edge.units]

    asyncio.run(run())


def test_two_tables_do_not_mix(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            cameras = [await one.publish("bac-1"), await one.publish("bac-2")]
            viewers = [await one.watch("bac-1"), await one.watch("bac-2")]
            for index in range(2):
                cameras[0].shoot(index)
                cameras[1].shoot(index, first_timestamp=5)
            await until(lambda: all(len(viewer.units) == 2 for viewer in viewers))
            assert [unit.rtp_timestamp for unit in viewers[1].units] == [5, 3605]

    asyncio.run(run())


def test_a_viewer_waits_for_a_table_that_nobody_publishes_yet(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            viewer = await one.watch()
            camera = await one.publish()
            camera.shoot(0)
            await until(lambda: viewer.units)

    asyncio.run(run())


class Wish:
    """Stands in for the choice by estimates."""

    def __init__(self) -> None:
        self.quality = 0

    def better_or_worse(self, _now: float, **_measured: object) -> int:
        return self.quality


@pytest.mark.parametrize("order", ["best first", "worst first"])
def test_a_change_of_quality_is_seamless(stage: Any, order: str) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish(qualities=2, every=1000)
            if order == "worst first":
                camera.order.reverse()
            watcher = await one.watch()
            camera.start()
            await until(lambda: len(watcher.units) >= 5)
            audience = one.service.sfu.table("bac-1").audience
            (viewer,) = audience.viewers
            viewer.choice = wish = Wish()
            for wish.quality in (1, 0, 1):
                viewer.on_bitrate_estimate(1)
                wanted = audience.streams[wish.quality]
                await until(lambda wanted=wanted: viewer.segment.stream is wanted)
                before = len(watcher.units)
                await until(lambda before=before: len(watcher.units) >= before + 5)
            seen = [unit.rtp_timestamp for unit in watcher.units]
            steps = {later - sooner for sooner, later in itertools.pairwise(seen)}
            assert steps == {3600}  # no picture twice, none missing
            order_of_packets = watcher.session.receivers[0].order
            assert order_of_packets.packets_missed == 0
            sizes = [sum(map(len, unit.payloads)) for unit in watcher.units]
            changes = [
                watcher.units[at]
                for at in range(1, len(sizes))
                if (sizes[at] < 3000) != (sizes[at - 1] < 3000)
            ]
            assert [unit.keyframe for unit in changes] == [True, True, True]
            assert audience.switches == 3
            # packets from before the change can still be asked for
            last = order_of_packets._next
            resent = audience.tally.resent
            watcher.session.receivers[0].request_packets(
                [(last - back) & 0xFFFF for back in (1, 10, 30)]
            )
            await until(lambda: audience.tally.resent == resent + 3)

    asyncio.run(run())


def test_a_quality_that_ends_is_left_for_one_that_lives(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish(qualities=2)
            watcher = await one.watch()
            camera.start()
            await until(lambda: len(watcher.units) >= 5)
            camera.silent.add(0)
            before = len(watcher.units)
            await until(lambda: len(watcher.units) >= before + 5)

    asyncio.run(run())


def test_packets_are_sent_again_once_a_round_trip_and_no_more_than_a_line_takes(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "RESENT_AT_ONCE_BYTES", 10_000)
    monkeypatch.setattr(viewers, "MIN_RESENT_BYTES_PER_SECOND", 0)

    async def run() -> None:
        async with stage() as one:
            camera = await one.publish()
            watcher = await one.watch()
            for index in range(30):
                camera.shoot(index)
            await until(lambda: len(watcher.units) == 30)
            audience = one.service.sfu.table("bac-1").audience
            (viewer,) = audience.viewers
            last = watcher.session.receivers[0].order._next
            sent = [(last - back) & 0xFFFF for back in range(1, 61)]
            viewer.round_trip_seconds = 60.0
            for _ in range(3):
                viewer.on_nack(sent[:2])
            assert audience.tally.resent == 2
            viewer.round_trip_seconds = 0.0
            viewer.on_nack(sent[:2])
            assert audience.tally.resent == 4
            viewer.on_nack(sent)
            assert 4 + 4 <= audience.tally.resent <= 12  # of 60, with some 1,000 bytes each

    asyncio.run(run())
