"""Every name of aiortc, aioice and pylibsrtp that is not public, and the reasons to use it.

aiortc decodes what it receives and encodes what it sends. The connection here takes other senders
and receivers, which hand on RTP packets as they are. ``PRIVATE_NAMES`` lists what that leans on; a
test checks each against the pinned version.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, cast

import aioice.ice
import aiortc.rtcpeerconnection as peer_connection_module
import pylibsrtp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCRtpSender
from aiortc.codecs import CODECS, is_rtx
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rate import RemoteBitrateEstimator
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcdtlstransport import RTCDtlsTransport, RtpRouter
from aiortc.rtcrtpparameters import (
    RTCRtpCodecCapability,
    RTCRtpParameters,
    RTCRtpReceiveParameters,
    RTCRtpSendParameters,
)
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtcrtptransceiver import RTCRtpTransceiver
from aiortc.rtcsctptransport import RTCSctpTransport
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    RtpPacket,
    pack_remb_fci,
    unpack_remb_fci,
)
from aiortc.sdp import SessionDescription
from aiortc.stats import RTCStatsReport
from OpenSSL import SSL
from pylibsrtp import _binding as srtp_binding

from media_sfu import sctp
from media_sfu.rtp import WireFormat, nack, ntp, random_ssrc

_log = logging.getLogger(__name__)

ABS_SEND_TIME_URI: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
CONSTRAINED_BASELINE: Final = "42e01f"
MAX_DATAGRAM_BYTES: Final = 1500
"""Longer ones cannot be SRTP of ours, and pylibsrtp's buffers end here."""
MAX_QUEUED_DATAGRAMS: Final = 2048
MAX_SSRCS: Final = 32
"""Per connection; more are somebody's attempt to fill our memory."""
_FIRST_BYTE_AFTER_STUN: Final = 20
_MALFORMED: Final = (ValueError, struct.error, KeyError, IndexError, AssertionError)
"""What the parsers of aiortc and aioice raise on bytes that nobody well-behaved sends."""
_SCTP_BROKEN: Final = (*_MALFORMED, TypeError, AttributeError, SSL.Error)
"""What aiortc's SCTP raises where a packet does not go with the ones before it."""
MAX_RECORDS: Final = 64
"""Of DTLS in one datagram: the shortest have 38 bytes."""

PRIVATE_NAMES: Final[tuple[tuple[object, str], ...]] = (
    (peer_connection_module, "RTCRtpSender"),
    (peer_connection_module, "RTCRtpReceiver"),
    (peer_connection_module, "RTCDtlsTransport"),
    (RTCPeerConnection, "_RTCPeerConnection__createTransceiver"),
    (RTCPeerConnection, "_RTCPeerConnection__createDtlsTransport"),
    (RTCDtlsTransport, "_handle_rtp_data"),
    (RTCDtlsTransport, "_handle_rtcp_data"),
    (RTCDtlsTransport, "_send_data"),
    (RTCDtlsTransport, "_setup_srtp"),
    (RTCDtlsTransport, "_register_data_receiver"),
    (RTCSctpTransport, "_handle_data"),
    (RTCDtlsTransport, "_register_rtp_sender"),
    (RTCDtlsTransport, "_unregister_rtp_sender"),
    (RTCDtlsTransport, "_register_rtp_receiver"),
    (RTCDtlsTransport, "_unregister_rtp_receiver"),
    (RtpRouter, "route_rtp"),
    (RtpRouter, "route_rtcp"),
    (RTCRtpTransceiver, "_set_mid"),
    (aioice.ice.Connection, "get_component_candidates"),
    (aioice.ice.Connection, "data_received"),
    (aioice.ice.StunProtocol, "datagram_received"),
    (aioice.ice, "get_host_addresses"),
    (srtp_binding, "lib"),
    (srtp_binding, "ffi"),
    (srtp_binding.lib, "srtp_protect"),
    (srtp_binding.lib, "srtp_protect_rtcp"),
)
"""Names of modules and classes; those of instances are read by every test that connects."""


@dataclass(slots=True)
class Counters:
    """What was dropped in this process before it could do harm."""

    malformed: int = 0
    oversized: int = 0
    queue_full: int = 0
    unknown_ssrc: int = 0
    send_failed: int = 0


counters = Counters()


class DatagramQueue(asyncio.Queue[Any]):
    """aioice's queue of received datagrams, with a bound: full means drop, as in any router."""

    def put_nowait(self, item: Any) -> None:
        if item is not None and self.qsize() >= MAX_QUEUED_DATAGRAMS:
            counters.queue_full += 1
            return
        super().put_nowait(item)


def host_addresses() -> list[str]:
    """Return this machine's addresses that others may reach: no loopback, no link-local."""
    found: list[str] = aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True)
    return [one for one in found if not one.lower().startswith(("fe80:", "169.254."))]


def _guard(connection: aioice.ice.Connection, protocol: aioice.ice.StunProtocol) -> None:
    inner = protocol.datagram_received
    component = protocol.local_candidate.component

    def datagram_received(data: bytes | str, addr: tuple[Any, ...]) -> None:
        datagram = cast("bytes", data)
        if not datagram or len(datagram) > MAX_DATAGRAM_BYTES:
            counters.oversized += 1
        elif datagram[0] >= _FIRST_BYTE_AFTER_STUN:
            connection.data_received(datagram, component)
        else:
            try:
                inner(datagram, addr)
            except _MALFORMED:
                counters.malformed += 1

    protocol.datagram_received = datagram_received  # type: ignore[method-assign]


def _bound_ice(connection: aioice.ice.Connection, addresses: Sequence[str]) -> None:
    """Gather on the wanted addresses only; take no datagram that breaks a parser."""
    gather = connection.get_component_candidates
    connection._queue = DatagramQueue()

    async def gather_wanted(component: int, **_all_addresses: Any) -> list[aioice.Candidate]:
        candidates = await gather(component=component, addresses=list(addresses))
        for protocol in connection._protocols:
            _guard(connection, protocol)
        return candidates

    connection.get_component_candidates = gather_wanted  # type: ignore[assignment]


class _KnownSources:
    """The inbound session of libsrtp, which keeps what it knows of a source for ever: it gets to
    see ``MAX_SSRCS`` of them.
    """

    def __init__(self, session: pylibsrtp.Session) -> None:
        self._session = session
        self._known: set[bytes] = set()

    def unprotect(self, packet: bytes) -> bytes:
        return self._checked(self._session.unprotect, packet, packet[8:12])

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        return self._checked(self._session.unprotect_rtcp, packet, packet[4:8])

    def _checked(self, unprotect: Callable[[bytes], bytes], packet: bytes, ssrc: bytes) -> bytes:
        if ssrc not in self._known and len(self._known) >= MAX_SSRCS:
            counters.unknown_ssrc += 1
            raise pylibsrtp.Error("too many sources")
        plain = unprotect(packet)
        self._known.add(ssrc)
        return plain


class DtlsTransport(RTCDtlsTransport):
    """aiortc's, but an authenticated peer cannot end the task or fill tables by odd packets."""

    def _setup_srtp(self) -> None:
        super()._setup_srtp()
        if self._rx_srtp is not None:
            self._rx_srtp = cast("pylibsrtp.Session", _KnownSources(self._rx_srtp))

    def _register_data_receiver(self, receiver: Any) -> None:
        receiver._advertised_rwnd = sctp.WINDOW_BYTES
        receiver._inbound_streams_max = sctp.MAX_STREAMS
        inner = receiver._handle_data

        async def handle_data(data: bytes) -> None:
            for packet in self._records(data):
                if not _has_room(receiver) or not sctp.is_sound(
                    packet, receiver._last_received_tsn
                ):
                    counters.malformed += 1
                    continue
                try:
                    await inner(packet)
                except _SCTP_BROKEN as error:
                    counters.malformed += 1
                    _log.info("a peer's SCTP ended its session: %r", error)
                    await self._say_goodbye()
                    raise ConnectionError("the peer does not keep to SCTP") from error

        receiver._handle_data = handle_data
        super()._register_data_receiver(receiver)

    async def _send_data(self, data: bytes) -> None:
        """Nothing goes to who is gone: aiortc's SCTP sends from tasks that nobody waits for."""
        with suppress(ConnectionError, SSL.Error):
            await super()._send_data(data)

    async def _say_goodbye(self) -> None:
        """So that it need not wait for half a minute. Not by aiortc, when the end is an error."""
        with suppress(SSL.Error):
            cast("SSL.Connection", self._ssl).shutdown()
        await self._write_ssl()

    def _records(self, first: bytes) -> Iterator[bytes]:
        """Everything that came with a datagram: aiortc takes one record of each, and keeps the
        others.
        """
        yield first
        for _ in range(MAX_RECORDS):
            try:
                yield cast("SSL.Connection", self._ssl).recv(MAX_DATAGRAM_BYTES)
            except SSL.Error:
                return

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        try:
            packet = RtpPacket.parse(data, self._rtp_header_extensions_map)
        except _MALFORMED:
            counters.malformed += 1
            return
        receiver = self._rtp_router.route_rtp(packet)
        if receiver is not None:
            await receiver._handle_rtp_packet(packet, arrival_time_ms=arrival_time_ms)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        try:
            routed = [(one, self._recipients(one)) for one in RtcpPacket.parse(data)]
        except _MALFORMED:
            counters.malformed += 1
            return
        for packet, recipients in routed:
            for recipient in recipients:
                await recipient._handle_rtcp_packet(packet)

    def _recipients(self, packet: AnyRtcpPacket) -> set[Any]:
        recipients: set[Any] = set(self._rtp_router.route_rtcp(packet))
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_FIR:
            # RFC 5104: the media source is named in the entries, the header's field is 0
            for at in range(0, len(packet.fci) - 7, 8):
                sender = self._rtp_router.senders.get(
                    int.from_bytes(packet.fci[at : at + 4], "big")
                )
                if sender is not None:
                    recipients.add(sender)
        return recipients


def _has_room(association: Any) -> bool:
    waiting = sum(len(one.reassembly) for one in association._inbound_streams.values())
    unsent = (association._outbound_queue, association._sent_queue, association._data_channel_queue)
    return (
        association._advertised_rwnd > 0
        and waiting < sctp.MAX_WAITING_CHUNKS
        and sum(map(len, unsent)) < sctp.MAX_UNSENT_CHUNKS
    )


MakeSender = Callable[[Any, RTCDtlsTransport], "MediaSender"]
MakeReceiver = Callable[[str, RTCDtlsTransport], "MediaReceiver"]


class PeerConnection(RTCPeerConnection):
    """A connection without codecs: its senders and receivers are the given ones.

    ``addresses`` are where it listens, one UDP port each; empty means all but link-local ones.
    No STUN server is asked.
    """

    def __init__(
        self,
        *,
        make_sender: MakeSender | None = None,
        make_receiver: MakeReceiver | None = None,
        addresses: Sequence[str] = (),
    ) -> None:
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._make_sender = make_sender or MediaSender
        self._make_receiver = make_receiver or MediaReceiver
        self._addresses = tuple(addresses)

    def _RTCPeerConnection__createTransceiver(  # noqa: N802  # aiortc's name, mangled
        self, direction: str, kind: str, sender_track: MediaStreamTrack | None = None
    ) -> RTCRtpTransceiver:
        with _swapped(RTCRtpSender=self._make_sender, RTCRtpReceiver=self._make_receiver):
            create = super()._RTCPeerConnection__createTransceiver  # type: ignore[misc]
            return cast("RTCRtpTransceiver", create(direction, kind, sender_track))

    def _RTCPeerConnection__createDtlsTransport(self) -> RTCDtlsTransport:  # noqa: N802
        with _swapped(RTCDtlsTransport=DtlsTransport):
            create = super()._RTCPeerConnection__createDtlsTransport  # type: ignore[misc]
            transport = cast("RTCDtlsTransport", create())
        _bound_ice(transport.transport._connection, self._addresses or host_addresses())
        return transport


@contextmanager
def _swapped(**names: Any) -> Iterator[None]:
    """Let aiortc's module see other classes; only around calls that do not await."""
    before = {name: getattr(peer_connection_module, name) for name in names}
    vars(peer_connection_module).update(names)
    try:
        yield
    finally:
        vars(peer_connection_module).update(before)


def prefer_h264(transceiver: RTCRtpTransceiver) -> None:
    """Negotiate constrained baseline in packetization mode 1, and retransmission, nothing else."""
    transceiver.setCodecPreferences(
        [
            RTCRtpCodecCapability("video/H264", 90000, None, codec.parameters)
            for codec in CODECS["video"]
            if codec.parameters.get("profile-level-id") == CONSTRAINED_BASELINE
        ]
        + [RTCRtpCodecCapability("video/rtx", 90000)]
    )


def parse_sdp(text: str) -> SessionDescription:
    """Raises: ValueError: the text is no session description that aiortc understands."""
    try:
        return SessionDescription.parse(text)
    except (ValueError, KeyError, IndexError, AssertionError, AttributeError, StopIteration) as e:
        raise ValueError("the session description cannot be parsed") from e


def _wire_format(parameters: RTCRtpParameters, ssrc: int, rtx_ssrc: int) -> WireFormat:
    media = parameters.codecs[0]
    rtx = [one for one in parameters.codecs if is_rtx(one)]
    rtx = [one for one in rtx if one.parameters.get("apt") == media.payloadType]
    extensions = [one.id for one in parameters.headerExtensions if one.uri == ABS_SEND_TIME_URI]
    return WireFormat(
        ssrc=ssrc,
        payload_type=media.payloadType or 0,
        abs_send_time_id=extensions[0] if extensions and extensions[0] < 15 else 0,
        rtx_ssrc=rtx_ssrc,
        rtx_payload_type=(rtx[0].payloadType or 0) if rtx else 0,
    )


class SrtpOutlet:
    """A way to one peer that costs only encryption and one system call.

    It has its own descriptor of the connection's socket, so that it can never write to a socket
    that was closed meanwhile and whose number somebody else got.
    """

    def __init__(self, transport: RTCDtlsTransport) -> None:
        pair = transport.transport._connection._nominated[1]
        shared = pair.protocol.transport.get_extra_info("socket")
        self.socket = socket.socket(fileno=os.dup(shared.fileno()))
        self.socket.setblocking(False)  # noqa: FBT003  # the socket's own signature
        self.address: tuple[str, int] = pair.remote_addr
        self._session = transport._tx_srtp

    @property
    def session(self) -> Any:
        """The peer's session in libsrtp, for ``srtp_protect``; valid while this object lives."""
        return self._session._srtp[0]

    def send_rtp(self, packet: bytes) -> bool:
        """Return whether the packet left; when the socket is full it is dropped and counted."""
        return self._send(self._session.protect(packet))

    def send_rtcp(self, packet: bytes) -> bool:
        return self._send(self._session.protect_rtcp(packet))

    def _send(self, datagram: bytes) -> bool:
        try:
            self.socket.sendto(datagram, self.address)
        except OSError:
            counters.send_failed += 1
            return False
        return True

    def close(self) -> None:
        self.socket.close()


srtp_ffi: Final = srtp_binding.ffi
srtp_protect: Final = srtp_binding.lib.srtp_protect
srtp_protect_address: Final = int(
    srtp_ffi.cast("uintptr_t", srtp_ffi.addressof(srtp_binding.lib, "srtp_protect"))
)
SrtpError: Final = pylibsrtp.Error


def session_address(session: Any) -> int:
    """Return libsrtp's pointer as a number, for code that has its own cffi."""
    return int(srtp_ffi.cast("uintptr_t", session))


class MediaSender:
    """Stands where aiortc has RTCRtpSender: no track, no encoder, no task.

    Subclasses take what the peer reports by the ``on_…`` methods.
    """

    def __init__(self, track_or_kind: Any, transport: RTCDtlsTransport) -> None:
        self.kind = "video"
        self.track = track_or_kind if isinstance(track_or_kind, MediaStreamTrack) else None
        self.transport = transport
        self.wire: WireFormat | None = None
        self.outlet: SrtpOutlet | None = None
        self.heard_at = time.monotonic()
        self.round_trip_seconds = 0.0
        self._ssrc = random_ssrc()
        self._rtx_ssrc = random_ssrc()
        self._stream_id = str(uuid.uuid4())
        self._track_id = str(uuid.uuid4())
        self._enabled = True

    def use_ssrcs(self, ssrc: int, rtx_ssrc: int) -> None:
        """To be called before the answer is made."""
        self._ssrc, self._rtx_ssrc = ssrc, rtx_ssrc

    def setTransport(self, transport: RTCDtlsTransport) -> None:  # noqa: N802
        self.transport = transport

    async def getStats(self) -> RTCStatsReport:  # noqa: N802
        return RTCStatsReport()

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        if self.wire is None and parameters.codecs:
            self.transport._register_rtp_sender(cast("RTCRtpSender", self), parameters)
            self.wire = _wire_format(parameters, self._ssrc, self._rtx_ssrc)
            self.outlet = SrtpOutlet(self.transport)
            self.heard_at = time.monotonic()
            self.on_started()

    async def stop(self) -> None:
        if self.outlet is not None:
            self.on_stopped()
            self.transport._unregister_rtp_sender(cast("RTCRtpSender", self))
            self.outlet.close()
            self.outlet = None

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        self.heard_at = time.monotonic()
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == self._ssrc:
                    self._take_report(report)
        elif isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            self.on_nack([sequence & 0xFFFF for sequence in packet.lost])
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt in {RTCP_PSFB_PLI, RTCP_PSFB_FIR}:
            self.on_keyframe_wanted()
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            self._take_bitrate(packet)

    def _take_report(self, report: RtcpReceiverInfo) -> None:
        if report.lsr:
            middle = (ntp(time.time()) >> 16) & 0xFFFFFFFF
            passed = (middle - report.lsr - report.dlsr) & 0xFFFFFFFF
            if passed < 1 << 20:  # 16 s; more is a clock that was set, or a lie
                self.round_trip_seconds = passed / 65536
        self.on_report(report.fraction_lost / 256)

    def _take_bitrate(self, packet: RtcpPsfbPacket) -> None:
        try:
            bits_per_second, ssrcs = unpack_remb_fci(packet.fci)
        except _MALFORMED:
            counters.malformed += 1
            return
        if self._ssrc in ssrcs:
            self.on_bitrate_estimate(bits_per_second)

    def on_started(self) -> None:
        """The connection is up; ``wire`` and ``outlet`` are set."""

    def on_stopped(self) -> None:
        """The last moment at which ``outlet`` may be used."""

    def on_nack(self, sequences: list[int]) -> None:
        """The peer misses these packets."""

    def on_keyframe_wanted(self) -> None:
        """The peer cannot go on without a keyframe."""

    def on_bitrate_estimate(self, bits_per_second: int) -> None:
        """What the peer believes that the way to it carries (REMB)."""

    def on_report(self, fraction_lost: float) -> None:
        """A receiver report."""


class MediaReceiver:
    """Stands where aiortc has RTCRtpReceiver: no jitter buffer, no decoder, no thread.

    It counts for receiver reports, estimates the bandwidth, unwraps retransmissions and gives each
    packet to ``on_packet``. Subclasses decide what is lost and ask for it.
    """

    REPORT_SECONDS: Final = 0.5
    """A publisher takes three missing ones for our end."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        self.kind = kind
        self.transport = transport
        self.heard_at = time.monotonic()
        self._track: MediaStreamTrack | None = None
        self._enabled = True
        self._rtcp_ssrc = 0
        self._media_ssrc: int | None = None
        self._media_payload_type = 0
        self._rtx_payload_type = 0
        self._rtx_ssrc: int | None = None
        self._statistics: dict[int, StreamStatistics] = {}
        self._estimator: RemoteBitrateEstimator | None = None
        self._last_report: tuple[int, float] = (0, 0.0)
        self._reporting: asyncio.Task[None] | None = None

    @property
    def track(self) -> MediaStreamTrack | None:
        return self._track

    def setTransport(self, transport: RTCDtlsTransport) -> None:  # noqa: N802
        self.transport = transport

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self._rtcp_ssrc = ssrc

    async def getStats(self) -> RTCStatsReport:  # noqa: N802
        return RTCStatsReport()

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        if self._reporting is not None or not parameters.codecs:
            return
        wire = _wire_format(parameters, 0, 0)
        self._media_payload_type = wire.payload_type
        self._rtx_payload_type = wire.rtx_payload_type
        self.transport._register_rtp_receiver(cast("RTCRtpReceiver", self), parameters)
        for encoding in parameters.encodings:
            self._media_ssrc = encoding.ssrc
            if encoding.rtx:
                # aiortc routes retransmissions by payload type, which all qualities share
                self._rtx_ssrc = encoding.rtx.ssrc
                table = self.transport._rtp_router.ssrc_table
                table[encoding.rtx.ssrc] = cast("RTCRtpReceiver", self)
        self._estimator = RemoteBitrateEstimator()
        self.heard_at = time.monotonic()
        self._reporting = asyncio.create_task(self._report())
        self.on_started()

    async def stop(self) -> None:
        if self._reporting is not None:
            self.transport._unregister_rtp_receiver(cast("RTCRtpReceiver", self))
            self._reporting.cancel()
            await asyncio.gather(self._reporting, return_exceptions=True)
            self._reporting = None
            self.on_stopped()

    def _handle_disconnect(self) -> None:
        """Where aiortc stops its decoder; there is none."""

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        self.heard_at = time.monotonic()
        if isinstance(packet, RtcpSrPacket):
            middle = (packet.sender_info.ntp_timestamp >> 16) & 0xFFFFFFFF
            self._last_report = (middle, time.monotonic())
        elif isinstance(packet, RtcpByePacket):
            self.on_bye()

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        is_retransmission = packet.payload_type == self._rtx_payload_type != 0
        if not self._enabled or not self._belongs(packet, is_retransmission=is_retransmission):
            counters.unknown_ssrc += 1
            return
        self.heard_at = time.monotonic()
        statistics = self._statistics.get(packet.ssrc)
        if statistics is None:
            statistics = self._statistics[packet.ssrc] = StreamStatistics(90000)
        statistics.add(packet)
        self._estimate(packet, arrival_time_ms)
        if not is_retransmission:
            self.on_packet(packet.sequence_number, packet)
        elif len(packet.payload) > 2:
            sequence = int.from_bytes(packet.payload[:2], "big")
            packet.payload = packet.payload[2:]
            self.on_packet(sequence, packet)

    def _belongs(self, packet: RtpPacket, *, is_retransmission: bool) -> bool:
        """One source for the media and one for its retransmissions; the first ones if not told."""
        if is_retransmission:
            self._rtx_ssrc = packet.ssrc if self._rtx_ssrc is None else self._rtx_ssrc
            return packet.ssrc == self._rtx_ssrc
        if packet.payload_type != self._media_payload_type:
            return False
        self._media_ssrc = packet.ssrc if self._media_ssrc is None else self._media_ssrc
        return packet.ssrc == self._media_ssrc

    def _estimate(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        if self._estimator is None or packet.extensions.abs_send_time is None:
            return
        estimate = self._estimator.add(
            abs_send_time=packet.extensions.abs_send_time,
            arrival_time_ms=arrival_time_ms,
            payload_size=len(packet.payload) + packet.padding_size,
            ssrc=packet.ssrc,
        )
        if estimate is not None:
            fci = pack_remb_fci(*estimate)
            self.send_rtcp(bytes(RtcpPsfbPacket(RTCP_PSFB_APP, self._rtcp_ssrc, 0, fci)))

    def request_packets(self, sequences: list[int]) -> None:
        """Send a NACK for at least one packet."""
        if self._media_ssrc is not None:
            self.send_rtcp(nack(self._rtcp_ssrc, self._media_ssrc, sequences))

    def request_keyframe(self) -> None:
        """Send a PLI."""
        if self._media_ssrc is not None:
            self.send_rtcp(bytes(RtcpPsfbPacket(RTCP_PSFB_PLI, self._rtcp_ssrc, self._media_ssrc)))

    def send_rtcp(self, packet: bytes) -> None:
        session = self.transport._tx_srtp
        connection = self.transport.transport._connection
        pair = connection._nominated.get(1)
        if session is not None and pair is not None:
            pair.protocol.transport.sendto(session.protect_rtcp(packet), pair.remote_addr)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(self.REPORT_SECONDS)
            middle, at = self._last_report
            since = min(int((time.monotonic() - at) * 65536), 0xFFFFFFFF) if middle else 0
            reports = [
                RtcpReceiverInfo(
                    ssrc=ssrc,
                    fraction_lost=one.fraction_lost,
                    packets_lost=one.packets_lost,
                    highest_sequence=(one.cycles + (one.max_seq or 0)) & 0xFFFFFFFF,
                    jitter=min(one.jitter, 0xFFFFFFFF),
                    lsr=middle,
                    dlsr=since,
                )
                for ssrc, one in self._statistics.items()
            ]
            if reports:
                self.send_rtcp(bytes(RtcpRrPacket(self._rtcp_ssrc, reports)))

    def on_started(self) -> None:
        """The connection is up."""

    def on_stopped(self) -> None:
        """The connection is closed."""

    def on_packet(self, sequence: int, packet: RtpPacket) -> None:
        """A packet of the media, perhaps late, repeated or out of order; ``sequence`` is its own
        number, also when it came as a retransmission.
        """

    def on_bye(self) -> None:
        """The peer says that it stops."""
