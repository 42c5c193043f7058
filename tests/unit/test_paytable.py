from __future__ import annotations

from fractions import Fraction

import pytest

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


def test_the_published_paytable() -> None:
    assert list(PAYTABLES) == ["commission-8/1"]
    table = PAYTABLES["commission-8/1"]
    assert (table.version, table.decks) == ("commission-8/1", 8)
    assert table.odds == {
        Spot.PLAYER: Fraction(1),
        Spot.BANKER: Fraction(19, 20),
        Spot.TIE: Fraction(8),
    }
