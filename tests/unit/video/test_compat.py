"""What the SFU leans on in aiortc, aioice and pylibsrtp exists in the installed versions."""

import asyncio
import threading

import pylibsrtp
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtp import RtpPacket

from media_sfu.compat import (
    MAX_QUEUED_DATAGRAMS,
    MAX_SSRCS,
    PRIVATE_NAMES,
    DatagramQueue,
    MediaReceiver,
    PeerConnection,
    _KnownSources,
    counters,
    host_addresses,
    prefer_h264,
)
from media_sfu.passthrough import PassthroughSender
from tests.support.video import LOOPBACK, connect, until


@pytest.mark.parametrize(("owner", "name"), PRIVATE_NAMES, ids=lambda one: str(one)[:60])
def test_private_name_exists(owner: object, name: str) -> None:
    assert hasattr(owner, name)


def test_nothing_is_sent_to_who_is_gone_and_nobody_fails_of_it() -> None:
    async def run() -> None:
        ours, theirs = (PeerConnection(addresses=LOOPBACK) for _ in range(2))
        channel = ours.createDataChannel("marks")
        await connect(ours, theirs)
        await until(lambda: channel.readyState == "open")
        await ours.sctp.transport.stop()
        await ours.sctp._transmit_reconfig()
        await ours.sctp._abort()
        for one in (ours, theirs):
            await one.close()

    asyncio.run(run())


def test_frames_reach_a_stock_receiver_with_their_timestamps() -> None:
    async def run() -> None:
        ours = PeerConnection(make_sender=PassthroughSender, addresses=LOOPBACK)
        theirs = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        prefer_h264(ours.addTransceiver("video", direction="sendonly"))
        received: list[tuple[int, bytes]] = []
        keyframes_wanted: list[bool] = []
        sender = ours.getSenders()[0]
        assert isinstance(sender, PassthroughSender)
        sender.keyframe_wanted = lambda: keyframes_wanted.append(True)
        await connect(ours, theirs)
        receiver = theirs.getReceivers()[0]

        async def take(packet: RtpPacket, **_arrival: int) -> None:
            received.append((packet.timestamp, packet.payload))

        receiver._handle_rtp_packet = take
        frame = [b"\x67ab", b"\x68c", b"\x65" + bytes(3000)]
        await until(lambda: sender.send_frame(2**32 + 7, frame))
        await until(lambda: len(received) == 4)  # the parameter sets in one, the picture in three
        assert {timestamp for timestamp, _ in received} == {7}
        await receiver._send_rtcp_pli(sender.wire.ssrc)
        await until(lambda: keyframes_wanted)
        received.clear()
        last = (sender._sequence - 1) & 0xFFFF
        await receiver._send_rtcp_nack(sender.wire.ssrc, [last])
        await until(lambda: received)
        assert received[0][1][:2] == last.to_bytes(2, "big")
        assert sender.packets_resent == 1
        await ours.close()
        await theirs.close()

    asyncio.run(run())


def test_packets_of_a_stock_sender_are_handed_on_without_a_decoder() -> None:
    received: list[int] = []

    class Receiver(MediaReceiver):
        def on_packet(self, _sequence: int, packet: RtpPacket) -> None:
            received.append(packet.timestamp)

    async def run() -> None:
        theirs = PeerConnection(make_sender=PassthroughSender, addresses=LOOPBACK)
        ours = PeerConnection(make_receiver=Receiver, addresses=LOOPBACK)
        for _ in range(2):
            prefer_h264(theirs.addTransceiver("video", direction="sendonly"))
        threads = threading.active_count()
        await connect(theirs, ours)
        senders = theirs.getSenders()
        await until(lambda: all(sender.wire for sender in senders))
        for timestamp, sender in enumerate(senders):
            sender.send_frame(timestamp, [b"\x65picture"])
        await until(lambda: len(received) == 2)
        assert sorted(received) == [0, 1]
        assert threading.active_count() == threads
        # our NACK is answered by RTX, which is unwrapped, on the second of two equal lines
        receiver = ours.getReceivers()[1]
        receiver.request_packets([(senders[1]._sequence - 1) & 0xFFFF])
        await until(lambda: len(received) == 3)
        assert received[2] == 1
        await theirs.close()
        await ours.close()

    asyncio.run(run())


def test_queue_of_datagrams_is_bounded() -> None:
    queue = DatagramQueue()
    before = counters.queue_full
    for _ in range(MAX_QUEUED_DATAGRAMS + 5):
        queue.put_nowait((b"x", 1))
    queue.put_nowait(None)  # the end is never lost
    assert queue.qsize() == MAX_QUEUED_DATAGRAMS + 1
    assert counters.queue_full == before + 5


def test_no_link_local_address_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["192.0.2.2", "169.254.1.1", "fe80::1", "2001:db8::1"]
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_kinds: found)
    assert host_addresses() == ["192.0.2.2", "2001:db8::1"]


def test_everything_that_comes_in_one_datagram_is_taken() -> None:
    async def run() -> None:
        ours, theirs = PeerConnection(addresses=LOOPBACK), RTCPeerConnection(RTCConfiguration([]))
        channel = theirs.createDataChannel("marks")
        texts: list[str] = []
        ours.on("datachannel", lambda found: found.on("message", texts.append))
        await connect(theirs, ours)
        await until(lambda: channel.readyState == "open")
        transport = theirs.sctp.transport
        write = transport._write_ssl

        async def hold() -> None:
            """Leave it in the buffer."""

        transport._write_ssl = hold
        for text in ("one", "two", "three"):
            channel.send(text)
        await until(lambda: not channel.bufferedAmount)
        transport._write_ssl = write
        await write()
        await until(lambda: texts == ["one", "two", "three"])
        await ours.close()
        await theirs.close()

    asyncio.run(run())


class EverySource:
    """Stands for libsrtp, and finds everything authentic."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    def unprotect(self, packet: bytes) -> bytes:
        self.seen.add(packet)
        return packet

    unprotect_rtcp = unprotect


def test_libsrtp_gets_to_see_a_bounded_number_of_sources() -> None:
    every = EverySource()
    known = _KnownSources(every)  # type: ignore[arg-type]
    before = counters.unknown_ssrc
    packets = [bytes(8) + ssrc.to_bytes(4, "big") for ssrc in range(MAX_SSRCS + 10)]
    for packet in packets[:MAX_SSRCS]:
        assert known.unprotect(packet) == packet
    for packet in packets[MAX_SSRCS:]:
        with pytest.raises(pylibsrtp.Error):
            known.unprotect(packet)
        with pytest.raises(pylibsrtp.Error):
            known.unprotect_rtcp(packet[4:])
    assert known.unprotect(packets[0]) == packets[0]
    assert known.unprotect_rtcp(packets[1][4:]) == packets[1][4:]
    assert counters.unknown_ssrc - before == 20
    assert len(every.seen) == MAX_SSRCS + 1
