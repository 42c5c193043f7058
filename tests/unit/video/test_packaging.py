"""Frames into parts and segments."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from baccarat.domain.video import fmp4
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.recording import HoleReason
from baccarat.domain.video.sei import decode_sei, encode_sei
from media_sfu.frames import Frame, Gap
from media_sfu.packaging import PART_TICKS, Packager, Part
from tests.support.pictures import EPOCH, TICKS, encoded, frames, mark
from tests.support.recordings import Collector, package


def numbers(segments: list[list[Part]]) -> list[int]:
    """How many frames each segment has."""
    return [sum(len(part.frames) for part in parts) for parts in segments]


def flat(segments: list[list[Part]]) -> list[Part]:
    return [part for parts in segments for part in parts]


def test_every_frame_is_in_one_part_at_its_own_rtp_timestamp() -> None:
    given = frames(count=230)
    packed = [frame for part in flat(package(given)) for frame in part.frames]
    assert len(packed) == len(given)
    for before, after in zip(given, packed, strict=True):
        assert after.sample.decode_time % 2**32 == before.rtp_timestamp
        assert tuple(fmp4.nals_of(after.sample.data)) == before.nals
        assert (after.at_ms, after.mark) == (before.mark.at_ms if before.mark else 0, before.mark)
    for one, other in pairwise(packed):
        assert one.sample.decode_time + one.sample.duration == other.sample.decode_time
    assert packed[-1].sample.decode_time > 2**32  # the timestamp wrapped, time did not


def test_parts_are_short_and_segments_go_from_keyframe_to_keyframe() -> None:
    segments = package(frames(count=230))
    assert numbers(segments) == [100, 100, 30]
    assert all(parts[0].starts_with_keyframe for parts in segments)
    assert {part.duration for part in flat(segments)} == {PART_TICKS}
    assert [part.starts_segment for part in segments[0]] == [True] + [False] * 19


def test_a_new_round_starts_a_segment_at_its_first_keyframe() -> None:
    shown = [(0, mark(1)), (30, mark(None)), (60, mark(2)), (75, mark(2, 9))]
    assert numbers(package(frames(shown, count=110))) == [50, 25, 35]


def test_without_keyframes_a_segment_ends_all_the_same() -> None:
    given = frames(count=200)
    plain = [frame if at == 0 else replace(frame, keyframe=False) for at, frame in enumerate(given)]
    segments = package(plain)
    assert numbers(segments) == [150, 50]
    assert not segments[1][0].starts_with_keyframe


def test_an_epoch_starts_with_a_keyframe_that_can_be_shown() -> None:
    given = frames(count=80)
    bare = replace(given[25], nals=tuple(n for n in given[25].nals if n[0] & 0x1F not in (7, 8)))
    spoilt = replace(
        given[25], nals=tuple(b"\x67\x42" if n[0] & 0x1F == 7 else n for n in given[25].nals)
    )
    for first in (bare, spoilt):
        [segment] = package([*given[3:25], first, *given[26:]])
        assert numbers([segment]) == [30]


def test_lost_frames_are_a_hole_before_the_next_one() -> None:
    given = frames(count=50)
    gap = Gap(EPOCH, given[9].rtp_timestamp, "a packet did not come")
    parts = flat(package([*given[:10], gap, *given[13:]]))
    holes = [part.hole for part in parts]
    at = holes.index(HoleReason.LOST)
    assert holes.count(None) == len(holes) - 1
    assert parts[at].frames[0].sample.decode_time % 2**32 == given[13].rtp_timestamp
    before = parts[at - 1].frames[-1].sample
    assert (before.decode_time % 2**32, before.duration) == (given[9].rtp_timestamp, TICKS)


def test_frames_without_content_or_too_large_are_a_hole() -> None:
    given = frames(count=10)
    for nals in ((), (b"",), (b"\x41" * (fmp4.MAX_SAMPLE_BYTES + 1),)):
        parts = flat(package([*given[:5], replace(given[5], nals=nals), *given[6:]]))
        assert [part.hole for part in parts] == [None, HoleReason.LOST]
        assert numbers([parts]) == [9]


def test_a_jump_of_the_publishers_clock_is_a_hole_and_a_new_segment() -> None:
    given = frames(count=20)
    jumped = [
        replace(frame, rtp_timestamp=(frame.rtp_timestamp - 10**6) % 2**32) for frame in given[10:]
    ]
    segments = package([*given[:10], *jumped])
    assert numbers(segments) == [10, 10]
    first = segments[1][0]
    assert (first.hole, first.frames[0].sample.decode_time % 2**32) == (
        HoleReason.TIMESTAMP,
        jumped[0].rtp_timestamp,
    )
    assert segments[0][-1].frames[-1].sample.duration == TICKS


def test_of_two_frames_at_one_time_the_first_stays() -> None:
    given = frames(count=10)
    segments = package(
        [*given[:5], replace(given[5], rtp_timestamp=given[4].rtp_timestamp), *given[6:]]
    )
    assert numbers(segments) == [5, 4]
    assert segments[1][0].hole is HoleReason.TIMESTAMP


def test_a_new_epoch_ends_the_old_one_and_late_frames_of_it_are_left_out() -> None:
    old, new = frames(count=30), frames(count=30, video_epoch=EPOCH + 60_000, first_timestamp=7)
    collector = Collector()
    packager = Packager("bac-1", [collector])
    for frame in [*old, *new[:10], old[-1], *new[10:]]:
        packager.frame(frame)
    packager.gap(Gap(EPOCH, None, "late too"))
    assert collector.ends == 1
    packager.close()
    packager.close()
    assert collector.ends == 2
    assert numbers(collector.segments) == [30, 30]
    assert {part.hole for part in flat(collector.segments)} == {None}
    assert [parts[0].video_epoch for parts in collector.segments] == [EPOCH, EPOCH + 60_000]


def test_other_parameter_sets_start_a_segment_with_another_header() -> None:
    small, large = frames(count=25), frames(count=25, pictures=encoded(1, 96, 64))
    later = [
        replace(frame, rtp_timestamp=(frame.rtp_timestamp + 25 * TICKS) % 2**32) for frame in large
    ]
    segments = package([*small, *later])
    assert numbers(segments) == [25, 25]
    assert segments[0][0].init != segments[1][0].init
    assert segments[1][0].hole is None


def test_only_our_own_marks_of_this_table_count() -> None:
    given = frames(count=3)
    foreign = encode_sei(mark(9))
    of_another_table = mark(1, table_id="bac-2")
    tampered: list[Frame] = [
        replace(given[0], nals=(given[0].nals[0], foreign, *given[0].nals[1:])),
        replace(
            given[1],
            mark=of_another_table,
            nals=(encode_sei(of_another_table), *given[1].nals[1:]),
        ),
        replace(given[2], mark=None, nals=(foreign, b"\x06" + b"\x05\x10", *given[2].nals[1:])),
    ]
    packed = [frame for part in flat(package(tampered)) for frame in part.frames]
    assert [frame.mark for frame in packed] == [given[0].mark, None, None]
    assert packed[1].at_ms == given[1].received_ms
    found = [
        [found for nal in fmp4.nals_of(frame.sample.data) if (found := _mark_in(nal)) is not None]
        for frame in packed
    ]
    assert found == [[given[0].mark], [], []]
    assert b"\x06\x05\x10" in packed[2].sample.data  # somebody's other SEI


def _mark_in(nal: bytes) -> FrameMark | None:
    return decode_sei(nal)


def test_a_publisher_that_leaves_ends_its_epoch() -> None:
    given = frames(count=30)
    left = Gap(EPOCH, given[9].rtp_timestamp, "the publisher left", is_end=True)
    assert numbers(package([*given[:10], left, *given[25:]])) == [10]
