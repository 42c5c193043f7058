"""A shoe is opened with or without a burn, and closed with all of its cards accounted for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baccarat.domain.cards import DECK, Card
from baccarat.domain.errors import ShoeNotPossible
from baccarat.domain.log import EventType
from baccarat.domain.round import RetractCards, VoidReason
from baccarat.domain.shoe import Shoe, ShoeInPlay
from baccarat.domain.shoe_change import ShoeSecret, burned_with, close_shoe, open_shoe
from baccarat.domain.shoe_commitment import CommittedOrder, record_commitment
from baccarat.domain.table import Table
from baccarat.domain.table_config import DealingMode, ShoeProcedure
from tests.builders import START_MS, Floor, by_hand

SHOE = ShoeInPlay(Shoe.full("bac-1.s1", 8).without([Card("7D"), Card("AS")]), "ab" * 32, 9)
FULL_ORDER = tuple(Shoe.full("", 8).pool())


def table(mode: DealingMode = DealingMode.SHOE, *, burn: bool = True) -> Table:
    return Table.create("bac-1", by_hand(mode, ShoeProcedure(burn=burn)), START_MS)


def order(cards: tuple[Card, ...] = FULL_ORDER) -> ShoeSecret:
    return ShoeSecret(order=CommittedOrder("bac-1.s1", cards, bytes(32)))


@pytest.mark.parametrize(
    ("rank", "face_down"),
    [*zip("A23456789", range(1, 10), strict=True), *((r, 10) for r in "TJQK")],
)
def test_as_many_are_burned_as_the_first_card_is_worth(rank: str, face_down: int) -> None:
    card = Card(rank + "S")
    assert burned_with(card) == face_down
    (type_, data), shoe = open_shoe(
        table(), by="pia", commitment="cd" * 32, burn_card=card, opening=None
    )
    assert type_ is EventType.SHOE_OPENED
    assert data["burned"] == {"card": card, "face_down": face_down, "opening": None}
    assert (shoe.drawn, shoe.unseen.cards_left) == (1 + face_down, 415)
    assert shoe.cards_left == 416 - 1 - face_down
    assert shoe.unseen.remaining[DECK.index(card)] == 7


def test_what_an_opened_shoe_says() -> None:
    opening = order().order.opening(0)  # type: ignore[union-attr]
    (_, data), shoe = open_shoe(
        table(DealingMode.SHUFFLER),
        by="pia",
        commitment="cd" * 32,
        burn_card=Card("AC"),
        opening=opening,
    )
    assert data == {
        "shoeId": "bac-1.s1",
        "shoe_no": 1,
        "mode": "shuffler",
        "decks": 8,
        "procedure": {"cut_cards": 14, "hands_after_cut": 1, "burn": True},
        "commitment": "cd" * 32,
        "by": "pia",
        "burned": {"card": "AC", "face_down": 1, "opening": opening.to_json()},
    }
    assert (shoe.opened, shoe.hands_left) == ("", None)


def test_a_burn_is_given_if_and_only_if_the_procedure_wants_it() -> None:
    with pytest.raises(ShoeNotPossible, match="the first card is burned face up: scan it"):
        open_shoe(table(), by="pia", commitment="cd" * 32, burn_card=None, opening=None)
    plain = table(burn=False)
    with pytest.raises(ShoeNotPossible, match="no burn"):
        open_shoe(plain, by="pia", commitment="cd" * 32, burn_card=Card("AS"), opening=None)
    (_, data), shoe = open_shoe(plain, by="pia", commitment="cd" * 32, burn_card=None, opening=None)
    assert data["burned"] is None
    assert shoe == ShoeInPlay(Shoe.full("bac-1.s1", 8), "", 0)


def test_a_shoe_in_play_is_closed_first() -> None:
    busy = replace(table(), shoe=SHOE)
    with pytest.raises(
        ShoeNotPossible, match=r"shoe bac-1\.s1 is in play; close it first"
    ) as refused:
        open_shoe(busy, by="pia", commitment="cd" * 32, burn_card=Card("AS"), opening=None)
    assert refused.value.details == {"shoeId": "bac-1.s1"}


def test_a_shoe_of_hands_is_counted_card_by_card() -> None:
    secret = ShoeSecret(record={"shuffled_by": ["dora"]}, salt=bytes(32))
    assert secret.commitment == record_commitment({"shuffled_by": ["dora"]}, bytes(32))
    # One more or one less, and one card for another: the count is of kinds, not of cards.
    right = SHOE.unseen
    wrong = [
        right.without([Card("KS")]),
        Shoe.full("bac-1.s1", 8).without([Card("7D"), Card("KS")]),
        Shoe.full("bac-1.s1", 8),
    ]
    for counted in (right, *wrong):
        (type_, data), reconciled = close_shoe(
            SHOE, DealingMode.SHOE, by="pia", secret=secret, counted=counted
        )
        assert type_ is EventType.SHOE_CLOSED
        assert reconciled is (counted == right)
        assert data == {
            "shoeId": "bac-1.s1",
            "by": "pia",
            "drawn": 9,
            "unseen": right.composition,
            "counted": counted.composition,
            "reconciled": counted == right,
            "opened": {"record": {"shuffled_by": ["dora"]}, "salt": "00" * 32},
        }
    with pytest.raises(ShoeNotPossible, match="scan all 414 cards") as refused:
        close_shoe(SHOE, DealingMode.SHOE, by="pia", secret=secret, counted=None)
    assert refused.value.details == {"unseen": 414}


def test_a_machines_shoe_is_reconciled_by_its_order() -> None:
    doubled = (FULL_ORDER[-1], *FULL_ORDER[1:])
    for secret, complete in ((order(), True), (order(doubled), False), (order(doubled[1:]), False)):
        (_, data), reconciled = close_shoe(
            SHOE, DealingMode.SHUFFLER, by="pia", secret=secret, counted=None
        )
        assert (reconciled, data["reconciled"], data["counted"]) == (complete, complete, None)
        assert secret.order is not None
        assert secret.commitment == secret.order.commitment
        assert data["opened"] == {"order": "".join(secret.order.order), "salt_key": "00" * 32}
    for missing in (None, ShoeSecret(record={}, salt=b"")):
        with pytest.raises(ShoeNotPossible, match="the committed order of the shoe is missing"):
            close_shoe(SHOE, DealingMode.SHUFFLER, by="pia", secret=missing, counted=None)


def test_a_servers_shoe_carries_its_composition_and_opens_nothing() -> None:
    for drawn, reconciled in ((2, True), (3, False)):
        shoe = replace(SHOE, drawn=drawn)
        (_, data), found = close_shoe(shoe, DealingMode.RNG, by=None, secret=None, counted=None)
        assert (found, data["opened"], data["counted"]) == (reconciled, None, None)


@pytest.mark.parametrize("mode", [DealingMode.SHOE, DealingMode.SHUFFLER])
@pytest.mark.parametrize("burn", [True, False])
def test_an_honest_shoe_reconciles(mode: DealingMode, burn: bool) -> None:  # noqa: FBT001  both
    floor = Floor(config=by_hand(mode, ShoeProcedure(burn=burn)))
    for _ in range(3):
        floor.play()
    # Three cards lie on the table when it is voided, however many of them count.
    void = floor.open_round().deal().deal().deal()
    void.step(RetractCards(2, "pia", ""))
    found = void.round.shoe.drawn
    void.void(VoidReason.PIT_DECISION)
    assert floor.table.shoe is not None
    assert floor.table.shoe.drawn == found + 3
    floor.play()
    assert floor.close_shoe()
    assert floor.table.shoe is None
