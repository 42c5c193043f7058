from __future__ import annotations

import pytest

from baccarat.domain.cards import DECK, INDEX, POINTS, Card, parse_card, total

CLUBS = "AC 2C 3C 4C 5C 6C 7C 8C 9C TC JC QC KC"


def test_the_deck_is_fifty_two_different_cards_in_the_published_order() -> None:
    expected = " ".join(CLUBS.replace("C", suit) for suit in "CDHS")
    assert " ".join(DECK) == expected
    assert len(set(DECK)) == 52
    assert [INDEX[card] for card in DECK] == list(range(52))


@pytest.mark.parametrize(
    ("rank", "points"),
    list(zip("A23456789TJQK", (1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0), strict=True)),
)
def test_points(rank: str, points: int) -> None:
    assert {POINTS[Card(rank + suit)] for suit in "CDHS"} == {points}


def test_parse_card() -> None:
    assert parse_card("TS") == "TS"
    for wrong in ("", "10S", "ts", "TX", "1S", "ST", "TS ", "0H"):
        with pytest.raises(ValueError, match="is not a card"):
            parse_card(wrong)


@pytest.mark.parametrize(
    ("cards", "points"),
    [
        ("", 0),
        ("9C", 9),
        ("9C 9D", 8),
        ("KC QD", 0),
        ("7C 8D", 5),
        ("9C 9D 9H", 7),
        ("AC TC 4S", 5),
    ],
)
def test_total_is_modulo_ten(cards: str, points: int) -> None:
    assert total(Card(code) for code in cards.split()) == points
