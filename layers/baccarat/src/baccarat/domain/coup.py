"""One coup of punto banco: the order of the cards, the third-card rule, the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from baccarat.domain.cards import POINTS, Card, total


class Hand(StrEnum):
    PLAYER = "PLAYER"
    BANKER = "BANKER"


class Outcome(StrEnum):
    PLAYER = "PLAYER"
    BANKER = "BANKER"
    TIE = "TIE"


_FIRST_FOUR: Final = (Hand.PLAYER, Hand.BANKER, Hand.PLAYER, Hand.BANKER)

BANKER_DRAWS_ON: Final[dict[int, frozenset[int]]] = {
    0: frozenset(range(10)),
    1: frozenset(range(10)),
    2: frozenset(range(10)),
    3: frozenset({0, 1, 2, 3, 4, 5, 6, 7, 9}),
    4: frozenset({2, 3, 4, 5, 6, 7}),
    5: frozenset({4, 5, 6, 7}),
    6: frozenset({6, 7}),
    7: frozenset(),
}
"""Banker's two-card total → the points of Player's third card on which Banker draws."""


def banker_draws(banker_total: int, player_third_points: int | None) -> bool:
    """Return whether Banker takes a third card; ``None`` means that Player stood."""
    if player_third_points is None:
        return banker_total <= 5
    return player_third_points in BANKER_DRAWS_ON[banker_total]


@dataclass(frozen=True, slots=True)
class Coup:
    """The cards of both hands in the order in which they came; complete or not."""

    player: tuple[Card, ...] = ()
    banker: tuple[Card, ...] = ()

    def next_hand(self) -> Hand | None:
        """Return the hand that takes the next card, or ``None`` when the coup is complete."""
        dealt = len(self.player) + len(self.banker)
        if dealt < len(_FIRST_FOUR):
            return _FIRST_FOUR[dealt]
        player_total, banker_total = total(self.player[:2]), total(self.banker[:2])
        if player_total >= 8 or banker_total >= 8 or len(self.banker) == 3:
            return None
        if len(self.player) == 2 and player_total <= 5:
            return Hand.PLAYER
        third = POINTS[self.player[2]] if len(self.player) == 3 else None
        return Hand.BANKER if banker_draws(banker_total, third) else None

    def with_card(self, card: Card) -> Coup:
        """Return the coup after ``card`` went where the rules send it.

        Raises:
            ValueError: the coup is complete.
        """
        match self.next_hand():
            case Hand.PLAYER:
                return Coup((*self.player, card), self.banker)
            case Hand.BANKER:
                return Coup(self.player, (*self.banker, card))
            case None:
                raise ValueError("the coup is complete: no hand takes another card")

    @property
    def player_total(self) -> int:
        return total(self.player)

    @property
    def banker_total(self) -> int:
        return total(self.banker)

    @property
    def is_natural(self) -> bool:
        """Whether either hand made eight or nine with its first two cards."""
        return max(total(self.player[:2]), total(self.banker[:2])) >= 8

    @property
    def outcome(self) -> Outcome:
        """The winner of a complete coup.

        Raises:
            ValueError: cards are still to come.
        """
        if self.next_hand() is not None:
            raise ValueError("the coup is not complete")
        if self.player_total == self.banker_total:
            return Outcome.TIE
        return Outcome.PLAYER if self.player_total > self.banker_total else Outcome.BANKER


def deal(draw: Callable[[], Card]) -> tuple[Coup, tuple[tuple[Hand, Card], ...]]:
    """Deal a whole coup with cards from ``draw``; return it and who got which card, in order."""
    coup = Coup()
    order: list[tuple[Hand, Card]] = []
    while (hand := coup.next_hand()) is not None:
        card = draw()
        order.append((hand, card))
        coup = coup.with_card(card)
    return coup, tuple(order)


def follow(cards: Sequence[tuple[Hand, Card]]) -> Coup:
    """Return the coup that ``cards`` make so far, complete or not.

    Raises:
        ValueError: a card went to the wrong hand, or one is too many.
    """
    coup = Coup()
    for place, (hand, card) in enumerate(cards, start=1):
        expected = coup.next_hand()
        if hand is not expected:
            due = f"due to {expected}" if expected else "not due to any hand"
            raise ValueError(f"card {place} ({card}) went to {hand}, but it was {due}")
        coup = coup.with_card(card)
    return coup


def replay(cards: Sequence[tuple[Hand, Card]]) -> Coup:
    """Return the complete coup that ``cards`` make.

    Raises:
        ValueError: a card went to the wrong hand, or one is missing or too many.
    """
    coup = follow(cards)
    if coup.next_hand() is not None:
        raise ValueError(f"the coup is not complete after {len(cards)} cards")
    return coup
