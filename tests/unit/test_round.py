"""The state machine against a table that is written out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from baccarat.domain.cards import DECK, Card
from baccarat.domain.coup import Outcome
from baccarat.domain.errors import (
    BaccaratError,
    CardNotPossible,
    DealingPaused,
    IllegalTransition,
    RoundNotDue,
    RoundNotVoidable,
)
from baccarat.domain.log import Event, EventType
from baccarat.domain.paytable import Spot
from baccarat.domain.round import (
    AnnounceCutCard,
    BurnCard,
    CardSource,
    CloseBets,
    Command,
    DealCard,
    DealCards,
    OpenRound,
    PauseDealing,
    PauseReason,
    ResolveRound,
    ResumeDealing,
    RetractCards,
    Round,
    RoundState,
    SealBook,
    SettleRound,
    TakeOver,
    UndoScan,
    VoidReason,
    VoidRound,
    cards_from_json,
    decide,
    evolve,
    rebuild,
)
from baccarat.domain.shoe_commitment import Opening
from baccarat.domain.table_config import DealingMode
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
    "closed": {
        "BOOK_SEALED": "sealed",
        "ROUND_VOIDED": "voided",
        "EPOCH_STARTED": "closed",
        "CUT_CARD_OUT": "closed",
    },
    "sealed": {
        "DEALING_STARTED": "dealing",
        "ROUND_VOIDED": "voided",
        "EPOCH_STARTED": "sealed",
        "CUT_CARD_OUT": "sealed",
    },
    "dealing": {
        "CARDS_DEALT": "dealing",
        "ROUND_RESOLVED": "resolved",
        "ROUND_VOIDED": "voided",
        "EPOCH_STARTED": "dealing",
        "CUT_CARD_OUT": "dealing",
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
DATA["CUT_CARD_OUT"] = {"by": None}


def without_cards(round_: Round | None) -> Round | None:
    return replace(round_, cards=()) if round_ is not None else None


@pytest.mark.parametrize("type_", [type_.value for type_ in EventType])
@pytest.mark.parametrize("state", list(STATES))
def test_every_event_in_every_state(state: str, type_: str) -> None:
    becomes = EVENTS[state].get(type_)
    fact = (EventType(type_), DATA.get(type_, {}))
    before = without_cards(STATES[state]) if type_ == "CARDS_DEALT" else STATES[state]
    if becomes is None:
        with pytest.raises(IllegalTransition):
            after(before, [fact])
    else:
        assert name_of(after(before, [fact])) == becomes


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
    facts = decide(STATES["sealed"], DealCards(CARDS, 14), START_MS)
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
        decide(STATES["closed"], DealCards(CARDS, 14), LATE)


@pytest.mark.parametrize("state", ["open", "closed", "sealed", "dealing"])
@pytest.mark.parametrize("reason", list(VoidReason))
def test_every_void_carries_its_reason(state: str, reason: VoidReason) -> None:
    before = STATES[state]
    assert before is not None
    facts = decide(before, VoidRound(reason), LATE)
    data = {"reason": reason.value, "from": before.state.value, "by": None, "note": None}
    assert facts == [(EventType.ROUND_VOIDED, data)]
    assert after(before, facts).void_reason is reason
    ((_, by_person),) = decide(before, VoidRound(reason, "pia", "card on floor"), LATE)
    assert by_person == {**data, "by": "pia", "note": "card on floor"}


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
        "mode",
        "caps",
        "shoe_hash",
        "drawn",
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
    good, before = DATA[type_], without_cards(STATES[_BEFORE[type_]])
    assert after(before, [(EventType(type_), good)])
    without = {name: value for name, value in good.items() if name != member}
    wrongs: list[Any] = [True, 1.5, [7], {"x": 1}]
    if member != "commitment":  # a dealer's round promises no seed
        wrongs.append(None)
    for data in (without, *({**good, member: wrong} for wrong in wrongs)):
        with pytest.raises(IllegalTransition, match=f"the data of {type_} is not what it must be"):
            after(before, [(EventType(type_), data)])


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
    own = [signed.event for signed in played.events if signed.event.round_id]
    assert rebuild(own) == played.round
    assert played.round.version == len(own)


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
        _, (_, dealt) = decide(STATES["sealed"], DealCards(CARDS, 14), now_ms)
        assert dealt["shown_at_ms"] == START_MS + closes_ms - 10_000
    at_once = replace(STATES["sealed"], card_interval_ms=0)  # type: ignore[type-var]
    _, (_, dealt) = decide(at_once, DealCards(CARDS, 14), START_MS + 1)
    assert dealt["shown_at_ms"] == START_MS + 1


# --- dealt by hand --------------------------------------------------------------------------------

_MODE = {"mode": DealingMode.SHOE, "commitment": None}
_SEALED = {**_MODE, "state": RoundState.CLOSED, "book_root": "ab" * 32, "book_count": 2}
_DEALING = {**_SEALED, "state": RoundState.DEALING}
BY_HAND: dict[str, Round | None] = {
    "none": None,
    "open": a_round(**_MODE),
    "closed": a_round(**_MODE, state=RoundState.CLOSED),
    "sealed": a_round(**_SEALED),
    "dealing": a_round(**_DEALING, cards=CARDS[:2]),
    "paused": a_round(**_DEALING, cards=CARDS[:2], paused=PauseReason.WRONG_CARD),
    "complete": a_round(**_DEALING, cards=CARDS),
    "burned": a_round(**_DEALING, cards=CARDS[:2], burned=(Card("KS"),)),
    "cut": a_round(**_DEALING, cards=CARDS[:2], cut_card_out=True),
    "resolved": a_round(**{**_DEALING, "state": RoundState.RESOLVED}, cards=CARDS),
    "settled": a_round(**{**_DEALING, "state": RoundState.SETTLED}, cards=CARDS),
    "voided": a_round(**{**_DEALING, "state": RoundState.VOIDED}, cards=CARDS[:2]),
}
HAND_COMMANDS: dict[str, Command] = {
    "deal": DealCard(Card("9C"), "dora", CardSource.SCANNER),
    "by pit": DealCard(Card("9C"), "pia", CardSource.PIT),
    "burn": BurnCard(Card("9C"), "pia", "on the floor"),
    "undo": UndoScan(Card("9C"), "dora"),
    "retract": RetractCards(2, "pia", "wrong card"),
    "cut": AnnounceCutCard("dora"),
    "pause": PauseDealing(PauseReason.DEALER_GONE, "pia", "away"),
    "resume": ResumeDealing("pia"),
    "resolve": ResolveRound(),
    "at once": DealCards(CARDS, 14),
    "void": VoidRound(VoidReason.PIT_DECISION, "pia", "card on floor"),
}
# "+" is possible; "-" is IllegalTransition, "c" CardNotPossible, "p" DealingPaused, "!"
# RoundNotVoidable.
HAND_TABLE = """
           deal  by_pit  burn  undo  retract  cut  pause  resume  resolve  at_once  void
none       -     -       -     -     -        -    -      -       -        -        !
open       -     -       -     -     -        -    -      -       -        -        +
closed     -     -       -     -     -        -    -      -       -        -        +
sealed     +     +       +     +     c        +    +      -       -        -        +
dealing    +     +       +     +     +        +    +      -       -        -        +
paused     p     +       +     +     +        +    p      +       -        -        +
complete   c     c       +     +     +        +    +      -       +        -        +
burned     +     +       +     +     c        +    +      -       -        -        +
cut        +     +       +     +     +        -    +      -       -        -        +
resolved   c     c       -     -     -        -    -      -       -        -        !
settled    c     c       -     -     -        -    -      -       -        -        !
voided     -     -       -     -     -        -    -      -       -        -        !
"""
_hand_rows = [line.split() for line in HAND_TABLE.strip().splitlines()[1:]]
HAND_CELLS = [
    (row[0], command, sign)
    for row in _hand_rows
    for command, sign in zip(HAND_COMMANDS, row[1:], strict=True)
]
_SIGNS: dict[str, type[BaccaratError]] = {
    "-": IllegalTransition,
    "c": CardNotPossible,
    "p": DealingPaused,
    "!": RoundNotVoidable,
}


@pytest.mark.parametrize(("state", "command", "sign"), HAND_CELLS)
def test_every_command_of_a_dealer_in_every_state(state: str, command: str, sign: str) -> None:
    assert [row[0] for row in _hand_rows] == list(BY_HAND)
    before = BY_HAND[state]
    if sign in _SIGNS:
        with pytest.raises(BaccaratError) as refused:
            decide(before, HAND_COMMANDS[command], LATE)
        assert type(refused.value) is _SIGNS[sign]
    else:
        found = after(before, decide(before, HAND_COMMANDS[command], LATE))
        assert found != before


@pytest.mark.parametrize("command", list(HAND_COMMANDS)[:8])
def test_nothing_is_drawn_by_hand_where_a_server_deals(command: str) -> None:
    for before in STATES.values():
        with pytest.raises(IllegalTransition):
            decide(before, HAND_COMMANDS[command], LATE)


def _hand(**changes: Any) -> Round:
    found = BY_HAND["dealing"]
    assert found is not None
    return replace(found, **changes)


def test_what_a_dealt_card_says() -> None:
    first, dealt = decide(BY_HAND["sealed"], HAND_COMMANDS["deal"], LATE)
    assert first == (EventType.DEALING_STARTED, {})
    assert dealt == (
        EventType.CARDS_DEALT,
        {
            "cards": [{"to": "PLAYER", "card": "9C"}],
            "shown_at_ms": 0,
            "by": "dora",
            "source": "SCANNER",
            "opening": None,
        },
    )
    ((_, third),) = decide(_hand(), HAND_COMMANDS["by pit"], LATE)
    assert (third["cards"], third["source"]) == ([{"to": "PLAYER", "card": "9C"}], "PIT")


def test_what_the_other_events_of_a_dealer_say() -> None:
    said = {name: decide(_hand(), HAND_COMMANDS[name], LATE) for name in list(HAND_COMMANDS)[2:7]}
    assert said == {
        "burn": [
            (
                EventType.CARD_BURNED,
                {"card": "9C", "by": "pia", "note": "on the floor", "opening": None},
            )
        ],
        "undo": [(EventType.SCAN_UNDONE, {"card": "9C", "by": "dora"})],
        "retract": [(EventType.CARDS_RETRACTED, {"place": 2, "by": "pia", "note": "wrong card"})],
        "cut": [(EventType.CUT_CARD_OUT, {"by": "dora"})],
        "pause": [
            (EventType.DEALING_PAUSED, {"reason": "DEALER_GONE", "by": "pia", "note": "away"})
        ],
    }
    assert decide(BY_HAND["paused"], HAND_COMMANDS["resume"], LATE) == [
        (EventType.DEALING_RESUMED, {"by": "pia"})
    ]


def test_cards_are_taken_back_from_a_place_on() -> None:
    whole = BY_HAND["complete"]
    for place in range(1, 6):
        found = after(whole, decide(whole, RetractCards(place, "pia", ""), LATE))
        assert found.cards == CARDS[: place - 1]
        assert found.drawn == place - 1
        assert found.next_hand is CARDS[place - 1][0]
    for place in (0, 6):
        with pytest.raises(CardNotPossible, match=f"card {place} cannot be scanned again"):
            decide(whole, RetractCards(place, "pia", ""), LATE)


def test_what_was_taken_back_and_did_not_come_again_has_left_the_shoe() -> None:
    def step(state: Round, command: Command) -> Round:
        return after(state, decide(state, command, LATE))

    def codes(state: Round) -> list[str]:
        return [str(card) for card in state.taken_back]

    def out(state: Round) -> list[Card]:
        left = state.shoe_after(1)
        assert (
            left.drawn - state.shoe.drawn == state.shoe.unseen.cards_left - left.unseen.cards_left
        )
        gone = zip(DECK, state.shoe.unseen.remaining, left.unseen.remaining, strict=True)
        return [card for card, before, now in gone for _ in range(before - now)]

    whole = BY_HAND["complete"]
    cards = [card for _, card in CARDS]
    back = step(whole, RetractCards(4, "pia", ""))
    assert (codes(back), back.drawn) == (cards[3:], 3)
    back = step(back, RetractCards(2, "pia", ""))
    assert (codes(back), back.drawn) == (cards[1:], 1)
    assert sorted(out(back)) == sorted(cards)
    # The second was misread, and what comes next is the third, whether it is dealt or burned.
    other = next(card for card in DECK if card not in cards)
    again = step(back, DealCard(other, "pia", CardSource.PIT))
    assert codes(again) == cards[2:]
    assert sorted(out(again)) == sorted([cards[0], other, *cards[2:]])
    burned = step(again, BurnCard(cards[2], "pia", ""))
    assert (codes(burned), sorted(out(burned))) == (cards[3:], sorted(out(again)))
    void = step(burned, VoidRound(VoidReason.PIT_DECISION))
    assert sorted(out(void)) == sorted(out(again))


def test_a_card_taken_back_that_the_shoe_cannot_have_held_was_misread() -> None:
    cards = [card for _, card in CARDS]
    held = SHOE.unseen.without([cards[1]] * (SHOE.unseen.remaining[DECK.index(cards[1])] - 1))
    before = replace(BY_HAND["complete"], shoe=replace(SHOE, unseen=held))  # type: ignore[type-var]
    back = after(before, decide(before, RetractCards(1, "pia", ""), LATE))
    # The last of its kind turns out to be the first card: then the second is no other one.
    again = after(back, decide(back, DealCard(cards[1], "pia", CardSource.PIT), LATE))
    left = again.shoe_after(1)
    assert left.unseen.remaining[DECK.index(cards[1])] == 0
    assert left.drawn == SHOE.drawn + len(cards) - 1


def test_a_ninth_copy_cannot_come() -> None:
    gone = SHOE.unseen.without([Card("9C")] * 8)
    before = _hand(shoe=replace(SHOE, unseen=gone, drawn=8))
    for name in ("deal", "by pit", "burn"):
        with pytest.raises(CardNotPossible, match="all 8 9C of this shoe have been seen"):
            decide(before, HAND_COMMANDS[name], LATE)


def test_a_paused_hand_is_not_resolved() -> None:
    before = replace(BY_HAND["complete"], paused=PauseReason.DEALER_GONE)  # type: ignore[type-var]
    with pytest.raises(DealingPaused):
        decide(before, ResolveRound(), LATE)
    with pytest.raises(IllegalTransition, match="resolved while dealing was paused"):
        after(before, [(EventType.ROUND_RESOLVED, DATA["ROUND_RESOLVED"])])


def test_nobody_announces_the_cut_card_of_a_machine() -> None:
    with pytest.raises(IllegalTransition, match="a machine knows its cut card"):
        decide(_hand(mode=DealingMode.SHUFFLER), AnnounceCutCard("dora"), LATE)


_DEALT = decide(BY_HAND["dealing"], HAND_COMMANDS["deal"], LATE)[0][1]
_OPENING = {"position": 2, "salt": "ab", "proof": []}


@pytest.mark.parametrize(
    ("state", "type_", "data", "words"),
    [
        ("closed", "CARD_BURNED", {"card": "9C"}, "no dealer draws"),
        ("closed", "DEALING_PAUSED", {"reason": "DEALER_GONE"}, "no dealer draws"),
        ("dealing", "CARDS_DEALT", {**_DEALT, "cards": []}, "one card at a time"),
        ("dealing", "CARDS_DEALT", {**_DEALT, "source": "RUMOUR"}, "RUMOUR"),
        ("dealing", "CARDS_DEALT", {**_DEALT, "source": None}, "source must be"),
        ("paused", "CARDS_DEALT", _DEALT, "scanned while dealing was paused"),
        ("complete", "CARDS_DEALT", _DEALT, "went to PLAYER"),
        ("burned", "CARDS_RETRACTED", {"place": 1}, "after another was burned"),
        ("dealing", "CARDS_RETRACTED", {"place": 3}, "no card 3"),
        ("dealing", "CARDS_RETRACTED", {"place": 0}, "no card 0"),
        ("dealing", "CARD_BURNED", {"card": "1C"}, "CARD_BURNED is not what it must be"),
        ("cut", "CUT_CARD_OUT", {"by": "dora"}, "came out twice"),
        ("paused", "DEALING_PAUSED", {"reason": "DEALER_GONE"}, "paused twice"),
        ("dealing", "DEALING_PAUSED", {"reason": "BORED"}, "BORED"),
        ("dealing", "DEALING_RESUMED", {}, "was not paused"),
    ],
)
def test_what_a_dealer_cannot_have_done(state: str, type_: str, data: Any, words: str) -> None:
    with pytest.raises(IllegalTransition, match=words):
        after(BY_HAND[state], [(EventType(type_), data)])


def test_a_card_of_a_committed_order_comes_with_its_opening() -> None:
    before = _hand(mode=DealingMode.SHUFFLER)
    found = after(before, [(EventType.CARDS_DEALT, {**_DEALT, "opening": _OPENING})])
    assert [opening.position for opening in found.openings] == [2]
    for type_, data in (("CARDS_DEALT", _DEALT), ("CARD_BURNED", {"card": "9C", "opening": None})):
        with pytest.raises(IllegalTransition, match="an opening has"):
            after(before, [(EventType(type_), data)])


@pytest.mark.parametrize(("left", "out"), [(17, False), (16, True), (15, True)])
@pytest.mark.parametrize("command", ["deal", "burn"])
def test_the_card_that_reaches_the_cut_card_brings_it_out(
    left: int,
    out: bool,  # noqa: FBT001  what must come out
    command: str,
) -> None:
    shoe = replace(SHOE, drawn=416 - left - 1)
    before = _hand(shoe=replace(shoe, drawn=shoe.drawn - 2), mode=DealingMode.SHUFFLER)
    assert before.cards_left == left + 1
    opening = Opening(0, "ab", ())
    given: Command = (
        DealCard(Card("9C"), "dora", CardSource.SCANNER, opening, 16)
        if command == "deal"
        else BurnCard(Card("9C"), "pia", "", opening, 16)
    )
    facts = decide(before, given, LATE)
    assert [type_ for type_, _ in facts[1:]] == ([EventType.CUT_CARD_OUT] if out else [])
    assert after(before, facts).cut_card_out is out
    known = replace(before, shoe=replace(before.shoe, hands_left=1))
    assert len(decide(known, given, LATE)) == 1


def test_a_server_says_that_its_cut_card_is_out() -> None:
    before = replace(STATES["sealed"], shoe=replace(SHOE, drawn=397))  # type: ignore[type-var]
    for cut_cards, out in ((13, False), (14, True)):
        facts = decide(before, DealCards(CARDS, cut_cards), LATE)
        assert (facts[-1] == (EventType.CUT_CARD_OUT, {"by": None})) is out


@pytest.mark.parametrize("hands_after_cut", [0, 1, 3])
def test_the_hand_of_the_cut_card_is_finished_and_some_more_are_dealt(hands_after_cut: int) -> None:
    shoe = SHOE
    left: list[int | None] = []
    for number in range(hands_after_cut + 2):
        round_ = _hand(shoe=shoe, cards=CARDS, cut_card_out=number == 1)
        shoe = round_.shoe_after(hands_after_cut)
        left.append(shoe.hands_left)
        assert shoe.drawn == 5 * (number + 1)
    assert left == [None, *range(hands_after_cut, -1, -1)]
    assert shoe.is_finished


def test_a_round_without_a_card_is_no_hand_of_the_shoe() -> None:
    shoe = replace(SHOE, hands_left=1)
    assert a_round(shoe=shoe).shoe_after(1).hands_left == 1
    assert _hand(shoe=shoe).shoe_after(1).hands_left == 0
    burned_only = replace(_hand(shoe=shoe), cards=(), burned=(Card("KS"),))
    assert burned_only.shoe_after(1) == replace(
        shoe, unseen=shoe.unseen.without([Card("KS")]), drawn=1, hands_left=0
    )
