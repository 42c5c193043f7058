"""WHIP and WHEP as a client: for the studio's agent, for edges and for tests."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Self
from urllib.parse import urljoin

import aiohttp
from aiortc import RTCDataChannel, RTCSessionDescription

from baccarat.domain.errors import BaccaratError
from baccarat.domain.video.marks import FrameMark
from media_sfu.compat import MakeReceiver, PeerConnection, prefer_h264
from media_sfu.marks import MOVE
from media_sfu.passthrough import PassthroughSender

MARKS_LABEL: Final = "marks"
MAX_ANSWER_BYTES: Final = 65_536
SIGNALLING_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 3.0
SILENT_SECONDS: Final = 2.0
"""A server reports twice a second on what it gets: so long without a report, and it is gone."""
OWN_PAUSE_SECONDS: Final = 0.5
MAX_BUFFERED_MARK_BYTES: Final = 65_536


class SignallingRefused(BaccaratError):
    """The SFU did not take the session; ``status`` is of HTTP, 0 when there was no answer."""

    code = "SIGNALLING_REFUSED"

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message, status=status)
        self.status = status


class Session:
    """One WHIP or WHEP session: the connection and the resource that stands for it."""

    def __init__(
        self, http: aiohttp.ClientSession, connection: PeerConnection, token: str | None
    ) -> None:
        self.connection = connection
        self.ended = asyncio.Event()
        """Set when the connection is lost, refused or closed; it does not come back."""
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._connected = asyncio.Event()
        self._resource: str | None = None
        connection.on("connectionstatechange", self._state_changed)

    def _state_changed(self) -> None:
        if self.connection.connectionState == "connected":
            self._connected.set()
        elif self.connection.connectionState in {"failed", "closed"}:
            self.ended.set()

    async def negotiate(self, url: str) -> None:
        """Offer, send the offer to ``url``, take the answer.

        Raises:
            SignallingRefused: the answer is none; the connection is closed.
        """
        try:
            async with asyncio.timeout(SIGNALLING_SECONDS):
                await self._exchange(url)
        except (SignallingRefused, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            await self.close()
            if isinstance(error, SignallingRefused):
                raise
            raise SignallingRefused(f"{url} did not answer: {error!r}", status=0) from error

    async def _exchange(self, url: str) -> None:
        connection = self.connection
        await connection.setLocalDescription(await connection.createOffer())
        async with self._http.post(
            url,
            data=self.offered(connection.localDescription.sdp).encode(),
            headers=self._headers | {"Content-Type": "application/sdp"},
        ) as response:
            text = await _text_of(response)
            if response.status != 201:
                raise SignallingRefused(
                    f"{url} answered {response.status}: {text[:300]}", status=response.status
                )
            self._resource = urljoin(str(response.url), response.headers["Location"])
        await self.take_answer(text)

    def offered(self, offer: str) -> str:
        """Return the offer as it is sent."""
        return offer

    async def take_answer(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def connected(self) -> None:
        """Wait until media can flow.

        Raises:
            SignallingRefused: it did not within ``CONNECT_SECONDS``; the session is closed.
        """
        waits = [asyncio.create_task(one.wait()) for one in (self._connected, self.ended)]
        await asyncio.wait(waits, timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if not self._connected.is_set() or self.ended.is_set():
            await self.close()
            raise SignallingRefused("the media connection did not come up", status=0)

    async def close(self) -> None:
        """End the session here and, as far as it can be reached, there."""
        self.ended.set()
        resource, self._resource = self._resource, None
        if resource is not None:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._http.delete(resource, headers=self._headers)
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass  # gone already; it would notice the silence anyway
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.connection.close()
        except TimeoutError:
            pass  # its sockets are closed with the process


class Publication(Session):
    """A publisher's session: frames go out by ``send_frame``, marks by ``send_mark``."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        token: str | None,
        *,
        qualities: int,
        keyframe_wanted: Callable[[int], None],
        addresses: Sequence[str] = (),
    ) -> None:
        """Prepare ``qualities`` video lines, the best first.

        ``keyframe_wanted`` gets the index of a quality whose next frame has to be a keyframe.
        """
        connection = PeerConnection(make_sender=PassthroughSender, addresses=addresses)
        super().__init__(http, connection, token)
        self._senders: list[PassthroughSender] = []
        for quality in range(qualities):
            transceiver = connection.addTransceiver("video", direction="sendonly")
            prefer_h264(transceiver)
            sender: Any = transceiver.sender
            sender.keyframe_wanted = lambda quality=quality: keyframe_wanted(quality)
            self._senders.append(sender)
        self._looked_at = self._awake_since = time.monotonic()
        self.moved = asyncio.Event()
        """Set when the SFU is about to leave: publish elsewhere, then close this."""
        self._marks = connection.createDataChannel(MARKS_LABEL)
        self._marks.on("message", self._take_text)

    def _take_text(self, text: str | bytes) -> None:
        if text == MOVE:
            self.moved.set()

    @classmethod
    async def start(
        cls,
        http: aiohttp.ClientSession,
        url: str,
        token: str | None,
        *,
        qualities: int = 1,
        keyframe_wanted: Callable[[int], None] = lambda _quality: None,
        addresses: Sequence[str] = (),
    ) -> Self:
        """Publish to ``…/whip/{table}`` and return when frames can be sent.

        Raises:
            SignallingRefused: see ``negotiate`` and ``connected``.
        """
        publication = cls(
            http, token, qualities=qualities, keyframe_wanted=keyframe_wanted, addresses=addresses
        )
        await publication.negotiate(url)
        await publication.connected()
        return publication

    @property
    def senders(self) -> tuple[PassthroughSender, ...]:
        return tuple(self._senders)

    def look(self) -> None:
        """End the session if the server is silent: ICE alone would notice half a minute later.

        To be called with every frame; after a pause of our own nothing is held against the server.
        """
        now = time.monotonic()
        if now - self._looked_at > OWN_PAUSE_SECONDS:
            self._awake_since = now
        self._looked_at = now
        newest = max(self._awake_since, *(sender.heard_at for sender in self._senders))
        if now - newest > SILENT_SECONDS:
            self.ended.set()

    def send_frame(self, quality: int, rtp_timestamp: int, nals: Sequence[bytes]) -> bool:
        """See ``PassthroughSender.send_frame``; every quality uses one clock."""
        return self._senders[quality].send_frame(rtp_timestamp, nals)

    def send_mark(self, rtp_timestamp: int, mark: FrameMark) -> bool:
        """Say that frames from ``rtp_timestamp`` on show ``mark``.

        Returns False when it could not be sent: not connected yet, or the SFU takes nothing.
        """
        if self._marks.readyState != "open" or self._marks.bufferedAmount > MAX_BUFFERED_MARK_BYTES:
            return False
        message = {"rtpTimestamp": rtp_timestamp & 0xFFFFFFFF, "mark": mark.to_json()}
        self._marks.send(json.dumps(message, separators=(",", ":")))
        return True


class Subscription(Session):
    """A viewer's session: packets go to the receivers, texts of the channel to ``on_mark_text``."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        token: str | None,
        *,
        make_receiver: MakeReceiver | None,
        lines: int,
        on_mark_text: Callable[[str], None],
        addresses: Sequence[str] = (),
    ) -> None:
        connection = PeerConnection(make_receiver=make_receiver, addresses=addresses)
        super().__init__(http, connection, token)
        for _ in range(lines):
            prefer_h264(connection.addTransceiver("video", direction="recvonly"))
        self.receivers: list[Any] = connection.getReceivers()
        connection.createDataChannel("joined")  # opens the way for the SFU's own channel

        def on_channel(channel: RTCDataChannel) -> None:
            if channel.label == MARKS_LABEL:
                channel.on("message", lambda text: on_mark_text(str(text)))

        connection.on("datachannel", on_channel)

    @classmethod
    async def start(
        cls,
        http: aiohttp.ClientSession,
        url: str,
        token: str | None,
        *,
        make_receiver: MakeReceiver | None = None,
        lines: int = 1,
        on_mark_text: Callable[[str], None] = lambda _text: None,
        addresses: Sequence[str] = (),
    ) -> Self:
        """Watch ``…/whep/{table}`` and return when packets can come.

        Raises:
            SignallingRefused: see ``negotiate`` and ``connected``.
        """
        subscription = cls(
            http,
            token,
            make_receiver=make_receiver,
            lines=lines,
            on_mark_text=on_mark_text,
            addresses=addresses,
        )
        await subscription.negotiate(url)
        await subscription.connected()
        return subscription


async def _text_of(response: aiohttp.ClientResponse) -> str:
    text = b""
    async for chunk in response.content.iter_any():
        text += chunk
        if len(text) > MAX_ANSWER_BYTES:
            raise SignallingRefused(
                f"an answer has at most {MAX_ANSWER_BYTES} bytes", status=response.status
            )
    return text.decode()


def http_session(*, unix_socket: str | None = None, trust: ssl.SSLContext | None = None) -> Any:
    """Return an HTTP session for signalling; the caller closes it."""
    connector: aiohttp.BaseConnector
    if unix_socket is not None:
        connector = aiohttp.UnixConnector(unix_socket)
    else:
        connector = aiohttp.TCPConnector(ssl=trust if trust is not None else True)
    return aiohttp.ClientSession(connector=connector)
