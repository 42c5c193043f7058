"""The inner loop: what leaves it in Python and in C is the same, byte for byte."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pylibsrtp
import pytest

from media_sfu.compat import SrtpOutlet
from media_sfu.forwarding.accelerator import LIBRARY, AcceleratedFanOut, build
from media_sfu.forwarding.fan_out import (
    FanOut,
    Member,
    PythonFanOut,
    Tally,
    bursts,
    kernel_segments,
    segments,
)
from media_sfu.rtp import WireFormat, serialise

WIRE = WireFormat(ssrc=77, payload_type=102, abs_send_time_id=3, rtx_ssrc=78, rtx_payload_type=103)
KEY = bytes(range(30))
SIZES = (300, 1200, 1200, 1200, 700, 1200, 10)


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    if not LIBRARY.exists():
        build()


class Peer:
    """A viewer's end: a bound socket, and our outlet to it with a key of its own."""

    def __init__(self, family: socket.AddressFamily = socket.AF_INET, key: bytes = KEY) -> None:
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        self.socket.settimeout(2)
        sending = socket.socket(family, socket.SOCK_DGRAM)
        policy = pylibsrtp.Policy(key=key, ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        policy.allow_repeat_tx = True  # as aiortc has it
        pair = SimpleNamespace(
            protocol=SimpleNamespace(
                transport=SimpleNamespace(get_extra_info=lambda _name: sending)
            ),
            remote_addr=self.socket.getsockname()[:2],
        )
        connection = SimpleNamespace(_nominated={1: pair})
        self.outlet = SrtpOutlet(
            SimpleNamespace(  # type: ignore[arg-type]
                transport=SimpleNamespace(_connection=connection),
                _tx_srtp=pylibsrtp.Session(policy),
            )
        )
        sending.close()

    def received(self, count: int) -> list[bytes]:
        return [self.socket.recv(2000) for _ in range(count)]

    def close(self) -> None:
        self.outlet.close()
        self.socket.close()


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    made = [Peer(), Peer(key=KEY[::-1]), Peer(socket.AF_INET6)]
    yield made
    for peer in made:
        peer.close()


def packets(first: int = 65533) -> list[bytes]:
    return [
        serialise(
            WIRE,
            sequence=(first + index) & 0xFFFF,
            timestamp=90_000,
            marker=index == len(SIZES) - 1,
            payload=os.urandom(size),
            now=1_700_000_000.5,
        )
        for index, size in enumerate(SIZES)
    ]


def loops(*, segmenting: bool | None = None) -> list[FanOut]:
    return [
        PythonFanOut(Tally(), segmenting=segmenting),
        AcceleratedFanOut(Tally(), segmenting=segmenting),
    ]


@pytest.mark.parametrize("segmenting", [False, None])
def test_both_loops_send_the_same_datagrams(*, segmenting: bool | None) -> None:
    sent = packets()
    outcomes = []
    for loop in loops(segmenting=segmenting):
        group = [Peer(), Peer(key=KEY[::-1]), Peer(socket.AF_INET6)]
        for offset, peer in zip((0, 0x8000, 0xFFFF), group, strict=True):
            loop.add(Member(peer.outlet, offset))
        loop.send(sent)
        outcomes.append([peer.received(len(sent)) for peer in group])
        assert (loop.tally.sent, loop.tally.dropped) == (3 * len(sent), 0)
        for peer in group:
            peer.close()
    assert outcomes[0] == outcomes[1]


def test_viewers_can_decrypt_what_leaves_under_their_own_numbers(peers: list[Peer]) -> None:
    policy = pylibsrtp.Policy(key=KEY, ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND)
    sent = packets(first=100)
    for loop, peer in zip(loops(), (peers[0], peers[2]), strict=True):
        loop.add(Member(peer.outlet, 7))
        loop.send(sent)
        receiver = pylibsrtp.Session(policy)
        plain = [receiver.unprotect(one) for one in peer.received(len(sent))]
        assert [int.from_bytes(one[2:4], "big") for one in plain] == list(range(107, 114))
        assert [one[4:] for one in plain] == [one[4:] for one in sent]


def test_nothing_goes_to_a_viewer_that_left(peers: list[Peer]) -> None:
    for loop in loops():
        for peer in peers[:2]:
            loop.add(Member(peer.outlet, 0))
        loop.remove(peers[0].outlet)
        loop.send(packets())
        assert len(loop) == 1
        peers[0].socket.settimeout(0)
        with pytest.raises(BlockingIOError):
            peers[0].socket.recv(2000)
        assert len(peers[1].received(len(SIZES))) == len(SIZES)


@pytest.mark.parametrize("segmenting", [False, None])
def test_a_socket_that_refuses_is_counted_and_others_go_on(
    peers: list[Peer], *, segmenting: bool | None
) -> None:
    for loop in loops(segmenting=segmenting):
        blocked = Peer()
        blocked.outlet.address = ("192.0.2.1", 0)  # port 0: the kernel refuses
        loop.add(Member(blocked.outlet, 0))
        loop.add(Member(peers[1].outlet, 0))
        loop.send(packets())
        assert (loop.tally.sent, loop.tally.dropped) == (len(SIZES), len(SIZES))
        assert len(peers[1].received(len(SIZES))) == len(SIZES)
        loop.remove(peers[1].outlet)
        blocked.close()


def test_runs_are_what_the_kernel_can_cut() -> None:
    assert segments([300, 1200, 1200, 1200, 700, 1200, 10]) == [(0, 1), (1, 5), (5, 7)]
    assert segments([5]) == [(0, 1)]
    assert segments([5, 5, 5]) == [(0, 3)]
    assert segments([4, 3, 2]) == [(0, 2), (2, 3)]
    assert segments([]) == []


def test_large_pictures_are_cut_into_bursts() -> None:
    large = [bytes(1200)] * 200
    cut = bursts(large)
    assert sum(map(len, cut)) == 200
    assert all(len(one) <= 64 and sum(map(len, one)) <= 60_000 for one in cut)


def test_kernel_is_asked_once() -> None:
    assert kernel_segments() is kernel_segments()


def test_building_says_what_is_missing(tmp_path: object) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "media_sfu.forwarding.accelerator"],
        env={"PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    assert "no C compiler" in outcome.stderr
