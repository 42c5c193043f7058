"""A WHIP endpoint that decodes what it is sent and keeps it, for tests of publishers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import av
from aiohttp import web
from aiortc import RTCDataChannel, RTCSessionDescription
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtp import RtpPacket

from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.strip import Strip, read_strip
from media_sfu.compat import MediaReceiver, PeerConnection
from media_sfu.h264 import NAL_IDR, depacketise
from tests.support.pictures import luma_of
from tests.support.video import LOOPBACK

_START_CODE = b"\x00\x00\x00\x01"
_WRAP = 2**32

Frame: TypeAlias = tuple[int, Strip | None, int]
"""RTP timestamp, strip, and width of a picture."""


class PictureReceiver(MediaReceiver):
    """Decodes every picture; on loopback nothing is lost."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self.frames: list[Frame] = []
        self.keyframes: list[int] = []
        self._payloads: list[bytes] = []
        self._decoder = cast("av.VideoCodecContext", av.CodecContext.create("h264", "r"))
        self._decoder.options = {"flags": "low_delay"}

    def on_packet(self, _sequence: int, packet: RtpPacket) -> None:
        self._payloads.append(packet.payload)
        if not packet.marker:
            return
        nals, self._payloads = depacketise(self._payloads), []
        if any(nal[0] & 31 == NAL_IDR for nal in nals):
            self.keyframes.append(packet.timestamp)
        coded = av.Packet(b"".join(_START_CODE + nal for nal in nals))
        for frame in self._decoder.decode(coded):
            strip = read_strip(luma_of(frame), frame.width, frame.height, frame.width)
            self.frames.append((packet.timestamp, strip, frame.width))


@dataclass
class Received:
    """One publisher's session. ``marks`` are ``(rtp timestamp, mark)`` as they came."""

    connection: PeerConnection
    channel: RTCDataChannel | None = None
    marks: list[tuple[int, FrameMark]] = field(default_factory=list)

    @property
    def receivers(self) -> list[PictureReceiver]:
        """One for each quality, the best first."""
        return cast("list[PictureReceiver]", self.connection.getReceivers())

    @property
    def frames(self) -> list[Frame]:
        """Those of the best quality."""
        return self.receivers[0].frames

    def mark_of(self, rtp_timestamp: int) -> tuple[int, FrameMark] | None:
        """Return the newest mark that says something of a frame, and from when on it does."""
        found = [one for one in self.marks if (rtp_timestamp - one[0]) % _WRAP < _WRAP // 2]
        return min(found, key=lambda one: (rtp_timestamp - one[0]) % _WRAP, default=None)

    def disagreements(self, quality: int = 0) -> tuple[int, list[object]]:
        """Return how many frames have a mark, and those whose strip says something else."""
        compared, wrong = 0, list[object]()
        for rtp_timestamp, strip, _ in self.receivers[quality].frames:
            found = self.mark_of(rtp_timestamp)
            if found is None:
                continue
            compared += 1
            from_, mark = found
            at_ms = mark.at_ms + (rtp_timestamp - from_) % _WRAP // 90
            if strip is None or not strip.agrees(mark) or strip.at_ms != at_ms:
                wrong.append((rtp_timestamp, strip, found))
        return compared, wrong


class WhipEndpoint:
    def __init__(self) -> None:
        self.sessions: list[Received] = []
        self.tokens: list[str] = []
        self.deleted = 0
        self.url = ""

    async def publish(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers["Authorization"])
        connection = PeerConnection(make_receiver=PictureReceiver, addresses=LOOPBACK)
        received = Received(connection)

        def on_channel(channel: RTCDataChannel) -> None:
            assert channel.label == "marks"
            received.channel = channel
            channel.on("message", lambda text: received.marks.append(_mark_of(text)))

        connection.on("datachannel", on_channel)
        offer = RTCSessionDescription(await request.text(), "offer")
        await connection.setRemoteDescription(offer)
        await connection.setLocalDescription(await connection.createAnswer())
        self.sessions.append(received)
        return web.Response(
            status=201,
            text=connection.localDescription.sdp,
            content_type="application/sdp",
            headers={"Location": f"{request.path}/{len(self.sessions)}"},
        )

    async def delete(self, _: web.Request) -> web.Response:
        self.deleted += 1
        return web.Response()

    async def hang_up(self) -> None:
        """End every session from here."""
        for session in self.sessions:
            await session.connection.close()


def _mark_of(text: str) -> tuple[int, FrameMark]:
    message = json.loads(text)
    assert message.keys() == {"rtpTimestamp", "mark"}
    return message["rtpTimestamp"], FrameMark.from_json(message["mark"])


@asynccontextmanager
async def whip_endpoint() -> AsyncIterator[WhipEndpoint]:
    endpoint = WhipEndpoint()
    app = web.Application()
    app.router.add_post("/whip/{table}", endpoint.publish)
    app.router.add_delete("/whip/{table}/{session}", endpoint.delete)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield endpoint
    finally:
        await endpoint.hang_up()
        await runner.cleanup()
