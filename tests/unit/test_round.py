"""The state machine against a table that is written out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from baccarat.domain.coup import Outcome
from baccarat.domain.errors import (
    BaccaratError,
    IllegalTransition,
    RoundNotDue,
    RoundNotVoidable,
)
from baccarat.domain.log import Event, EventType
from baccarat.domain.paytable import Spot
from baccarat.domain.round import (
    CloseBets,
    Command,
    DealCards,
    OpenRound,
    ResolveRound,
    Round,
    RoundState,
    SealBook,
    SettleRound,
    TakeOver,
    VoidReason,
    VoidRound,
    cards_from_json,
    decide,
    evolve,
    rebuild,
)
from tests.builders import CONFIG, SHOE, START_MS, a_round, hands
from tests.vectors.tampering import rounds

CARDS = hands("2C 2D 4H", "3C 4D")
COMMANDS: dict[str, Command] = {
    "open": OpenRound(1, CONFIG, "dealer-7", "cc" * 32, SHOE),
    "close": CloseBets(),
    "seal": SealBook("ab" * 32, 2, {Spot.TIE: 500}),
    "deal": DealCards(CARDS, 14),
    "resolve": ResolveRound(),
    "settle": SettleRound(bytes(32), "cd" * 32, 1, 700, 500),
    "void": VoidRound(VoidReason.PIT_DECISION),
    "take over": TakeOver("LEASE_EXPIRED"),
}
LATE = START_MS + 10**6

_dealt = {"book_root": "ab" * 32, "book_count": 2, "cards": CARDS, "shown_at_ms": START_MS}
STATES: dict[str, Round | None] = {
    "none": None,
    "open": a_round(),
    "closed": a_round(state=RoundState.CLOSED),
    "sealed": a_round(state=RoundState.CLOSED, book_root="ab" * 32, book_count=2),
    "dealing": a_round(state=RoundState.DEALING, **_dealt),
    "resolved": a_round(state=RoundState.RESOLVED, outcome=Outcome.PLAYER, **_dealt),
    "settled": a_round(state=RoundState.SETTLED, outcome=Outcome.PLAYER, **_dealt),
    "voided": a_round(state=RoundState.VOIDED, void_reason=VoidReason.TABLE_DOWN),
}
# What each command leads to from each state; "-" is IllegalTransition, "!" RoundNotVoidable.
TABLE = """
           open   close   seal    deal     resolve   settle   void    take over
none       open   -       -       -        -         -        !       -
open       -      closed  -       -        -         -        voided  open
closed     -      -       sealed  -        -         -        voided  closed
sealed     -      -       -       dealing  -         -        voided  sealed
dealing    -      -       -       -        resolved  -        voided  dealing
resolved   -      -       -       -        -         settled  !       resolved
settled    -      -       -       -        -         -        !       -
voided     -      -       -       -        -         -        !       -
"""
_rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
CELLS = [
    (row[0], command, becomes)
    for row in _rows
    for command, becomes in zip(COMMANDS, row[1:], strict=True)
]
FACTS = {
    "open": ["ROUND_OPENED"],
    "close": ["BETS_CLOSED"],
    "seal": ["BOOK_SEALED"],
    "deal": ["DEALING_STARTED", "CARDS_DEALT"],
    "resolve": ["ROUND_RESOLVED"],
    "settle": ["ROUND_SETTLED"],
    "void": ["ROUND_VOIDED"],
    "take over": ["EPOCH_STARTED"],
}


def after(state: Round | None, facts: list[Any], *, epoch: int = 1, at_ms: int = LATE) -> Round:
    for seq, (type_, data) in enumerate(facts, start=1):
        state = evolve(
            state, Event("bac-1", "bac-1.000000001", epoch, seq, type_, at_ms, data, "0" * 64)
        )
    assert state is not None
    return state


def name_of(round_: Round) -> str:
    sealed = round_.state is RoundState.CLOSED and round_.book_root is not None
    return "sealed" if sealed else round_.state.value.lower()


def test_the_table_has_every_cell() -> None:
    assert [row[0] for row in _rows] == list(STATES)
    assert len(CELLS) == 8 * 8
    assert all(state is None or name_of(state) == name for name, state in STATES.items())


@pytest.mark.parametrize(("state", "command", "becomes"), CELLS)
def test_every_command_in_every_state(state: str, command: str, becomes: str) -> None:
    before = STATES[state]
    if becomes in "-!":
        error = RoundNotVoidable if becomes == "!" else IllegalTransition
        with pytest.raises(BaccaratError) as refused:
            decide(before, COMMANDS[command], LATE)
        assert type(refused.value) is error
        return
    facts = decide(before, COMMANDS[command], LATE)
    assert [type_.value for type_, _ in facts] == FACTS[command]
    found = after(before, facts, epoch=2)
    assert name_of(found) == becomes
    assert found.version == (before.version if before else 0) + len(facts)
    assert found.epoch == 2


# Which event may follow which state, whoever wrote it.
EVENTS = {
    "none": {"ROUND_OPENED": "open"},
    "open": {"BETS_CLOSED": "closed", "ROUND_VOIDED": "voided", "EPOCH_STARTED": "open"},
    "closed": {"BOOK_SEALED": "sealed", "ROUND_VOIDED": "voided", "EPOCH_STARTED": "closed"},
    "sealed": {"DEALING_STARTED": "dealing", "ROUND_VOIDED": "voided", "EPOCH_STARTED": "sealed"},
    "dealing": {
        "CARDS_DEALT": "dealing",
        "ROUND_RESOLVED": "resolved",
        "ROUND_VOIDED": "voided",
        "EPOCH_STARTED": "dealing",
    },
    "resolved": {"ROUND_SETTLED": "settled", "EPOCH_STARTED": "resolved"},
    "settled": {},
    "voided": {},
}
DATA: dict[str, Any] = {
    type_.value: decide(STATES[state], COMMANDS[command], LATE)[place][1]
    for state, command, place, type_ in [
        ("none", "open", 0, EventType.ROUND_OPENED),
        ("open", "close", 0, EventType.BETS_CLOSED),
        ("closed", "seal", 0, EventType.BOOK_SEALED),
        ("sealed", "deal", 0, EventType.DEALING_STARTED),
        ("sealed", "deal", 1, EventType.CARDS_DEALT),
        ("dealing", "resolve", 0, EventType.ROUND_RESOLVED),
        ("resolved", "settle", 0, EventType.ROUND_SETTLED),
        ("open", "void", 0, EventType.ROUND_VOIDED),
        ("open", "take over", 0, EventType.EPOCH_STARTED),
    ]
}


@pytest.mark.parametrize("type_", [type_.value for type_ in EventType])
@pytest.mark.parametrize("state", list(STATES))
def test_every_event_in_every_state(state: str, type_: str) -> None:
    becomes = EVENTS[state].get(type_)
    fact = (EventType(type_), DATA[type_])
    if becomes is None:
        with pytest.raises(IllegalTransition):
            after(STATES[state], [fact])
    else:
        assert name_of(after(STATES[state], [fact])) == becomes


def test_what_an_opened_round_says() -> None:
    ((type_, data),) = decide(None, COMMANDS["open"], START_MS)
    assert type_ is EventType.ROUND_OPENED
    assert data == {
        "round_no": 1,
        "mode": "rng",
        "dealerId": "dealer-7",
        "currency": "EUR",
        "paytable": "commission-8/1",
        "limits": {
            "PLAYER": {"min_minor": 100, "max_minor": 500_000},
            "BANKER": {"min_minor": 100, "max_minor": 500_000},
            "TIE": {"min_minor": 100, "max_minor": 50_000},
        },
        "caps": {
            "side_bet_percent": None,
            "max_payout_minor": None,
            "differential_minor": None,
        },
        "card_interval_ms": 1_000,
        "closes_at_ms": START_MS + 15_000,
        "commitment": "cc" * 32,
        "shoeId": "bac-1.s1",
        "shoe_hash": "5e" * 32,
        "decks": 8,
        "remaining": "8" * 52,
        "drawn": 0,
        "hands_left": None,
    }
    opened = after(None, [(type_, data)], at_ms=START_MS)
    assert opened == a_round(commitment="cc" * 32)


def test_bets_close_at_the_announced_time_and_not_before() -> None:
    closes = START_MS + 15_000
    for early in (0, START_MS, closes - 1):
        with pytest.raises(RoundNotDue) as refused:
            decide(a_round(), CloseBets(), early)
        assert refused.value.details == {"wait_ms": closes - early}
    assert decide(a_round(), CloseBets(), closes) == [(EventType.BETS_CLOSED, {})]


def test_a_result_waits_until_the_last_card_is_shown() -> None:
    facts = decide(STATES["sealed"], DealCards(CARDS), START_MS)
    dealing = after(STATES["sealed"], facts)
    assert dealing.shown_at_ms == START_MS + 5 * 1_000
    with pytest.raises(RoundNotDue) as refused:
        decide(dealing, ResolveRound(), dealing.shown_at_ms - 1)
    assert refused.value.details == {"wait_ms": 1}
    ((_, data),) = decide(dealing, ResolveRound(), dealing.shown_at_ms)
    assert data == {"outcome": "PLAYER", "player_total": 8, "banker_total": 7, "natural": False}


def test_a_natural_is_said() -> None:
    dealing = replace(STATES["dealing"], cards=hands("9C KD", "8C KD"))  # type: ignore[type-var]
    ((_, data),) = decide(dealing, ResolveRound(), LATE)
    assert data == {"outcome": "PLAYER", "player_total": 9, "banker_total": 8, "natural": True}


def test_cards_are_dealt_whole_and_by_the_rules() -> None:
    for wrong in ((), CARDS[:4], (*CARDS, CARDS[0]), tuple(reversed(CARDS))):
        with pytest.raises(ValueError, match="card"):
            decide(STATES["sealed"], DealCards(wrong, 14), LATE)


def test_the_book_is_sealed_once() -> None:
    with pytest.raises(IllegalTransition, match="sealed already"):
        decide(STATES["sealed"], COMMANDS["seal"], LATE)
    with pytest.raises(IllegalTransition, match="sealed twice"):
        after(STATES["sealed"], [(EventType.BOOK_SEALED, DATA["BOOK_SEALED"])])
    ((_, data),) = decide(STATES["closed"], COMMANDS["seal"], LATE)
    assert data == {"root": "ab" * 32, "count": 2, "stakes_minor": {"TIE": 500}}


def test_no_card_before_the_book() -> None:
    with pytest.raises(IllegalTransition, match="before the book was sealed"):
        after(STATES["closed"], [(EventType.DEALING_STARTED, {})])
    with pytest.raises(IllegalTransition, match="before the book is sealed"):
        decide(STATES["closed"], DealCards(CARDS), LATE)


@pytest.mark.parametrize("state", ["open", "closed", "sealed", "dealing"])
@pytest.mark.parametrize("reason", list(VoidReason))
def test_every_void_carries_its_reason(state: str, reason: VoidReason) -> None:
    before = STATES[state]
    assert before is not None
    facts = decide(before, VoidRound(reason), LATE)
    assert facts == [(EventType.ROUND_VOIDED, {"reason": reason.value, "from": before.state.value})]
    assert after(before, facts).void_reason is reason


def test_the_seed_is_revealed_with_the_settlement() -> None:
    seed = bytes(range(32))
    ((_, data),) = decide(STATES["resolved"], SettleRound(seed, "cd" * 32, 1, 700, 500), LATE)
    assert data == {
        "seed": seed.hex(),
        "payouts_root": "cd" * 32,
        "paid_count": 1,
        "staked_minor": 700,
        "paid_minor": 500,
    }
    assert after(STATES["resolved"], [(EventType.ROUND_SETTLED, data)]).paid_minor == 500


_NEEDED = {
    "ROUND_OPENED": [
        "round_no",
        "closes_at_ms",
        "dealerId",
        "currency",
        "paytable",
        "limits",
        "card_interval_ms",
        "commitment",
        "shoeId",
        "decks",
        "remaining",
    ],
    "BOOK_SEALED": ["root", "count"],
    "CARDS_DEALT": ["cards", "shown_at_ms"],
    "ROUND_RESOLVED": ["outcome"],
    "ROUND_SETTLED": ["paid_minor"],
    "ROUND_VOIDED": ["reason"],
}
_BEFORE = {
    "ROUND_OPENED": "none",
    "BOOK_SEALED": "closed",
    "CARDS_DEALT": "dealing",
    "ROUND_RESOLVED": "dealing",
    "ROUND_SETTLED": "resolved",
    "ROUND_VOIDED": "open",
}


@pytest.mark.parametrize(
    ("type_", "member"), [(type_, member) for type_, names in _NEEDED.items() for member in names]
)
def test_an_event_without_what_it_must_carry_tells_no_round(type_: str, member: str) -> None:
    good = DATA[type_]
    without = {name: value for name, value in good.items() if name != member}
    for data in (without, *({**good, member: wrong} for wrong in (None, True, 1.5, [7], {"x": 1}))):
        with pytest.raises(IllegalTransition, match=f"the data of {type_} is not what it must be"):
            after(STATES[_BEFORE[type_]], [(EventType(type_), data)])


@pytest.mark.parametrize(
    "cards",
    [
        "AS",
        [{"to": "PLAYER"}],
        [{"to": "DEALER", "card": "AS"}],
        [{"to": "PLAYER", "card": "1S"}],
        [{"to": "PLAYER", "card": "AS", "note": ""}],
    ],
)
def test_cards_in_events_are_cards(cards: Any) -> None:
    with pytest.raises(ValueError, match=r"card|Hand"):
        cards_from_json(cards)


@pytest.mark.parametrize("name", sorted(rounds()))
def test_a_round_rebuilt_from_its_events_is_the_round_that_was_driven(name: str) -> None:
    played = rounds()[name]
    assert rebuild([signed.event for signed in played.events]) == played.round
    assert played.round.version == len(played.events)


def test_nothing_rebuilds_to_nothing() -> None:
    with pytest.raises(IllegalTransition, match="at least one event"):
        rebuild([])


def test_an_unfinished_round_has_no_coup() -> None:
    with pytest.raises(ValueError, match="not complete"):
        _ = a_round().coup


def test_announced_times_are_whole_seconds_and_never_early() -> None:
    for now_ms, closes_ms in ((START_MS, 15_000), (START_MS + 1, 16_000), (START_MS + 999, 16_000)):
        ((_, data),) = decide(None, COMMANDS["open"], now_ms)
        assert data["closes_at_ms"] == START_MS + closes_ms
        _, (_, dealt) = decide(STATES["sealed"], DealCards(CARDS), now_ms)
        assert dealt["shown_at_ms"] == START_MS + closes_ms - 10_000
    at_once = replace(STATES["sealed"], card_interval_ms=0)  # type: ignore[type-var]
    _, (_, dealt) = decide(at_once, DealCards(CARDS), START_MS + 1)
    assert dealt["shown_at_ms"] == START_MS + 1
