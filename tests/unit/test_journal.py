"""The journal of a wallet: movements from items, a chain of entries, accounts that add up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baccarat.adapters.ledger_export import read_export, to_csv, to_json_lines
from baccarat.domain.errors import IntegrityError
from baccarat.domain.journal import (
    GENESIS,
    Entry,
    Leg,
    check_chain,
    entries_of,
    follow,
    legs_of,
    legs_of_posting,
    movements_of,
    table_of,
    trial_balance,
)
from baccarat.domain.movement import Movement, MovementKind
from baccarat.domain.wallet import HousePosting, Stop
from tests.builders import START_MS

ROUND = "bac-1.000000001"
MOVES = [
    Movement(1, MovementKind.DEPOSIT, 10_000, 0, START_MS, "anna.d1"),
    Movement(2, MovementKind.STAKE, -1_000, 0, START_MS + 1, ROUND),
    Movement(3, MovementKind.PAYOUT, 1_950, 0, START_MS + 2, ROUND),
    Movement(4, MovementKind.HOLD, -2_000, 2_000, START_MS + 3, "anna.w1"),
    Movement(5, MovementKind.WITHDRAWAL, 0, -2_000, START_MS + 4, "anna.w1"),
    Movement(6, MovementKind.STOP, 0, 0, START_MS + 5, "BOOKS_DIFFER"),
    Movement(7, MovementKind.RESUME, 0, 0, START_MS + 6, 'a comma, and a "quote"'),
    Movement(8, MovementKind.CORRECTION, -950, 0, START_MS + 7, f"{ROUND}.c1"),
    Movement(9, MovementKind.REVERSAL, -8_000, 0, START_MS + 8, "anna.d1"),
]
METHODS = {"anna.d1": "card", "anna.w1": "bank"}


def chain() -> list[Entry]:
    return entries_of("anna", "EUR", MOVES)


def test_each_entry_has_the_balances_after_it_and_the_hash_before_it() -> None:
    entries = chain()
    assert [e.available_minor for e in entries] == [
        *(10_000, 9_000, 10_950, 8_950, 8_950, 8_950, 8_950, 8_000, 0),
    ]
    assert [e.held_minor for e in entries] == [0, 0, 0, 2_000, 0, 0, 0, 0, 0]
    assert [e.prev for e in entries] == [GENESIS, *(e.hash for e in entries[:-1])]
    check_chain(entries)
    check_chain(entries[4:])
    check_chain([])


def test_a_hash_that_a_stranger_computed() -> None:
    # printf '%s' '{"amount_minor":10000,…}' | sha256sum, see docs/formats/ledger-export.md
    assert chain()[0].hash == "2183b3234dfe0f984388d213be61a13fbe471b970213af72e2cf4f20ca1b8fae"
    assert chain()[1].hash == "08792558079e4bff47d4295e07defbbe6d959820f5ab98952de7d7000119a967"


def test_a_version_that_is_missing_has_no_follower() -> None:
    with pytest.raises(IntegrityError, match="version 3 follows 1"):
        follow(chain()[0], "anna", "EUR", MOVES[2])
    with pytest.raises(IntegrityError, match="version 2 follows 0"):
        entries_of("anna", "EUR", MOVES[1:])


def tampered() -> list[list[Entry]]:
    entries = chain()
    return [
        [*entries[:2], replace(entries[2], available_minor=11_000), *entries[3:]],
        [*entries[:2], replace(entries[2], prev=GENESIS), *entries[3:]],
        [*entries[:2], *entries[3:]],
        [entries[0], entries[2], entries[1]],
        [entries[0], entries[0]],
        [*entries[:2], replace(entries[2], currency="USD")],
        [*entries[:2], replace(entries[2], player_id="bert")],
        [replace(entries[0], held_minor=1)],
    ]


@pytest.mark.parametrize("number", range(8))
def test_a_chain_that_was_changed_does_not_hold(number: int) -> None:
    with pytest.raises(IntegrityError):
        check_chain(tampered()[number])


def test_an_entry_reads_back_and_any_other_member_breaks_its_hash() -> None:
    for entry in chain():
        document = entry.to_json()
        assert Entry.from_json(document) == entry
        for member, value in document.items():
            other = value + 1 if isinstance(value, int) else f"{value}x"
            with pytest.raises(ValueError, match=r"hash|MovementKind"):
                Entry.from_json({**document, member: other})
    document = chain()[0].to_json()
    for wrong in ({**document, "note": 1}, {**document, "version": True}, [], None):
        with pytest.raises(ValueError, match="an entry has exactly"):
            Entry.from_json(wrong)


def test_both_formats_of_an_export_say_the_same_and_name_the_line_that_is_wrong() -> None:
    entries = chain()
    lines, table = to_json_lines(entries), to_csv(entries)
    assert list(read_export(lines)) == entries
    assert list(read_export(table)) == entries
    assert list(read_export("")) == []
    for text, number in ((lines, 3), (table, 4)):
        with pytest.raises(ValueError, match=f"line {number}: version 3: the hash is"):
            list(read_export(text.replace("1950", "1951")))
    for text, words in (
        ("a,b\n", "line 1: neither"),
        (table.replace(",EUR,", ",", 1), "line 2: 11 values"),
        (lines + "{}\n", "line 10: an entry has exactly"),
        (lines + "not json\n", "line 10: this is not JSON"),
    ):
        with pytest.raises(ValueError, match=words):
            list(read_export(text))


@pytest.mark.parametrize(
    ("number", "legs"),
    [
        (1, {"PLAYER#anna": 10_000, "CLEARING#card": -10_000}),
        (2, {"PLAYER#anna": -1_000, f"STAKES#{ROUND}": 1_000}),
        (3, {"PLAYER#anna": 1_950, "HOUSE#bac-1": -1_950}),
        (4, {"PLAYER#anna": -2_000, "HELD#anna": 2_000}),
        (5, {"HELD#anna": -2_000, "CLEARING#bank": 2_000}),
        (6, {}),
        (7, {}),
        (8, {"PLAYER#anna": -950, "HOUSE#bac-1": 950}),
        (9, {"PLAYER#anna": -8_000, "CLEARING#card": 8_000}),
    ],
)
def test_legs(number: int, legs: dict[str, int]) -> None:
    move = MOVES[number - 1]
    found = legs_of("anna", move, METHODS.get(move.reference))
    assert {leg.account: leg.amount_minor for leg in found} == legs
    assert sum(leg.amount_minor for leg in found) == 0


def test_the_trial_balance_adds_up_and_shows_where_the_money_is() -> None:
    postings = [
        HousePosting("bac-1", ROUND, "EUR", 1_000, 1_950),
        HousePosting("bac-1", ROUND, "EUR", 0, -950, correction_no=1),
    ]
    dollars = entries_of("anna", "USD", [replace(MOVES[0], amount_minor=500)])
    accounts = trial_balance([*chain(), *dollars], METHODS, postings)
    assert accounts == {
        "EUR": {
            "PLAYER#anna": 0,
            "CLEARING#card": -2_000,
            "CLEARING#bank": 2_000,
            f"STAKES#{ROUND}": 0,
            "HOUSE#bac-1": 0,
            "HELD#anna": 0,
        },
        "USD": {"PLAYER#anna": 500, "CLEARING#card": -500},
    }
    assert legs_of_posting(postings[0])[1] == Leg("HOUSE#bac-1", 1_000)
    with pytest.raises(IntegrityError, match=r"DEPOSIT anna\.d1 is of no payment"):
        trial_balance(chain(), {}, [])


def test_two_items_cannot_claim_one_version() -> None:
    stop = Stop("anna", "EUR", MovementKind.STOP, "reason", "ops", START_MS, 1)
    assert movements_of([], [], [], [stop])[0].kind is MovementKind.STOP
    with pytest.raises(IntegrityError, match="version 1 is claimed by STOP and STOP"):
        movements_of([], [], [], [stop, stop])


def test_the_table_of_a_round_and_of_its_correction() -> None:
    assert table_of(ROUND) == table_of(f"{ROUND}.c2") == "bac-1"
