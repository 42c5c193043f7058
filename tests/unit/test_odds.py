"""Exact counts as literals, the published edges, and every permutation of a tiny shoe."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from math import perm, prod

import pytest

from baccarat.domain import paytable as paytables
from baccarat.domain.bets import PAIR_SPOTS, RULES, Spot, Way, way
from baccarat.domain.cards import DECK, INDEX, Card
from baccarat.domain.coup import Coup, deal
from baccarat.domain.errors import PaytableAbove100
from baccarat.domain.odds import (
    ENDLESS,
    SpotOdds,
    odds_of,
    percent,
    refuse_if_generous,
    ways_of_cards,
    ways_of_decks,
)
from baccarat.domain.paytable import PAYTABLES, Paytable

EIGHT = 4_998_398_275_503_360
SIX = 878_869_206_895_680


def chances(version: str, spot: Spot, decks: int | None = None) -> SpotOdds:
    table = PAYTABLES[version]
    table = table if decks is None else replace(table, decks=decks)
    return next(item for item in odds_of(table) if item.spot is spot)


@pytest.mark.parametrize(
    ("version", "spot", "wins", "push", "lose"),
    [
        (
            "commission-8/1",
            "PLAYER",
            {"1": 2_230_518_282_592_256},
            475_627_426_473_216,
            2_292_252_566_437_888,
        ),
        (
            "commission-8/1",
            "BANKER",
            {"19/20": 2_292_252_566_437_888},
            475_627_426_473_216,
            2_230_518_282_592_256,
        ),
        ("commission-8/1", "TIE", {"8": 475_627_426_473_216}, 0, 4_522_770_849_030_144),
        (
            "no-commission-8/1",
            "BANKER",
            {"1": 2_023_020_261_982_208, "1/2": 269_232_304_455_680},
            475_627_426_473_216,
            2_230_518_282_592_256,
        ),
        (
            "ez-8/1",
            "BANKER",
            {"1": 2_179_619_555_108_864},
            588_260_437_802_240,
            2_230_518_282_592_256,
        ),
        ("ez-8/1", "DRAGON_7", {"40": 112_633_011_329_024}, 0, 4_885_765_264_174_336),
        ("ez-8/1", "PANDA_8", {"25": 172_660_763_262_976}, 0, 4_825_737_512_240_384),
        (
            "commission-8/2",
            "LUCKY_6",
            {"20": 83_058_367_551_488, "12": 186_173_936_904_192},
            0,
            4_729_165_971_047_680,
        ),
        (
            "commission-8/2",
            "PERFECT_PAIR",
            {"200": 1_423_071_546_624, "25": 165_774_521_622_528},
            0,
            4_831_200_682_334_208,
        ),
        ("commission-8/2", "SMALL", {"3/2": 1_893_735_611_458_560}, 0, 3_104_662_664_044_800),
        (
            "commission-6/1",
            "PLAYER",
            {"1": 392_220_492_728_832},
            83_552_962_932_288,
            403_095_751_234_560,
        ),
        (
            "commission-6/1",
            "BANKER",
            {"19/20": 403_095_751_234_560},
            83_552_962_932_288,
            392_220_492_728_832,
        ),
        ("commission-6/1", "TIE", {"8": 83_552_962_932_288}, 0, 795_316_243_963_392),
        (
            "no-commission-6/1",
            "BANKER",
            {"1": 355_773_521_203_200, "1/2": 47_322_230_031_360},
            83_552_962_932_288,
            392_220_492_728_832,
        ),
        ("ez-6/1", "BANKER", {"1": 383_290_367_308_416}, 103_358_346_858_432, 392_220_492_728_832),
    ],
)
def test_exact_counts(version: str, spot: str, wins: dict[str, int], push: int, lose: int) -> None:
    found = chances(version, Spot(spot))
    assert {str(odds): count for odds, count in found.wins.items()} == wins
    assert (found.push, found.lose) == (push, lose)
    assert found.sequences == (EIGHT if "-8/" in version else SIX)


def test_the_sequences_of_every_bet_are_all_of_them() -> None:
    assert prod(range(411, 417)) == EIGHT
    assert perm(6 * 52, 6) == SIX
    for decks in range(1, 10):
        for ways in ways_of_decks(decks).values():
            assert sum(ways.values()) == perm(52 * decks, 6)
    assert all(sum(ways.values()) == 52**6 for ways in ways_of_decks(ENDLESS).values())


@pytest.mark.parametrize(
    ("version", "spot", "edge"),
    [
        ("commission-8/1", "PLAYER", "1.2351"),
        ("commission-8/1", "BANKER", "1.0579"),
        ("no-commission-8/1", "BANKER", "1.4581"),
        ("ez-8/1", "BANKER", "1.0183"),
        ("commission-8/1", "TIE", "14.3596"),
        ("commission-8/2", "PLAYER_PAIR", "10.36"),
        ("commission-8/2", "BANKER_PAIR", "10.36"),
        ("commission-8/2", "EITHER_PAIR", "13.71"),
        ("commission-8/2", "PLAYER_BONUS", "2.65"),
        ("commission-8/2", "BANKER_BONUS", "9.37"),
        ("ez-8/1", "DRAGON_7", "7.61"),
        ("ez-8/1", "PANDA_8", "10.19"),
        ("no-commission-8/1", "SUPER_6", "29.98"),
    ],
)
def test_published_house_edges(version: str, spot: str, edge: str) -> None:
    digits = len(edge.partition(".")[2])
    assert f"{float(chances(version, Spot(spot)).edge * 100):.{digits}f}" == edge


@pytest.mark.parametrize(
    ("version", "spot", "edge"),
    [
        ("commission-8/3", "TIE", "4.844032"),
        ("commission-8/2", "PERFECT_PAIR", "8.047044"),
        ("commission-8/2", "LUCKY_6", "16.683572"),
        ("commission-8/2", "SMALL", "5.282877"),
        ("commission-8/2", "BIG", "4.345748"),
        ("no-commission-8/2", "SUPER_6", "13.818055"),
    ],
)
def test_computed_house_edges(version: str, spot: str, edge: str) -> None:
    assert percent(chances(version, Spot(spot)).edge) == edge


@pytest.mark.parametrize("decks", [1, 2, 6, 8, 9])
def test_pairs_by_formula(decks: int) -> None:
    cards, rank, sequences = 52 * decks, 4 * decks, perm(52 * decks, 6)
    ways = ways_of_decks(decks)
    pair = Fraction(rank - 1, cards - 1)
    both = pair * Fraction(
        (rank - 2) * (rank - 3) + 12 * rank * (rank - 1), (cards - 2) * (cards - 3)
    )
    assert Fraction(ways[Spot.PLAYER_PAIR][Way.WIN], sequences) == pair
    assert Fraction(ways[Spot.BANKER_PAIR][Way.WIN], sequences) == pair
    assert Fraction(ways[Spot.EITHER_PAIR][Way.WIN], sequences) == 2 * pair - both
    perfect = Fraction(decks - 1, cards - 1)
    both_perfect = perfect * Fraction(
        (decks - 2) * (decks - 3) + 51 * decks * (decks - 1), (cards - 2) * (cards - 3)
    )
    assert Fraction(ways[Spot.PERFECT_PAIR].get(Way.BOTH, 0), sequences) == both_perfect
    one = Fraction(ways[Spot.PERFECT_PAIR].get(Way.ONE, 0), sequences)
    assert one == 2 * (perfect - both_perfect)


TINY = [
    "AC AC AD 2C 4D 4D 6S 7H 8C KC KC QC",
    "AC 2C 2D 3C 3C 5D 5D 6S 9H TC",
    "3C 3C 3C 3C 4D 4H 9C 9C KD",
    "6C 6C 6D 7C 7C KD",
]


@pytest.mark.parametrize("codes", TINY)
def test_every_permutation_of_a_tiny_shoe(codes: str) -> None:
    """Independent: deals each ordered draw of six cards out of the shoe, one by one."""
    cards = [Card(code) for code in codes.split()]
    coups: Counter[Coup] = Counter()
    for six, count in Counter(permutations(cards, 6)).items():
        coups[deal(iter(six).__next__)[0]] += count
    expected: dict[Spot, Counter[Way]] = {spot: Counter() for spot in Spot}
    for coup, count in coups.items():
        for spot in Spot:
            expected[spot][way(spot, coup)] += count
    counts = [0] * len(DECK)
    for card in cards:
        counts[INDEX[card]] += 1
    found = ways_of_cards(counts)
    assert {spot: {w: n for w, n in ways.items() if n} for spot, ways in found.items()} == expected


def test_pair_rules_look_at_the_first_four_cards_only() -> None:
    """So they may be asked before a coup is complete, as the count of pairs does."""
    for first in range(0, 52, 5):
        coming = iter(DECK[first:] + DECK[:first])
        coup, _ = deal(coming.__next__)
        four = replace(coup, player=coup.player[:2], banker=coup.banker[:2])
        assert all(RULES[spot](four) is RULES[spot](coup) for spot in PAIR_SPOTS)


def test_every_published_paytable_keeps_an_edge() -> None:
    for table in PAYTABLES.values():
        refuse_if_generous(table)
        assert all(0 < item.edge < 1 for item in odds_of(table))


def test_an_endless_shoe_is_refused_for_its_perfect_pairs() -> None:
    with pytest.raises(PaytableAbove100) as refused:
        refuse_if_generous(replace(PAYTABLES["commission-8/2"], decks=ENDLESS))
    assert refused.value.message == (
        "PERFECT_PAIR of paytable commission-8/2 has an RTP of 105.510355 % with endless decks; "
        "at most 100 % is offered"
    )
    assert refused.value.code == "PAYTABLE_ABOVE_100"
    assert refused.value.details == {"spot": "PERFECT_PAIR", "rtp_percent": "105.510355"}


def single_deck_pairs(decks: int) -> Paytable:
    odds = {**PAYTABLES["commission-8/1"].odds, Spot.PLAYER_PAIR: {Way.WIN: Fraction(15)}}
    return Paytable("single-deck/1", decks, paytables.Variant.COMMISSION, odds)


def test_a_paytable_on_the_wrong_number_of_decks_is_refused() -> None:
    refuse_if_generous(single_deck_pairs(1))
    assert percent(odds_of(single_deck_pairs(1))[3].rtp) == "94.117647"
    with pytest.raises(PaytableAbove100, match=r"PLAYER_PAIR .* 119\.518072 % with 8 decks"):
        refuse_if_generous(single_deck_pairs(8))


def test_exactly_a_hundred_per_cent_is_offered_and_the_next_step_is_not() -> None:
    """Player's tie-free limit: odds that give back all that is lost, to the last sequence."""
    base = chances("commission-8/1", Spot.PLAYER)
    for more, refused in ((Fraction(0), False), (Fraction(1, EIGHT), True)):
        odds = {Way.WIN: Fraction(base.lose, base.won) + more, Way.TIE: Fraction(0)}
        table = Paytable("fair/1", 8, paytables.Variant.COMMISSION, {Spot.PLAYER: odds})
        if refused:
            with pytest.raises(PaytableAbove100, match=r"100\.000000 %"):
                refuse_if_generous(table)
        else:
            refuse_if_generous(table)
            assert odds_of(table)[0].rtp == 1


def test_impossible_shoes() -> None:
    with pytest.raises(ValueError, match="1 to 9"):
        odds_of(replace(PAYTABLES["commission-8/1"], decks=10))
    with pytest.raises(ValueError, match="a hand may need 6"):
        ways_of_cards([1] * 5 + [0] * 47)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (Fraction(1), "100.000000"),
        (Fraction(1, 3), "33.333333"),
        (Fraction(2, 3), "66.666667"),
        (Fraction(-551, 10_000), "-5.510000"),
        (Fraction(1, 10**9), "0.000000"),
    ],
)
def test_percent(share: Fraction, text: str) -> None:
    assert percent(share) == text
