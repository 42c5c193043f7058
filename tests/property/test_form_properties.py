"""Canonical form, Merkle trees and payouts for any input."""

from __future__ import annotations

import json
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from baccarat.adapters.strict_json import loads
from baccarat.domain import merkle
from baccarat.domain.book import BetBook, BookEntry, payouts
from baccarat.domain.canonical import MAX_SAFE_INTEGER, canonical, digest
from baccarat.domain.coup import Coup, replay
from baccarat.domain.fairness import Keystream, deal_coup
from baccarat.domain.paytable import COMMISSION_8_DECKS
from baccarat.domain.shoe import Shoe
from tests.builders import hands

texts = st.text(st.characters(codec="utf-8"), max_size=8)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
entries = st.lists(
    st.builds(
        BookEntry,
        st.sampled_from(["anna", "bruno", "chloe"]),
        st.integers(0, 10**6).map("b{}".format),
        st.sampled_from(list(COMMISSION_8_DECKS.odds)),
        st.integers(1, 50) | st.integers(1, 10**9),
    ),
    max_size=25,
    unique_by=lambda entry: (entry.player_id, entry.bet_id),
)
coups = st.sampled_from(
    [
        replay(hands("9C KD", "7C KD")),
        replay(hands("7C KD", "9C KD")),
        replay(hands("9C KD", "9D KH")),
    ]
)


@given(values)
def test_canonical_is_rfc_8785_and_reads_back(value: Any) -> None:
    form = canonical(value)
    assert form == rfc8785.dumps(value)
    assert loads(form) == value
    assert canonical(loads(form)) == form


@given(values)
def test_spelling_does_not_matter(value: Any) -> None:
    for spelled in (json.dumps(value, indent=2), json.dumps(value, ensure_ascii=False)):
        assert digest(loads(spelled)) == digest(value)


@given(values, values)
def test_different_values_have_different_forms(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) is (
        json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=70), st.data())
def test_merkle_proofs(leaves: list[bytes], data: st.DataObject) -> None:
    hashed = [merkle.leaf_hash(leaf) for leaf in leaves]
    root = merkle.root(hashed)
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = merkle.inclusion_proof(hashed, index)
    assert merkle.root_from_proof(hashed[index], index, len(leaves), proof) == root
    forged = merkle.leaf_hash(data.draw(st.binary(min_size=5, max_size=9)))
    assert merkle.root_from_proof(forged, index, len(leaves), proof) != root
    changed = list(hashed)
    changed[data.draw(st.integers(0, len(leaves) - 1))] = forged
    assert merkle.root(changed) != root
    assert merkle.root([*hashed, forged]) != root


@given(entries, coups)
def test_payouts_follow_the_book_and_the_sum_rule(made: list[BookEntry], coup: Coup) -> None:
    book = BetBook.of(made)
    due = payouts(book, coup, COMMISSION_8_DECKS)
    order = [(entry.player_id, entry.bet_id) for entry in book.entries]
    places = [order.index((payout.player_id, payout.bet_id)) for payout in due]
    assert places == sorted(set(places))
    assert all(payout.payout_minor > 0 for payout in due)
    paid = {(payout.player_id, payout.bet_id): payout.payout_minor for payout in due}
    for player in {entry.player_id for entry in made}:
        for spot in COMMISSION_8_DECKS.odds:
            own = [e for e in made if (e.player_id, e.spot) == (player, spot)]
            staked = sum(entry.stake_minor for entry in own)
            back = sum(paid.get((player, entry.bet_id), 0) for entry in own)
            assert back == COMMISSION_8_DECKS.returned(spot, staked, coup)
            assert back in (0, staked) or spot.value == coup.outcome.value
            for entry in own:
                got = paid.get((player, entry.bet_id), 0)
                exact = COMMISSION_8_DECKS.returned(spot, entry.stake_minor, coup)
                assert exact <= got <= exact + 1


@given(entries, coups, st.data())
def test_a_higher_stake_never_gets_less(
    made: list[BookEntry], coup: Coup, data: st.DataObject
) -> None:
    if not made:
        return
    raised = data.draw(st.sampled_from(made))
    more = BookEntry(
        raised.player_id,
        raised.bet_id,
        raised.spot,
        raised.stake_minor + data.draw(st.integers(1, 99)),
    )

    def total(book: BetBook) -> int:
        return sum(payout.payout_minor for payout in payouts(book, coup, COMMISSION_8_DECKS))

    before = total(BetBook.of(made))
    after = total(BetBook.of([more if entry is raised else entry for entry in made]))
    assert after >= before


@given(st.binary(min_size=32, max_size=32), st.text("0123", min_size=52, max_size=52))
def test_a_deal_takes_only_cards_that_are_there(key: bytes, composition: str) -> None:
    shoe = Shoe.from_composition("s", 3, composition)
    if shoe.cards_left < 6:
        return
    coup, order = deal_coup(shoe, key)
    assert replay(order) == coup
    left = shoe.without(card for _, card in order)
    assert left.cards_left == shoe.cards_left - len(order)


@given(st.binary(min_size=32, max_size=32), st.integers(1, 2**32))
def test_numbers_stay_below_their_bound(key: bytes, bound: int) -> None:
    stream = Keystream(key)
    assert all(0 <= stream.below(bound) < bound for _ in range(20))
