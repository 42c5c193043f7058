"""Every bet on coups that are written out card by card."""

from __future__ import annotations

import pytest

from baccarat.domain.bets import PAIR_SPOTS, RULES, WAYS, Spot, Way, way
from baccarat.domain.cards import Card
from baccarat.domain.coup import Coup, replay
from baccarat.domain.paytable import PAYTABLES
from tests.builders import hands

COUPS = {
    "player 9 over 8": "9C KD / 8C KD",
    "banker natural": "4C 3D / 9C KD",
    "natural tie": "9C KD / 9D KH",
    "plain tie": "7C KD / 2D 5H",
    "tie of three": "AC 2D 6H / 3C 3D 3H",
    "banker 6 of two": "2C 2D KH / 3C 3D",
    "banker 6 of three": "2C 2D AH / AC AD 4S",
    "tie on 6": "6C KD / AC 4D AH",
    "player 6": "6C KD / KC 2D 3D",
    "dragon": "6C KD / KC 4D 3D",
    "banker 7 of two": "6C KD / 3C 4D",
    "panda": "2C 2D 4H / 3C 4D",
    "player 8 natural": "4C 4D / 3C 4D",
    "banker 8 of three": "KC 2D 4H / KD 4H 4S",
    "by nine": "KC QD 9H / KD QH KS",
    "by eight": "KC AD 7H / KD QH KS",
    "by seven, stood": "7C KD / KC QD KH",
    "by six": "6C KD / KC QD KH",
    "by five": "7C KD / AC QD AH",
    "by four": "7C KD / AC QD 2H",
    "by three": "7C KD / AC QD 3H",
    "banker by nine": "KC QD KH / KD 2H 7S",
}


def coup(name: str) -> Coup:
    player, banker = COUPS[name].split(" / ")
    return replay(hands(player, banker))


def back(version: str, spot: Spot, coup: Coup) -> int:
    return PAYTABLES[version].returned(spot, 100, coup)


@pytest.mark.parametrize(
    ("name", "commission", "no_commission", "ez"),
    [
        ("player 9 over 8", 0, 0, 0),
        ("banker natural", 195, 200, 200),
        ("plain tie", 100, 100, 100),
        ("tie on 6", 100, 100, 100),
        ("banker 6 of two", 195, 150, 200),
        ("banker 6 of three", 195, 150, 200),
        ("player 6", 0, 0, 0),
        ("dragon", 195, 200, 100),
        ("banker 7 of two", 195, 200, 200),
    ],
)
def test_banker_in_every_variant(name: str, commission: int, no_commission: int, ez: int) -> None:
    got = [back(f"{v}-8/1", Spot.BANKER, coup(name)) for v in ("commission", "no-commission", "ez")]
    assert got == [commission, no_commission, ez]


BONUS = {
    "player 9 over 8": (200, 0),
    "banker natural": (0, 200),
    "natural tie": (100, 100),
    "plain tie": (0, 0),
    "tie of three": (0, 0),
    "player 8 natural": (200, 0),
    "by nine": (3_100, 0),
    "by eight": (1_100, 0),
    "by seven, stood": (700, 0),
    "by six": (500, 0),
    "by five": (300, 0),
    "by four": (200, 0),
    "by three": (0, 0),
    "banker by nine": (0, 3_100),
}


@pytest.mark.parametrize(("name", "player_and_banker"), BONUS.items())
def test_bonus(name: str, player_and_banker: tuple[int, int]) -> None:
    spots = (Spot.PLAYER_BONUS, Spot.BANKER_BONUS)
    got = tuple(back("commission-8/2", spot, coup(name)) for spot in spots)
    assert got == player_and_banker


TIES = dict.fromkeys(("natural tie", "plain tie", "tie of three", "tie on 6"), 1_000)


@pytest.mark.parametrize(
    ("spot", "version", "won"),
    [
        (Spot.DRAGON_7, "ez-8/1", {"dragon": 4_100}),
        (Spot.PANDA_8, "ez-8/1", {"panda": 2_600, "by eight": 2_600}),
        (Spot.SUPER_6, "no-commission-8/1", {"banker 6 of two": 1_300, "banker 6 of three": 1_300}),
        (Spot.SUPER_6, "no-commission-8/2", {"banker 6 of two": 1_600, "banker 6 of three": 1_600}),
        (Spot.LUCKY_6, "commission-8/2", {"banker 6 of two": 1_300, "banker 6 of three": 2_100}),
        (Spot.TIE, "commission-8/3", TIES),
    ],
)
def test_bets_on_one_result(spot: Spot, version: str, won: dict[str, int]) -> None:
    got = {name: back(version, spot, coup(name)) for name in COUPS}
    assert {name: amount for name, amount in got.items() if amount} == won


PAIRS = {
    "9C KD / 8C KD": (0, 0, 0, 0),
    "4C 4D / 2C 5D": (1_200, 0, 600, 0),
    "4C 4C / 2C 5D": (1_200, 0, 600, 2_600),
    "9C KD / 4H 4S": (0, 1_200, 600, 0),
    "9C KD / 4H 4H": (0, 1_200, 600, 2_600),
    "4C 4D / 4H 4S": (1_200, 1_200, 600, 0),
    "4C 4C / 4H 4S": (1_200, 1_200, 600, 2_600),
    "4C 4C / 4C 4C": (1_200, 1_200, 600, 20_100),
    "4C 4C / 9S 9S": (1_200, 1_200, 600, 20_100),
    "KC QC / TD JD 9C": (0, 0, 0, 0),
    # A third card makes no pair.
    "2C 3D 3D / 5C 2D KH": (0, 0, 0, 0),
}


@pytest.mark.parametrize(("cards", "expected"), PAIRS.items())
def test_pairs(cards: str, expected: tuple[int, ...]) -> None:
    player, banker = cards.split(" / ")
    four = hands(player, banker)[:4]
    made = Coup((four[0][1], four[2][1]), (four[1][1], four[3][1]))
    while made.next_hand() is not None:
        made = made.with_card(Card("9S"))
    spots = (Spot.PLAYER_PAIR, Spot.BANKER_PAIR, Spot.EITHER_PAIR, Spot.PERFECT_PAIR)
    assert tuple(back("commission-8/2", spot, made) for spot in spots) == expected


@pytest.mark.parametrize("name", COUPS)
def test_small_and_big_share_all_coups(name: str) -> None:
    small, big = (back("commission-8/2", spot, coup(name)) for spot in (Spot.SMALL, Spot.BIG))
    assert (small, big) == ((250, 0) if COUPS[name].count(" ") == 4 else (0, 154))


def test_every_spot_has_a_rule_and_wants_a_complete_coup() -> None:
    assert set(RULES) == set(WAYS) == set(Spot)
    assert set(Spot) == {spot for table in PAYTABLES.values() for spot in table.odds}
    assert set(Spot) > PAIR_SPOTS
    for spot in Spot:
        with pytest.raises(ValueError, match="not complete"):
            way(spot, Coup())


@pytest.mark.parametrize("name", COUPS)
def test_a_bet_ends_in_a_way_of_the_outcome(name: str) -> None:
    made = coup(name)
    for spot in Spot:
        ending = way(spot, made)
        assert ending is Way.LOSE or ending in WAYS[spot][made.outcome], spot


def test_no_way_is_listed_that_pays_nothing_anywhere() -> None:
    for spot, outcomes in WAYS.items():
        paid = {ending for t in PAYTABLES.values() for ending in t.odds.get(spot, {})}
        assert set().union(*outcomes.values()) == paid, spot
