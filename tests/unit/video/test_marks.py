"""Marks of frames, as JSON and as SEI messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baccarat.domain.errors import InvalidRequest
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.sei import MARK_UUID, decode_sei, encode_sei
from media_sfu.marks import MarkTrack, publisher_mark

MARK = FrameMark("bac-1", "bac-1.000000042", 3, 17, "dealer-7", 1_764_000_000_123)

_names = st.text(max_size=20)
_counts = st.integers(0, 2**53 - 1)
marks = st.builds(FrameMark, _names, _names, _counts, _counts, _names, _counts)


@given(marks)
def test_a_mark_survives_json_and_sei(mark: FrameMark) -> None:
    assert FrameMark.from_json(mark.to_json()) == mark
    assert decode_sei(encode_sei(mark)) == mark


@given(marks)
def test_a_nal_unit_never_holds_a_start_code(mark: FrameMark) -> None:
    nal = encode_sei(mark)
    assert b"\x00\x00\x00" not in nal
    assert b"\x00\x00\x01" not in nal
    assert b"\x00\x00\x02" not in nal


def test_a_message_of_somebody_else_before_ours_is_passed_over() -> None:
    ours = encode_sei(MARK)
    others = bytes([5, 17]) + bytes(range(100, 116)) + b"x"
    assert decode_sei(ours[:1] + others + ours[1:]) == MARK


@pytest.mark.parametrize(
    "nal", [b"", b"\x65abc", b"\x06", b"\x06\x05", b"\x06\x05\xff\xff", b"\x06" * 2000]
)
def test_what_is_no_mark_is_none(nal: bytes) -> None:
    assert decode_sei(nal) is None


def test_garbage_under_our_uuid_is_named() -> None:
    with pytest.raises(InvalidRequest, match="not JSON"):
        decode_sei(bytes([6, 5, 17]) + MARK_UUID + b"{\x80")
    with pytest.raises(InvalidRequest, match="exactly tableId"):
        decode_sei(bytes([6, 5, 18]) + MARK_UUID + b"{}\x80")


@pytest.mark.parametrize(
    ("name", "wrong"), [("logSeq", -1), ("logSeq", True), ("roundId", 7), ("atMs", "1")]
)
def test_a_field_of_another_kind_is_named(name: str, wrong: object) -> None:
    value = {**MARK.to_json(), name: wrong}
    with pytest.raises(InvalidRequest, match=f"{name} of a mark is"):
        FrameMark.from_json(value)  # type: ignore[arg-type]


def test_a_mark_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="at most 512 bytes"):
        encode_sei(FrameMark("t" * 600, "", 0, 0, "", 0))


@pytest.mark.parametrize("first", [1_000_000, 2**32 - 100_000])
def test_recent_marks_are_what_frames_of_the_last_second_show(first: int) -> None:
    track = MarkTrack()
    assert track.recent == []
    times = [(first + ticks) % 2**32 for ticks in (0, 90_000, 100_000, 150_000)]
    for at in times:
        track.add(at, MARK)
    # a second before the newest is 60,000: then the first one was in force
    assert [since for since, _ in track.recent] == times
    track.add((first + 195_000) % 2**32, MARK)
    assert [since for since, _ in track.recent] == [*times[2:], (first + 195_000) % 2**32]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 2048,
        '{"rtpTimestamp":1,"mark":' + "[" * 2000,
        json.dumps({"rtpTimestamp": 1, "mark": {**MARK.to_json(), "roundId": "\ud800"}}),
        json.dumps({"rtpTimestamp": 1, "mark": {**MARK.to_json(), "logSeq": 10**900}}),
        json.dumps({"rtpTimestamp": 1, "mark": {**MARK.to_json(), "atMs": 1 << 53}}),
        json.dumps({"rtpTimestamp": 1, "mark": {**MARK.to_json(), "dealerId": "d" * 500}}),
        '{"rtpTimestamp":1e999,"mark":{}}',
    ],
)
def test_what_no_frame_could_be_stamped_with_is_refused_at_the_door(text: str) -> None:
    with pytest.raises(InvalidRequest):
        publisher_mark(text)
