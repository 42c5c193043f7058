"""aiortc as it comes, behind WHIP and WHEP: one publisher, and a MediaRelay for the viewers."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import aioice.ice
from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamTrack


class Relay:
    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._published: asyncio.Future[MediaStreamTrack] = (
            asyncio.get_running_loop().create_future()
        )
        self._connections: list[RTCPeerConnection] = []

    async def whip(self, request: web.Request) -> web.Response:
        connection = self._connection()
        connection.on("track", self._published.set_result)
        return await self._answer(connection, await request.text())

    async def whep(self, request: web.Request) -> web.Response:
        connection = self._connection()
        offer = RTCSessionDescription(await request.text(), "offer")
        connection.addTrack(self._relay.subscribe(await self._published))
        return await self._answer(connection, offer.sdp)

    def _connection(self) -> RTCPeerConnection:
        self._connections.append(RTCPeerConnection(RTCConfiguration(iceServers=[])))
        return self._connections[-1]

    async def _answer(self, connection: RTCPeerConnection, offer: str) -> web.Response:
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        return web.Response(
            status=201, text=connection.localDescription.sdp, headers={"Location": "/session"}
        )


async def main() -> None:
    aioice.ice.get_host_addresses = lambda **_families: [os.environ["MEDIA_ADDRESSES"]]
    relay = Relay()
    application = web.Application()
    application.router.add_post("/whip/{table}", relay.whip)
    application.router.add_post("/whep/{table}", relay.whep)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(json.dumps({"listening": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
