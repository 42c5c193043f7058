"""A player without a page: signs in, connects, joins, bets and listens as the web page does."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import urllib.request
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeAlias

import boto3
from websockets.asyncio.client import ClientConnection, connect

from sandbox.configuration import TABLE_ID, Run

_ANSWER_SECONDS = 60

Wanted: TypeAlias = Callable[[dict[str, Any]], bool]


def sign_in(run: Run, name: str, password: str) -> str:
    """Return a Cognito id token."""
    answer = boto3.client("cognito-idp").initiate_auth(
        ClientId=run.outputs["UserPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )
    return str(answer["AuthenticationResult"]["IdToken"])


def call_api(run: Run, method: str, path: str, token: str | None = None) -> Any:
    """Return the JSON answer of the HTTP API. Raises: urllib.error.HTTPError."""
    headers = {"Origin": run.page_url, "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(  # noqa: S310  the address of the sandbox's own API
        run.outputs["ApiUrl"] + path, method=method, headers=headers
    )
    with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
        return json.load(answer)


class HeadlessPlayer:
    """One websocket. ``events`` are the table's log as it came in, repeats dropped, in order."""

    def __init__(self, run: Run, token: str) -> None:
        self._run = run
        self._token = token
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._changed = asyncio.Condition()
        self.events: list[dict[str, Any]] = []
        self.wallet: dict[str, Any] | None = None
        self.messages: list[dict[str, Any]] = []
        self.received_at: dict[tuple[int, int], float] = {}

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def position(self) -> dict[str, int] | None:
        if not self.events:
            return None
        return {"epoch": self.events[-1]["epoch"], "seq": self.events[-1]["seq"]}

    async def connect(self) -> dict[str, Any]:
        """Get a ticket, connect and join from the last event seen; return the answer."""
        await self.close()
        ticket = await asyncio.to_thread(call_api, self._run, "POST", "/tickets", self._token)
        self._socket = await connect(
            f"{ticket['url']}?ticket={ticket['ticket']}",
            origin=self._run.page_url,  # type: ignore[arg-type]  # websockets' NewType of str
            proxy=None,
            max_queue=1024,
        )
        self._reader = asyncio.create_task(self._read(self._socket))
        return await self.ask(
            {
                "action": "join",
                "id": new_id(),
                "tableId": TABLE_ID,
                "last": self.position,
            }
        )

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    def drop(self) -> None:
        """Cut the connection without a closing handshake."""
        assert self._socket is not None
        self._socket.transport.abort()

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message; return its answer, which may be an error message."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[message["id"]] = future
        await self.send(json.dumps(message))
        return await asyncio.wait_for(future, _ANSWER_SECONDS)

    async def send(self, text: str) -> None:
        assert self._socket is not None
        await self._socket.send(text)

    async def bet(self, round_id: str, *stakes: tuple[str, int]) -> dict[str, Any]:
        """Place bets, each given as spot and stake in minor units, in one command."""
        return await self.ask(bet_message(round_id, *stakes))

    async def next_event(
        self,
        wanted: Wanted,
        seconds: float,
    ) -> dict[str, Any]:
        """Return the first event, past or future, that is ``wanted``. Raises: TimeoutError."""
        await self.until(lambda: any(wanted(event) for event in self.events), seconds)
        return next(event for event in self.events if wanted(event))

    async def message(self, wanted: Wanted, after: int, seconds: float) -> dict[str, Any]:
        """Return the first message that is ``wanted``, not counting the first ``after``."""
        await self.until(lambda: any(map(wanted, self.messages[after:])), seconds)
        return next(filter(wanted, self.messages[after:]))

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait until messages have made ``condition`` true. Raises: TimeoutError."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(condition), seconds)

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            async with self._changed:
                self._take(json.loads(text))
                self._changed.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        for event in message.get("events", []):
            place = (event["epoch"], event["seq"])
            if place not in self.received_at:
                self.received_at[place] = time.time() * 1000
                self.events.append(event)
        self.events.sort(key=lambda event: (event["epoch"], event["seq"]))
        wallet = message.get("wallet")
        if wallet and (self.wallet is None or wallet["version"] >= self.wallet["version"]):
            self.wallet = wallet
        future = self._waiting.pop(message.get("id", ""), None)
        if future is not None and not future.done():
            future.set_result(message)


def bet_message(round_id: str, *stakes: tuple[str, int]) -> dict[str, Any]:
    """Return the command that places bets, each given as spot and stake in minor units."""
    return {
        "action": "bet",
        "id": new_id(),
        "roundId": round_id,
        "bets": [
            {"betId": new_id(), "spot": spot, "stake_minor": stake_minor}
            for spot, stake_minor in stakes
        ],
    }


def new_id() -> str:
    return secrets.token_urlsafe(18)
