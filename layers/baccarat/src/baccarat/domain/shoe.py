"""The shoe: which cards are left. Order is not part of it; a fair draw decides that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from baccarat.domain.cards import DECK, INDEX, Card

MAX_DECKS: Final = 9  # a count must fit in one decimal digit of ``composition``
MIN_CARDS_FOR_A_HAND: Final = 6


@dataclass(frozen=True, slots=True)
class Shoe:
    """``remaining[i]`` is how many of ``DECK[i]`` are left, at most ``decks`` each."""

    shoe_id: str
    decks: int
    remaining: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.decks <= MAX_DECKS:
            raise ValueError(f"{self.decks} decks: a shoe has 1 to {MAX_DECKS}")
        if len(self.remaining) != len(DECK):
            raise ValueError(f"a composition has {len(DECK)} counts, not {len(self.remaining)}")
        if any(not 0 <= count <= self.decks for count in self.remaining):
            raise ValueError(f"every count of a composition is between 0 and {self.decks}")

    @classmethod
    def full(cls, shoe_id: str, decks: int) -> Shoe:
        """Return a new shoe with every card of ``decks`` decks."""
        return cls(shoe_id, decks, (decks,) * len(DECK))

    @classmethod
    def from_composition(cls, shoe_id: str, decks: int, composition: str) -> Shoe:
        """Return the shoe whose 52 counts are the digits of ``composition``, in ``DECK`` order.

        Raises:
            ValueError: not 52 digits, or a count above ``decks``.
        """
        if not (composition.isascii() and composition.isdigit()):
            raise ValueError("a composition is 52 decimal digits")
        return cls(shoe_id, decks, tuple(int(digit) for digit in composition))

    @property
    def composition(self) -> str:
        """The 52 counts as one digit each, in ``DECK`` order."""
        return "".join(str(count) for count in self.remaining)

    @property
    def cards_left(self) -> int:
        return sum(self.remaining)

    def has(self, card: Card) -> bool:
        """Return whether a card of this kind is left."""
        return self.remaining[INDEX[card]] > 0

    def pool(self) -> list[Card]:
        """Return every remaining card, in ``DECK`` order, equal cards side by side."""
        return [
            card for card, count in zip(DECK, self.remaining, strict=True) for _ in range(count)
        ]

    def without(self, cards: Iterable[Card]) -> Shoe:
        """Return the shoe after ``cards`` left it.

        Raises:
            ValueError: a card that is no longer in the shoe.
        """
        counts = list(self.remaining)
        for card in cards:
            index = INDEX[card]
            if counts[index] == 0:
                raise ValueError(f"no {card} is left in shoe {self.shoe_id}")
            counts[index] -= 1
        return Shoe(self.shoe_id, self.decks, tuple(counts))


@dataclass(frozen=True, slots=True)
class ShoeInPlay:
    """A shoe on the table. ``unseen`` are the cards that nobody has seen leave it: those burned
    face down are among them. ``drawn`` counts all that have left it.

    ``opened`` is the hash of the event that opened it. ``hands_left`` is None until the cut card
    is out.
    """

    unseen: Shoe
    opened: str
    drawn: int
    hands_left: int | None = None

    @property
    def cards_left(self) -> int:
        """How many cards can still be drawn."""
        return self.unseen.decks * len(DECK) - self.drawn

    @property
    def is_finished(self) -> bool:
        return self.hands_left == 0
