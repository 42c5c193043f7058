"""What is committed to when a shoe is opened, and what proves a card of it."""

from __future__ import annotations

import hashlib
import hmac
import random
from dataclasses import replace
from typing import Any

import pytest

from baccarat.domain import merkle
from baccarat.domain.canonical import canonical
from baccarat.domain.cards import Card
from baccarat.domain.shoe import Shoe
from baccarat.domain.shoe_commitment import (
    CommittedOrder,
    Opening,
    card_leaf,
    card_salt,
    is_complete,
    parse_order,
    record_commitment,
)

CARDS = Shoe.full("", 1).pool()
random.Random(1).shuffle(CARDS)
ORDER = CommittedOrder("bac-1.s1", tuple(CARDS), bytes(range(32)))


def test_the_salt_of_a_card_depends_on_key_shoe_and_position() -> None:
    message = b"baccarat/shoe/v1|bac-1.s1|7"
    expected = hmac.new(bytes(range(32)), message, hashlib.sha256).hexdigest()
    assert card_salt(bytes(range(32)), "bac-1.s1", 7) == expected
    others = {
        card_salt(bytes(32), "bac-1.s1", 7),
        card_salt(bytes(range(32)), "bac-1.s2", 7),
        card_salt(bytes(range(32)), "bac-1.s1", 8),
    }
    assert len(others | {expected}) == 4


def test_a_leaf_is_the_hash_of_position_card_and_salt() -> None:
    text = b'{"card":"TS","position":7,"salt":"ab"}'
    assert card_leaf(7, Card("TS"), "ab") == hashlib.sha256(b"\x00" + text).digest()


def test_the_commitment_is_the_root_over_all_cards() -> None:
    leaves = [
        card_leaf(place, card, card_salt(ORDER.salt_key, "bac-1.s1", place))
        for place, card in enumerate(CARDS)
    ]
    assert ORDER.commitment == merkle.root(leaves).hex()


def test_every_card_is_proven_at_its_place_and_nowhere_else() -> None:
    for place, card in enumerate(CARDS):
        ORDER.opening(place).check(card, 52, ORDER.commitment)
    opening = ORDER.opening(7)
    other = next(card for card in CARDS if card != CARDS[7])
    wrong: list[tuple[Opening, Card, int, str]] = [
        (opening, other, 52, ORDER.commitment),
        (replace(opening, position=8), CARDS[7], 52, ORDER.commitment),
        (replace(opening, position=8), CARDS[8], 52, ORDER.commitment),
        (replace(opening, position=52), CARDS[7], 52, ORDER.commitment),
        (replace(opening, position=-1), CARDS[7], 52, ORDER.commitment),
        (replace(opening, salt="00" * 32), CARDS[7], 52, ORDER.commitment),
        (replace(opening, proof=opening.proof[1:]), CARDS[7], 52, ORDER.commitment),
        (replace(opening, proof=(*opening.proof, "00" * 32)), CARDS[7], 52, ORDER.commitment),
        (replace(opening, proof=("no hash", *opening.proof[1:])), CARDS[7], 52, ORDER.commitment),
        (opening, CARDS[7], 416, ORDER.commitment),
        (opening, CARDS[7], 52, "00" * 32),
    ]
    for given, card, size, commitment in wrong:
        with pytest.raises(ValueError, match=r"position 7|position 8|leaf|proof|hex"):
            given.check(card, size, commitment)
    with pytest.raises(IndexError):
        ORDER.opening(52)


def test_openings_and_orders_survive_json() -> None:
    assert Opening.from_json(ORDER.opening(7).to_json()) == ORDER.opening(7)
    assert ORDER.to_json() == {"order": "".join(CARDS), "salt_key": bytes(range(32)).hex()}
    assert CommittedOrder.from_json("bac-1.s1", ORDER.to_json()).commitment == ORDER.commitment


_GOOD: dict[str, Any] = ORDER.opening(7).to_json()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {**_GOOD, "position": True},
        {**_GOOD, "position": "7"},
        {**_GOOD, "salt": 7},
        {**_GOOD, "proof": "ab"},
        {**_GOOD, "proof": [1]},
        {**_GOOD, "note": 1},
    ],
)
def test_what_is_no_opening_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="an opening has"):
        Opening.from_json(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"order": "AC"},
        {"order": "AC", "salt_key": "xy"},
        {"order": "AC", "salt_key": "", "note": 1},
        {"order": "AC1", "salt_key": ""},
        {"order": ["AC"], "salt_key": ""},
    ],
)
def test_what_is_no_order_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"order|hex|card"):
        CommittedOrder.from_json("bac-1.s1", value)


def test_an_order_is_complete_with_every_card_of_its_decks() -> None:
    assert parse_order("ACTS") == ("AC", "TS")
    assert parse_order("") == ()
    assert is_complete(CARDS, 1)
    assert is_complete(CARDS * 2, 2)
    assert not is_complete(CARDS, 2)
    assert not is_complete(CARDS[1:], 1)
    assert not is_complete([*CARDS[1:], CARDS[1]], 1)
    assert not is_complete([*CARDS, CARDS[0]], 1)


def test_a_record_is_committed_to_under_its_salt() -> None:
    record: dict[str, Any] = {"shuffled_by": ["dora", "emil"], "at_ms": 7}
    salt = bytes(range(32))
    expected = hashlib.sha256(salt + canonical(record)).hexdigest()
    assert record_commitment(record, salt) == expected
    assert record_commitment({**record, "at_ms": 8}, salt) != expected
    assert record_commitment(record, bytes(32)) != expected
