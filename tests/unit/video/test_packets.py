"""Packets put in order, and pictures out of them."""

from hypothesis import given
from hypothesis import strategies as st

from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.sei import encode_sei
from media_sfu.h264 import packetise
from media_sfu.packets import (
    ASK_AGAIN_MS,
    MAX_HELD_PACKETS,
    MAX_WAIT_MS,
    AccessUnits,
    Lost,
    MediaPacket,
    PacketOrder,
)

KEYFRAME = [b"\x67sps", b"\x68pps", b"\x65" + bytes(3000)]
PICTURE = [b"\x41" + bytes(3000)]


def packet(sequence: int) -> MediaPacket:
    return MediaPacket(sequence & 0xFFFF, 0, marker=False, payload=b"\x41x")


def numbers(ready: list[MediaPacket | Lost]) -> list[int | str]:
    return ["lost" if isinstance(one, Lost) else one.sequence for one in ready]


def test_a_gap_is_asked_for_and_closed() -> None:
    order = PacketOrder()
    assert numbers(order.push(packet(65534), 0)) == [65534]
    assert order.push(packet(1), 10) == []
    assert order.is_waiting
    assert order.due(10) == ([], [65535, 0])
    assert order.due(10 + ASK_AGAIN_MS - 1) == ([], [])
    assert order.due(10 + ASK_AGAIN_MS) == ([], [65535, 0])
    assert numbers(order.push(packet(0), 60)) == []
    assert numbers(order.push(packet(65535), 61)) == [65535, 0, 1]
    assert not order.is_waiting
    assert (order.packets_missed, order.packets_recovered, order.packets_lost) == (2, 2, 0)


def test_what_does_not_come_is_given_up() -> None:
    order = PacketOrder()
    order.push(packet(0), 0)
    order.push(packet(2), 0)
    order.push(packet(4), 100)
    assert numbers(order.due(MAX_WAIT_MS - 1)[0]) == []
    assert numbers(order.due(MAX_WAIT_MS)[0]) == ["lost", 2]
    assert numbers(order.due(MAX_WAIT_MS + 100)[0]) == ["lost", 4]
    assert order.push(packet(1), 500) == []  # too late
    assert numbers(order.push(packet(5), 500)) == [5]
    assert order.packets_lost == 2


def test_memory_is_bounded_whatever_is_missing() -> None:
    order = PacketOrder()
    order.push(packet(0), 0)
    ready = [numbers(order.push(packet(2 + index), 0)) for index in range(MAX_HELD_PACKETS + 1)]
    assert ready[-1][:2] == ["lost", 2]
    assert len(ready[-1]) == MAX_HELD_PACKETS + 2
    assert not order.is_waiting


def test_a_jump_is_a_new_beginning() -> None:
    order = PacketOrder()
    order.push(packet(100), 0)
    order.push(packet(102), 0)
    assert numbers(order.push(packet(40_000), 0)) == ["lost", 40_000]
    assert numbers(order.push(packet(40_001), 0)) == [40_001]
    assert not order.is_waiting


@given(st.integers(0, 65535), st.lists(st.integers(0, 30), min_size=1, max_size=120))
def test_any_order_comes_out_in_order_and_once(first: int, places: list[int]) -> None:
    order = PacketOrder()
    out = order.push(packet(first), 0)
    for place in places:
        out += order.push(packet(first + place), 0)
    out += order.due(MAX_WAIT_MS)[0]
    seen = [(one - first) & 0xFFFF for one in numbers(out) if isinstance(one, int)]
    assert seen == sorted(set(places) | {0})
    assert not order.is_waiting


def stream(*pictures: list[bytes]) -> list[MediaPacket]:
    packets = []
    for index, nals in enumerate(pictures):
        payloads = packetise(nals)
        for at, payload in enumerate(payloads):
            last = at == len(payloads) - 1
            packets.append(MediaPacket(len(packets), index * 3600, marker=last, payload=payload))
    return packets


def test_pictures_are_whole_and_know_their_keyframes() -> None:
    units = AccessUnits()
    ready = [unit for one in stream(KEYFRAME, PICTURE, PICTURE) for unit in units.push(one, 5)]
    assert [unit.keyframe for unit in ready] == [True, False, False]
    assert [unit.rtp_timestamp for unit in ready] == [0, 3600, 7200]
    assert ready[0].payloads == tuple(packetise(KEYFRAME))


def test_a_loss_costs_the_picture_that_it_hits_and_no_other() -> None:
    packets = stream(KEYFRAME, PICTURE, PICTURE, PICTURE)
    for missing in range(len(packets)):
        units = AccessUnits()
        ready = []
        for index, one in enumerate(packets):
            if index == missing:
                units.lost()
            else:
                ready += units.push(one, 5)
        hit = packets[missing].timestamp
        assert hit not in [unit.rtp_timestamp for unit in ready]
        whole = [one * 3600 for one in range(4) if one * 3600 != hit]
        if packets[missing].marker and hit < 10800:
            # where the next picture begins is not known before it ends
            whole.remove(hit + 3600)
        assert [unit.rtp_timestamp for unit in ready] == whole


def test_a_sender_without_markers_is_understood() -> None:
    units = AccessUnits()
    ready = []
    for one in stream(KEYFRAME, PICTURE, PICTURE):
        plain = MediaPacket(one.sequence, one.timestamp, marker=False, payload=one.payload)
        ready += units.push(plain, 5)
    assert [unit.rtp_timestamp for unit in ready] == [0, 3600]


def test_a_picture_without_end_is_dropped() -> None:
    units = AccessUnits()
    units.push(MediaPacket(0, 0, marker=False, payload=b"\x67"), 0)
    for sequence in range(3000):
        assert units.push(MediaPacket(sequence, 0, marker=False, payload=b"\x41"), 0) == []
    assert len(units._payloads) < 1024


def test_a_stamp_begins_a_picture_also_after_a_loss() -> None:
    stamp = encode_sei(FrameMark("bac-1", "round-1", 1, 2, "dealer", 3))
    units = AccessUnits()
    ready = [unit for one in stream([stamp, *KEYFRAME]) for unit in units.push(one, 5)]
    assert ready[0].payloads[0] == stamp
    units.lost()
    ready = [unit for one in stream([stamp, *PICTURE]) for unit in units.push(one, 5)]
    assert ready[0].payloads[0] == stamp
    units.lost()
    foreign = b"\x06\x05\x10" + bytes(16) + b"\x80"  # somebody's, which may stand anywhere
    assert [unit for one in stream([foreign, *PICTURE]) for unit in units.push(one, 5)] == []
