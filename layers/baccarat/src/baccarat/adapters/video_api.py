"""The HTTP API of the video: tokens, the keys that sign them, and what viewers report.

Routes take what they do as ``*Cases``; the functions bring that, the document needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel, ConfigDict, Field

from baccarat.adapters.http import identity_of, validating_resolver
from baccarat.adapters.messages import RoundId, TableId
from baccarat.adapters.payments_api import answers_of
from baccarat.domain.errors import Forbidden
from baccarat.domain.video.access import MAY, VideoGrant, VideoRole
from baccarat.domain.video.sync import (
    MAX_FRAMES,
    MAX_LAG_MS,
    MAX_LAGS,
    MAX_OVERDUE,
    SyncReport,
    Transport,
)

_EVERYBODY: Final = ("players", "cashiers", "operators", "provider", "nobody")
_LagMs = Annotated[int, Field(ge=-MAX_LAG_MS, le=MAX_LAG_MS)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewVideoToken(_Model):
    tableId: TableId
    role: Annotated[VideoRole, Field(strict=False)]


class VideoTokenAnswer(_Model):
    """A token is used once, for one request to one of the addresses, before ``expiresAtMs``."""

    token: str
    whepUrl: str
    hlsUrl: str
    whipUrl: str
    expiresAtMs: int


class Jwk(_Model):
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    alg: Literal["ES256"]
    use: Literal["sig"]


class VideoKeysAnswer(_Model):
    """A JWK set."""

    keys: list[Jwk]


class VideoReport(_Model):
    """What a page saw of one round. A second report of the same round by the same user changes
    nothing.
    """

    tableId: TableId
    roundId: RoundId
    lagsMs: Annotated[
        list[_LagMs],
        Field(
            max_length=MAX_LAGS,
            description="How old frames were when they were shown, by the server's clock; samples.",
        ),
    ]
    matched: Annotated[
        int,
        Field(ge=0, le=MAX_FRAMES, description="Frames that named the round that the log does."),
    ]
    mismatched: Annotated[
        int, Field(ge=0, le=MAX_FRAMES, description="Frames that named another one.")
    ]
    overdue: Annotated[
        int, Field(ge=0, le=MAX_OVERDUE, description="Events shown without their picture.")
    ]
    transport: Transport
    clockErrorMs: Annotated[
        int, Field(ge=0, le=MAX_LAG_MS, description="Half of the best round trip to the server.")
    ]

    def report(self) -> SyncReport:
        return SyncReport(
            table_id=self.tableId,
            round_id=self.roundId,
            lags_ms=tuple(self.lagsMs),
            matched=self.matched,
            mismatched=self.mismatched,
            overdue=self.overdue,
            transport=self.transport,
        )


class VideoReportAnswer(_Model):
    """KNOWN: this user has reported the round before."""

    result: Literal["COUNTED", "KNOWN"]


@dataclass(frozen=True, slots=True)
class TokenCases:
    """``grant`` takes table, wanted role, and the caller's id and role; ``base_url`` is where the
    video servers are.
    """

    grant: Callable[[str, VideoRole, str, str], VideoGrant]
    mint: Callable[[VideoGrant], str]
    token_keys: Callable[[], Sequence[object]]
    film_keys: Callable[[], Sequence[object]]
    base_url: str


def token_api(cases: TokenCases) -> APIGatewayHttpResolver:
    app = validating_resolver()

    @app.post(
        "/video/tokens",
        summary="A token for the picture of a table, and where to show it",
        description="`view` for players and staff, `publish` for a studio's agents, `edge` for "
        "video servers. 404 `NO_CAMERA` where nothing films the table: draw it instead.",
        tags=["players", "operators"],
        responses=answers_of(VideoTokenAnswer, 400, 403, 404, 413),
    )
    def post_token(wanted: NewVideoToken) -> VideoTokenAnswer:
        caller_id, role = identity_of(app.current_event)
        grant = cases.grant(wanted.tableId, wanted.role, caller_id, role)
        base = cases.base_url
        return VideoTokenAnswer(
            token=cases.mint(grant),
            whepUrl=f"{base}/whep/{grant.table_id}",
            hlsUrl=f"{base}/hls/{grant.table_id}",
            whipUrl=f"{base}/whip/{grant.table_id}",
            expiresAtMs=grant.expires_at_seconds * 1000,
        )

    @app.get(
        "/video/keys",
        summary="The public keys that sign tokens",
        tags=list(_EVERYBODY),
        responses=answers_of(VideoKeysAnswer, 400, 413),
    )
    def get_token_keys() -> VideoKeysAnswer:
        return _key_set(cases.token_keys())

    @app.get(
        "/films/keys",
        summary="The public keys that sign what is said of recorded frames",
        tags=list(_EVERYBODY),
        responses=answers_of(VideoKeysAnswer, 400, 413),
    )
    def get_film_keys() -> VideoKeysAnswer:
        return _key_set(cases.film_keys())

    return app


def _key_set(keys: Sequence[object]) -> VideoKeysAnswer:
    return VideoKeysAnswer(keys=[Jwk.model_validate(key) for key in keys])


@dataclass(frozen=True, slots=True)
class ReportCases:
    """``take`` takes the report and the caller's id; it returns whether the report counts."""

    take: Callable[[SyncReport, str], bool]


def report_api(cases: ReportCases) -> APIGatewayHttpResolver:
    app = validating_resolver()

    @app.post(
        "/video/reports",
        summary="How far the picture was behind the log, once a round",
        description="A claim of whoever watches: figures for people follow from it, nothing else.",
        tags=["players", "operators"],
        responses=answers_of(VideoReportAnswer, 400, 403, 404, 413),
    )
    def post_report(report: VideoReport) -> VideoReportAnswer:
        caller_id, role = identity_of(app.current_event)
        if role not in MAY[VideoRole.VIEW]:
            raise Forbidden(f"a {role} does not watch tables, so there is nothing to report")
        counts = cases.take(report.report(), caller_id)
        return VideoReportAnswer(result="COUNTED" if counts else "KNOWN")

    return app


def document_apps(unwired: Callable[..., Any]) -> tuple[APIGatewayHttpResolver, ...]:
    """Return the routes with nothing behind them, for the document."""
    return (
        token_api(TokenCases(unwired, unwired, unwired, unwired, "")),
        report_api(ReportCases(unwired)),
    )
