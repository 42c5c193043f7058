"""Limits across spots: the share of side bets, the largest payout, the table's differential."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from baccarat.domain.errors import BaccaratError
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.round import Round
from baccarat.domain.table_config import Caps, StakeLimit
from baccarat.domain.wallet import Bet, NewBet, PlaceBets, Wallet, cancel, place
from tests.builders import START_MS, a_round

TABLE = PAYTABLES["commission-8/2"]
RICH = Wallet("anna", "EUR", 10**9, 5)
P, B, TIE = Spot.PLAYER, Spot.BANKER, Spot.TIE
PAIR, BIG = Spot.PLAYER_PAIR, Spot.BIG


def capped(**caps: int) -> Round:
    return a_round(
        paytable_version=TABLE.version,
        limits={spot: StakeLimit(1, 1_000_000) for spot in TABLE.odds},
        caps=Caps(**caps),
    )


def bet(
    round_: Round,
    *stakes: tuple[Spot, int],
    wallet: Wallet = RICH,
    tally: dict[Spot, int] | None = None,
) -> tuple[Wallet, tuple[Bet, ...]]:
    number = sum(e.bets for e in wallet.exposure.values())
    bets = tuple(NewBet(f"b{number + n}", *stake) for n, stake in enumerate(stakes))
    return place(wallet, PlaceBets("anna", round_.round_id, bets), round_, START_MS, tally or {})


def refusal(*args: Any, **kwargs: Any) -> tuple[str, str, int]:
    with pytest.raises(BaccaratError) as refused:
        bet(*args, **kwargs)
    details = refused.value.details
    return refused.value.code, str(details["spot"]), int(str(details["allowed_minor"]))


# ── side bets as a share of the main bets ──


def test_side_bets_are_at_most_their_share_of_the_main_bets() -> None:
    round_ = capped(side_bet_percent=50)
    wallet, _ = bet(round_, (P, 600), (B, 401))
    wallet, _ = bet(round_, (PAIR, 300), (BIG, 100), wallet=wallet)
    assert refusal(round_, (BIG, 101), wallet=wallet) == ("SIDE_BET_ABOVE_SHARE", "BIG", 100)
    wallet, _ = bet(round_, (BIG, 100), wallet=wallet)
    assert refusal(round_, (PAIR, 1), wallet=wallet) == ("SIDE_BET_ABOVE_SHARE", "PLAYER_PAIR", 0)


def test_a_side_bet_needs_a_main_bet_and_tie_is_neither() -> None:
    round_ = capped(side_bet_percent=50)
    assert refusal(round_, (PAIR, 10)) == ("SIDE_BET_ABOVE_SHARE", "PLAYER_PAIR", 0)
    assert refusal(round_, (TIE, 100), (PAIR, 10)) == ("SIDE_BET_ABOVE_SHARE", "PLAYER_PAIR", 0)
    bet(round_, (TIE, 100_000))


def test_the_order_inside_a_command_does_not_matter() -> None:
    round_ = capped(side_bet_percent=50)
    stakes = ((PAIR, 300), (BIG, 200), (P, 600), (B, 400))
    for order in permutations(stakes):
        bet(round_, *order)
    too_much = ((PAIR, 301), (BIG, 200), (P, 600), (B, 400))
    refusals = {refusal(round_, *order) for order in permutations(too_much)}
    assert refusals == {("SIDE_BET_ABOVE_SHARE", "PLAYER_PAIR", 300)}


def test_a_main_bet_stays_while_side_bets_need_it() -> None:
    round_ = capped(side_bet_percent=50)
    wallet, (main, side, other, tie) = bet(round_, (P, 600), (PAIR, 301), (B, 400), (TIE, 100))
    with pytest.raises(BaccaratError) as refused:
        cancel(wallet, main, START_MS)
    assert refused.value.code == "MAIN_BET_NEEDED"
    assert refused.value.details == {"side_bets_minor": 101}
    with pytest.raises(BaccaratError, match="take 1 minor units"):
        cancel(wallet, other, START_MS)
    without_tie, _ = cancel(wallet, tie, START_MS)
    without_side, _ = cancel(without_tie, side, START_MS)
    without_main, _ = cancel(without_side, main, START_MS)
    nothing, _ = cancel(without_main, other, START_MS)
    assert nothing.available_minor == RICH.available_minor


def test_what_just_fits_its_share_can_be_left_behind() -> None:
    round_ = capped(side_bet_percent=50)
    wallet, (main, _, _) = bet(round_, (P, 600), (PAIR, 200), (B, 400))
    after, _ = cancel(wallet, main, START_MS)
    assert after.exposure["bac-1"].staked == {P: 0, B: 400, PAIR: 200}


def test_without_a_share_anything_goes() -> None:
    wallet, (main, _) = bet(capped(), (P, 1), (PAIR, 1_000_000))
    cancel(wallet, main, START_MS)
    bet(capped(), (PAIR, 1_000_000))


# ── the largest payout ──


@pytest.mark.parametrize(
    ("stakes", "most"),
    [
        ({P: 100}, 200),
        ({B: 100}, 195),
        ({B: 1}, 1),
        ({TIE: 100}, 900),
        # At a tie both sides push.
        ({P: 100, B: 100, TIE: 10}, 290),
        ({P: 1_000, B: 100, TIE: 10}, 2_000),
        # Pairs and the number of cards go with any result.
        ({P: 100, PAIR: 10, BIG: 100}, 200 + 120 + 154),
        ({TIE: 100, PAIR: 10}, 900 + 120),
        ({Spot.PERFECT_PAIR: 10}, 2_010),
        # The bonus of one side loses with the other, and pushes at a tie of naturals.
        ({P: 100, Spot.BANKER_BONUS: 1}, 200),
        ({P: 100, Spot.BANKER_BONUS: 10}, 310),
        ({TIE: 100, Spot.PLAYER_BONUS: 10}, 910),
        ({B: 100, Spot.LUCKY_6: 10}, 195 + 210),
        ({}, 0),
    ],
)
def test_the_most_that_can_come_back(stakes: dict[Spot, int], most: int) -> None:
    assert TABLE.most_returned(stakes) == most


def test_nobody_can_get_back_more_than_the_largest_payout() -> None:
    round_ = capped(max_payout_minor=10_000)
    bet(round_, (P, 5_000))
    assert refusal(round_, (P, 5_001)) == ("PAYOUT_ABOVE_MAXIMUM", "PLAYER", 5_000)
    # 5,128 pay 4,871 and 5,129 pay 4,872.
    assert refusal(round_, (B, 6_000)) == ("PAYOUT_ABOVE_MAXIMUM", "BANKER", 5_128)
    bet(round_, (B, 5_128))
    assert refusal(round_, (B, 5_129)) == ("PAYOUT_ABOVE_MAXIMUM", "BANKER", 5_128)
    assert refusal(round_, (P, 5_000), (PAIR, 1)) == ("PAYOUT_ABOVE_MAXIMUM", "PLAYER_PAIR", 0)
    wallet, _ = bet(round_, (P, 4_000), (PAIR, 100))
    assert refusal(round_, (PAIR, 67), wallet=wallet) == ("PAYOUT_ABOVE_MAXIMUM", "PLAYER_PAIR", 66)
    bet(round_, (PAIR, 66), wallet=wallet)
    # Banker does not win with Player: it may hold what Player leaves of a Banker result.
    bet(round_, (P, 4_400), (B, 4_500))


def test_the_payout_is_bounded_whatever_the_order() -> None:
    round_ = capped(max_payout_minor=10_000)
    stakes = ((PAIR, 200), (P, 4_000), (TIE, 100))
    assert {refusal(round_, *order) for order in permutations(stakes)} == {
        ("PAYOUT_ABOVE_MAXIMUM", "PLAYER_PAIR", 166)
    }


# ── the table's differential ──


@pytest.mark.parametrize(
    ("tally", "stakes", "allowed"),
    [
        ({}, [(P, 1_001)], ("PLAYER", 1_000)),
        ({}, [(B, 1_001)], ("BANKER", 1_000)),
        ({P: 900}, [(P, 101)], ("PLAYER", 100)),
        ({P: 900, B: 500}, [(P, 601)], ("PLAYER", 600)),
        ({P: 900}, [(P, 301), (B, 200)], ("PLAYER", 300)),
        ({P: 900}, [(B, 1_901)], ("BANKER", 1_900)),
        # Already too far: nothing that makes it worse.
        ({P: 1_500}, [(P, 1)], ("PLAYER", 0)),
        ({P: 1_500}, [(P, 500), (B, 499)], ("PLAYER", 499)),
        ({P: 1_500}, [(B, 3_001)], ("BANKER", 3_000)),
    ],
)
def test_the_sides_stay_within_the_differential(
    tally: dict[Spot, int], stakes: list[tuple[Spot, int]], allowed: tuple[str, int]
) -> None:
    round_ = capped(differential_minor=1_000)
    assert refusal(round_, *stakes, tally=tally) == ("TABLE_DIFFERENTIAL", *allowed)
    spot, allowed_minor = allowed
    fitting = [(s, allowed_minor if s == spot else minor) for s, minor in stakes]
    if allowed_minor:
        bet(round_, *fitting, tally=tally)


@pytest.mark.parametrize(
    "stakes", [[(B, 500)], [(B, 3_000)], [(P, 500), (B, 500)], [(TIE, 9_999)], [(PAIR, 9_999)]]
)
def test_what_makes_a_wide_difference_no_worse_is_taken(stakes: list[tuple[Spot, int]]) -> None:
    bet(capped(differential_minor=1_000), *stakes, tally={P: 1_500})


def test_without_a_differential_the_tally_is_not_looked_at() -> None:
    bet(capped(), (P, 1_000_000), tally={P: 10**12})


def test_caps_start_anew_with_the_next_round() -> None:
    round_ = capped(side_bet_percent=50)
    wallet, _ = bet(round_, (P, 1_000), (PAIR, 500))
    later = replace(round_, round_no=2, round_id="bac-1.000000002", caps=Caps(side_bet_percent=10))
    assert refusal(later, (P, 100), (PAIR, 11), wallet=wallet) == (
        "SIDE_BET_ABOVE_SHARE",
        "PLAYER_PAIR",
        10,
    )
    wallet, (main, _) = bet(later, (P, 100), (PAIR, 10), wallet=wallet)
    with pytest.raises(BaccaratError, match="side bets need this bet"):
        cancel(wallet, main, START_MS)
