"""The servers that are compared: how each is started, fed and joined, all on the loopback."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiortc import RTCSessionDescription
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters

from baccarat.domain.video.access import VideoRole
from bench.sfu.cores import SERVER_CORE
from media_sfu.client import Publication, Session
from media_sfu.compat import MediaReceiver, PeerConnection, host_addresses, prefer_h264
from media_sfu.h264 import packetise
from media_sfu.rtp import WireFormat, serialise
from tests.support.video import Tokens

START_SECONDS: Final = 20
ANSWER_SECONDS: Final = 20
MAX_VIEWERS: Final = 1000
JOINS_PER_SECOND: Final = 200
TABLE: Final = "table"
ADDRESSES: Final = tuple(one for one in host_addresses() if ":" not in one)[:1]
"""This machine's own: Janus does not listen on 127.0.0.1. The way is the loopback all the same."""
PAYLOAD_TYPE: Final = 96
JANUS_PLUGINS: Final = Path("/usr/lib/x86_64-linux-gnu/janus")
SendPicture = Callable[[int, Sequence[bytes]], None]


class CannotStart(RuntimeError):
    """The server is not here, or does not come up."""


class QuietReceiver(MediaReceiver):
    """Reports, but estimates nothing: it sees the first packet alone."""

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        await super().receive(parameters)
        self._estimator = None


class Viewer(Session):
    """Watches one line of video, without a channel for data: the other servers have none."""

    def __init__(self, http: aiohttp.ClientSession, token: str | None) -> None:
        connection = PeerConnection(make_receiver=QuietReceiver, addresses=ADDRESSES)
        super().__init__(http, connection, token)
        prefer_h264(connection.addTransceiver("video", direction="recvonly"))


def transport_of(connection: PeerConnection) -> RTCDtlsTransport:
    receiver: Any = connection.getReceivers()[0]
    transport: RTCDtlsTransport = receiver.transport
    return transport


class Server(ABC):
    """A server of which there is one process, on a core of its own."""

    def __init__(self, http: aiohttp.ClientSession, folder: Path) -> None:
        self.http = http
        self.folder = folder
        self.process: Any = None

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    @abstractmethod
    async def start(self) -> None:
        """Raises: CannotStart: it is not here, or does not come up."""

    @abstractmethod
    async def publish(self) -> SendPicture:
        """Return what sends a picture to it."""

    @abstractmethod
    async def join(self) -> PeerConnection:
        """Return a viewer's connection, which is up."""

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def _spawn(self, *command: str, **environment: str) -> None:
        with (self.folder / "server.log").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *("taskset", "-c", str(SERVER_CORE), *command),
                env=os.environ | environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )


class WebrtcServer(Server):
    """Takes the publisher by WHIP and viewers by WHEP."""

    command: tuple[str, ...]

    def __init__(self, http: aiohttp.ClientSession, folder: Path) -> None:
        super().__init__(http, folder)
        self._tokens = Tokens()
        self._url = ""
        self._publication: Publication | None = None

    async def start(self) -> None:
        keys = self.folder / "keys.json"
        keys.write_text(json.dumps(self._tokens.jwk_set))
        await self._spawn(
            *(sys.executable, "-m", *self.command),
            LISTEN_PORT="0",
            MEDIA_ADDRESSES=ADDRESSES[0],
            VIDEO_KEYS=str(keys),
            MAX_VIEWERS=str(MAX_VIEWERS),
            JOINS_PER_SECOND=str(JOINS_PER_SECOND),
        )
        async with asyncio.timeout(START_SECONDS):
            line = await self.process.stdout.readline()
        if not line:
            raise CannotStart((self.folder / "server.log").read_text()[-1000:])
        self._url = f"http://127.0.0.1:{json.loads(line)['listening']}"

    async def publish(self) -> SendPicture:
        token = self._tokens.mint(TABLE, VideoRole.PUBLISH)
        url = f"{self._url}/whip/{TABLE}"
        publication = await Publication.start(self.http, url, token, addresses=ADDRESSES)
        return lambda timestamp, nals: _send(publication, timestamp, nals)

    async def join(self) -> PeerConnection:
        viewer = Viewer(self.http, self._tokens.mint(TABLE, VideoRole.VIEW))
        await viewer.negotiate(f"{self._url}/whep/{TABLE}")
        await viewer.connected()
        return viewer.connection


def _send(publication: Publication, timestamp: int, nals: Sequence[bytes]) -> None:
    if not publication.send_frame(0, timestamp, nals):
        raise CannotStart("the publisher is not connected any more")


class Pure(WebrtcServer):
    command = ("bench.sfu.origin", "pure")


class Accelerated(WebrtcServer):
    command = ("bench.sfu.origin", "accelerated")


class Relay(WebrtcServer):
    command = ("bench.sfu.relay",)


class Janus(Server):
    """The streaming plugin alone, fed by plain RTP, asked over HTTP."""

    async def start(self) -> None:
        if shutil.which("janus") is None:
            raise CannotStart("Janus is not installed: apt-get install janus")
        self._port, self._rtp_port = _free_port(socket.SOCK_STREAM), _free_port(socket.SOCK_DGRAM)
        self._configure()
        configuration = self.folder / "janus.jcfg"
        await self._spawn("janus", "-F", str(self.folder), "-C", str(configuration), "-o")
        self._drained = asyncio.create_task(_drain(self.process.stdout, self.folder / "janus.log"))
        self._answers: dict[int, asyncio.Future[str]] = {}
        async with asyncio.timeout(START_SECONDS):
            self._session = await self._created_session()
        self._polling = asyncio.create_task(self._poll())

    async def publish(self) -> SendPicture:
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.connect(("127.0.0.1", self._rtp_port))
        wire = WireFormat(4711, PAYLOAD_TYPE, 0, 0, 0)
        sequence = 0

        def send(timestamp: int, nals: Sequence[bytes]) -> None:
            nonlocal sequence
            payloads = packetise(nals)
            for index, payload in enumerate(payloads):
                packet = serialise(
                    wire,
                    sequence=sequence,
                    timestamp=timestamp,
                    marker=index == len(payloads) - 1,
                    payload=payload,
                    now=0,
                )
                sender.send(packet)
                sequence = (sequence + 1) & 0xFFFF

        return send

    async def join(self) -> PeerConnection:
        attached = await self._ask("", janus="attach", plugin="janus.plugin.streaming")
        handle = int(attached["data"]["id"])
        offer = self._answers[handle] = asyncio.get_running_loop().create_future()
        await self._ask(f"/{handle}", janus="message", body={"request": "watch", "id": 1})
        connection = PeerConnection(make_receiver=QuietReceiver, addresses=ADDRESSES)
        connected = asyncio.Event()
        connection.on(
            "connectionstatechange",
            lambda: connection.connectionState == "connected" and connected.set(),
        )
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.setRemoteDescription(RTCSessionDescription(await offer, "offer"))
            await connection.setLocalDescription(await connection.createAnswer())
            answer = {"type": "answer", "sdp": connection.localDescription.sdp}
            await self._ask(f"/{handle}", janus="message", body={"request": "start"}, jsep=answer)
            await connected.wait()
        return connection

    async def stop(self) -> None:
        await super().stop()
        for name in ("_polling", "_drained"):
            if hasattr(self, name):
                getattr(self, name).cancel()

    def _configure(self) -> None:
        for kind, wanted in (("plugins", "streaming"), ("transports", "http")):
            library = f"libjanus_{wanted}.so"
            (self.folder / kind).mkdir()
            (self.folder / kind / library).symlink_to(JANUS_PLUGINS / kind / library)
        for kind in ("events", "loggers"):
            (self.folder / kind).mkdir()
        folders = "\n".join(
            f'{kind}_folder = "{self.folder / kind}"'
            for kind in ("plugins", "transports", "events", "loggers")
        )
        (self.folder / "janus.jcfg").write_text(
            f'general: {{\nconfigs_folder = "{self.folder}"\n{folders}\ndebug_level = 3\n'
            "event_loops = 1\nsession_timeout = 0\n}\n"
            f'nat: {{\nice_enforce_list = "{ADDRESSES[0]}"\n}}\n'
        )
        (self.folder / "janus.transport.http.jcfg").write_text(
            'general: {\njson = "compact"\nbase_path = "/janus"\nhttp = true\n'
            f'ip = "127.0.0.1"\nport = {self._port}\nhttps = false\n}}\n'
        )
        (self.folder / "janus.plugin.streaming.jcfg").write_text(
            'film: {\ntype = "rtp"\nid = 1\nmedia = (\n{\ntype = "video"\nmid = "v"\n'
            f'port = {self._rtp_port}\niface = "127.0.0.1"\npt = {PAYLOAD_TYPE}\ncodec = "h264"\n'
            'fmtp = "profile-level-id=42e01f;packetization-mode=1"\n}\n)\n}\n'
        )

    async def _created_session(self) -> int:
        while True:
            try:
                return int((await self._post("", janus="create"))["data"]["id"])
            except aiohttp.ClientConnectionError as error:
                if self.process.returncode is not None:
                    raise CannotStart((self.folder / "janus.log").read_text()[-1000:]) from error
                await asyncio.sleep(0.1)

    async def _ask(self, path: str, **message: Any) -> Any:
        return await self._post(f"/{self._session}{path}", **message)

    async def _post(self, path: str, **message: Any) -> Any:
        url = f"http://127.0.0.1:{self._port}/janus{path}"
        message["transaction"] = f"{random.getrandbits(48):x}"  # a name, no secret
        async with self.http.post(url, json=message) as response:
            answer = await response.json(content_type=None)
        if answer["janus"] not in {"success", "ack"}:
            raise CannotStart(f"Janus answered {answer}")
        return answer

    async def _poll(self) -> None:
        url = f"http://127.0.0.1:{self._port}/janus/{self._session}?maxev=10"
        while True:
            async with self.http.get(url) as response:
                for event in await response.json(content_type=None):
                    offer = self._answers.get(event.get("sender", 0))
                    if offer is not None and "jsep" in event and not offer.done():
                        offer.set_result(event["jsep"]["sdp"])


async def _drain(stream: Any, log: Path) -> None:
    with log.open("wb") as file:
        while line := await stream.readline():
            file.write(line)
            file.flush()


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


SERVERS: Final[dict[str, type[Server]]] = {
    "janus": Janus,
    "accelerated": Accelerated,
    "pure": Pure,
    "relay": Relay,
}
