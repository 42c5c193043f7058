"""The platform's front door as a service user goes through it: the same door as players'.

Sign-in with Cognito, tickets, the websocket. Nothing here can do more than the user's role may.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from baccarat.domain.errors import BaccaratError

TIMEOUT_SECONDS: Final = 10
MAX_MESSAGE_BYTES: Final = 256 * 1024
"""Twice what API Gateway sends in one message."""
_MAX_BODY_BYTES: Final = 64 * 1024
_RENEW_BEFORE_SECONDS: Final = 60


class HouseUnavailable(BaccaratError):
    """The platform does not answer, or does not let the user in; trying again later may help."""

    code = "HOUSE_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """A user of the house that no person is. ``page_url`` is the player page, whose ``config.json``
    tells where the platform is and whose origin tickets are bound to.
    """

    page_url: str
    name: str
    password: str = field(repr=False)


class House:
    """Signs in when it needs to and keeps the ID token as long as it is good."""

    def __init__(self, session: aiohttp.ClientSession, user: ServiceUser) -> None:
        self._session = session
        self._user = user
        self._config: dict[str, str] = {}
        self._signing_in = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0

    async def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer of the HTTP API.

        Raises:
            HouseUnavailable: it refused, or did not answer in time.
        """
        token = await self._id_token()
        return await self._ask(
            "POST",
            self._config["apiUrl"] + path,
            json.dumps(body or {}),
            {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Origin": self._user.page_url,
            },
        )

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        """Return a new websocket, opened with a ticket of its own.

        Raises:
            HouseUnavailable: it refused, or did not answer in time.
        """
        ticket = await self.post("/tickets")
        try:
            return await self._session.ws_connect(
                f"{ticket['url']}?ticket={ticket['ticket']}",
                origin=self._user.page_url,
                max_msg_size=MAX_MESSAGE_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=TIMEOUT_SECONDS),
            )
        except (aiohttp.ClientError, TimeoutError, KeyError) as error:
            # Without the address, which has the ticket in it.
            raise HouseUnavailable(f"no websocket: {type(error).__name__}") from None

    async def _id_token(self) -> str:
        async with self._signing_in:
            if time.monotonic() >= self._good_until:
                await self._sign_in()
            return self._token

    async def _sign_in(self) -> None:
        self._config = await self._ask("GET", f"{self._user.page_url}/config.json")
        asked_at = time.monotonic()
        answer = await self._ask(
            "POST",
            self._config["cognitoEndpoint"],
            json.dumps(
                {
                    "ClientId": self._config["userPoolClientId"],
                    "AuthFlow": "USER_PASSWORD_AUTH",
                    "AuthParameters": {
                        "USERNAME": self._user.name,
                        "PASSWORD": self._user.password,
                    },
                }
            ),
            {
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
            },
        )
        result = answer.get("AuthenticationResult")
        if result is None:
            raise HouseUnavailable(
                f"user {self._user.name} cannot sign in with a password alone: Cognito asks for "
                f"{answer.get('ChallengeName')}"
            )
        self._token = result["IdToken"]
        self._good_until = asked_at + result["ExpiresIn"] - _RENEW_BEFORE_SECONDS

    async def _ask(
        self, method: str, url: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        what = f"{method} {url.partition('?')[0]}"
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            ) as answer:
                text = await answer.content.read(_MAX_BODY_BYTES)
                found = json.loads(text)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise HouseUnavailable(f"{what}: {type(error).__name__}: {error}") from error
        if answer.status >= 400 or not isinstance(found, dict):
            if answer.status == 401:
                self._good_until = 0.0
            raise HouseUnavailable(f"{what} is answered {answer.status}: {_said(found)}")
        return found


def _said(answer: Any) -> str:
    """Return what an error of Cognito or of the HTTP API says, and nothing else of it."""
    if not isinstance(answer, dict):
        return "no JSON object"
    return str(answer.get("message") or answer.get("code") or answer.get("__type") or "")[:200]
