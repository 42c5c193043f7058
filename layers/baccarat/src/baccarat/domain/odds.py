"""The exact chances of every bet: all sequences of six cards of a shoe, counted in integers.

A coup weighs as many sequences of six cards as begin with it, so all coups together weigh
N⋅(N−1)⋅…⋅(N−5): 4,998,398,275,503,360 with eight decks. What goes where and what it means is asked
of ``Coup`` and of the rules of ``bets``, never repeated here. Two groupings make it fast:

- All bets but the pairs depend on points, and of the first two cards of a hand on their total
  alone. So the sequences fall into 55⋅55 unordered first fours and at most 110 ways on from each.
- The pair bets depend on whether the first two cards of a hand are the same card, of the same rank,
  or neither. For each of the 52⋅52 pairs of Player, Banker's are counted in what is left.

An endless shoe is the limit of many decks: one deck where each card is put back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, product
from math import prod
from typing import Final, TypeAlias

from baccarat.domain.bets import PAIR_SPOTS, RULES, Spot, Way
from baccarat.domain.cards import DECK, POINTS, RANKS, Card
from baccarat.domain.coup import Coup, Hand
from baccarat.domain.errors import PaytableAbove100
from baccarat.domain.paytable import Paytable
from baccarat.domain.shoe import MAX_DECKS, MIN_CARDS_FOR_A_HAND

ENDLESS: Final = 0
"""The deck count that stands for a shoe without end."""

Ways: TypeAlias = Mapping[Spot, Mapping[Way, int]]
"""How many sequences of six cards end a bet on a spot in which way."""

_Thirds: TypeAlias = tuple[tuple[Hand, int], ...]

_OF_POINTS: Final = {POINTS[card]: card for card in DECK}


@dataclass(frozen=True, slots=True)
class SpotOdds:
    """A bet's chances. ``wins`` maps the odds of each prize to its sequences, best prize first."""

    spot: Spot
    wins: Mapping[Fraction, int]
    push: int
    lose: int

    @property
    def sequences(self) -> int:
        return self.won + self.push + self.lose

    @property
    def won(self) -> int:
        return sum(self.wins.values())

    @property
    def rtp(self) -> Fraction:
        """What a stake of one gets back on average, before any rounding towards the house."""
        back = sum(((1 + odds) * count for odds, count in self.wins.items()), Fraction(self.push))
        return back / self.sequences

    @property
    def edge(self) -> Fraction:
        return 1 - self.rtp


def odds_of(paytable: Paytable) -> tuple[SpotOdds, ...]:
    """Return the chances of every spot of ``paytable`` on its own deck count.

    Raises:
        ValueError: its deck count is neither 1 to 9 nor ``ENDLESS``.
    """
    return tuple(_spot_odds(spot, paytable) for spot in paytable.odds)


def _spot_odds(spot: Spot, paytable: Paytable) -> SpotOdds:
    wins: Counter[Fraction] = Counter()
    push = lose = 0
    for way, count in ways_of_decks(paytable.decks)[spot].items():
        odds = paytable.odds[spot].get(way)
        if odds is None:
            lose += count
        elif odds == 0:
            push += count
        else:
            wins[odds] += count
    return SpotOdds(spot, dict(sorted(wins.items(), reverse=True)), push, lose)


def refuse_if_generous(paytable: Paytable) -> None:
    """Check that no bet of ``paytable`` gives back more than is staked, on its own deck count.

    The first call for a deck count in a process takes a part of a second; later ones are free.

    Raises:
        PaytableAbove100: a bet's exact RTP is above 100 %.
    """
    for chances in odds_of(paytable):
        if chances.rtp > 1:
            decks = paytable.decks if paytable.decks != ENDLESS else "endless"
            raise PaytableAbove100(
                f"{chances.spot} of paytable {paytable.version} has an RTP of "
                f"{percent(chances.rtp)} % with {decks} decks; at most 100 % is offered",
                spot=chances.spot.value,
                rtp_percent=percent(chances.rtp),
            )


def percent(share: Fraction) -> str:
    """Return ``share`` in per cent with six digits, rounded from the exact value."""
    sign = "-" if share < 0 else ""
    whole, rest = divmod(round(abs(share) * 100_000_000), 1_000_000)
    return f"{sign}{whole}.{rest:06d}"


@cache
def ways_of_decks(decks: int) -> Ways:
    """Return the ways of every bet with a full shoe of ``decks``, or an ``ENDLESS`` one.

    Raises:
        ValueError: neither 1 to 9 decks nor ``ENDLESS``.
    """
    if decks == ENDLESS:
        return ways_of_cards((1,) * len(DECK), put_back=True)
    if not 1 <= decks <= MAX_DECKS:
        raise ValueError(f"{decks} decks: a shoe has 1 to {MAX_DECKS}")
    return ways_of_cards((decks,) * len(DECK))


def ways_of_cards(counts: Sequence[int], *, put_back: bool = False) -> Ways:
    """Return the ways of every bet with ``counts[i]`` of ``DECK[i]`` in the shoe.

    With ``put_back`` every card returns to the shoe before the next is drawn.

    Raises:
        ValueError: fewer cards than a hand may need.
    """
    if sum(counts) < MIN_CARDS_FOR_A_HAND:
        raise ValueError(f"{sum(counts)} cards: a hand may need {MIN_CARDS_FOR_A_HAND}")
    taken = 0 if put_back else 1
    result: dict[Spot, Counter[Way]] = {spot: Counter() for spot in Spot}
    for coup, count in _coups(counts, taken):
        for spot, rule in RULES.items():
            if spot not in PAIR_SPOTS:
                result[spot][rule(coup)] += count
    for first_four, count in _first_fours(counts, taken):
        for spot in PAIR_SPOTS:
            result[spot][RULES[spot](first_four)] += count
    return result


def _sequences(cards: int, length: int, taken: int) -> int:
    return prod(cards - taken * drawn for drawn in range(length))


def _coups(counts: Sequence[int], taken: int) -> Iterator[tuple[Coup, int]]:
    """Yield an example of each group of coups that only points tell apart, and its weight."""
    left = [0] * 10
    for card, count in zip(DECK, counts, strict=True):
        left[POINTS[card]] += count
    groups: Counter[tuple[int, int, _Thirds]] = Counter()
    pairs = list(combinations_with_replacement(range(10), 2))
    for (p1, p2), (b1, b2) in product(pairs, repeat=2):
        weight = (1 if p1 == p2 else 2) * (1 if b1 == b2 else 2)
        first_four = (p1, b1, p2, b2)
        for points in first_four:
            weight *= left[points]
            left[points] -= taken
        if weight:
            _finish((p1 + p2) % 10, (b1 + b2) % 10, (), weight, left, taken, groups)
        for points in first_four:
            left[points] += taken
    for (player, banker, thirds), weight in groups.items():
        dealt = 4 + len(thirds)
        rest = _sequences(sum(counts) - taken * dealt, 6 - dealt, taken)
        yield _example(player, banker, thirds), weight * rest


def _finish(
    player: int,
    banker: int,
    thirds: _Thirds,
    weight: int,
    left: list[int],
    taken: int,
    groups: Counter[tuple[int, int, _Thirds]],
) -> None:
    """Add to ``groups`` what can follow; at most two levels deep, one for each third card."""
    hand = _next_hand(player, banker, thirds)
    if hand is None:
        groups[player, banker, thirds] += weight
        return
    for points in range(10):
        more = weight * left[points]
        if more:
            left[points] -= taken
            _finish(player, banker, (*thirds, (hand, points)), more, left, taken, groups)
            left[points] += taken


@cache
def _next_hand(player: int, banker: int, thirds: _Thirds) -> Hand | None:
    return _example(player, banker, thirds).next_hand()


def _example(player: int, banker: int, thirds: _Thirds) -> Coup:
    """Return a coup whose hands have these two-card totals, and the third cards."""

    def cards(of: Hand, total: int) -> tuple[Card, ...]:
        drawn = (_OF_POINTS[points] for hand, points in thirds if hand is of)
        return (_OF_POINTS[total], _OF_POINTS[0], *drawn)

    return Coup(cards(Hand.PLAYER, player), cards(Hand.BANKER, banker))


_SAME_CARD: Final = (DECK[0], DECK[0])
_SAME_RANK: Final = (DECK[0], DECK[len(RANKS)])
_NEITHER: Final = (DECK[0], DECK[1])


def _first_fours(counts: Sequence[int], taken: int) -> Iterator[tuple[Coup, int]]:
    """Yield an example of each group of first fours that only pairs tell apart, and its weight."""
    left = list(counts)
    groups: Counter[tuple[tuple[Card, Card], tuple[Card, Card]]] = Counter()
    for one, other in product(range(len(DECK)), repeat=2):
        weight = left[one]
        left[one] -= taken
        weight *= left[other]
        left[other] -= taken
        if weight:
            for theirs, count in _two_cards(left, taken).items():
                groups[_kind(one, other), theirs] += weight * count
        left[one] += taken
        left[other] += taken
    rest = _sequences(sum(counts) - taken * 4, 2, taken)
    for (mine, theirs), weight in groups.items():
        yield Coup(mine, theirs), weight * rest


def _kind(one: int, other: int) -> tuple[Card, Card]:
    if one == other:
        return _SAME_CARD
    return _SAME_RANK if DECK[one][0] == DECK[other][0] else _NEITHER


def _two_cards(left: Sequence[int], taken: int) -> dict[tuple[Card, Card], int]:
    """Return how many ordered pairs of cards there are of each kind."""
    of_rank = [sum(left[rank :: len(RANKS)]) for rank in range(len(RANKS))]
    same_card = sum(count * (count - taken) for count in left)
    same_rank = sum(count * (count - taken) for count in of_rank)
    return {
        _SAME_CARD: same_card,
        _SAME_RANK: same_rank - same_card,
        _NEITHER: _sequences(sum(left), 2, taken) - same_rank,
    }
