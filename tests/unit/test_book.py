from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from baccarat.domain import merkle
from baccarat.domain.book import (
    BetBook,
    BookEntry,
    Payout,
    payouts,
    payouts_root,
    within_differential,
)
from baccarat.domain.coup import replay
from baccarat.domain.paytable import COMMISSION_8_DECKS, Spot
from baccarat.domain.wallet import Bet, BetState, RefundReason
from tests.builders import bet, hands, many_bets, placed_bet

BANKER_WINS = replay(hands("7C KD", "9C KD"))
TIE = replay(hands("9C KD", "9D KH"))


def test_a_leaf_is_written_out_in_the_published_form() -> None:
    entry = BookEntry("anna", "bet-1", Spot.BANKER, 1_000)
    text = b'{"betId":"bet-1","playerId":"anna","spot":"BANKER","stake_minor":1000}'
    assert entry.leaf() == hashlib.sha256(b"\x00" + text).digest()


def test_an_entry_survives_json() -> None:
    for entry in many_bets():
        assert BookEntry.from_json(entry.to_json()) == entry


@pytest.mark.parametrize(
    "change",
    [
        {"stake_minor": 0},
        {"stake_minor": -5},
        {"stake_minor": True},
        {"stake_minor": "5"},
        {"stake_minor": 5.0},
        {"spot": "DRAGON"},
        {"spot": None},
        {"playerId": 7},
        {"betId": None},
        {"note": ""},
    ],
)
def test_what_is_no_entry_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"book entry|valid Spot"):
        BookEntry.from_json({**bet("anna", 1).to_json(), **change})


@pytest.mark.parametrize("missing", ["playerId", "betId", "spot", "stake_minor"])
def test_every_member_is_needed(missing: str) -> None:
    value = bet("anna", 1).to_json()
    del value[missing]
    with pytest.raises(ValueError, match="a book entry has"):
        BookEntry.from_json(value)


def test_the_book_is_sorted_by_player_and_bet() -> None:
    entries = [bet("b", 1), bet("a", 2), bet("b", 0), bet("a", 1)]
    book = BetBook.of(entries)
    assert [(e.player_id, e.bet_id[-1]) for e in book.entries] == [
        ("a", "1"),
        ("a", "2"),
        ("b", "0"),
        ("b", "1"),
    ]
    assert BetBook.of(reversed(entries)) == book
    with pytest.raises(ValueError, match="sorted"):
        BetBook(tuple(reversed(book.entries)))


def test_a_bet_stands_in_the_book_once() -> None:
    with pytest.raises(ValueError, match="each bet once"):
        BetBook.of([bet("a", 1), bet("a", 1)])
    with pytest.raises(ValueError, match="each bet once"):
        BetBook.of([bet("a", 1, stake_minor=100), bet("a", 1, stake_minor=200)])


def test_the_root_is_the_tree_over_the_leaves() -> None:
    book = BetBook.of(many_bets(11))
    assert book.root == merkle.root([entry.leaf() for entry in book.entries]).hex()
    assert BetBook(()).root == hashlib.sha256().hexdigest()
    changed = BetBook.of([*book.entries[1:], bet(book.entries[0].player_id, 0, stake_minor=1)])
    assert changed.root != book.root


def test_every_bet_can_be_proven() -> None:
    book = BetBook.of(many_bets(11))
    for index, entry in enumerate(book.entries):
        proof = [bytes.fromhex(sibling) for sibling in book.proofs([index])[0]]
        assert merkle.root_from_proof(entry.leaf(), index, 11, proof).hex() == book.root


def test_stakes() -> None:
    book = BetBook.of([bet("a", 1, "TIE", 5), bet("a", 2, "TIE", 6), bet("b", 3, "PLAYER", 7)])
    assert book.stakes() == {Spot.TIE: 11, Spot.PLAYER: 7}
    assert BetBook(()).stakes() == {}


def _paid(*entries: BookEntry, coup: Any = BANKER_WINS) -> list[tuple[str, int]]:
    due = payouts(BetBook.of(entries), coup, COMMISSION_8_DECKS)
    return [(payout.bet_id[-1], payout.payout_minor) for payout in due]


def test_winners_and_pushes_are_listed_in_book_order_and_losers_are_not() -> None:
    entries = [bet("b", 3, "BANKER", 100), bet("a", 2, "PLAYER", 100), bet("a", 1, "BANKER", 20)]
    assert _paid(*entries) == [("1", 39), ("3", 195)]
    assert _paid(*entries, coup=TIE) == [("1", 20), ("2", 100), ("3", 100)]
    assert _paid(bet("a", 1, "TIE", 100), coup=TIE) == [("1", 900)]
    assert _paid() == []


def test_rounding_happens_once_per_player_and_spot() -> None:
    """Ten bets of one minor unit get together what one of ten gets: 10 + 9, not 10 + 0."""
    ones = [bet("a", n, "BANKER", 1) for n in range(10)]
    assert sum(amount for _, amount in _paid(*ones)) == 10 + 9
    assert [amount for _, amount in _paid(*ones)] == [1, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    assert sum(amount for _, amount in _paid(bet("a", 1, "BANKER", 10))) == 19


def test_players_do_not_share_their_rounding() -> None:
    assert _paid(*[bet(f"p{n}", n, "BANKER", 1) for n in range(3)]) == [
        ("0", 1),
        ("1", 1),
        ("2", 1),
    ]


def test_spots_do_not_share_their_rounding() -> None:
    entries = [bet("a", 1, "BANKER", 1), bet("a", 2, "PLAYER", 50), bet("a", 3, "BANKER", 19)]
    assert _paid(*entries) == [("1", 1), ("3", 38)]


def test_the_root_of_payouts_is_written_out_in_the_published_form() -> None:
    items = (Payout("anna", "bet-1", 195), Payout("bruno", "bet-2", 7))
    texts = [
        b'{"betId":"bet-1","payout_minor":195,"playerId":"anna"}',
        b'{"betId":"bet-2","payout_minor":7,"playerId":"bruno"}',
    ]
    a, b = (hashlib.sha256(b"\x00" + text).digest() for text in texts)
    assert payouts_root(items) == hashlib.sha256(b"\x01" + a + b).hexdigest()
    assert payouts_root(()) == hashlib.sha256().hexdigest()


def _row(text: str) -> list[Bet]:
    """Bets in the order in which they were placed, as ``P500 B200 TIE100``."""
    spots = {"P": "PLAYER", "B": "BANKER", "TIE": "TIE", "BIG": "BIG"}
    bets = []
    for number, word in enumerate(text.split()):
        name = word.rstrip("0123456789")
        stake = int(word.removeprefix(name))
        bets.append(placed_bet(f"p{number}", f"b{number}", spots[name], stake, number))
    return bets


@pytest.mark.parametrize(
    ("placed", "kept"),
    [
        ("P100 B50 P50", "P100 B50 P50"),
        ("", ""),
        # The newest of the heavier side is left out.
        ("P60 P51 B10", "P60 B10"),
        ("B60 P10 B60 B60", "B60 P10"),
        # Side bets and ties stay, however much.
        ("P60 TIE900 P60 BIG900", "P60 TIE900 BIG900"),
        # What was left out on the way to a larger bet comes back.
        ("P150 P30", "P30"),
        ("P500 P90 P5 B10", "P90 P5 B10"),
        # A bet so large that the other side would be too heavy without it stays if it can.
        ("P300 P1000 B1000", "P1000 B1000"),
        ("P50 P1000 B500", "P50"),
        ("P1000 B500", ""),
        ("P101", ""),
    ],
)
def test_the_differential_leaves_out_the_newest_of_the_heavier_side(placed: str, kept: str) -> None:
    bets = _row(placed)
    stay = kept.split()
    expected = []
    for made, word in zip(bets, placed.split(), strict=True):
        if word in stay:
            stay.remove(word)
            expected.append(made)
    assert within_differential(bets, 100) == expected
    assert within_differential(reversed(bets), 100) == expected


def test_bets_of_one_moment_are_told_apart_by_their_keys() -> None:
    bets = [placed_bet(player, "b", "PLAYER", 60, 5) for player in ("c", "a", "b")]
    assert [kept.player_id for kept in within_differential(bets, 100)] == ["a"]


def test_the_book_of_placed_bets() -> None:
    bets = _row("P60 B10 P70 TIE40 P100")
    bets[4] = replace(bets[4], state=BetState.CANCELLED)
    assert BetBook.of_placed(bets, None).stakes() == {
        Spot.PLAYER: 130,
        Spot.BANKER: 10,
        Spot.TIE: 40,
    }
    assert BetBook.of_placed(bets, 100).stakes() == {
        Spot.PLAYER: 60,
        Spot.BANKER: 10,
        Spot.TIE: 40,
    }
    assert BetBook.of_placed(bets, 100) == BetBook.of_placed(reversed(bets), 100)


def test_the_book_itself_tells_why_a_bet_is_not_in_it() -> None:
    bets = _row("P60 B10 P70")
    book = BetBook.of_placed(bets, 100)
    assert book.reason_without(bets[2], 100) is RefundReason.TABLE_DIFFERENTIAL
    late = _row("P50 P51 B150 B151 TIE900")
    assert [book.reason_without(bet, 100).value for bet in late] == [
        "NOT_IN_BOOK",
        "TABLE_DIFFERENTIAL",
        "NOT_IN_BOOK",
        "TABLE_DIFFERENTIAL",
        "NOT_IN_BOOK",
    ]
    assert {book.reason_without(bet, None) for bet in late} == {RefundReason.NOT_IN_BOOK}
