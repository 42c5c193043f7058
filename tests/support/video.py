"""Peers and waiting for the tests of the video."""

import asyncio
import itertools
import json
import secrets
import time
from collections.abc import Callable

import aiohttp
import jwt
from aiortc import RTCPeerConnection
from cryptography.hazmat.primitives.asymmetric import ec

from baccarat.domain.video.access import VideoGrant, VideoRole
from media_sfu.client import Publication, Subscription
from media_sfu.ingest import IngestReceiver
from media_sfu.packets import AccessUnit

LOOPBACK = ("127.0.0.1",)


async def until(condition: Callable[[], object], *, seconds: float = 10) -> None:
    """Raises: TimeoutError: it did not become true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # conditions of other people's objects
            await asyncio.sleep(0.005)


async def connect(offering: RTCPeerConnection, answering: RTCPeerConnection) -> None:
    await offering.setLocalDescription(await offering.createOffer())
    await answering.setRemoteDescription(offering.localDescription)
    await answering.setLocalDescription(await answering.createAnswer())
    await offering.setRemoteDescription(answering.localDescription)


def picture(*, keyframe: bool, size: int = 4000, fill: int = 0) -> list[bytes]:
    """NAL units that go through every part but a decoder."""
    if keyframe:
        return [b"\x67\x42\xe0\x1fsps", b"\x68pps", b"\x65" + bytes([fill]) * size]
    return [b"\x41" + bytes([fill]) * size]


class Camera:
    """Publishes made-up pictures of 25 a second, keyframes when asked and every ``every``."""

    def __init__(self, publication: Publication, *, every: int = 50) -> None:
        self.publication = publication
        self.keyframes_asked = 0
        self.sent: list[tuple[int, bool]] = []
        self.silent: set[int] = set()
        self.sizes = [4000, 2000, 1000]
        """Bytes of a picture, by quality."""
        self.order = list(range(len(publication.senders)))
        """Of the qualities of one instant."""
        self._every = every
        self._wanted: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    def keyframe_wanted(self, quality: int) -> None:
        self.keyframes_asked += 1
        self._wanted.add(quality)

    def shoot(self, index: int, *, first_timestamp: int = 1_000_000) -> int:
        """Send the picture of one instant in all qualities; return its timestamp."""
        timestamp = (first_timestamp + index * 3600) & 0xFFFFFFFF
        for quality in self.order:
            if quality in self.silent:
                continue
            keyframe = index % self._every == 0 or quality in self._wanted
            self._wanted.discard(quality)
            nals = picture(keyframe=keyframe, size=self.sizes[quality])
            self.publication.send_frame(quality, timestamp, nals)
            if quality == 0:
                self.sent.append((timestamp, keyframe))
        return timestamp

    def start(self, *, first_timestamp: int = 1_000_000) -> None:
        async def run() -> None:
            for index in itertools.count():
                self.shoot(index, first_timestamp=first_timestamp)
                await asyncio.sleep(0.04)

        self._task = asyncio.get_running_loop().create_task(run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.publication.close()


class Watcher:
    """A viewer that puts pictures together as the SFU's own ingest does, and keeps them."""

    def __init__(self) -> None:
        self.units: list[AccessUnit] = []
        self.gaps: list[str] = []
        self.texts: list[str] = []
        self.session: Subscription | None = None

    def unit(self, unit: AccessUnit) -> None:
        self.units.append(unit)

    def gap(self, reason: str) -> None:
        self.gaps.append(reason)

    async def watch(
        self,
        http: aiohttp.ClientSession,
        url: str,
        token: str | None,
        *,
        lines: int = 1,
        kind: type[Subscription] = Subscription,
    ) -> None:
        self.session = await kind.start(
            http,
            url,
            token,
            make_receiver=IngestReceiver,
            lines=lines,
            on_mark_text=self.texts.append,
            addresses=LOOPBACK,
        )
        self.session.receivers[0].sink = self

    async def close(self) -> None:
        if self.session is not None:
            await self.session.close()


class Tokens:
    """Mints tokens with a key of its own."""

    def __init__(self, key_id: str = "test") -> None:
        self._key_id = key_id
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key()))
        self.jwk_set = {"keys": [{**public, "kid": key_id, "alg": "ES256", "use": "sig"}]}

    def mint(self, table: str, role: VideoRole, **changes: object) -> str:
        grant = VideoGrant(secrets.token_hex(8), "somebody", table, role, int(time.time()))
        return jwt.encode(
            {**grant.claims(), **changes},
            self._key,
            algorithm="ES256",
            headers={"kid": self._key_id},
        )
