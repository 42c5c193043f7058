"""Where pictures come from: qualities, NAL units, the pace of cameras and files."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_sfu.encoder import Encoder, Quality, split_nals
from media_sfu.h264 import NAL_SPS
from media_sfu.sources import MAX_LAG_MS, MediaSource, SourceLost, _LivePace
from tests.support.pictures import picture

WHITE = ((True,) * 80,) * 2


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.booleans())
def test_a_byte_stream_is_cut_into_its_units(parts: list[bytes], long: bool) -> None:  # noqa: FBT001
    # No unit has a start code in it, and none ends in a zero.
    units = [b"\x65" + part.replace(b"\x00", b"\x01") for part in parts]
    start = b"\x00\x00\x00\x01" if long else b"\x00\x00\x01"
    assert split_nals(b"".join(start + unit for unit in units)) == units


@pytest.mark.parametrize("text", ["", "640x360", "641x360@800", "640x361@800", "axb@c", "1x1@1"])
def test_what_is_no_quality_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="even width and height and kbit/s"):
        Quality.parse(text)
    assert Quality.parse("640x360@800") == Quality(640, 360, 800)


def test_a_keyframe_comes_when_it_is_wanted_and_each_stands_alone() -> None:
    encoder = Encoder(Quality(320, 180, 250), 25)
    kinds = []
    for at in range(8):
        nals = {
            nal[0] & 31: nal for nal in encoder.encode(picture(WHITE), 40 * at, keyframe=at == 5)
        }
        kinds.append(nals.keys())
        if NAL_SPS in nals:
            baseline, constraints = nals[NAL_SPS][1:3]
            assert (baseline, constraints & 0x40) == (66, 0x40)
    assert [5 in found for found in kinds] == [at in (0, 5) for at in range(8)]
    assert all({7, 8} <= found for found in kinds if 5 in found)


def test_live_pictures_that_waited_somewhere_are_late() -> None:
    now_ms = 1_000_000
    pace = _LivePace(lambda: now_ms)

    async def times(*pictures: tuple[int, int]) -> list[bool]:
        nonlocal now_ms
        late = []
        for now_ms, source_ms in pictures:
            at_ms, is_late = await pace.time_of(source_ms)
            assert at_ms == now_ms
            late.append(is_late)
        return late

    behind = MAX_LAG_MS + 50
    assert asyncio.run(
        times((1_000, 0), (1_040, 40), (1_080 + behind, 80), (1_120 + behind, 120), (1_170, 160))
    ) == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.mp4", None, "cannot be opened"),
        ("text.mp4", b"this is no film", "cannot be opened"),
    ],
)
def test_a_source_that_is_none_is_named(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    async def first() -> None:
        async for _ in MediaSource(str(path), 25, untouched=False).shots(lambda: 0):
            return

    with pytest.raises(SourceLost, match=f"{name} {said}"):
        asyncio.run(first())
