"""All 4,998,398,275,503,360 sequences of six cards of an eight-deck shoe, counted exactly.

What happens depends on points alone, so the 416⋅415⋅414⋅413⋅412⋅411 sequences fall into at most 10⁶
groups of points. A group's size is the product of how many cards of each value are left when they
come. Cards that a coup does not need count as well: each coup weighs as many sequences as begin
with it. Which hand draws, and who wins, is asked of the domain itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import product
from math import perm, prod

import pytest

from baccarat.domain.cards import DECK, POINTS, Card
from baccarat.domain.coup import Coup, Hand, Outcome
from baccarat.domain.paytable import COMMISSION_8_DECKS, Spot
from tests.builders import hands

DECKS = 8
LEFT = Counter({points: DECKS * n for points, n in Counter(POINTS.values()).items()})
_OF_POINTS = {POINTS[card]: card for card in DECK}
SEQUENCES = 4_998_398_275_503_360


@cache
def next_hand(player: int, banker: int, thirds: tuple[tuple[Hand, int], ...]) -> Hand | None:
    return _coup(player, banker, thirds).next_hand()


@cache
def outcome(player: int, banker: int, thirds: tuple[tuple[Hand, int], ...]) -> Outcome:
    return _coup(player, banker, thirds).outcome


def _coup(player: int, banker: int, thirds: tuple[tuple[Hand, int], ...]) -> Coup:
    """Return a coup whose hands have these two-card totals, and the third cards."""
    zero = _OF_POINTS[0]

    def of(hand: Hand, total: int) -> tuple[Card, ...]:
        return (_OF_POINTS[total], zero, *(_OF_POINTS[p] for h, p in thirds if h is hand))

    return Coup(of(Hand.PLAYER, player), of(Hand.BANKER, banker))


def coups() -> Iterator[tuple[Outcome, int]]:
    """Yield the outcome and the number of six-card sequences of each group of coups."""
    for p1, b1, p2, b2 in product(range(10), repeat=4):
        left = LEFT.copy()
        weight = 1
        for points in (p1, b1, p2, b2):
            weight *= left[points]
            left[points] -= 1
        yield from _finish((p1 + p2) % 10, (b1 + b2) % 10, (), weight, left)


def _finish(
    player: int, banker: int, thirds: tuple[tuple[Hand, int], ...], weight: int, left: Counter[int]
) -> Iterator[tuple[Outcome, int]]:
    hand = next_hand(player, banker, thirds)
    if hand is None:
        rest = perm(DECKS * 52 - 4 - len(thirds), 2 - len(thirds))
        yield outcome(player, banker, thirds), weight * rest
        return
    for points in range(10):
        more = weight * left[points]
        left[points] -= 1
        yield from _finish(player, banker, (*thirds, (hand, points)), more, left)
        left[points] += 1


@pytest.fixture(scope="module")
def counts() -> Counter[Outcome]:
    result: Counter[Outcome] = Counter()
    for result_, weight in coups():
        result[result_] += weight
    return result


def test_published_counts(counts: Counter[Outcome]) -> None:
    assert counts == {
        Outcome.BANKER: 2_292_252_566_437_888,
        Outcome.PLAYER: 2_230_518_282_592_256,
        Outcome.TIE: 475_627_426_473_216,
    }
    assert counts.total() == SEQUENCES == prod(range(411, 417))


@pytest.mark.parametrize(
    ("spot", "edge_percent"),
    [(Spot.PLAYER, "1.2351"), (Spot.BANKER, "1.0579"), (Spot.TIE, "14.3596")],
)
def test_published_house_edges(counts: Counter[Outcome], spot: Spot, edge_percent: str) -> None:
    """With a stake that five per cent divide, so that no rounding is in the figures."""
    examples = {
        Outcome.PLAYER: Coup(*_split("9C KD", "7C KD")),
        Outcome.BANKER: Coup(*_split("7C KD", "9C KD")),
        Outcome.TIE: Coup(*_split("7C KD", "7D KH")),
    }
    stake = 2_000
    back = sum(
        count * COMMISSION_8_DECKS.returned(spot, stake, examples[outcome_])
        for outcome_, count in counts.items()
    )
    edge = 1 - Fraction(back, stake * SEQUENCES)
    assert f"{float(edge * 100):.4f}" == edge_percent
    assert 0 < edge < 1


def _split(player: str, banker: str) -> tuple[tuple[Card, ...], tuple[Card, ...]]:
    cards = hands(player, banker)
    return (
        tuple(card for hand, card in cards if hand is Hand.PLAYER),
        tuple(card for hand, card in cards if hand is Hand.BANKER),
    )


def test_only_points_decide() -> None:
    """The grouping by two-card totals is allowed: each pair of cards acts as its total does."""
    for p1, b1, p2, b2 in product(range(10), repeat=4):
        coup = Coup(
            (_OF_POINTS[p1], _OF_POINTS[p2]),
            (_OF_POINTS[b1], _OF_POINTS[b2]),
        )
        assert coup.next_hand() is next_hand((p1 + p2) % 10, (b1 + b2) % 10, ())
