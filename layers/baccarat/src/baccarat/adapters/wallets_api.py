"""The HTTP API of wallets: what a player sees of his money, and how the house lets a wallet go.

Routes take what they do as ``*Cases``; the functions bring that, the document needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from baccarat.adapters.http import identity_of, validating_resolver
from baccarat.adapters.ledger_export import to_csv, to_json_lines
from baccarat.adapters.payments_api import IdempotencyKey, answers_of
from baccarat.application.journal import MAX_EXPORT, MAX_PAGE, Page
from baccarat.domain.errors import Forbidden
from baccarat.domain.journal import Entry
from baccarat.domain.movement import MovementKind
from baccarat.domain.roles import BETTORS, OPS
from baccarat.domain.wallet import Wallet

_Currency = Annotated[str, Path(pattern=r"^[A-Z]{3}$", description="ISO 4217.")]
_Version = Annotated[int, Query(ge=0, lt=10**12)]
_FORMATS: Final[dict[str, tuple[str, Callable[[Sequence[Entry]], str]]]] = {
    "jsonl": ("application/jsonl", to_json_lines),
    "csv": ("text/csv; charset=utf-8", to_csv),
}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class WalletAnswer(_Model):
    """``stopped`` is why nothing may leave the wallet, null while it works."""

    currency: str
    available_minor: int
    held_minor: int
    version: int
    stopped: str | None


class WalletsAnswer(_Model):
    wallets: list[WalletAnswer]


class EntryView(_Model):
    """One movement with the balances after it; see ledger-export.md."""

    version: int
    kind: Annotated[MovementKind, Field(strict=False)]
    amount_minor: int
    held_change_minor: int
    at_ms: int
    reference: str
    available_minor: int
    held_minor: int
    hash: str


class HistoryAnswer(_Model):
    """The newest first; ``before`` asks for the older ones, null when there are none. The newest
    movements may come a moment late.
    """

    entries: list[EntryView]
    before: int | None


class BalanceAnswer(_Model):
    """The balance after ``version``, the last movement dated ``at_ms`` or before; all 0 before the
    first.
    """

    currency: str
    version: int
    available_minor: int
    held_minor: int


class Resume(_Model):
    """``stop_version`` is that of the stop that was looked at, so that a repeat cannot undo a
    later one.
    """

    stop_version: Annotated[int, Field(ge=1, lt=10**12)]
    reason: Annotated[str, Field(min_length=3, max_length=200)]


@dataclass(frozen=True, slots=True)
class WalletCases:
    """What players see; each takes the player's id first, then the currency."""

    wallets: Callable[[str], list[Wallet]]
    history: Callable[[str, str, int | None, int], Page]
    balance: Callable[[str, str, int], Entry | None]
    export: Callable[[str, str, int], list[Entry]]


def wallets_api(cases: WalletCases) -> APIGatewayHttpResolver:
    app = validating_resolver()

    def player_id() -> str:
        id_, role = identity_of(app.current_event)
        if role not in BETTORS:
            raise Forbidden("only players have wallets")
        return id_

    @app.get(
        "/wallets",
        summary="The balance of each currency",
        tags=["players"],
        responses=answers_of(WalletsAnswer, 400, 403, 413),
    )
    def get_wallets() -> WalletsAnswer:
        return WalletsAnswer(wallets=[wallet_answer(w) for w in cases.wallets(player_id())])

    @app.get(
        "/wallets/<currency>/history",
        summary="What moved the balance, page by page",
        tags=["players"],
        responses=answers_of(HistoryAnswer, 400, 403, 413),
    )
    def get_history(
        currency: _Currency,
        before: Annotated[int | None, Query(ge=1, lt=10**12)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    ) -> HistoryAnswer:
        page = cases.history(player_id(), currency, before, limit)
        return HistoryAnswer(
            entries=[_entry_view(entry) for entry in page.entries], before=page.before
        )

    @app.get(
        "/wallets/<currency>/balance",
        summary="The balance at a time",
        tags=["players"],
        responses=answers_of(BalanceAnswer, 400, 403, 413),
    )
    def get_balance(
        currency: _Currency, at_ms: Annotated[int, Query(ge=0, le=2**53 - 1)]
    ) -> BalanceAnswer:
        entry = cases.balance(player_id(), currency, at_ms)
        return BalanceAnswer(
            currency=currency,
            version=entry.movement.version if entry else 0,
            available_minor=entry.available_minor if entry else 0,
            held_minor=entry.held_minor if entry else 0,
        )

    @app.get(
        "/wallets/<currency>/export",
        summary=f"The journal as a file, {MAX_EXPORT} entries after a version",
        description="See ledger-export.md. Ask again with the last version as `after` for more.",
        tags=["players"],
        responses=_file_answers(),
    )
    def get_export(
        currency: _Currency,
        after: _Version = 0,
        format: Annotated[Literal["jsonl", "csv"], Query()] = "jsonl",  # noqa: A002  its wire name
    ) -> Response[str]:
        content_type, write = _FORMATS[format]
        entries = cases.export(player_id(), currency, after)
        name = f"{currency}-{after + 1}.{format}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(200, content_type, write(entries), headers=headers)

    return app


@dataclass(frozen=True, slots=True)
class ResumeCases:
    """``resume`` takes player, currency, version of the stop, reason, and who asks."""

    resume: Callable[[str, str, int, str, str], Wallet]


def resume_api(cases: ResumeCases) -> APIGatewayHttpResolver:
    app = validating_resolver()

    @app.post(
        "/players/<player_id>/wallets/<currency>/resume",
        summary="Let a stopped wallet go",
        description="Letting go of one stop twice, with whichever key, is the same as once.",
        tags=["operators"],
        responses=answers_of(WalletAnswer, 400, 403, 404, 409, 413, 503),
    )
    def post_resume(
        player_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,100}$")],
        currency: _Currency,
        command: Resume,
        key: IdempotencyKey,  # noqa: ARG001  required of every write; the stop's version is ours
    ) -> WalletAnswer:
        name, role = identity_of(app.current_event)
        if role != OPS:
            raise Forbidden("only operators let a stopped wallet go")
        wallet = cases.resume(player_id, currency, command.stop_version, command.reason, name)
        return wallet_answer(wallet)

    return app


def wallet_answer(wallet: Wallet) -> WalletAnswer:
    return WalletAnswer(
        currency=wallet.currency,
        available_minor=wallet.available_minor,
        held_minor=wallet.held_minor,
        version=wallet.version,
        stopped=wallet.stopped,
    )


def _entry_view(entry: Entry) -> EntryView:
    move = entry.movement
    return EntryView(
        version=move.version,
        kind=move.kind,
        amount_minor=move.amount_minor,
        held_change_minor=move.held_minor,
        at_ms=move.at_ms,
        reference=move.reference,
        available_minor=entry.available_minor,
        held_minor=entry.held_minor,
        hash=entry.hash,
    )


def _file_answers() -> dict[int, Any]:
    answers = answers_of(WalletsAnswer, 400, 403, 413)
    files: dict[str, Any] = {
        content_type.partition(";")[0]: {} for content_type, _ in _FORMATS.values()
    }
    answers[200] = {"description": "The file.", "content": files}
    return answers
