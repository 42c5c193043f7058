from __future__ import annotations

from fractions import Fraction

import pytest

from baccarat.domain.bets import Way
from baccarat.domain.coup import Coup, replay
from baccarat.domain.paytable import COMMISSION_8_DECKS, PAYTABLES, Spot
from tests.builders import hands

PLAYER_WINS = replay(hands("9C KD", "7C KD"))
BANKER_WINS = replay(hands("7C KD", "9C KD"))
TIE = replay(hands("9C KD", "9D KH"))


@pytest.mark.parametrize(
    ("spot", "coup", "back"),
    [
        (Spot.PLAYER, PLAYER_WINS, 200),
        (Spot.PLAYER, BANKER_WINS, 0),
        (Spot.PLAYER, TIE, 100),
        (Spot.BANKER, PLAYER_WINS, 0),
        (Spot.BANKER, BANKER_WINS, 195),
        (Spot.BANKER, TIE, 100),
        (Spot.TIE, PLAYER_WINS, 0),
        (Spot.TIE, BANKER_WINS, 0),
        (Spot.TIE, TIE, 900),
    ],
)
def test_what_a_hundred_gets_back(spot: Spot, coup: Coup, back: int) -> None:
    assert COMMISSION_8_DECKS.returned(spot, 100, coup) == back


@pytest.mark.parametrize(
    ("stake", "back"), [(1, 1), (2, 3), (19, 37), (20, 39), (21, 40), (99, 193), (101, 196)]
)
def test_commission_is_rounded_towards_the_house(stake: int, back: int) -> None:
    assert COMMISSION_8_DECKS.returned(Spot.BANKER, stake, BANKER_WINS) == back


def test_multiples_of_twenty_keep_the_commission_exact() -> None:
    for stake in range(20, 4_000, 20):
        back = COMMISSION_8_DECKS.returned(Spot.BANKER, stake, BANKER_WINS)
        assert Fraction(back, stake) == Fraction(195, 100)


def test_large_stakes_are_exact() -> None:
    stake = 2**53 - 1
    back = COMMISSION_8_DECKS.returned(Spot.BANKER, stake, BANKER_WINS)
    assert back == stake + stake * 95 // 100


def test_an_unfinished_coup_pays_nothing_at_all() -> None:
    with pytest.raises(ValueError, match="not complete"):
        COMMISSION_8_DECKS.returned(Spot.TIE, 100, Coup())


def test_a_spot_that_is_not_offered_is_no_lost_bet() -> None:
    with pytest.raises(ValueError, match="commission-8/1 does not offer DRAGON_7"):
        COMMISSION_8_DECKS.returned(Spot.DRAGON_7, 100, PLAYER_WINS)


def test_the_published_paytable() -> None:
    table = PAYTABLES["commission-8/1"]
    assert (table.version, table.decks, table.variant) == ("commission-8/1", 8, "commission")
    assert table.odds == {
        Spot.PLAYER: {Way.WIN: 1, Way.TIE: 0},
        Spot.BANKER: {
            Way.WIN: Fraction(19, 20),
            Way.WIN_ON_SIX: Fraction(19, 20),
            Way.WIN_ON_THREE_CARD_SEVEN: Fraction(19, 20),
            Way.TIE: 0,
        },
        Spot.TIE: {Way.WIN: 8},
    }


def test_every_paytable_is_there_under_its_own_version() -> None:
    assert [(version, table.decks) for version, table in PAYTABLES.items()] == [
        ("commission-8/1", 8),
        ("commission-8/2", 8),
        ("commission-8/3", 8),
        ("no-commission-8/1", 8),
        ("no-commission-8/2", 8),
        ("ez-8/1", 8),
        ("commission-6/1", 6),
        ("no-commission-6/1", 6),
        ("ez-6/1", 6),
    ]
    for version, table in PAYTABLES.items():
        assert table.version == version
        assert version.startswith(f"{table.variant}-{table.decks}/")


def test_a_chip_step_of_a_hundred_keeps_every_bet_exact() -> None:
    for table in PAYTABLES.values():
        for odds in table.odds.values():
            assert all((100 * value).denominator == 1 for value in odds.values())
