"""Playing cards as two-character codes: rank ``A23456789TJQK``, then suit ``CDHS``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NewType

Card = NewType("Card", str)

RANKS: Final = "A23456789TJQK"
SUITS: Final = "CDHS"

DECK: Final[tuple[Card, ...]] = tuple(Card(rank + suit) for suit in SUITS for rank in RANKS)
"""The 52 cards in canonical order: clubs ace to king, then diamonds, hearts, spades."""

INDEX: Final[dict[Card, int]] = {card: index for index, card in enumerate(DECK)}

POINTS: Final[dict[Card, int]] = {card: min(RANKS.index(card[0]) + 1, 10) % 10 for card in DECK}
"""Baccarat points: ace one, pips as printed, tens and faces zero."""


def parse_card(code: str) -> Card:
    """Return ``code`` as a card.

    Raises:
        ValueError: ``code`` is not one of the 52 codes.
    """
    card = Card(code)
    if card not in INDEX:
        raise ValueError(f"{code!r} is not a card: a rank of {RANKS} and then a suit of {SUITS}")
    return card


def total(cards: Iterable[Card]) -> int:
    """Return the points of a hand, modulo ten."""
    return sum(POINTS[card] for card in cards) % 10
