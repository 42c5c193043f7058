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
from baccarat.domain.coup import Coup, Hand, Outcome, follow, replay
from baccarat.domain.errors import (
    CardNotPossible,
    DealingPaused,
    IllegalTransition,
    RoundNotDue,
    RoundNotVoidable,
)
from baccarat.domain.log import Event, EventType
from baccarat.domain.paytable import Spot
from baccarat.domain.shoe import Shoe, ShoeInPlay
from baccarat.domain.shoe_commitment import Opening
from baccarat.domain.table_config import (
    Caps,
    DealingMode,
    StakeLimit,
    TableConfig,
    limits_from_json,
    limits_json,
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
    DEAL_ABANDONED = "DEAL_ABANDONED"
    PIT_DECISION = "PIT_DECISION"


class PauseReason(StrEnum):
    """Why dealing waits for the pit."""

    DEALER_GONE = "DEALER_GONE"
    WRONG_CARD = "WRONG_CARD"
    PIT_DECISION = "PIT_DECISION"


class CardSource(StrEnum):
    SCANNER = "SCANNER"
    PIT = "PIT"


_WHILE_DEALING: Final = frozenset(
    {
        EventType.CUT_CARD_OUT,
        EventType.SCAN_UNDONE,
        EventType.CARD_BURNED,
        EventType.DEALING_PAUSED,
        EventType.DEALING_RESUMED,
    }
)
"""What may happen between the close of bets and the last card, and moves the round nowhere."""

_BY_HAND: Final = (_WHILE_DEALING - {EventType.CUT_CARD_OUT}) | {EventType.CARDS_RETRACTED}
"""What only happens where a dealer draws the cards."""

TRANSITIONS: Final[dict[tuple[RoundState | None, EventType], RoundState]] = {
    (None, EventType.ROUND_OPENED): RoundState.OPEN,
    (RoundState.OPEN, EventType.BETS_CLOSED): RoundState.CLOSED,
    (RoundState.CLOSED, EventType.BOOK_SEALED): RoundState.CLOSED,
    (RoundState.CLOSED, EventType.DEALING_STARTED): RoundState.DEALING,
    (RoundState.DEALING, EventType.CARDS_DEALT): RoundState.DEALING,
    (RoundState.DEALING, EventType.ROUND_RESOLVED): RoundState.RESOLVED,
    (RoundState.RESOLVED, EventType.ROUND_SETTLED): RoundState.SETTLED,
    (RoundState.DEALING, EventType.CARDS_RETRACTED): RoundState.DEALING,
    **{
        (state, type_): state
        for state in (RoundState.CLOSED, RoundState.DEALING)
        for type_ in _WHILE_DEALING
    },
    **{(state, EventType.ROUND_VOIDED): RoundState.VOIDED for state in VOIDABLE_STATES},
    # Taking a table over changes who drives the round, not where it is.
    **{
        (state, EventType.EPOCH_STARTED): state for state in RoundState if state not in FINAL_STATES
    },
}


@dataclass(frozen=True, slots=True)
class Round:
    """A round as its events tell it. ``version`` is the number of its events.

    ``shoe`` is the shoe as the round found it. ``commitment`` is that of the round's own seed, None
    where cards are not drawn by a server. ``openings`` prove the cards of a committed order, one
    for each card. ``burned`` left the shoe in this round without going to a hand. ``taken_back``
    are cards that were dealt, do not count, and did not come again: the next one out is the first.
    """

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
    commitment: str | None
    shoe: ShoeInPlay
    book_root: str | None = None
    book_count: int = 0
    cards: tuple[tuple[Hand, Card], ...] = ()
    openings: tuple[Opening, ...] = ()
    burned: tuple[Card, ...] = ()
    taken_back: tuple[Card, ...] = ()
    cut_card_out: bool = False
    paused: PauseReason | None = None
    shown_at_ms: int = 0
    outcome: Outcome | None = None
    paid_minor: int = 0
    void_reason: VoidReason | None = None

    @property
    def coup(self) -> Coup:
        """The complete coup. Raises: ValueError when cards are still to come."""
        return replay(self.cards)

    @property
    def next_hand(self) -> Hand | None:
        """The hand that takes the next card, None when the coup is complete."""
        return follow(self.cards).next_hand()

    @property
    def drawn(self) -> int:
        """How many cards have left the shoe, this round's included; the next one's position."""
        return self.shoe.drawn + len(self.cards) + len(self.burned)

    @property
    def cards_left(self) -> int:
        """How many cards can still be drawn after those of this round."""
        return self.shoe.cards_left - (self.drawn - self.shoe.drawn)

    @property
    def is_cut(self) -> bool:
        """Whether the cut card is out, in this round or before."""
        return self.cut_card_out or self.shoe.hands_left is not None

    @property
    def unseen(self) -> Shoe:
        """What nobody has seen leave the shoe, this round's cards included."""
        return self.shoe.unseen.without([*(card for _, card in self.cards), *self.burned])

    def shoe_after(self, hands_after_cut: int) -> ShoeInPlay:
        """Return the shoe as this round leaves it; ``hands_after_cut`` are played after the cut
        card's own.

        What was taken back and did not come again lies on the table, out of the shoe. One that the
        shoe cannot have held was misread: what lies there instead nobody knows.
        """
        unseen, drawn = self.unseen, self.drawn
        for card in self.taken_back:
            if unseen.has(card):
                unseen, drawn = unseen.without([card]), drawn + 1
        if self.shoe.hands_left is not None:
            hands_left: int | None = self.shoe.hands_left - (drawn > self.shoe.drawn)
        else:
            hands_left = hands_after_cut if self.cut_card_out else None
        return ShoeInPlay(unseen, self.shoe.opened, drawn, hands_left)


@dataclass(frozen=True, slots=True)
class OpenRound:
    round_no: int
    config: TableConfig
    dealer_id: str
    commitment: str | None
    shoe: ShoeInPlay


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
    """Deal a whole coup at once; the cut card is out when at most ``cut_cards`` are left."""

    cards: tuple[tuple[Hand, Card], ...]
    cut_cards: int


@dataclass(frozen=True, slots=True)
class DealCard:
    """Deal one card from a physical shoe. ``cut_cards`` is None where the dealer sees the cut card
    and announces it; ``opening`` is given where the order was committed.
    """

    card: Card
    by: str
    source: CardSource
    opening: Opening | None = None
    cut_cards: int | None = None


@dataclass(frozen=True, slots=True)
class BurnCard:
    """Take a card out of the shoe that goes to no hand; members as in ``DealCard``."""

    card: Card
    by: str
    note: str
    opening: Opening | None = None
    cut_cards: int | None = None


@dataclass(frozen=True, slots=True)
class UndoScan:
    """Say that a scan which was not confirmed is taken back."""

    card: Card
    by: str


@dataclass(frozen=True, slots=True)
class RetractCards:
    """Take back the cards from ``place`` on (1 is the first), to be scanned again."""

    place: int
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class AnnounceCutCard:
    by: str


@dataclass(frozen=True, slots=True)
class PauseDealing:
    reason: PauseReason
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ResumeDealing:
    by: str


@dataclass(frozen=True, slots=True)
class ResolveRound:
    pass


@dataclass(frozen=True, slots=True)
class SettleRound:
    seed: bytes | None
    payouts_root: str
    paid_count: int
    staked_minor: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class VoidRound:
    """``by`` and ``note`` are set when a person decided it."""

    reason: VoidReason
    by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class TakeOver:
    reason: str


DealingCommand: TypeAlias = (
    DealCard | BurnCard | UndoScan | RetractCards | AnnounceCutCard | PauseDealing | ResumeDealing
)
Command: TypeAlias = (
    OpenRound
    | CloseBets
    | SealBook
    | DealCards
    | DealingCommand
    | ResolveRound
    | SettleRound
    | VoidRound
    | TakeOver
)
Fact: TypeAlias = tuple[EventType, JsonObject]
"""An event before it has a place in the log."""


def decide(state: Round | None, command: Command, now_ms: int) -> list[Fact]:
    """Return what happens when ``command`` is given at ``now_ms``; at least one fact.

    Raises:
        IllegalTransition: the round is in no state for it.
        RoundNotDue: bets would close, or the round resolve, before the announced time.
        RoundNotVoidable: the round is already resolved, settled or voided.
        DealingPaused: the pit has to act first.
        CardNotPossible: the shoe cannot hold the card, or no hand takes one.
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


def _facts(  # noqa: C901, PLR0911, PLR0912  one case for each command, side by side
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
            if state is None or not state.cards or state.next_hand is not None:
                raise IllegalTransition("the cards are not all dealt")
            if state.paused is not None:
                raise DealingPaused("dealing is paused", reason=state.paused.value)
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
                        "seed": command.seed.hex() if command.seed is not None else None,
                        "payouts_root": command.payouts_root,
                        "paid_count": command.paid_count,
                        "staked_minor": command.staked_minor,
                        "paid_minor": command.paid_minor,
                    },
                )
            ]
        case VoidRound():
            from_state = state.state.value if state else None
            return [
                (
                    EventType.ROUND_VOIDED,
                    {
                        "reason": command.reason.value,
                        "from": from_state,
                        "by": command.by,
                        "note": command.note,
                    },
                )
            ]
        case TakeOver():
            return [(EventType.EPOCH_STARTED, {"reason": command.reason})]
        case _:
            if state is None:
                raise IllegalTransition("there is no round to deal")
            return _dealing_facts(state, command)


def _opened(command: OpenRound, now_ms: int) -> JsonObject:
    config = command.config
    return {
        "round_no": command.round_no,
        "mode": config.mode.value,
        "dealerId": command.dealer_id,
        "currency": config.currency,
        "paytable": config.paytable_version,
        "limits": limits_json(config.limits),
        "caps": config.caps.to_json(),
        "card_interval_ms": config.card_interval_ms,
        "closes_at_ms": _whole_second(now_ms + config.bet_window_ms),
        "commitment": command.commitment,
        "shoeId": command.shoe.unseen.shoe_id,
        "shoe_hash": command.shoe.opened,
        "decks": command.shoe.unseen.decks,
        "remaining": command.shoe.unseen.composition,
        "drawn": command.shoe.drawn,
        "hands_left": command.shoe.hands_left,
    }


def _whole_second(at_ms: int) -> int:
    """Round up: a Wait state that is given part of a second may end before it."""
    return -(-at_ms // 1000) * 1000


def _dealt(state: Round | None, command: DealCards, now_ms: int) -> list[Fact]:
    if state is None or state.book_root is None:
        raise IllegalTransition("no card is dealt before the book is sealed")
    if state.mode.is_physical:
        raise IllegalTransition(f"a dealer draws the cards of round {state.round_id}")
    replay(command.cards)
    interval_ms = state.card_interval_ms
    shown_at_ms = (
        _whole_second(now_ms + len(command.cards) * interval_ms) if interval_ms else now_ms
    )
    cards: list[Json] = [{"to": hand.value, "card": card} for hand, card in command.cards]
    return [
        (EventType.DEALING_STARTED, {}),
        (EventType.CARDS_DEALT, {"cards": cards, "shown_at_ms": shown_at_ms}),
        *_cut_card(state, len(command.cards), command.cut_cards),
    ]


def _cut_card(state: Round, more: int, cut_cards: int | None) -> list[Fact]:
    """Return what is said when ``more`` cards bring out a cut card that nobody announces."""
    if cut_cards is None or state.is_cut or state.cards_left - more > cut_cards:
        return []
    return [(EventType.CUT_CARD_OUT, {"by": None})]


def _dealing_facts(  # noqa: C901, PLR0911, PLR0912  one case for each command, side by side
    state: Round, command: DealingCommand
) -> list[Fact]:
    if state.book_root is None or state.mode is DealingMode.RNG:
        raise IllegalTransition(
            f"no card is drawn by hand from round {state.round_id}: its bets are not closed, "
            "or a server deals it"
        )
    match command:
        case DealCard():
            return _dealt_by_hand(state, command)
        case BurnCard():
            _check_possible(state, command.card)
            burned: JsonObject = {
                "card": command.card,
                "by": command.by,
                "note": command.note,
                "opening": command.opening.to_json() if command.opening else None,
            }
            return [(EventType.CARD_BURNED, burned), *_cut_card(state, 1, command.cut_cards)]
        case UndoScan():
            return [(EventType.SCAN_UNDONE, {"card": command.card, "by": command.by})]
        case RetractCards():
            if not 1 <= command.place <= len(state.cards):
                raise CardNotPossible(
                    f"{len(state.cards)} cards are dealt, so card {command.place} cannot be "
                    "scanned again",
                    dealt=len(state.cards),
                )
            if state.burned:
                raise CardNotPossible("a card was burned after those: void the round instead")
            return [
                (
                    EventType.CARDS_RETRACTED,
                    {"place": command.place, "by": command.by, "note": command.note},
                )
            ]
        case AnnounceCutCard():
            if state.mode is not DealingMode.SHOE:
                raise IllegalTransition("a machine knows its cut card; nobody announces it")
            if state.is_cut:
                raise IllegalTransition("the cut card is out already")
            return [(EventType.CUT_CARD_OUT, {"by": command.by})]
        case PauseDealing():
            if state.paused is not None:
                raise DealingPaused("dealing is paused already", reason=state.paused.value)
            return [
                (
                    EventType.DEALING_PAUSED,
                    {"reason": command.reason.value, "by": command.by, "note": command.note},
                )
            ]
        case ResumeDealing():
            if state.paused is None:
                raise IllegalTransition("dealing is not paused")
            return [(EventType.DEALING_RESUMED, {"by": command.by})]


def _check_possible(state: Round, card: Card) -> None:
    try:
        state.unseen.without([card])
    except ValueError as error:
        raise CardNotPossible(
            f"all {state.shoe.unseen.decks} {card} of this shoe have been seen", card=card
        ) from error


def _dealt_by_hand(state: Round, command: DealCard) -> list[Fact]:
    if state.paused is not None and command.source is not CardSource.PIT:
        raise DealingPaused(
            f"dealing is paused ({state.paused}); wait for the pit", reason=state.paused.value
        )
    to = state.next_hand
    if to is None:
        raise CardNotPossible("the hand is complete: no card is due", card=command.card)
    _check_possible(state, command.card)
    dealt: JsonObject = {
        "cards": [{"to": to.value, "card": command.card}],
        "shown_at_ms": 0,
        "by": command.by,
        "source": command.source.value,
        "opening": command.opening.to_json() if command.opening else None,
    }
    facts: list[Fact] = [(EventType.CARDS_DEALT, dealt), *_cut_card(state, 1, command.cut_cards)]
    if state.state is RoundState.CLOSED:
        facts.insert(0, (EventType.DEALING_STARTED, {}))
    return facts


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
        commitment=_optional_str(data, "commitment"),
        shoe=ShoeInPlay(
            Shoe.from_composition(
                _str(data, "shoeId"), _int(data, "decks"), _str(data, "remaining")
            ),
            _str(data, "shoe_hash"),
            _int(data, "drawn"),
            _int(data, "hands_left") if data["hands_left"] is not None else None,
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
        case EventType.ROUND_RESOLVED if state.paused is not None:
            raise IllegalTransition("the round was resolved while dealing was paused")
        case EventType.ROUND_RESOLVED:
            return replace(state, outcome=Outcome(_str(data, "outcome")))
        case EventType.ROUND_SETTLED:
            return replace(state, paid_minor=_int(data, "paid_minor"))
        case EventType.ROUND_VOIDED:
            return replace(state, void_reason=VoidReason(_str(data, "reason")))
        case _:
            return _evolve_dealing(state, event)


def _evolve_dealing(  # noqa: C901, PLR0911, PLR0912  one case for each event, side by side
    state: Round, event: Event
) -> Round:
    data = event.data
    if event.type in _BY_HAND and (state.book_root is None or not state.mode.is_physical):
        raise IllegalTransition(f"{event.type}, but no dealer draws the cards")
    match event.type:
        case EventType.CARDS_DEALT:
            dealt = replace(
                state,
                cards=(*state.cards, *cards_from_json(data["cards"])),
                openings=(*state.openings, *_opening(state, data)),
                taken_back=state.taken_back[1:],
                shown_at_ms=max(_int(data, "shown_at_ms"), state.shown_at_ms),
            )
            if state.mode.is_physical:
                _check_drawn_by_hand(state, dealt, data)
            follow(dealt.cards)
            return dealt
        case EventType.CUT_CARD_OUT:
            if state.is_cut:
                raise IllegalTransition("the cut card came out twice")
            return replace(state, cut_card_out=True)
        case EventType.CARD_BURNED:
            _opening(state, data)
            return replace(
                state,
                burned=(*state.burned, parse_card(_str(data, "card"))),
                taken_back=state.taken_back[1:],
            )
        case EventType.CARDS_RETRACTED:
            kept = _int(data, "place") - 1
            if not 0 <= kept < len(state.cards):
                raise IllegalTransition(f"there is no card {kept + 1} to take back")
            if state.burned:
                raise IllegalTransition("a card was taken back after another was burned")
            back = (card for _, card in state.cards[kept:])
            return replace(
                state,
                cards=state.cards[:kept],
                openings=state.openings[:kept],
                taken_back=(*back, *state.taken_back),
            )
        case EventType.DEALING_PAUSED:
            if state.paused is not None:
                raise IllegalTransition("dealing was paused twice")
            return replace(state, paused=PauseReason(_str(data, "reason")))
        case EventType.DEALING_RESUMED:
            if state.paused is None:
                raise IllegalTransition("dealing went on, but it was not paused")
            return replace(state, paused=None)
        case _:
            return state


def _check_drawn_by_hand(before: Round, after: Round, data: JsonObject) -> None:
    """Raises: IllegalTransition when a dealer cannot have dealt so."""
    if len(after.cards) != len(before.cards) + 1:
        raise IllegalTransition("a dealer deals one card at a time")
    if CardSource(_str(data, "source")) is CardSource.SCANNER and before.paused is not None:
        raise IllegalTransition("a card was scanned while dealing was paused")


def _opening(state: Round, data: JsonObject) -> tuple[Opening, ...]:
    """Return the opening of a card of a committed order.

    Raises:
        KeyError, ValueError: there is none.
    """
    if state.mode is not DealingMode.SHUFFLER:
        return ()
    return (Opening.from_json(data["opening"]),)


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


def _optional_str(data: JsonObject, name: str) -> str | None:
    return None if data[name] is None else _str(data, name)


def _str(data: JsonObject, name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string")
    return value
