from __future__ import annotations

from collections import Counter

import pytest

from baccarat.domain.cards import DECK, Card
from baccarat.domain.shoe import MAX_DECKS, Shoe, ShoeInPlay


def test_a_full_shoe() -> None:
    shoe = Shoe.full("t.s1", 8)
    assert shoe.cards_left == 416
    assert shoe.composition == "8" * 52
    assert Counter(shoe.pool()) == dict.fromkeys(DECK, 8)


def test_the_pool_is_in_deck_order_with_equal_cards_together() -> None:
    shoe = Shoe.from_composition("t.s1", 2, "201" + "0" * 48 + "2")
    assert shoe.pool() == ["AC", "AC", "3C", "KS", "KS"]
    assert shoe.cards_left == 5


def test_cards_leave() -> None:
    shoe = Shoe.full("t.s1", 2).without([Card("AC"), Card("AC"), Card("KS")])
    assert shoe.composition == "0" + "2" * 50 + "1"
    assert (shoe.shoe_id, shoe.decks, shoe.cards_left) == ("t.s1", 2, 101)
    with pytest.raises(ValueError, match=r"no AC is left in shoe t\.s1"):
        shoe.without([Card("AC")])
    assert shoe.without([]) == shoe


def test_composition_round_trip() -> None:
    digits = ("0123456789" * 6)[:52]
    assert Shoe.from_composition("s", 9, digits).composition == digits


@pytest.mark.parametrize(
    "composition", ["", "8" * 51, "8" * 53, "9" + "8" * 51, "-1" + "8" * 50, "x" * 52, "²" * 52]
)
def test_a_wrong_composition_is_refused(composition: str) -> None:
    with pytest.raises(ValueError, match="composition"):
        Shoe.from_composition("t.s1", 8, composition)


@pytest.mark.parametrize("decks", [0, -1, MAX_DECKS + 1])
def test_a_shoe_has_one_to_nine_decks(decks: int) -> None:
    with pytest.raises(ValueError, match="decks"):
        Shoe.full("t.s1", decks)
    assert MAX_DECKS == 9


def test_cards_burned_face_down_are_unseen_but_cannot_be_drawn() -> None:
    unseen = Shoe.full("t.s1", 8).without([Card("7D")])
    shoe = ShoeInPlay(unseen, "ab" * 32, 1 + 7)
    assert (shoe.unseen.cards_left, shoe.cards_left) == (415, 408)


@pytest.mark.parametrize(("hands_left", "finished"), [(None, False), (1, False), (0, True)])
def test_a_shoe_is_finished_after_the_hands_behind_the_cut_card(
    hands_left: int | None,
    finished: bool,  # noqa: FBT001  what must come out
) -> None:
    assert ShoeInPlay(Shoe.full("s", 1), "", 0, hands_left).is_finished is finished
