"""The websocket protocol: every message either way, as models. ``docs/formats/websocket.md`` tells
the story; the AsyncAPI document is generated from here (``baccarat asyncapi``).

Members are snake_case with their unit; identifiers end in ``Id``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from baccarat.application.seats import seats_json
from baccarat.application.sessions import Joined
from baccarat.domain.canonical import JsonObject
from baccarat.domain.lobby import LobbyTable, Proposal, Reason, Wish
from baccarat.domain.paytable import Spot, Variant
from baccarat.domain.round import RoundState
from baccarat.domain.seats import SEATS, Seat
from baccarat.domain.table import Table, TableStatus
from baccarat.domain.table_config import DealingMode, Presentation
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


class Lobby(_Message):
    """Ask for all tables."""

    action: Literal["lobby"]
    id: CommandId


class Match(_Message):
    """Ask for tables that suit a wish; what is left out may be anything."""

    action: Literal["match"]
    id: CommandId
    variant: Annotated[Variant | None, Field(strict=False)] = None
    language: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,24}$")] | None = None
    stake_minor: Minor | None = None
    presentation: Annotated[Presentation | None, Field(strict=False)] = None

    def wish(self) -> Wish:
        return Wish(self.variant, self.language, self.stake_minor, self.presentation)


class Sit(_Message):
    """Take a seat at a table that was joined; sitting where one sits is no error."""

    action: Literal["sit"]
    id: CommandId
    tableId: TableId
    seat: int = Field(ge=1, le=SEATS)


class Stand(_Message):
    """Free the own seat at a table."""

    action: Literal["stand"]
    id: CommandId
    tableId: TableId


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
    """What a table offers. ``history`` holds P, B or T for each hand of the shoe, oldest first,
    as corrections left it. ``dealer`` is the name that the dealer shows players, null when nobody
    deals or has one.
    """

    tableId: str
    name: str
    dealer: str | None
    currency: str
    mode: str
    presentation: str
    paytable: str
    limits: dict[str, dict[str, int]]
    caps: dict[str, int | None]
    bet_window_ms: int
    epoch: int
    history: list[str]


class SeatView(_Message):
    """A taken seat. ``you`` tells the player's own."""

    seat: int
    nickname: str
    since_ms: int
    you: bool


class RoundPhaseView(_Message):
    """How far the newest round of a table is."""

    roundId: str
    phase: RoundState
    closes_at_ms: int


class LobbyTableView(_Message):
    """A table in the lobby. ``history`` has a letter for each hand of the shoe, oldest first:
    P, B or T. ``players`` are the different players who watch it; ``dealer`` is as in ``joined``.
    """

    tableId: str
    name: str
    group: str
    language: str
    variant: Variant
    paytable: str
    mode: DealingMode
    presentation: Presentation
    currency: str
    limits: dict[str, dict[str, int]]
    bet_window_ms: int
    status: TableStatus
    dealer: str | None
    round: RoundPhaseView | None
    history: str
    players: int
    seats_free: int


class ProposalView(_Message):
    """A table that suits the wish, and why."""

    tableId: str
    name: str
    reasons: list[Reason]


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
    seats: list[SeatView]
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


class LobbyMessage(_Message):
    """Answer to ``lobby``."""

    type: Literal["lobby"] = "lobby"
    id: str
    tables: list[LobbyTableView]
    server_ms: int


class MatchesMessage(_Message):
    """Answer to ``match``: up to three tables, best first; none when no table suits."""

    type: Literal["matches"] = "matches"
    id: str
    tables: list[ProposalView]


class SeatsMessage(_Message):
    """Who sits where: the answer to ``sit`` and ``stand``, and sent to all who watch the table when
    it changed, then with ``id`` null. Of two, the one with the later ``server_ms`` is newer.
    """

    type: Literal["seats"] = "seats"
    id: str | None
    tableId: str
    seats: list[SeatView]
    server_ms: int


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


CLIENT_MESSAGES: tuple[type[_Message], ...] = (
    Lobby,
    Match,
    Join,
    Leave,
    Sit,
    Stand,
    PlaceBetsMessage,
    CancelBet,
    Ping,
)
SERVER_MESSAGES: tuple[type[_Message], ...] = (
    LobbyMessage,
    MatchesMessage,
    JoinedMessage,
    SeatsMessage,
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
        dealer=table.dealer_name,
        currency=config.currency,
        mode=config.mode.value,
        presentation=config.presentation.value,
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
        history=list(table.results),
    )


def lobby(command_id: str, tables: list[LobbyTable], server_ms: int) -> LobbyMessage:
    return LobbyMessage(
        id=command_id, tables=[lobby_table_view(found) for found in tables], server_ms=server_ms
    )


def lobby_table_view(found: LobbyTable) -> LobbyTableView:
    shown, config, round_ = table_view(found.table), found.table.config, found.round
    return LobbyTableView(
        tableId=shown.tableId,
        name=shown.name,
        group=config.group,
        language=config.language,
        variant=config.paytable.variant,
        paytable=shown.paytable,
        mode=config.mode,
        presentation=config.presentation,
        currency=shown.currency,
        limits=shown.limits,
        bet_window_ms=shown.bet_window_ms,
        status=found.table.status,
        dealer=shown.dealer,
        round=RoundPhaseView(
            roundId=round_.round_id, phase=round_.state, closes_at_ms=round_.closes_at_ms
        )
        if round_
        else None,
        history="".join(shown.history),
        players=found.players,
        seats_free=found.seats_free,
    )


def matches(command_id: str, proposals: list[Proposal]) -> MatchesMessage:
    return MatchesMessage(
        id=command_id,
        tables=[
            ProposalView(
                tableId=proposal.table.table_id,
                name=proposal.table.config.name,
                reasons=list(proposal.reasons),
            )
            for proposal in proposals
        ],
    )


def seat_views(taken: list[Seat], player_id: str) -> list[SeatView]:
    return [SeatView.model_validate(seat) for seat in seats_json(taken, player_id)]


def seats(
    command_id: str, table_id: str, taken: list[Seat], player_id: str, server_ms: int
) -> SeatsMessage:
    return SeatsMessage(
        id=command_id, tableId=table_id, seats=seat_views(taken, player_id), server_ms=server_ms
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


def joined(command_id: str, answer: Joined, player_id: str, server_ms: int) -> JoinedMessage:
    return JoinedMessage(
        id=command_id,
        table=table_view(answer.table),
        complete=answer.complete,
        events=[signed.to_json() for signed in answer.events],
        wallet=wallet_view(answer.wallet) if answer.wallet else None,
        bets=[bet_view(bet) for bet in answer.bets],
        seats=seat_views(answer.seats, player_id),
        server_ms=server_ms,
    )
