"""A house of one table on loopback: sign-in, tickets and the websocket as the documents tell them.

What it says is made by the platform's own models; what it is told is held against them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import WSMsgType, web
from pydantic import TypeAdapter

from baccarat.adapters.messages import (
    ErrorMessage,
    EventsMessage,
    Join,
    JoinedMessage,
    Ping,
    Pong,
    table_view,
    to_json,
)
from baccarat.domain.log import SignedEvent
from baccarat.domain.roles import EDGE, STUDIO
from baccarat.domain.video.access import MAY, VideoRole
from media_sfu.house import ServiceUser
from tests.builders import Floor

PASSWORD = "Feed-2026-feed!"
USERS = {"studio": STUDIO, "sfu": EDGE}
"""Service users and their groups."""
_CLIENT_MESSAGE = TypeAdapter[Join | Ping](Join | Ping)
_WAIT_SECONDS = 10


class House:
    """``log`` is what has happened at the table.

    ``lose`` says which events are lost on the way to a client; ``refuse`` may name errors for the
    next joins; with ``mute`` nothing is answered; ``mint`` makes the tokens of the video. ``joins``
    are the positions that clients joined from; ``sign_ins``, ``tickets``, ``pings`` and
    ``video_tokens`` count.
    """

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.log: list[SignedEvent] = []
        self.joins: list[tuple[int, int] | None] = []
        self.refuse: list[str] = []
        self.lose: Callable[[SignedEvent], bool] = lambda _: False
        self.sign_ins = self.tickets = self.pings = self.video_tokens = 0
        self.sockets: set[web.WebSocketResponse] = set()
        self.url = self.sfu_url = ""
        self.server_ahead_ms = 0
        self.mute = False
        self.mint: Callable[[int], str] = lambda number: f"publisher-{number}"
        self._good_tickets: set[str] = set()
        self._signed_in: dict[str, str] = {}
        self._changed = asyncio.Condition()

    @property
    def user(self) -> ServiceUser:
        return ServiceUser(self.url, "studio", PASSWORD)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_WAIT_SECONDS), self._changed:
            await self._changed.wait_for(condition)

    async def happen(self, events: list[SignedEvent] | tuple[SignedEvent, ...]) -> None:
        """Write events to the log and tell every client of them, but for those to ``lose``."""
        self.log += events
        told = [event.to_json() for event in events if not self.lose(event)]
        if told:
            message = EventsMessage(tableId=self.floor.table.table_id, events=told)
            for socket in self.sockets:
                await socket.send_json(to_json(message))

    async def drop(self) -> None:
        """Cut every websocket."""
        for socket in list(self.sockets):
            await socket.close(code=1001)

    async def note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def config(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "cognitoEndpoint": f"{self.url}/cognito",
                "userPoolClientId": "client",
                "apiUrl": f"{self.url}/api",
            }
        )

    async def sign_in(self, request: web.Request) -> web.Response:
        assert request.headers["X-Amz-Target"].endswith(".InitiateAuth")
        asked = json.loads(await request.text())
        assert (asked["ClientId"], asked["AuthFlow"]) == ("client", "USER_PASSWORD_AUTH")
        name, password = (asked["AuthParameters"][key] for key in ("USERNAME", "PASSWORD"))
        if name not in USERS or password != PASSWORD:
            wrong = {"__type": "NotAuthorizedException", "message": "Incorrect name or password."}
            return web.json_response(wrong, status=400)
        self.sign_ins += 1
        self._signed_in[f"Bearer id-{self.sign_ins}"] = USERS[name]
        return web.json_response(
            {"AuthenticationResult": {"IdToken": f"id-{self.sign_ins}", "ExpiresIn": 3600}}
        )

    async def ticket(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer id-{self.sign_ins}"
        assert request.headers["Origin"] == self.url
        self.tickets += 1
        ticket = f"ticket-{self.tickets}"
        self._good_tickets.add(ticket)
        return web.json_response({"ticket": ticket, "url": f"{self.url}/socket"})

    async def video_token(self, request: web.Request) -> web.Response:
        role = self._signed_in[request.headers["Authorization"]]
        asked = await request.json()
        assert asked.keys() == {"tableId", "role"}
        assert asked["tableId"] == self.floor.table.table_id
        if role not in MAY[VideoRole(asked["role"])]:
            refused = {"code": "FORBIDDEN", "message": f"a {role} may not", "details": {}}
            return web.json_response(refused, status=403)
        self.video_tokens += 1
        return web.json_response(
            {
                "token": self.mint(self.video_tokens),
                "whipUrl": f"{self.sfu_url}/whip/{self.floor.table.table_id}",
            }
        )

    async def socket(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query["ticket"]
        if ticket not in self._good_tickets or request.headers["Origin"] != self.url:
            return web.Response(status=403)
        self._good_tickets.remove(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                answer = self._answer(socket, message.data)
                if not self.mute:
                    await socket.send_json(to_json(answer))
                await self.note()
        self.sockets.discard(socket)
        await self.note()
        return socket

    def _answer(
        self, socket: web.WebSocketResponse, text: str
    ) -> JoinedMessage | Pong | ErrorMessage:
        message = _CLIENT_MESSAGE.validate_json(text)
        if isinstance(message, Ping):
            self.pings += 1
            return Pong(id=message.id, server_ms=self.now_ms())
        last = (message.last.epoch, message.last.seq) if message.last else None
        self.joins.append(last)
        if self.refuse:
            code = self.refuse.pop(0)
            return ErrorMessage(id=message.id, code=code, message="not now", details={})
        self.sockets.add(socket)
        events = [e for e in self.log if last is None or (e.event.epoch, e.event.seq) > last]
        return JoinedMessage(
            id=message.id,
            table=table_view(self.floor.table),
            complete=last is not None,
            events=[event.to_json() for event in events],
            wallet=None,
            bets=[],
            seats=[],
            server_ms=self.now_ms(),
        )

    def now_ms(self) -> int:
        return self.floor.now_ms + self.server_ahead_ms


@asynccontextmanager
async def open_house(floor: Floor) -> AsyncIterator[House]:
    house = House(floor)
    app = web.Application()
    app.router.add_get("/config.json", house.config)
    app.router.add_post("/cognito", house.sign_in)
    app.router.add_post("/api/tickets", house.ticket)
    app.router.add_post("/api/video/tokens", house.video_token)
    app.router.add_get("/socket", house.socket)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    house.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield house
    finally:
        await house.drop()
        await runner.cleanup()
