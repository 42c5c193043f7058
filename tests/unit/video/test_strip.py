"""The strip in the picture, from blocks and from coded pictures."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baccarat.domain.errors import InvalidRequest
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.sei import decode_sei
from baccarat.domain.video.strip import COLUMNS, ROWS, Strip, names_crc, read_strip
from tests.support.pictures import FRAMES_PER_SECOND, coded, luma_of, picture, scaled
from tests.vectors import make_video

MARK = FrameMark("bac-1", "bac-1.000000042", 3, 17, "dealer-7", 1_764_000_000_123)
STRIP = Strip.of(MARK)

strips = st.builds(
    Strip,
    st.integers(0, 2**30 - 1),
    st.integers(0, 2**20 - 1),
    st.integers(0, 2**24 - 1),
    st.integers(0, 2**42 - 1),
    st.integers(0, 2**16 - 1),
)


def drawn(strip: Strip, width: int, black: int = 16, white: int = 235) -> bytes:
    """Return the strip alone as brightness, each block as large as ``width`` makes it."""
    height = ROWS * width // COLUMNS
    rows = strip.blocks()
    return bytes(
        white if rows[line * COLUMNS // width][place * COLUMNS // width] else black
        for line in range(height)
        for place in range(width)
    )


@given(strips, st.integers(2, 24))
def test_a_strip_is_read_in_every_size(strip: Strip, block: int) -> None:
    width = block * COLUMNS
    assert Strip.from_blocks(strip.blocks()) == strip
    assert read_strip(drawn(strip, width), width, ROWS * block, width) == strip


@given(strips, st.integers(0, ROWS * COLUMNS - 1))
def test_one_wrong_block_is_always_noticed(strip: Strip, at: int) -> None:
    rows = [list(row) for row in strip.blocks()]
    rows[at // COLUMNS][at % COLUMNS] ^= True
    assert Strip.from_blocks(tuple(tuple(row) for row in rows)) is None


@given(strips)
def test_a_dim_picture_is_read_and_one_without_contrast_is_not(strip: Strip) -> None:
    assert read_strip(drawn(strip, 640, 60, 120), 640, 16, 640) == strip
    assert read_strip(drawn(strip, 640, 100, 140), 640, 16, 640) is None


@pytest.mark.parametrize("luma", [bytes(640 * 360), bytes([255]) * 640 * 360])
def test_a_picture_without_a_strip_has_none(luma: bytes) -> None:
    assert read_strip(luma, 640, 360, 640) is None


def test_a_picture_that_is_too_small_has_none_and_one_cut_short_is_refused() -> None:
    assert read_strip(bytes(159 * 90), 159, 90, 159) is None
    assert read_strip(bytes(640 * 15), 640, 15, 640) is None
    with pytest.raises(InvalidRequest, match="640 by 360 samples"):
        read_strip(bytes(640 * 359), 640, 360, 640)


def test_another_version_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baccarat.domain.video.strip.STRIP_VERSION", 2)
    later = STRIP.blocks()
    monkeypatch.undo()
    assert Strip.from_blocks(later) is None


@pytest.mark.parametrize(
    "other",
    [
        FrameMark("bac-2", "bac-2.000000042", 3, 17, "dealer-7", 0),
        FrameMark("bac-1", "bac-1.000000043", 3, 17, "dealer-7", 0),
        FrameMark("bac-1", "bac-1.000000042", 4, 17, "dealer-7", 0),
        FrameMark("bac-1", "bac-1.000000042", 3, 18, "dealer-7", 0),
        FrameMark("bac-1", "bac-1.000000042", 3, 17, "dealer-8", 0),
    ],
)
def test_a_strip_agrees_with_its_own_mark_alone(other: FrameMark) -> None:
    assert STRIP.agrees(MARK)
    assert not STRIP.agrees(other)


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (FrameMark("t", "t.x", 0, 0, "", 0), "ends in a number"),
        (FrameMark("t", f"t.{2**30}", 0, 0, "", 0), "below 2\\^30"),
        (FrameMark("t", "", 0, 0, "", 2**42), "below 2\\^42"),
    ],
)
def test_what_has_no_place_in_a_strip_is_refused(mark: FrameMark, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        Strip.of(mark)


def test_the_names_are_told_apart_by_the_crc_of_the_format_page() -> None:
    assert names_crc("bac-1", "dealer-7") == 46118


def test_every_strip_survives_h264_and_all_survive_a_second_coding_at_half_the_size() -> None:
    at_ms = 1_764_000_000_000
    marks = [
        FrameMark("bac-1", f"bac-1.{41 + at // 10:09d}", 3, 17 + at // 5, "dora", at_ms + 40 * at)
        for at in range(FRAMES_PER_SECOND)
    ]
    expected = [Strip.of(mark) for mark in marks]
    # A noisy scene that changes every half second: the strip gets little of the rate.
    frames = [picture(strip.blocks(), seed=at // 12) for at, strip in enumerate(expected)]
    once = coded(frames, 500)
    twice = coded([scaled(frame) for frame in once], 250)
    for pictures in (once, twice):
        read = [read_strip(luma_of(f), f.width, f.height, f.width) for f in pictures]
        assert read == expected


def test_the_vectors_are_what_the_domain_says() -> None:
    folder = Path(make_video.__file__).with_name("video")
    for vector in json.loads((folder / "strips.json").read_text()):
        mark = FrameMark.from_json(vector["mark"])
        strip = Strip(**vector["strip"])
        assert Strip.of(mark) == strip
        assert ["".join("01"[b] for b in row) for row in strip.blocks()] == vector["blocks"]
    for vector in json.loads((folder / "sei.json").read_text()):
        assert decode_sei(bytes.fromhex(vector["nal"])) == FrameMark.from_json(vector["mark"])
