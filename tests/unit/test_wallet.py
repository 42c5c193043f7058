from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from baccarat.domain.errors import (
    BaccaratError,
    IdempotencyConflict,
    IntegrityError,
    InvalidRequest,
    TooManyTables,
)
from baccarat.domain.movement import Movement, MovementKind
from baccarat.domain.payment import house_deposit, same_payment
from baccarat.domain.paytable import Spot
from baccarat.domain.round import Round, RoundState
from baccarat.domain.wallet import (
    MAX_BETS_AT_ONCE,
    MAX_BETS_PER_ROUND,
    MAX_TABLES_AT_ONCE,
    Bet,
    BetState,
    Exposure,
    NewBet,
    PlaceBets,
    RefundReason,
    Wallet,
    cancel,
    pay,
    place,
    refund,
    same_request,
)
from tests.builders import START_MS, a_round

ROUND = a_round()
NOW = START_MS + 1_000
CLOSES = ROUND.closes_at_ms


def wallet(available_minor: int = 10_000, **changes: Any) -> Wallet:
    return replace(Wallet("anna", "EUR", available_minor, 5), **changes)


def command(
    bet_id: str = "b1", spot: Spot = Spot.BANKER, stake_minor: int = 1_000, *more: NewBet
) -> PlaceBets:
    return PlaceBets("anna", ROUND.round_id, (NewBet(bet_id, spot, stake_minor), *more))


SECOND, THIRD = NewBet("b2", Spot.TIE, 200), NewBet("b3", Spot.BANKER, 300)


def placed(**changes: Any) -> tuple[Wallet, Bet]:
    after, (bet,) = place(wallet(), command(), ROUND, NOW)
    return after, replace(bet, **changes)


def test_a_bet_takes_its_stake() -> None:
    after, (bet,) = place(wallet(), command(), ROUND, NOW)
    assert (after.available_minor, after.version) == (9_000, 6)
    assert after.exposure == {"bac-1": Exposure(1, CLOSES, 1, {Spot.BANKER: 1_000})}
    assert bet == Bet(
        player_id="anna",
        bet_id="b1",
        table_id="bac-1",
        round_id="bac-1.000000001",
        round_no=1,
        spot=Spot.BANKER,
        stake_minor=1_000,
        currency="EUR",
        paytable_version="commission-8/1",
        state=BetState.PLACED,
        placed_at_ms=NOW,
        placed_version=6,
        balance_after_minor=9_000,
    )


def test_a_wallet_can_be_bet_to_its_last_unit() -> None:
    after, _ = place(wallet(1_000), command(), ROUND, NOW)
    assert after.available_minor == 0


def test_bets_add_up_on_their_spot() -> None:
    after, _ = place(wallet(), command("b1"), ROUND, NOW)
    after, _ = place(after, command("b2", Spot.TIE, 200), ROUND, NOW)
    after, _ = place(after, command("b3", stake_minor=300), ROUND, NOW)
    assert after.exposure["bac-1"] == Exposure(1, CLOSES, 3, {Spot.BANKER: 1_300, Spot.TIE: 200})
    assert (after.available_minor, after.version) == (8_500, 8)


RICH = wallet(10**9)
_FULL = Exposure(1, CLOSES, MAX_BETS_PER_ROUND, {Spot.BANKER: 4_000})


@pytest.mark.parametrize(
    ("code", "details", "given", "asked", "round_", "now_ms"),
    [
        ("BETTING_CLOSED", {}, RICH, command(), replace(ROUND, state=state), NOW)
        for state in RoundState
        if state is not RoundState.OPEN
    ]
    + [
        ("BETTING_CLOSED", {}, RICH, command(), ROUND, ROUND.closes_at_ms),
        ("BETTING_CLOSED", {}, RICH, command(), ROUND, ROUND.closes_at_ms + 1),
        (
            "BETTING_CLOSED",
            {},
            wallet(exposure={"bac-1": Exposure(2, CLOSES, 1, {})}),
            command(),
            ROUND,
            NOW,
        ),
        (
            "SPOT_NOT_OFFERED",
            {"offered": ["PLAYER"]},
            RICH,
            command(),
            replace(ROUND, limits={Spot.PLAYER: ROUND.limits[Spot.PLAYER]}),
            NOW,
        ),
        (
            "SPOT_NOT_OFFERED",
            {"offered": ["PLAYER", "BANKER", "TIE"]},
            wallet(currency="USD"),
            command(),
            ROUND,
            NOW,
        ),
        ("STAKE_BELOW_MINIMUM", {"min_minor": 100}, RICH, command(stake_minor=99), ROUND, NOW),
        ("STAKE_BELOW_MINIMUM", {"min_minor": 100}, RICH, command(stake_minor=0), ROUND, NOW),
        ("STAKE_BELOW_MINIMUM", {"min_minor": 100}, RICH, command(stake_minor=-5), ROUND, NOW),
        (
            "STAKE_ABOVE_MAXIMUM",
            {"allowed_minor": 500_000},
            RICH,
            command(stake_minor=500_001),
            ROUND,
            NOW,
        ),
        (
            "STAKE_ABOVE_MAXIMUM",
            {"allowed_minor": 150},
            wallet(10**9, exposure={"bac-1": Exposure(1, CLOSES, 3, {Spot.BANKER: 499_850})}),
            command(stake_minor=151),
            ROUND,
            NOW,
        ),
        (
            "TOO_MANY_BETS",
            {"max_bets": 60},
            wallet(exposure={"bac-1": _FULL}),
            command(),
            ROUND,
            NOW,
        ),
        ("INSUFFICIENT_FUNDS", {"available_minor": 999}, wallet(999), command(), ROUND, NOW),
        ("INSUFFICIENT_FUNDS", {"available_minor": 0}, wallet(0), command(), ROUND, NOW),
    ],
)
def test_refusals(
    code: str, details: dict[str, Any], given: Wallet, asked: PlaceBets, round_: Round, now_ms: int
) -> None:
    with pytest.raises(BaccaratError) as refused:
        place(given, asked, round_, now_ms)
    assert refused.value.code == code
    assert details.items() <= refused.value.details.items()
    assert refused.value.message


def test_the_last_moment_still_counts() -> None:
    after, _ = place(RICH, command(stake_minor=500_000), ROUND, ROUND.closes_at_ms - 1)
    assert after.exposure["bac-1"].staked == {Spot.BANKER: 500_000}


def test_limits_start_anew_with_the_next_round() -> None:
    given = wallet(10**9, exposure={"bac-1": replace(_FULL, staked={Spot.BANKER: 500_000})})
    later = replace(ROUND, round_no=2, round_id="bac-1.000000002")
    after, _ = place(given, command(stake_minor=500_000), later, NOW)
    assert after.exposure == {"bac-1": Exposure(2, CLOSES, 1, {Spot.BANKER: 500_000})}


def test_tables_do_not_share_their_limits() -> None:
    exposures = {"t1": Exposure(1, CLOSES, 1, {Spot.TIE: 100})}
    after, _ = place(wallet(exposure=exposures), command(), ROUND, NOW)
    again, _ = place(after, command("b2"), ROUND, NOW)
    assert again.exposure == {
        **exposures,
        "bac-1": Exposure(1, CLOSES, 2, {Spot.BANKER: 2_000}),
    }


def test_a_table_too_many_is_refused_until_another_takes_no_more_bets() -> None:
    exposures = {
        f"t{n}": Exposure(1, CLOSES + n, 1, {Spot.TIE: 100}) for n in range(MAX_TABLES_AT_ONCE)
    }
    given = wallet(exposure=exposures)
    with pytest.raises(BaccaratError) as refused:
        place(given, command(), ROUND, NOW)
    assert refused.value.code == "TOO_MANY_TABLES"
    later = replace(ROUND, closes_at_ms=CLOSES + 60_000)
    with pytest.raises(BaccaratError) as refused:
        place(given, command(), later, CLOSES + 9_999)
    assert refused.value.code == "TOO_MANY_TABLES"
    after, _ = place(given, command(), later, CLOSES + 10_000)
    assert list(after.exposure) == [*(f"t{n}" for n in range(1, MAX_TABLES_AT_ONCE)), "bac-1"]


def test_a_full_table_cannot_be_emptied_by_betting_elsewhere() -> None:
    """Limits hold however many tables a player visits while the round is open."""
    after = wallet(10**9, exposure={"bac-1": Exposure(1, CLOSES, 1, {Spot.BANKER: 500_000})})
    for number in range(2, 30):
        other = replace(ROUND, table_id=f"bac-{number}", round_id=f"bac-{number}.000000001")
        with suppress(TooManyTables):
            after, _ = place(
                after, replace(command(f"b{number}"), round_id=other.round_id), other, NOW
            )
    with pytest.raises(BaccaratError) as refused:
        place(after, command("again"), ROUND, NOW)
    assert refused.value.code == "STAKE_ABOVE_MAXIMUM"


def test_bets_of_one_command_are_one_movement() -> None:
    after, bets = place(wallet(), command("b1", Spot.BANKER, 1_000, SECOND, THIRD), ROUND, NOW)
    assert (after.available_minor, after.version) == (8_500, 6)
    assert after.exposure["bac-1"] == Exposure(1, CLOSES, 3, {Spot.BANKER: 1_300, Spot.TIE: 200})
    assert [(b.bet_id, b.spot, b.stake_minor) for b in bets] == [
        ("b1", Spot.BANKER, 1_000),
        ("b2", Spot.TIE, 200),
        ("b3", Spot.BANKER, 300),
    ]
    assert {(b.placed_version, b.balance_after_minor) for b in bets} == {(6, 8_500)}


def test_limits_count_the_bets_of_the_same_command() -> None:
    for asked, details in (
        (
            command("b1", Spot.BANKER, 400_000, NewBet("b2", Spot.BANKER, 100_001)),
            {"spot": "BANKER", "allowed_minor": 500_000},
        ),
        (
            command("b1", Spot.BANKER, 1_000, NewBet("b2", Spot.TIE, 99)),
            {"spot": "TIE", "min_minor": 100},
        ),
    ):
        with pytest.raises(BaccaratError) as refused:
            place(RICH, asked, ROUND, NOW)
        assert refused.value.details == details
    with pytest.raises(BaccaratError) as refused:
        place(wallet(1_499), command("b1", Spot.BANKER, 1_000, SECOND, THIRD), ROUND, NOW)
    assert refused.value.code == "INSUFFICIENT_FUNDS"
    almost = wallet(exposure={"bac-1": replace(_FULL, bets=MAX_BETS_PER_ROUND - 2)})
    with pytest.raises(BaccaratError) as refused:
        place(almost, command("b1", Spot.BANKER, 100, SECOND, THIRD), ROUND, NOW)
    assert refused.value.code == "TOO_MANY_BETS"
    after, _ = place(almost, command("b1", Spot.BANKER, 100, SECOND), ROUND, NOW)
    assert after.exposure["bac-1"].bets == MAX_BETS_PER_ROUND


def test_a_command_has_one_to_fifteen_bets_each_with_its_own_id() -> None:
    assert MAX_BETS_AT_ONCE == 15
    many = tuple(NewBet(f"b{n}", Spot.TIE, 100) for n in range(16))
    PlaceBets("anna", ROUND.round_id, many[:15])
    for wrong in ((), many, (many[0], many[1], many[0])):
        with pytest.raises(InvalidRequest):
            PlaceBets("anna", ROUND.round_id, wrong)


def test_the_same_command_again_is_the_same_bets_in_its_own_order() -> None:
    asked = command("b1", Spot.BANKER, 1_000, SECOND)
    after, bets = place(wallet(), asked, ROUND, NOW)
    after, others = place(after, command("b9"), ROUND, NOW)
    placed = [*others, *bets]
    assert same_request(placed, asked) == bets
    turned = replace(asked, bets=asked.bets[::-1])
    assert same_request(placed, turned) == bets[::-1]
    assert same_request(placed, command("b5")) == ()
    assert same_request([], asked) == ()
    for other in (
        command("b1", Spot.BANKER, 1_001, SECOND),
        command("b1", Spot.TIE, 1_000, SECOND),
        command("b1"),
        command("b1", Spot.BANKER, 1_000, THIRD),
        command("b1", Spot.BANKER, 1_000, SECOND, THIRD),
        command("b1", Spot.BANKER, 1_000, NewBet("b9", Spot.BANKER, 1_000)),
    ):
        with pytest.raises(IdempotencyConflict) as refused:
            same_request(placed, other)
        assert refused.value.details == {"betId": "b1"}


def test_cancel_gives_the_stake_and_the_limit_back() -> None:
    after, bet = placed()
    after, (second,) = place(after, command("b2", stake_minor=200), ROUND, NOW)
    after, cancelled = cancel(after, bet, NOW + 1)
    assert (after.available_minor, after.version) == (9_800, 8)
    assert after.exposure["bac-1"] == Exposure(1, CLOSES, 2, {Spot.BANKER: 200})
    assert (cancelled.state, cancelled.closed_at_ms, cancelled.closed_version) == (
        BetState.CANCELLED,
        NOW + 1,
        8,
    )
    assert (cancelled.payout_minor, cancelled.reason) == (0, None)
    after, _ = cancel(after, second, NOW + 2)
    assert after.available_minor == 10_000
    full, _ = place(
        replace(after, available_minor=10**9), command("b3", stake_minor=500_000), ROUND, NOW
    )
    assert full.exposure["bac-1"].bets == 3


def test_cancel_leaves_the_limits_of_another_round_alone() -> None:
    after, bet = placed()
    newer = replace(after, exposure={"bac-1": Exposure(2, CLOSES, 1, {Spot.BANKER: 300})})
    cancelled, _ = cancel(newer, bet, NOW)
    assert cancelled.exposure == newer.exposure
    forgotten, _ = cancel(replace(after, exposure={}), bet, NOW)
    assert forgotten.exposure == {}
    assert forgotten.available_minor == 10_000


CLOSED_STATES = [state for state in BetState if state is not BetState.PLACED]


@pytest.mark.parametrize("state", CLOSED_STATES)
def test_a_closed_bet_is_neither_cancelled_nor_paid_nor_refunded_again(state: BetState) -> None:
    after, bet = placed(state=state)
    with pytest.raises(BaccaratError) as refused:
        cancel(after, bet, NOW)
    assert (refused.value.code, refused.value.details) == (
        "BET_NOT_CANCELLABLE",
        {"state": state.value},
    )
    with pytest.raises(IntegrityError, match=f"is {state}, not PLACED"):
        pay(after, [(bet, 5)], NOW)
    with pytest.raises(IntegrityError, match=f"is {state}, not PLACED"):
        refund(after, [bet], RefundReason.ROUND_VOIDED, NOW)
    _, good = placed()
    with pytest.raises(IntegrityError):
        pay(after, [(good, 5), (bet, 5)], NOW)


def test_all_bets_of_a_round_are_paid_in_one_movement() -> None:
    after, first = placed()
    after, (second,) = place(after, command("b2", stake_minor=200), ROUND, NOW)
    paid, bets = pay(after, [(first, 1_950), (second, 390)], NOW + 9)
    assert (paid.available_minor, paid.version) == (8_800 + 2_340, 8)
    assert [(b.state, b.payout_minor, b.closed_version, b.closed_at_ms) for b in bets] == [
        (BetState.PAID, 1_950, 8, NOW + 9),
        (BetState.PAID, 390, 8, NOW + 9),
    ]
    assert paid.exposure == after.exposure


@pytest.mark.parametrize("reason", list(RefundReason))
def test_refund(reason: RefundReason) -> None:
    after, first = placed()
    after, (second,) = place(after, command("b2", stake_minor=200), ROUND, NOW)
    refunded, closed = refund(after, [first, second], reason, NOW + 9)
    assert (refunded.available_minor, refunded.version) == (10_000, 8)
    assert closed == tuple(
        replace(
            bet,
            state=BetState.REFUNDED,
            payout_minor=bet.stake_minor,
            closed_at_ms=NOW + 9,
            closed_version=8,
            reason=reason,
        )
        for bet in (first, second)
    )


def test_what_the_house_pays_in() -> None:
    after, credited = house_deposit(wallet(), "d1", 500, NOW)
    assert (after.available_minor, after.version) == (wallet().available_minor + 500, 6)
    assert (credited.state, credited.amount_minor, credited.currency) == ("CREDITED", 500, "EUR")
    assert (credited.closed_version, credited.closed_at_ms) == (6, NOW)
    assert after.last == Movement(6, MovementKind.DEPOSIT, 500, 0, NOW, credited.payment_id)
    for amount in (0, -1):
        with pytest.raises(ValueError, match="a deposit is positive"):
            house_deposit(wallet(), "d1", amount, NOW)
    _, other = house_deposit(wallet(), "d1", 501, NOW)
    assert other.payment_id == credited.payment_id
    assert same_payment(credited, credited.fingerprint) is credited
    with pytest.raises(IdempotencyConflict) as refused:
        same_payment(credited, other.fingerprint)
    assert refused.value.details == {"paymentId": credited.payment_id}


def test_no_wallet_falls_below_zero() -> None:
    with pytest.raises(IntegrityError, match="wallet anna would fall below zero"):
        wallet(100).moved(MovementKind.STAKE, -101, NOW, "r")
    with pytest.raises(IntegrityError):
        Wallet("anna", "EUR", -1, 0)
    emptied = wallet(100).moved(MovementKind.STAKE, -100, NOW, "r")
    assert (emptied.available_minor, emptied.version) == (0, 6)
    assert emptied.last == Movement(6, MovementKind.STAKE, -100, 0, NOW, "r")
