"""The round: ``decide(round, command) -> events``, ``evolve(round, event) -> round``.

    OPEN ──► CLOSED ──► DEALING ──► RESOLVED ──► SETTLED
      └────────┴───────────┴──► VOIDED

One table, ``TRANSITIONS``, says which event may follow which state; both functions use it, and so
does the verifier, so a round that was driven and a round that is rebuilt cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

from baccarat.domain.canonical import Json, JsonObject
from baccarat.domain.cards import Card, parse_card
from baccarat.domain.coup import Coup, Hand, Outcome, replay
from baccarat.domain.errors import IllegalTransition, RoundNotDue, RoundNotVoidable
from baccarat.domain.log import Event, EventType
from baccarat.domain.paytable import Spot
from baccarat.domain.shoe import Shoe
from baccarat.domain.table_config import (
    Caps,
    DealingMode,
    StakeLimit,
    TableConfig,
    limits_from_json,
)


class RoundState(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    DEALING = "DEALING"
    RESOLVED = "RESOLVED"
    SETTLED = "SETTLED"
    VOIDED = "VOIDED"


FINAL_STATES: Final = frozenset({RoundState.SETTLED, RoundState.VOIDED})
VOIDABLE_STATES: Final = frozenset({RoundState.OPEN, RoundState.CLOSED, RoundState.DEALING})


class VoidReason(StrEnum):
    """Why a round was voided; every void carries one."""

    TABLE_DOWN = "TABLE_DOWN"
    CLOSE_FAILED = "CLOSE_FAILED"
    DEAL_FAILED = "DEAL_FAILED"
    NO_CARD_BY_DEADLINE = "NO_CARD_BY_DEADLINE"
    PIT_DECISION = "PIT_DECISION"


TRANSITIONS: Final[dict[tuple[RoundState | None, EventType], RoundState]] = {
    (None, EventType.ROUND_OPENED): RoundState.OPEN,
    (RoundState.OPEN, EventType.BETS_CLOSED): RoundState.CLOSED,
    (RoundState.CLOSED, EventType.BOOK_SEALED): RoundState.CLOSED,
    (RoundState.CLOSED, EventType.DEALING_STARTED): RoundState.DEALING,
    (RoundState.DEALING, EventType.CARDS_DEALT): RoundState.DEALING,
    (RoundState.DEALING, EventType.ROUND_RESOLVED): RoundState.RESOLVED,
    (RoundState.RESOLVED, EventType.ROUND_SETTLED): RoundState.SETTLED,
    **{(state, EventType.ROUND_VOIDED): RoundState.VOIDED for state in VOIDABLE_STATES},
    # Taking a table over changes who drives the round, not where it is.
    **{
        (state, EventType.EPOCH_STARTED): state for state in RoundState if state not in FINAL_STATES
    },
}


@dataclass(frozen=True, slots=True)
class Round:
    """A round as its events tell it. ``version`` is the number of its events."""

    round_id: str
    table_id: str
    round_no: int
    state: RoundState
    version: int
    epoch: int
    opened_at_ms: int
    closes_at_ms: int
    mode: DealingMode
    dealer_id: str
    currency: str
    paytable_version: str
    limits: dict[Spot, StakeLimit]
    caps: Caps
    card_interval_ms: int
    commitment: str
    shoe: Shoe
    book_root: str | None = None
    book_count: int = 0
    cards: tuple[tuple[Hand, Card], ...] = ()
    shown_at_ms: int = 0
    outcome: Outcome | None = None
    paid_minor: int = 0
    void_reason: VoidReason | None = None

    @property
    def coup(self) -> Coup:
        """The complete coup. Raises: ValueError when cards are still to come."""
        return replay(self.cards)


@dataclass(frozen=True, slots=True)
class OpenRound:
    round_no: int
    config: TableConfig
    commitment: str
    shoe: Shoe


@dataclass(frozen=True, slots=True)
class CloseBets:
    pass


@dataclass(frozen=True, slots=True)
class SealBook:
    root: str
    count: int
    stakes: dict[Spot, int]


@dataclass(frozen=True, slots=True)
class DealCards:
    cards: tuple[tuple[Hand, Card], ...]


@dataclass(frozen=True, slots=True)
class ResolveRound:
    pass


@dataclass(frozen=True, slots=True)
class SettleRound:
    seed: bytes
    payouts_root: str
    paid_count: int
    staked_minor: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class VoidRound:
    reason: VoidReason


@dataclass(frozen=True, slots=True)
class TakeOver:
    reason: str


Command: TypeAlias = (
    OpenRound | CloseBets | SealBook | DealCards | ResolveRound | SettleRound | VoidRound | TakeOver
)
Fact: TypeAlias = tuple[EventType, JsonObject]
"""An event before it has a place in the log."""


def decide(state: Round | None, command: Command, now_ms: int) -> list[Fact]:
    """Return what happens when ``command`` is given at ``now_ms``; at least one fact.

    Raises:
        IllegalTransition: the round is in no state for it.
        RoundNotDue: bets would close, or the round resolve, before the announced time.
        RoundNotVoidable: the round is already resolved, settled or voided.
        ValueError: the cards of a deal are no complete coup.
    """
    facts = _facts(state, command, now_ms)
    expected = state.state if state else None
    for event_type, _ in facts:
        after = TRANSITIONS.get((expected, event_type))
        if after is None:
            if event_type is EventType.ROUND_VOIDED:
                raise RoundNotVoidable(
                    f"a round in state {expected} cannot be voided; "
                    "correct it by compensating entries"
                )
            raise IllegalTransition(f"{event_type} cannot happen to a round in state {expected}")
        expected = after
    return facts


def _facts(  # noqa: C901, PLR0911  one case for each command, side by side
    state: Round | None, command: Command, now_ms: int
) -> list[Fact]:
    match command:
        case OpenRound():
            return [(EventType.ROUND_OPENED, _opened(command, now_ms))]
        case CloseBets():
            if state is not None and state.state is RoundState.OPEN and now_ms < state.closes_at_ms:
                raise RoundNotDue(
                    f"bets close at {state.closes_at_ms}, it is {now_ms}",
                    wait_ms=state.closes_at_ms - now_ms,
                )
            return [(EventType.BETS_CLOSED, {})]
        case SealBook():
            if state is not None and state.book_root is not None:
                raise IllegalTransition("the book is sealed already")
            stakes: JsonObject = {spot.value: sum_ for spot, sum_ in command.stakes.items()}
            return [
                (
                    EventType.BOOK_SEALED,
                    {"root": command.root, "count": command.count, "stakes_minor": stakes},
                )
            ]
        case DealCards():
            return _dealt(state, command, now_ms)
        case ResolveRound():
            if state is None or not state.cards:
                raise IllegalTransition("no cards are dealt")
            if now_ms < state.shown_at_ms:
                raise RoundNotDue(
                    f"the last card is shown at {state.shown_at_ms}, it is {now_ms}",
                    wait_ms=state.shown_at_ms - now_ms,
                )
            coup = state.coup
            return [
                (
                    EventType.ROUND_RESOLVED,
                    {
                        "outcome": coup.outcome.value,
                        "player_total": coup.player_total,
                        "banker_total": coup.banker_total,
                        "natural": coup.is_natural,
                    },
                )
            ]
        case SettleRound():
            return [
                (
                    EventType.ROUND_SETTLED,
                    {
                        "seed": command.seed.hex(),
                        "payouts_root": command.payouts_root,
                        "paid_count": command.paid_count,
                        "staked_minor": command.staked_minor,
                        "paid_minor": command.paid_minor,
                    },
                )
            ]
        case VoidRound():
            from_state = state.state.value if state else None
            return [(EventType.ROUND_VOIDED, {"reason": command.reason.value, "from": from_state})]
        case TakeOver():
            return [(EventType.EPOCH_STARTED, {"reason": command.reason})]


def _opened(command: OpenRound, now_ms: int) -> JsonObject:
    config = command.config
    return {
        "round_no": command.round_no,
        "mode": config.mode.value,
        "dealerId": config.dealer_id,
        "currency": config.currency,
        "paytable": config.paytable_version,
        "limits": config.limits_json(),
        "caps": config.caps.to_json(),
        "card_interval_ms": config.card_interval_ms,
        "closes_at_ms": _whole_second(now_ms + config.bet_window_ms),
        "commitment": command.commitment,
        "shoeId": command.shoe.shoe_id,
        "decks": command.shoe.decks,
        "remaining": command.shoe.composition,
    }


def _whole_second(at_ms: int) -> int:
    """Round up: a Wait state that is given part of a second may end before it."""
    return -(-at_ms // 1000) * 1000


def _dealt(state: Round | None, command: DealCards, now_ms: int) -> list[Fact]:
    if state is None or state.book_root is None:
        raise IllegalTransition("no card is dealt before the book is sealed")
    replay(command.cards)
    interval_ms = state.card_interval_ms
    shown_at_ms = (
        _whole_second(now_ms + len(command.cards) * interval_ms) if interval_ms else now_ms
    )
    cards: list[Json] = [{"to": hand.value, "card": card} for hand, card in command.cards]
    return [
        (EventType.DEALING_STARTED, {}),
        (
            EventType.CARDS_DEALT,
            {"cards": cards, "shown_at_ms": shown_at_ms},
        ),
    ]


def evolve(state: Round | None, event: Event) -> Round:
    """Return the round after ``event``.

    Raises:
        IllegalTransition: the event cannot happen in that state, or misses what it must carry.
    """
    before = state.state if state else None
    after = TRANSITIONS.get((before, event.type))
    if after is None:
        raise IllegalTransition(f"{event.type} cannot happen to a round in state {before}")
    try:
        if state is None:
            return _evolve_opened(event)
        return replace(
            _evolve_data(state, event), state=after, version=state.version + 1, epoch=event.epoch
        )
    except (KeyError, TypeError, ValueError) as error:
        raise IllegalTransition(
            f"the data of {event.type} is not what it must be: {error}"
        ) from error


def _evolve_opened(event: Event) -> Round:
    data = event.data
    return Round(
        round_id=event.round_id,
        table_id=event.table_id,
        round_no=_int(data, "round_no"),
        state=RoundState.OPEN,
        version=1,
        epoch=event.epoch,
        opened_at_ms=event.at_ms,
        closes_at_ms=_int(data, "closes_at_ms"),
        mode=DealingMode(_str(data, "mode")),
        dealer_id=_str(data, "dealerId"),
        currency=_str(data, "currency"),
        paytable_version=_str(data, "paytable"),
        limits=limits_from_json(data["limits"]),
        caps=Caps.from_json(data["caps"]),
        card_interval_ms=_int(data, "card_interval_ms"),
        commitment=_str(data, "commitment"),
        shoe=Shoe.from_composition(
            _str(data, "shoeId"), _int(data, "decks"), _str(data, "remaining")
        ),
    )


def _evolve_data(state: Round, event: Event) -> Round:
    data = event.data
    match event.type:
        case EventType.BOOK_SEALED:
            if state.book_root is not None:
                raise IllegalTransition("the book is sealed twice")
            return replace(state, book_root=_str(data, "root"), book_count=_int(data, "count"))
        case EventType.DEALING_STARTED if state.book_root is None:
            raise IllegalTransition("dealing started before the book was sealed")
        case EventType.CARDS_DEALT:
            return replace(
                state,
                cards=(*state.cards, *cards_from_json(data["cards"])),
                shown_at_ms=_int(data, "shown_at_ms"),
            )
        case EventType.ROUND_RESOLVED:
            return replace(state, outcome=Outcome(_str(data, "outcome")))
        case EventType.ROUND_SETTLED:
            return replace(state, paid_minor=_int(data, "paid_minor"))
        case EventType.ROUND_VOIDED:
            return replace(state, void_reason=VoidReason(_str(data, "reason")))
        case _:
            return state


def cards_from_json(value: Json) -> tuple[tuple[Hand, Card], ...]:
    """Raises: ValueError when ``value`` is not a list of ``{"to": hand, "card": code}``."""
    if not isinstance(value, list):
        raise ValueError("cards are a list")
    cards: list[tuple[Hand, Card]] = []
    for item in value:
        match item:
            case {"to": str(hand), "card": str(code), **rest} if not rest:
                cards.append((Hand(hand), parse_card(code)))
            case _:
                raise ValueError("a dealt card has to and card, and nothing else")
    return tuple(cards)


def rebuild(events: Sequence[Event]) -> Round:
    """Return the round that ``events`` tell, first to last.

    Raises:
        IllegalTransition: they tell no possible round.
    """
    state: Round | None = None
    for event in events:
        state = evolve(state, event)
    if state is None:
        raise IllegalTransition("a round has at least one event")
    return state


def _int(data: JsonObject, name: str) -> int:
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer")
    return value


def _str(data: JsonObject, name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string")
    return value
