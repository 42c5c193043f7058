"""Write ``fairness.json``: what the Python domain computes, for verifiers in other languages.

Run from the root of the repository with the package on the path:

    PYTHONPATH=layers/baccarat/src python tests/vectors/make_fairness.py

The input is derived from fixed texts, so a run changes nothing unless the construction changed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from baccarat.domain import merkle
from baccarat.domain.book import BetBook, BookEntry, payouts, payouts_root
from baccarat.domain.canonical import canonical, digest
from baccarat.domain.cards import Card
from baccarat.domain.coup import deal
from baccarat.domain.fairness import Keystream, commitment, deal_coup, deal_key
from baccarat.domain.paytable import COMMISSION_8_DECKS
from baccarat.domain.shoe import Shoe

OUTPUT = Path(__file__).with_name("fairness.json")


def bytes_of(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def book_of(name: str, size: int) -> BetBook:
    spots = list(COMMISSION_8_DECKS.odds)
    return BetBook.of(
        BookEntry(
            player_id=f"player-{bytes_of(f'{name}/{place}')[0] % 4}",
            bet_id=bytes_of(f"{name}/{place}").hex()[:22],
            spot=spots[bytes_of(f"{name}/{place}")[1] % len(spots)],
            stake_minor=101 + 37 * place,
        )
        for place in range(size)
    )


def used_shoe(shoe_id: str, hands: int) -> Shoe:
    """Return an eight-deck shoe after ``hands`` hands were dealt from it."""
    shoe = Shoe.full(shoe_id, 8)
    for hand in range(hands):
        _, order = deal_coup(shoe, bytes_of(f"{shoe_id}/{hand}"))
        shoe = shoe.without(card for _, card in order)
    return shoe


def last_cards(shoe_id: str, left: int) -> Shoe:
    """Return a shoe with ``left`` cards, whichever come last in a fixed shuffle."""
    pool = Shoe.full(shoe_id, 8).pool()
    order = sorted(range(len(pool)), key=lambda place: bytes_of(f"{shoe_id}/{place}"))
    return Shoe.full(shoe_id, 8).without(pool[place] for place in order[left:])


def deal_case(name: str, shoe: Shoe, round_id: str, bets: int) -> dict[str, object]:
    seed = bytes_of(f"seed/{name}")
    book = book_of(name, bets)
    key = deal_key(seed, shoe_id=shoe.shoe_id, round_id=round_id, book_root=book.root)
    stream = Keystream(key)
    coup, order = deal_coup(shoe, key)
    return {
        "name": name,
        "seed": seed.hex(),
        "roundId": round_id,
        "shoeId": shoe.shoe_id,
        "decks": shoe.decks,
        "remaining": shoe.composition,
        "bookRoot": book.root,
        "commitment": commitment(seed, round_id),
        "dealKey": key.hex(),
        "words": [stream.word() for _ in range(10)],
        "cards": [{"to": hand.value, "card": card} for hand, card in order],
        "remainingAfter": shoe.without(card for _, card in order).composition,
        "result": {
            "outcome": coup.outcome.value,
            "player_total": coup.player_total,
            "banker_total": coup.banker_total,
            "natural": coup.is_natural,
        },
    }


def book_case(name: str, size: int) -> dict[str, object]:
    book = book_of(name, size)
    return {
        "entries": [entry.to_json() for entry in book.entries],
        "root": book.root,
        "proofs": book.proofs(range(size)),
    }


def payout_case(*cards: str) -> dict[str, object]:
    """Return what a book is owed after ``cards``, given in the order of dealing."""
    coup, order = deal(iter([Card(card) for card in cards]).__next__)
    book = book_of(f"payouts/{coup.outcome}", 24)
    due = payouts(book, coup, COMMISSION_8_DECKS)
    return {
        "paytable": COMMISSION_8_DECKS.version,
        "cards": [{"to": hand.value, "card": card} for hand, card in order],
        "book": [entry.to_json() for entry in book.entries],
        "payouts": [payout.to_json() for payout in due],
        "payoutsRoot": payouts_root(due),
    }


def vectors() -> dict[str, object]:
    deals = [
        deal_case("new shoe, no bets", Shoe.full("bac-1.s1", 8), "bac-1.000000001", 0),
        deal_case("new shoe, one bet", Shoe.full("bac-1.s1", 8), "bac-1.000000002", 1),
        *(
            deal_case(
                f"after {hands} hands",
                used_shoe("bac-2.s7", hands),
                f"bac-2.{hands + 1:09d}",
                hands % 9,
            )
            for hands in (1, 5, 12, 23, 34, 45, 56, 67, 78)
        ),
        deal_case("fourteen cards left", last_cards("vip-room.s3", 14), "vip-room.000000311", 3),
        deal_case("six cards left", last_cards("vip-room.s4", 6), "vip-room.000000312", 8),
    ]
    documents: list[object] = [
        {},
        [],
        {"b": 1, "a": [True, False, None, -0, 9007199254740991]},
        {"é": "\u20ac", "\U0001f0a1": "ace", "\ufb33": 'd\u0007"\\/\b\n', "": 0},
        {"seq": 7, "data": {"remaining": "8" * 52}, "nested": [[{"z": "", "y": "\u2028"}]]},
    ]
    return {
        "about": "made by make_fairness.py; do not edit",
        "deals": deals,
        "books": [book_case(f"book/{size}", size) for size in (0, 1, 2, 3, 5, 8, 13)],
        "emptyRoot": merkle.root([]).hex(),
        "payouts": [
            payout_case("4H", "KS", "5D", "7C"),
            payout_case("KS", "4H", "7C", "5D"),
            payout_case("4H", "KS", "4D", "8C"),
        ],
        "canonical": [
            {
                "value": value,
                "text": canonical(value).decode(),  # type: ignore[arg-type]
                "digest": digest(value),  # type: ignore[arg-type]
            }
            for value in documents
        ],
    }


if __name__ == "__main__":
    OUTPUT.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="ascii")
