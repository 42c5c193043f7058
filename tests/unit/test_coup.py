"""The drawing rules against tables that are written out by hand."""

from __future__ import annotations

import pytest

from baccarat.domain.cards import DECK, Card
from baccarat.domain.coup import Coup, Hand, Outcome, banker_draws, deal, replay
from tests.builders import hands

# Banker's two-card total → D(raw) or S(tand): when Player stood, then on Player's third card 0-9.
BANKER = {
    0: "D DDDDDDDDDD",
    1: "D DDDDDDDDDD",
    2: "D DDDDDDDDDD",
    3: "D DDDDDDDDSD",
    4: "D SSDDDDDDSS",
    5: "D SSSSDDDDSS",
    6: "S SSSSSSDDSS",
    7: "S SSSSSSSSSS",
}
CELLS = [
    (banker, third, letter == "D")
    for banker, row in BANKER.items()
    for third, letter in zip((None, *range(10)), row.replace(" ", ""), strict=True)
]
_BY_POINTS = {0: "T", 1: "A", **{points: str(points) for points in range(2, 10)}}


def card(points: int, suit: str = "C") -> Card:
    return Card(_BY_POINTS[points] + suit)


def coup(player: list[int], banker: list[int]) -> Coup:
    return Coup(tuple(card(p) for p in player), tuple(card(b) for b in banker))


def test_the_table_has_every_cell() -> None:
    assert len(CELLS) == 88
    assert sum(draws for *_, draws in CELLS) == 3 * 11 + 10 + 7 + 5 + 2


@pytest.mark.parametrize(("banker", "third", "draws"), CELLS)
def test_banker(banker: int, third: int | None, draws: bool) -> None:  # noqa: FBT001  the cell itself
    assert banker_draws(banker, third) is draws
    expected = Hand.BANKER if draws else None
    for two_cards in ([banker, 0], [0, banker], [9, (banker + 1) % 10]):
        if third is None:
            for stood in ([6, 0], [7, 0], [8, 9], [9, 7]):
                assert coup(stood, two_cards).next_hand() is expected
        else:
            for drew in ([0, 0], [4, 1], [9, 4], [8, 2], [1, 1]):
                assert coup([*drew, third], two_cards).next_hand() is expected


@pytest.mark.parametrize("total", range(10))
def test_player_draws_on_five_or_less(total: int) -> None:
    expected = {True: Hand.PLAYER, False: None}[total <= 5]
    assert coup([total, 0], [7, 0]).next_hand() is expected
    assert coup([0, total], [0, 7]).next_hand() is expected


@pytest.mark.parametrize("natural", [8, 9])
@pytest.mark.parametrize("other", range(10))
def test_a_natural_ends_it(natural: int, other: int) -> None:
    for made in (coup([natural, 0], [other, 0]), coup([other, 0], [natural, 0])):
        assert made.next_hand() is None
        assert made.is_natural


def test_a_third_card_makes_no_natural() -> None:
    made = coup([0, 2, 7], [7, 0])
    assert made.next_hand() is None
    assert made.player_total == 9
    assert not made.is_natural


def test_order_of_the_first_four() -> None:
    order = [hand for hand, _ in hands("8C 1".replace("1", "AC"), "2C 3C")]
    dealt = Coup()
    for expected, code in zip(order, ("8C", "2C", "AC", "3C"), strict=True):
        assert dealt.next_hand() is expected
        dealt = dealt.with_card(Card(code))
    assert order == [Hand.PLAYER, Hand.BANKER, Hand.PLAYER, Hand.BANKER]
    assert (dealt.player, dealt.banker) == (("8C", "AC"), ("2C", "3C"))
    assert dealt.next_hand() is None


@pytest.mark.parametrize(
    ("player", "banker", "outcome", "totals"),
    [
        ("9C KD", "8C KD", Outcome.PLAYER, (9, 0 + 8)),
        ("2C 2D 4H", "3C 4D", Outcome.PLAYER, (8, 7)),
        ("2C 2D KH", "3C 3D", Outcome.BANKER, (4, 6)),
        ("6C KD", "AC 4D AH", Outcome.TIE, (6, 6)),
        ("KC QD JH", "KD QH TC", Outcome.TIE, (0, 0)),
        ("AC 2D 6H", "3C 3D 3H", Outcome.TIE, (9, 9)),
    ],
)
def test_outcomes(player: str, banker: str, outcome: Outcome, totals: tuple[int, int]) -> None:
    made = replay(hands(player, banker))
    assert made.outcome is outcome
    assert (made.player_total, made.banker_total) == totals


def test_an_unfinished_coup_has_no_outcome_and_a_complete_one_takes_no_card() -> None:
    with pytest.raises(ValueError, match="not complete"):
        _ = coup([1, 1], [7, 0]).outcome
    with pytest.raises(ValueError, match="the coup is complete"):
        coup([9, 0], [1, 0]).with_card(Card("2C"))


def test_replay_refuses_what_the_rules_do_not_deal() -> None:
    good = hands("2C 2D 4H", "3C 4D")
    with pytest.raises(ValueError, match="not complete after 4 cards"):
        replay(good[:4])
    with pytest.raises(ValueError, match=r"card 6 \(2S\) went to BANKER, but it was not due"):
        replay((*good, (Hand.BANKER, Card("2S"))))
    with pytest.raises(ValueError, match=r"card 2 .* due to BANKER"):
        replay((good[0], good[2], good[1], *good[3:]))
    with pytest.raises(ValueError, match="not complete after 0 cards"):
        replay(())


def test_deal_takes_exactly_the_cards_that_the_rules_need() -> None:
    codes = iter(["2C", "3C", "2D", "4D", "4H", "9S", "9D"])
    made, order = deal(lambda: Card(next(codes)))
    assert order == hands("2C 2D 4H", "3C 4D")
    assert made == replay(order)
    assert next(codes) == "9S"


def test_every_coup_takes_four_to_six_cards() -> None:
    for offset in range(52):
        cards = iter(DECK[offset:] + DECK[:offset])
        _, order = deal(lambda cards=cards: next(cards))  # type: ignore[misc]
        assert 4 <= len(order) <= 6
