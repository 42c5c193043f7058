"""Connections of authenticated peers that went mad, and a stranger without one."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import pylibsrtp
from aiortc.rtcsctptransport import SCTP_STATE_COOKIE, InitAckChunk, parse_packet

from baccarat.domain.video.access import VideoRole
from media_sfu.client import Publication, Subscription
from media_sfu.ingest import IngestReceiver
from tests.fuzz.sfu.mutator import Association, Mutator
from tests.support.video import LOOPBACK, until

MAX_QUEUED_BYTES: Final = 48_000
"""In a socket of the SFU, before the attack waits: what the kernel drops tries nothing."""
MAX_SHARED_BYTES: Final = 500
SHARED: Final = 7
MOST_OF_AN_ASSOCIATION: Final = 500
"""Packets; then another one is made, for what is left of this may be little."""
_LOOK_SECONDS: Final = 0.001
_STALLED_SECONDS: Final = 20.0

Mint = Callable[[str, VideoRole], str]


@dataclass(frozen=True, slots=True)
class Where:
    """The SFU, and whoever gives tokens for it."""

    http: aiohttp.ClientSession
    url: str
    mint: Mint


@dataclass(slots=True)
class Peer:
    """A connection to the SFU as a publisher or a viewer."""

    session: Publication | Subscription
    mutator: Mutator
    sent: int = 0
    association: Association | None = None
    counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    async def connect(cls, where: Where, table: str, role: VideoRole, seed: int) -> Self:
        session: Publication | Subscription
        if role is VideoRole.PUBLISH:
            session = await Publication.start(
                where.http,
                f"{where.url}/whip/{table}",
                where.mint(table, role),
                addresses=LOOPBACK,
            )
        else:
            session = await Subscription.start(
                where.http,
                f"{where.url}/whep/{table}",
                where.mint(table, role),
                make_receiver=IngestReceiver,
                addresses=LOOPBACK,
            )
        transceiver = session.connection.getTransceivers()[0]
        sender: Any = transceiver.sender
        ssrcs = [sender._ssrc, sender._rtx_ssrc, transceiver.receiver._media_ssrc or 1]  # type: ignore[attr-defined]
        types = [codec.payloadType for codec in transceiver._codecs]
        return cls(session, Mutator(seed, types, ssrcs))

    @property
    def is_up(self) -> bool:
        return not self.session.ended.is_set()

    @property
    def transport(self) -> Any:
        return self.session.connection.getTransceivers()[0].sender.transport

    @property
    def address(self) -> tuple[str, int]:
        """The SFU's end."""
        pair = self.transport.transport._connection._nominated[1]
        host, port = pair.remote_addr
        return host, port

    async def associate(self) -> None:
        """Wait for the association of SCTP, then answer nothing more by it."""
        sctp: Any = self.session.connection.sctp
        await until(lambda: sctp.state == "connected" and sctp._data_channels)
        channel = next(iter(sctp._data_channels))
        association = Association(
            sctp._local_port,
            sctp._remote_port,
            sctp._remote_verification_tag,
            sctp._local_tsn,
            channel,
            sequence=dict(sctp._outbound_stream_seq),
        )
        sctp._t3_cancel()

        async def listen(data: bytes) -> None:
            try:
                *_, chunks = parse_packet(data)
            except ValueError:
                return
            for chunk in chunks:
                if isinstance(chunk, InitAckChunk):
                    association.cookie = dict(chunk.params).get(SCTP_STATE_COOKIE, b"")

        sctp._handle_data = listen
        self.association = association

    async def send_rtp(self) -> None:
        await self._send_protected(self.transport._tx_srtp.protect, self.mutator.rtp())

    async def send_rtcp(self) -> None:
        await self._send_protected(self.transport._tx_srtp.protect_rtcp, self.mutator.rtcp())

    async def _send_protected(self, protect: Callable[[bytes], bytes], packet: bytes) -> None:
        try:
            packet = protect(packet)
        except (pylibsrtp.Error, ValueError):
            self.counts["not even SRTP"] += 1
        await self.transport.transport._send(packet)

    async def send_sctp(self) -> int:
        """Return how many packets this was. Some share a datagram with the next one."""
        assert self.association is not None
        packets = self.mutator.sctp(self.association)
        for packet in packets:
            self.transport._ssl.send(packet)
            self.sent += 1
            if len(packets) > 1 or len(packet) > MAX_SHARED_BYTES or self.sent % SHARED:
                await self.transport._write_ssl()
        return len(packets)


class Sockets:
    """What waits in the SFU's sockets, and what the kernel had to drop there."""

    def __init__(self) -> None:
        self.dropped: dict[int, int] = {}
        self._waiting: dict[int, int] = {}

    def look(self) -> None:
        self._waiting = {}
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
            fields = line.split()
            port = int(fields[1].rpartition(":")[2], 16)
            self._waiting[port] = int(fields[4].rpartition(":")[2], 16)
            self.dropped[port] = int(fields[-1])

    async def drained(self, ports: list[int]) -> None:
        """Wait until the SFU has taken most of what was sent to ``ports``.

        Raises:
            TimeoutError: it takes nothing any more.
        """
        self.look()
        async with asyncio.timeout(_STALLED_SECONDS):
            while any(self._waiting.get(port, 0) > MAX_QUEUED_BYTES for port in ports):
                await asyncio.sleep(_LOOK_SECONDS)
                self.look()


def stranger() -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.setblocking(False)  # noqa: FBT003  # the socket's own signature
    return found
