"""A camera on the network: a small RTSP server (RFC 2326) that sends H.264 over its own line."""

from __future__ import annotations

import asyncio
import base64
import itertools
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from media_sfu.h264 import packetise

FRAME_SECONDS = 0.04
TICKS = 3600
FIRST_TIMESTAMP = 900_000
_SSRC = 7
_PAYLOAD_TYPE = 96
_HEADER = struct.Struct("!BBHLL")


class RtspCamera:
    """Sends ``pictures`` again and again, from the first one on, to everybody who plays."""

    def __init__(self, pictures: Sequence[Sequence[bytes]]) -> None:
        self.plays = 0
        self.port = 0
        self._pictures = pictures
        self._lines: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/table"

    def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves or the camera does."""
        task = asyncio.create_task(self._answer(reader, writer))
        self._lines[task] = writer
        task.add_done_callback(self._lines.pop)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing: asyncio.Task[None] | None = None
        try:
            while request := await _request(reader):
                method, headers = request
                body = self._description() if method == "DESCRIBE" else ""
                writer.write(_response(method, headers, body))
                if method == "PLAY":
                    self.plays += 1
                    playing = asyncio.create_task(self._play(writer))
                if method == "TEARDOWN":
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # it left without a word, as clients do; or the camera did
        finally:
            writer.close()
            if playing is not None:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        sequence = 0
        for number in itertools.count():
            payloads = packetise(self._pictures[number % len(self._pictures)])
            for index, payload in enumerate(payloads):
                marker = 0x80 * (index == len(payloads) - 1)
                timestamp = FIRST_TIMESTAMP + number * TICKS
                head = (0x80, marker | _PAYLOAD_TYPE, sequence & 0xFFFF, timestamp, _SSRC)
                packet = _HEADER.pack(*head) + payload
                writer.write(struct.pack("!cBH", b"$", 0, len(packet)) + packet)
                sequence += 1
            await writer.drain()
            await asyncio.sleep(FRAME_SECONDS)

    def _description(self) -> str:
        units = {nal[0] & 0x1F: nal for nal in self._pictures[0]}
        sets = ",".join(base64.b64encode(units[kind]).decode() for kind in (7, 8))
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=table\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
            f"m=video 0 RTP/AVP {_PAYLOAD_TYPE}\r\na=rtpmap:{_PAYLOAD_TYPE} H264/90000\r\n"
            f"a=fmtp:{_PAYLOAD_TYPE} packetization-mode=1;sprop-parameter-sets={sets}\r\n"
            "a=control:track\r\n"
        )

    async def leave(self) -> None:
        """Cut every line. A line that is about to end is not cancelled: it would not close."""
        for writer in self._lines.values():
            writer.transport.abort()
        await asyncio.gather(*self._lines)


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]] | None:
    """The next request, without what the client says over RTCP between two."""
    while (first := await reader.read(1)) == b"$":
        _channel, length = struct.unpack("!BH", await reader.readexactly(3))
        await reader.readexactly(length)
    if not first:
        return None
    lines = (first + await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    return lines[0].split()[0], headers


def _response(method: str, headers: dict[str, str], body: str) -> bytes:
    lines = ["RTSP/1.0 200 OK", f"CSeq: {headers['CSeq']}", "Session: 1;timeout=60"]
    if method == "OPTIONS":
        lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
    if method == "SETUP":
        lines.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
    if body:
        lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@asynccontextmanager
async def rtsp_camera(
    pictures: Sequence[Sequence[bytes]], *, port: int = 0
) -> AsyncIterator[RtspCamera]:
    camera = RtspCamera(pictures)
    server = await asyncio.start_server(camera.answer, "127.0.0.1", port)
    camera.port = server.sockets[0].getsockname()[1]
    try:
        yield camera
    finally:
        server.close()
        await camera.leave()
        await server.wait_closed()
