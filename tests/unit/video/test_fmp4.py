"""Fragmented MP4: what is written is read again, and what PyAV makes of it."""

from __future__ import annotations

import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baccarat.domain.video import fmp4
from baccarat.domain.video.fmp4 import Sample
from baccarat.domain.video.sps import picture_size
from tests.support.pictures import TICKS, encoded

START = 5 * 2**32 + 1_234


def samples(count: int) -> list[Sample]:
    return [
        Sample(START + at * TICKS, TICKS, at % 25 == 0, fmp4.sample_of(nals))
        for at, nals in enumerate(encoded()[:count])
    ]


def file_of(made: list[Sample]) -> bytes:
    sps, pps = encoded()[0][:2]
    parts = [made[at : at + 5] for at in range(0, len(made), 5)]
    return fmp4.init_segment(sps, pps) + b"".join(
        fmp4.fragment(number, part) for number, part in enumerate(parts, 1)
    )


def test_a_file_is_read_as_it_was_written() -> None:
    made = samples(30)
    init, read = fmp4.read(file_of(made))
    assert read == made
    assert file_of(made).startswith(init)
    assert tuple(fmp4.nals_of(read[3].data)) == encoded()[3]


def test_others_read_every_frame_at_its_time() -> None:
    made = samples(30)
    with av.open(io.BytesIO(file_of(made))) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (64, 48)
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert [packet.dts for packet in packets] == [sample.decode_time for sample in made]
        assert [bytes(packet) for packet in packets] == [sample.data for sample in made]
        assert [packet.is_keyframe for packet in packets] == [sample.keyframe for sample in made]
    with av.open(io.BytesIO(file_of(made))) as container:
        assert sum(1 for _ in container.decode(video=0)) == 30


@given(st.data())
def test_damage_is_refused_or_changes_what_is_read(data: st.DataObject) -> None:
    whole = file_of(samples(7))
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    damaged = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :]
    try:
        init, read = fmp4.read(damaged)
    except ValueError:
        return
    # mfhd's sequence number alone is read over: a segment's own hash covers it.
    numbers = [place + 12 for place in range(len(whole)) if whole[place : place + 4] == b"mfhd"]
    assert (init, read) != fmp4.read(whole) or at in [n + k for n in numbers for k in range(-8, 0)]


@pytest.mark.parametrize(("width", "height"), [(64, 48), (640, 360), (1920, 1080), (18, 34)])
def test_the_size_of_a_picture_is_read(width: int, height: int) -> None:
    assert picture_size(encoded(1, width, height)[0][0]) == (width, height)


@given(st.binary(max_size=60))
def test_a_parameter_set_is_read_or_refused(garbage: bytes) -> None:
    try:
        width, height = picture_size(b"\x67" + garbage)
    except ValueError:
        return
    assert 0 < width <= 0xFFFF
    assert 0 < height <= 0xFFFF
