"""Sessions of publishers and viewers: a connection of WebRTC each, behind a resource of HTTP."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, cast

from aiortc import RTCDataChannel, RTCSessionDescription
from aiortc.exceptions import InternalError, InvalidStateError, OperationError

from media_sfu.client import MARKS_LABEL
from media_sfu.compat import PeerConnection, prefer_h264
from media_sfu.errors import OfferRefused
from media_sfu.forwarding.viewers import Viewer
from media_sfu.ingest import IngestReceiver
from media_sfu.marks import MOVE
from media_sfu.sdp import MAX_QUALITIES, Offer
from media_sfu.tables import QualitySink, Table

_log = logging.getLogger(__name__)

NEGOTIATION_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 15.0
"""From the answer to a connection; a browser gives up no earlier."""
SILENT_SECONDS: Final = 15.0
"""Browsers report every second; aiortc has no state for a peer that went away."""
CLOSE_SECONDS: Final = 5.0
_NOT_H264: Final = (
    "send an offer for H.264 constrained baseline: profile-level-id=42e01f, packetization-mode=1"
)


class MediaSession(ABC):
    """Base of both kinds. ``ended`` is called once, from the event loop."""

    def __init__(
        self,
        table: Table,
        connection: PeerConnection,
        *,
        session_id: str,
        ended: Callable[[MediaSession], None],
    ) -> None:
        self.id = session_id
        self.table = table
        self.connection = connection
        self.made_at = time.monotonic()
        self.has_connected = False
        self._ended = ended
        self._is_over = False
        connection.on("connectionstatechange", self._state_changed)

    def _state_changed(self) -> None:
        state = self.connection.connectionState
        if state == "connected" and not self.has_connected:
            self.has_connected = True
            self._came_up()
        elif state in {"failed", "closed"}:
            self.over()

    def _came_up(self) -> None:  # noqa: B027  only a publisher has something to do
        """The peer is connected."""

    def over(self) -> None:
        """Let the owner know, once, that this session is of no use any more."""
        if not self._is_over:
            self._is_over = True
            self._ended(self)

    @abstractmethod
    def heard_at(self) -> float:
        """Return the monotonic time of the peer's last sign of life."""

    def is_silent(self, now: float) -> bool:
        """Whether it never came up, or nothing was heard for too long."""
        if not self.has_connected:
            return now - self.made_at > CONNECT_SECONDS
        return now - max(self.heard_at(), self.made_at) > SILENT_SECONDS

    async def answer(self, offer: Offer) -> str:
        """Return the answer to the offer.

        Raises:
            OfferRefused: aiortc cannot agree to it.
        """
        connection = self.connection
        try:
            async with asyncio.timeout(NEGOTIATION_SECONDS):
                await connection.setRemoteDescription(RTCSessionDescription(offer.text, "offer"))
                self._prepare(offer)
                await connection.setLocalDescription(await connection.createAnswer())
        except OperationError as error:
            raise OfferRefused(_NOT_H264) from error
        except (
            *(InternalError, InvalidStateError, ValueError, KeyError, AttributeError),
            *(AssertionError, TimeoutError),
        ) as error:
            raise OfferRefused("the offer cannot be answered by this SFU") from error
        return str(connection.localDescription.sdp)

    def _prepare(self, offer: Offer) -> None:  # noqa: B027  only a viewer has something to do
        """Between offer and answer."""

    async def close(self) -> None:
        self._is_over = True
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.connection.close()
        except TimeoutError:
            _log.warning("table %s: a session did not close at once", self.table.name)


class PublisherSession(MediaSession):
    """Takes 1 to 3 qualities, the best first, and marks over the channel of that name."""

    def __init__(
        self,
        table: Table,
        offer: Offer,
        *,
        video_epoch: int,
        addresses: Sequence[str],
        connected: Callable[[PublisherSession], None],
        ended: Callable[[MediaSession], None],
    ) -> None:
        """Raises: OfferRefused: not 1 to 3 lines of video."""
        if not 1 <= offer.video_lines <= MAX_QUALITIES:
            raise OfferRefused(f"publish 1 to {MAX_QUALITIES} lines of video, the best first")
        connection = PeerConnection(make_receiver=IngestReceiver, addresses=addresses)
        super().__init__(table, connection, session_id=secrets.token_urlsafe(16), ended=ended)
        self.video_epoch = video_epoch
        self._connected = connected
        self._channel: RTCDataChannel | None = None
        for _ in range(offer.video_lines):
            prefer_h264(connection.addTransceiver("video", direction="recvonly"))
        for _ in range(offer.audio_lines):
            connection.addTransceiver("audio", direction="inactive")
        self.receivers = [
            cast("IngestReceiver", one)
            for one in connection.getReceivers()
            if isinstance(one, IngestReceiver)
        ][: offer.video_lines]
        connection.on("datachannel", self._take_channel)

    def _came_up(self) -> None:
        self._connected(self)

    def take_table(self) -> None:
        """From now on its pictures are the table's."""
        self.table.begin_epoch(self.video_epoch, stamps=True)
        self.table.receivers = dict(enumerate(self.receivers))
        for quality, receiver in enumerate(self.receivers):
            receiver.sink = QualitySink(self.table, quality)

    def leave_table(self, reason: str) -> None:
        """No picture of it reaches the table any more."""
        if self.table.receivers == dict(enumerate(self.receivers)):
            self.table.receivers = {}
            self.table.publisher_left(reason)
        for receiver in self.receivers:
            receiver.forget_sink()

    def ask_to_move(self) -> None:
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.send(MOVE)

    def heard_at(self) -> float:
        return max(receiver.heard_at for receiver in self.receivers)

    def _take_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == MARKS_LABEL and self._channel is None:
            self._channel = channel
            channel.on("message", self._take_message)

    def _take_message(self, text: str | bytes) -> None:
        if isinstance(text, str) and self.table.receivers == dict(enumerate(self.receivers)):
            self.table.publisher_says(text)


class ViewerSession(MediaSession):
    """Sends one line of the quality that fits; to an edge, each quality on a line of its own."""

    def __init__(
        self,
        table: Table,
        offer: Offer,
        *,
        is_edge: bool,
        addresses: Sequence[str],
        ended: Callable[[MediaSession], None],
    ) -> None:
        """Raises: OfferRefused: more lines of video than it may have."""
        most = MAX_QUALITIES if is_edge else 1
        if not 1 <= offer.video_lines <= most:
            raise OfferRefused(f"watch by 1{' to 3 lines' if is_edge else ' line'} of video")
        connection = PeerConnection(make_sender=Viewer, addresses=addresses)
        super().__init__(table, connection, session_id=secrets.token_urlsafe(16), ended=ended)
        self.is_edge = is_edge
        self._channel: RTCDataChannel | None = None
        self.viewers: list[Viewer] = []
        for index in range(offer.video_lines):
            transceiver = connection.addTransceiver("video", direction="sendonly")
            prefer_h264(transceiver)
            viewer = cast("Viewer", transceiver.sender)
            viewer.watch(table.audience, fixed_quality=index if is_edge else None)
            self.viewers.append(viewer)
        for _ in range(offer.audio_lines):
            connection.addTransceiver("audio", direction="inactive")

    def _prepare(self, offer: Offer) -> None:
        if offer.has_data:
            self._channel = self.connection.createDataChannel(MARKS_LABEL)
            self.table.add_channel(self._channel)
        for viewer in self.viewers:
            self.table.audience.expect(viewer)

    def heard_at(self) -> float:
        return max(viewer.heard_at for viewer in self.viewers)

    async def close(self) -> None:
        if self._channel is not None:
            self.table.remove_channel(self._channel)
        await super().close()
