"""The playlist of LL-HLS: what RFC 8216bis asks of it."""

from __future__ import annotations

import asyncio
import io
import re

import av
import pytest

from media_sfu.hls.window import WINDOW_SEGMENTS, Window
from media_sfu.packaging import Part
from tests.support.pictures import EPOCH, encoded, frames, mark
from tests.support.recordings import package


def parts_of(count: int, **options: object) -> list[Part]:
    return [part for parts in package(frames(count=count, **options)) for part in parts]  # type: ignore[arg-type]


def filled(parts: list[Part]) -> Window:
    window = Window()
    for part in parts:
        window.part(part)
    return window


def uris(playlist: str, tag: str) -> list[str]:
    return re.findall(rf'^#{tag}:.*URI="([^"]*)"', playlist, re.MULTILINE)


def test_a_playlist_lists_parts_segments_and_the_hint() -> None:
    window = filled(parts_of(115))
    playlist = window.playlist()
    lines = playlist.splitlines()
    assert lines[:7] == [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        "#EXT-X-TARGETDURATION:6",
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.600",
        "#EXT-X-PART-INF:PART-TARGET=0.20000",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
    ]
    assert uris(playlist, "EXT-X-PART") == [
        *(f"part-0-{number}.m4s" for number in range(20)),
        *(f"part-1-{number}.m4s" for number in range(3)),
    ]
    assert lines[-1] == '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-1-3.m4s"'
    assert lines[lines.index("segment-0.m4s") - 1] == "#EXTINF:4.00000,"
    assert "segment-1.m4s" not in playlist
    assert [line for line in lines if "INDEPENDENT=YES" in line] == [
        f'#EXT-X-PART:DURATION=0.20000,URI="part-{name}.m4s",INDEPENDENT=YES'
        for name in ("0-0", "0-5", "0-10", "0-15", "1-0")
    ]
    assert [line for line in lines if line.startswith("#EXT-X-PROGRAM-DATE-TIME")] == [
        "#EXT-X-PROGRAM-DATE-TIME:2025-11-24T16:00:00.000Z",
        "#EXT-X-PROGRAM-DATE-TIME:2025-11-24T16:00:04.000Z",
    ]


def test_what_is_listed_can_be_fetched_and_decoded() -> None:
    window = filled(parts_of(115))
    [init] = uris(window.playlist(), "EXT-X-MAP")
    header = window.init(init)
    whole = window.segment(0)
    assert header is not None
    assert whole is not None
    fragments = [window.fragment(0, number) or b"" for number in range(20)]
    assert b"".join(fragments) == whole
    with av.open(io.BytesIO(header + whole)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 100
    assert window.segment(1) is None
    assert window.fragment(1, 3) is None
    assert window.fragment(0, 20) is None
    assert window.fragment(9, 0) is None
    assert window.init("init-0000000000000000.mp4") is None


def test_the_window_is_bounded_and_old_parts_are_listed_no_more() -> None:
    window = filled(parts_of(1_150))  # eleven and a half segments
    playlist = window.playlist()
    assert "#EXT-X-MEDIA-SEQUENCE:5" in playlist
    assert re.findall(r"^segment-(\d+)", playlist, re.MULTILINE) == ["5", "6", "7", "8", "9", "10"]
    assert len(re.findall("^segment", playlist, re.MULTILINE)) == WINDOW_SEGMENTS
    assert {uri.split("-")[1] for uri in uris(playlist, "EXT-X-PART")} == {"8", "9", "10", "11"}
    assert window.segment(4) is None
    assert window.segment(5) is not None


def test_a_new_epoch_is_a_discontinuity_until_it_leaves_the_window() -> None:
    window = filled(parts_of(60))
    window.ended()
    assert window.playlist().splitlines()[-1].endswith('URI="part-1-0.m4s"')
    for part in parts_of(115, video_epoch=EPOCH + 90_000, first_timestamp=5):
        window.part(part)
    lines = window.playlist().splitlines()
    at = lines.index("#EXT-X-DISCONTINUITY")
    assert lines[at - 1] == "segment-0.m4s"
    assert lines[at + 1] == "#EXT-X-PROGRAM-DATE-TIME:2025-11-24T16:01:30.000Z"
    assert lines.count("#EXT-X-DISCONTINUITY") == 1
    for part in parts_of(1_150, video_epoch=EPOCH + 90_000, first_timestamp=5):
        window.part(part)
    playlist = window.playlist()
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1" in playlist
    assert "#EXT-X-DISCONTINUITY\n" not in playlist


def test_another_form_of_picture_has_its_own_header() -> None:
    window = filled(parts_of(25))
    for part in parts_of(25, pictures=encoded(1, 96, 64)):
        window.part(part)
    playlist = window.playlist()
    assert len(set(uris(playlist, "EXT-X-MAP"))) == 2
    assert playlist.count("#EXT-X-DISCONTINUITY\n") == 1


@pytest.mark.parametrize(
    ("segment", "part", "expected"),
    [
        *((0, None, True), (1, None, False), (1, 2, True), (1, 3, False), (2, 0, False)),
        *((0, 19, True), (0, 20, True), (0, 99, True)),
    ],
)
def test_what_the_playlist_has(segment: int, part: int | None, *, expected: bool) -> None:
    assert filled(parts_of(115)).has(segment, part) is expected


@pytest.mark.parametrize(
    ("segment", "part", "expected"),
    [
        *((1, 17, False), (1, 18, True), (2, 0, False), (2, 16, True), (3, None, False)),
        *((4, None, True), (4, 0, True), (0, 99, False)),
    ],
)
def test_what_is_too_far_ahead(segment: int, part: int | None, *, expected: bool) -> None:
    assert filled(parts_of(115)).is_too_far(segment, part) is expected


def test_a_change_wakes_all_who_wait() -> None:
    async def run() -> None:
        window = Window()
        waiting = [asyncio.create_task(window.changed()) for _ in range(3)]
        await asyncio.sleep(0)
        window.part(parts_of(6)[0])
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
        assert window.has(0, 0)

    asyncio.run(run())


def test_a_round_cuts_a_segment_here_too() -> None:
    shown = [(0, mark(1)), (30, mark(2))]
    window = filled([part for parts in package(frames(shown, count=70)) for part in parts])
    assert "#EXTINF:2.00000," in window.playlist()
