"""The websocket protocol: every message either way, as models. ``docs/formats/websocket.md`` tells
the story; the AsyncAPI document is generated from here (``baccarat asyncapi``).

Members are snake_case with their unit; identifiers end in ``Id``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from baccarat.application.sessions import Joined
from baccarat.domain.canonical import JsonObject
from baccarat.domain.paytable import Spot
from baccarat.domain.table import Table
from baccarat.domain.wallet import MAX_BETS_AT_ONCE, Bet, Wallet

MAX_MESSAGE_BYTES = 4096

CommandId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
BetId: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{16,64}$",
        description="Made by the client at random: the idempotency key of a player in a round.",
    ),
]
TableId: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,23}$")]
RoundId: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,23}\.[0-9]{9}$")]
Minor: TypeAlias = Annotated[int, Field(gt=0, le=10**12, description="Minor units.")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Position(_Message):
    """A place in a table's log."""

    epoch: int = Field(ge=0, le=2**31)
    seq: int = Field(ge=0, le=2**31)


class Join(_Message):
    """Watch a table. ``last`` is the newest event the client has, if it has any."""

    action: Literal["join"]
    id: CommandId
    tableId: TableId
    last: Position | None = None


class Leave(_Message):
    """Stop watching a table."""

    action: Literal["leave"]
    id: CommandId
    tableId: TableId


class NewBetView(_Message):
    """A stake on a spot; ``betId`` makes it safe to send again."""

    betId: BetId
    spot: Annotated[Spot, Field(strict=False)]
    stake_minor: Minor


class PlaceBetsMessage(_Message):
    """Put stakes on spots: all of them or none. Every ``betId`` is another one."""

    action: Literal["bet"]
    id: CommandId
    roundId: RoundId
    bets: Annotated[list[NewBetView], Field(min_length=1, max_length=MAX_BETS_AT_ONCE)]


class CancelBet(_Message):
    """Take a bet back while the round is open."""

    action: Literal["cancel"]
    id: CommandId
    roundId: RoundId
    betId: BetId


class Ping(_Message):
    """Ask for the server's clock."""

    action: Literal["ping"]
    id: CommandId


class WalletView(_Message):
    """A balance; of two, the one with the higher ``version`` is newer."""

    currency: str
    available_minor: int
    version: int


class BetView(_Message):
    """One of the player's bets. A PLACED bet has lost once its round is SETTLED."""

    betId: str
    roundId: str
    spot: Spot
    stake_minor: int
    state: Literal["PLACED", "CANCELLED", "PAID", "REFUNDED"]
    payout_minor: int
    reason: str | None


class TableView(_Message):
    """What a table offers. ``history`` holds P, B or T for each hand of the shoe, oldest first."""

    tableId: str
    name: str
    dealerId: str
    currency: str
    paytable: str
    limits: dict[str, dict[str, int]]
    caps: dict[str, int | None]
    bet_window_ms: int
    epoch: int
    history: list[str]


class JoinedMessage(_Message):
    """Answer to ``join``. With ``complete`` the events follow the client's own without a gap;
    otherwise they are those of the newest round, and the client starts from them.
    """

    type: Literal["joined"] = "joined"
    id: str
    table: TableView
    complete: bool
    events: list[dict[str, Any]]
    wallet: WalletView | None
    bets: list[BetView]
    server_ms: int


class EventsMessage(_Message):
    """Signed log events, oldest first. Order and drop repeats by ``epoch`` and ``seq``."""

    type: Literal["events"] = "events"
    tableId: str
    events: list[dict[str, Any]]


class BetsAccepted(_Message):
    """Answer to ``bet``: the same for every repeat. ``bets`` are in the order of the command,
    ``wallet`` is as it was right after them.
    """

    type: Literal["bets_accepted"] = "bets_accepted"
    id: str
    bets: list[BetView]
    wallet: WalletView


class BetCancelled(_Message):
    """Answer to ``cancel``."""

    type: Literal["bet_cancelled"] = "bet_cancelled"
    id: str
    bet: BetView
    wallet: WalletView


class WalletMessage(_Message):
    """The player's balance changed."""

    type: Literal["wallet"] = "wallet"
    wallet: WalletView


class BetMessage(_Message):
    """One of the player's bets was placed, paid, cancelled or refunded."""

    type: Literal["bet"] = "bet"
    bet: BetView


class Left(_Message):
    """Answer to ``leave``."""

    type: Literal["left"] = "left"
    id: str
    tableId: str


class Pong(_Message):
    """Answer to ``ping``."""

    type: Literal["pong"] = "pong"
    id: str
    server_ms: int


class ErrorMessage(_Message):
    """A message was refused and changed nothing. ``id`` is its ``id`` if readable."""

    type: Literal["error"] = "error"
    id: str | None
    code: str
    message: str
    details: dict[str, Any]


CLIENT_MESSAGES: tuple[type[_Message], ...] = (Join, Leave, PlaceBetsMessage, CancelBet, Ping)
SERVER_MESSAGES: tuple[type[_Message], ...] = (
    JoinedMessage,
    EventsMessage,
    BetsAccepted,
    BetCancelled,
    WalletMessage,
    BetMessage,
    Left,
    Pong,
    ErrorMessage,
)


def to_json(message: _Message) -> JsonObject:
    return message.model_dump(mode="json")


def table_view(table: Table) -> TableView:
    config = table.config
    return TableView(
        tableId=table.table_id,
        name=config.name,
        dealerId=config.dealer_id,
        currency=config.currency,
        paytable=config.paytable_version,
        limits={
            spot.value: {"min_minor": limit.min_minor, "max_minor": limit.max_minor}
            for spot, limit in config.limits.items()
        },
        caps={
            "side_bet_percent": config.caps.side_bet_percent,
            "max_payout_minor": config.caps.max_payout_minor,
            "differential_minor": config.caps.differential_minor,
        },
        bet_window_ms=config.bet_window_ms,
        epoch=table.epoch,
        history=list(table.history),
    )


def wallet_view(wallet: Wallet) -> WalletView:
    return WalletView(
        currency=wallet.currency,
        available_minor=wallet.available_minor,
        version=wallet.version,
    )


def bet_view(bet: Bet) -> BetView:
    return BetView(
        betId=bet.bet_id,
        roundId=bet.round_id,
        spot=bet.spot,
        stake_minor=bet.stake_minor,
        state=bet.state.value,
        payout_minor=bet.payout_minor,
        reason=bet.reason.value if bet.reason else None,
    )


def bets_accepted(command_id: str, bets: Sequence[Bet]) -> BetsAccepted:
    """Return the answer to the command that placed ``bets``, whatever became of them since."""
    as_placed = {"state": "PLACED", "payout_minor": 0, "reason": None}
    return BetsAccepted(
        id=command_id,
        bets=[bet_view(bet).model_copy(update=as_placed) for bet in bets],
        wallet=WalletView(
            currency=bets[0].currency,
            available_minor=bets[0].balance_after_minor,
            version=bets[0].placed_version,
        ),
    )


def joined(command_id: str, answer: Joined, server_ms: int) -> JoinedMessage:
    return JoinedMessage(
        id=command_id,
        table=table_view(answer.table),
        complete=answer.complete,
        events=[signed.to_json() for signed in answer.events],
        wallet=wallet_view(answer.wallet) if answer.wallet else None,
        bets=[bet_view(bet) for bet in answer.bets],
        server_ms=server_ms,
    )
