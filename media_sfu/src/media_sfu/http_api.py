"""WHIP, WHEP, health and metrics over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from baccarat.domain.errors import BaccaratError
from baccarat.domain.video.access import VideoRole
from media_sfu.errors import (
    NothingToChange,
    OfferRefused,
    OfferTooLarge,
    SfuDraining,
    SfuRefused,
    TokenRefused,
    WrongContentType,
)
from media_sfu.sdp import MAX_SDP_BYTES, read_offer
from media_sfu.sfu import Sfu
from media_sfu.tokens import TokenVerifier

_log = logging.getLogger(__name__)

SDP: Final = "application/sdp"
READ_SECONDS: Final = 5.0
"""For a body; a slow client does not keep a place."""
_TABLE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BEARER: Final = re.compile(r"Bearer +(\S+)", re.IGNORECASE)
_KIND: Final = {"whip": VideoRole.PUBLISH, "whep": VideoRole.VIEW}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sessions(Protocol):
    """Where sessions are made: in this process, or in one of its workers."""

    async def make(self, role: VideoRole, table: str, offer: str) -> tuple[str, str]:
        """Return the id of the new session and the answer.

        Raises:
            SfuRefused: it is not made.
        """

    async def end(self, role: VideoRole, table: str, session_id: str) -> None:
        """Raises: SfuRefused: there is none."""


class LocalSessions:
    """Implements ``Sessions`` in this process."""

    def __init__(self, sfu: Sfu) -> None:
        self._sfu = sfu

    async def make(self, role: VideoRole, table: str, offer: str) -> tuple[str, str]:
        read = read_offer(offer)
        if role is VideoRole.PUBLISH:
            publisher, answer = await self._sfu.publish(table, read)
            return publisher.id, answer
        viewer, answer = await self._sfu.watch(table, read, is_edge=role is VideoRole.EDGE)
        return viewer.id, answer

    async def end(self, role: VideoRole, table: str, session_id: str) -> None:
        del role  # ids are unique among both kinds
        await self._sfu.end(table, session_id)


class HttpApi:
    """``verifier`` None: whoever can connect may do everything, for the socket of a worker."""

    def __init__(
        self,
        sessions: Sessions,
        *,
        verifier: TokenVerifier | None,
        default_role: VideoRole = VideoRole.VIEW,
        kinds: tuple[str, ...] = ("whip", "whep"),
        origins: frozenset[str] = frozenset(),
        is_draining: Callable[[], bool],
        is_starting: Callable[[], bool] = lambda: False,
        stats: Callable[[], Mapping[str, float]],
        registry: CollectorRegistry,
    ) -> None:
        self._sessions = sessions
        self._verifier = verifier
        self._default_role = default_role
        self._kinds = kinds
        self._origins = origins
        self._is_draining = is_draining
        self._is_starting = is_starting
        self._stats = stats
        self._registry = registry

    def application(self) -> web.Application:
        made = web.Application(
            client_max_size=MAX_SDP_BYTES, middlewares=[self._across_origins, _answer_errors]
        )
        for kind in self._kinds:
            made.router.add_post(f"/{kind}/{{table}}", self._post)
            made.router.add_options(f"/{kind}/{{table}}", self._options)
            made.router.add_delete(f"/{kind}/{{table}}/{{session}}", self._delete)
            made.router.add_patch(f"/{kind}/{{table}}/{{session}}", self._patch)
            made.router.add_options(f"/{kind}/{{table}}/{{session}}", self._options)
        made.router.add_get("/health", self._health)
        made.router.add_get("/stats", self._show_stats)
        made.router.add_get("/metrics", self._metrics)
        return made

    async def _post(self, request: web.Request) -> web.StreamResponse:
        kind, table = _kind_and_table(request)
        offer = await _offer_of(request)
        role = await self._role(request, kind, table)
        session_id, answer = await self._sessions.make(role, table, offer)
        return web.Response(
            status=201,
            text=answer,
            content_type=SDP,
            headers={
                "Location": f"/{kind}/{table}/{session_id}",
                "ETag": f'"{hashlib.sha256(session_id.encode()).hexdigest()[:16]}"',
            },
        )

    async def authorise_viewer(self, request: web.Request, table: str) -> None:
        """Raises: SfuRefused: it may not view the table, or nobody new may."""
        if self._is_draining():
            raise SfuDraining("this SFU is about to leave: ask for a session again")
        await self._role(request, "whep", table)

    async def _role(self, request: web.Request, kind: str, table: str) -> VideoRole:
        wanted = _KIND[kind]
        if self._verifier is None:
            return wanted if wanted is VideoRole.PUBLISH else self._default_role
        bearer = _BEARER.fullmatch(request.headers.get("Authorization", ""))
        token = bearer.group(1) if bearer else None
        # the ledger of used tokens may be a database
        return await asyncio.to_thread(self._verifier.check, token, table=table, role=wanted)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        kind, table = _kind_and_table(request)
        # the session's id is its secret: nobody else was told
        await self._sessions.end(_KIND[kind], table, request.match_info["session"])
        return web.Response(status=200)

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        del request
        raise NothingToChange(
            "candidates are not trickled and ICE is not restarted: DELETE this and POST a new offer"
        )

    async def _options(self, request: web.Request) -> web.StreamResponse:
        allowed = "DELETE, OPTIONS" if "session" in request.match_info else "POST, OPTIONS"
        return web.Response(status=204, headers={"Allow": allowed, "Accept-Post": SDP})

    async def _health(self, request: web.Request) -> web.StreamResponse:
        del request
        if self._is_draining():
            return web.json_response({"status": "draining"}, status=503)
        if self._is_starting():
            return web.json_response({"status": "starting"}, status=503)
        return web.json_response({"status": "ok"})

    async def _show_stats(self, request: web.Request) -> web.StreamResponse:
        del request
        return web.json_response(dict(self._stats()))

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(
            body=generate_latest(self._registry),
            headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4},
        )

    @web.middleware
    async def _across_origins(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        origin = request.headers.get("Origin")
        if origin is not None and (origin in self._origins or "*" in self._origins):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Vary"] = "Origin"
            response.headers["Access-Control-Expose-Headers"] = "Location, ETag, Retry-After"
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = "POST, DELETE, OPTIONS"
                response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
                response.headers["Access-Control-Max-Age"] = "600"
        return response


def _kind_and_table(request: web.Request) -> tuple[str, str]:
    kind, table = request.path.split("/")[1], request.match_info["table"]
    if _TABLE.fullmatch(table) is None:
        raise OfferRefused("a table's name has 1 to 64 letters, digits and ._-")
    return kind, table


async def _offer_of(request: web.Request) -> str:
    """Return the body, when its kind and size are those of an offer."""
    if request.content_type != SDP:
        raise WrongContentType(f"send an offer as {SDP}")
    too_large = OfferTooLarge(f"an offer has at most {MAX_SDP_BYTES} bytes")
    if (request.content_length or 0) > MAX_SDP_BYTES:
        raise too_large
    try:
        async with asyncio.timeout(READ_SECONDS):
            return (await request.read()).decode()
    except web.HTTPRequestEntityTooLarge as error:
        raise too_large from error
    except TimeoutError as error:
        raise OfferRefused(f"the offer was not here after {READ_SECONDS:.0f} s") from error
    except UnicodeDecodeError as error:
        raise OfferRefused("an offer is UTF-8") from error


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except SfuRefused as refused:
        headers = {}
        if refused.retry_after_seconds is not None:
            headers["Retry-After"] = str(refused.retry_after_seconds)
        if isinstance(refused, NothingToChange):
            headers["Allow"] = "DELETE, OPTIONS"
        if isinstance(refused, TokenRefused):
            headers["WWW-Authenticate"] = "Bearer"
        return _error(refused.status, refused.code, refused.message, headers)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _error(
            error.status,
            "NOT_FOUND" if error.status == 404 else "INVALID_REQUEST",
            error.reason,
            headers,
        )
    except BaccaratError as error:
        _log.exception("%s %s failed", request.method, request.path)
        return _error(500, error.code, "this request failed; others are not affected", {})


def _error(status: int, code: str, message: str, headers: Mapping[str, str]) -> web.Response:
    return web.json_response(
        {"error": {"code": code, "message": message}}, status=status, headers=headers
    )
