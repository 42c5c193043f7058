"""What a player can get back is never above its bound; a sealed book is within the differential."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baccarat.domain.bets import SIDES, Spot, way
from baccarat.domain.book import BetBook, BookEntry, payouts, within_differential
from baccarat.domain.cards import DECK, Card
from baccarat.domain.coup import Coup, deal
from baccarat.domain.paytable import PAYTABLES, Paytable
from baccarat.domain.wallet import Bet, BetState, RefundReason
from tests.builders import bet, placed_bet

tables = st.sampled_from(list(PAYTABLES.values()))


@st.composite
def coups(draw: st.DrawFn) -> Coup:
    cards = iter(draw(st.lists(st.sampled_from(DECK), min_size=6, max_size=6)))
    return deal(lambda: next(cards))[0]


@given(table=tables, made=coups(), data=st.data())
def test_no_coup_returns_more_than_the_bound(
    table: Paytable, made: Coup, data: st.DataObject
) -> None:
    stakes = data.draw(
        st.dictionaries(st.sampled_from(list(table.odds)), st.integers(1, 10**6), min_size=1)
    )
    back = sum(table.returned(spot, stake, made) for spot, stake in stakes.items())
    assert back <= table.most_returned(stakes)


@given(table=tables, made=coups(), data=st.data())
def test_no_book_of_a_player_is_paid_more_than_the_bound(
    table: Paytable, made: Coup, data: st.DataObject
) -> None:
    bets = data.draw(
        st.lists(st.tuples(st.sampled_from(list(table.odds)), st.integers(1, 997)), max_size=12)
    )
    book = BetBook.of(bet("anna", n, spot, stake) for n, (spot, stake) in enumerate(bets))
    paid = sum(payout.payout_minor for payout in payouts(book, made, table))
    assert paid <= table.most_returned(book.stakes())


@pytest.fixture(scope="module")
def many_coups() -> list[Coup]:
    """One coup for each way that a bet can end, and many more."""
    shoe = random.Random(8)
    found = [deal(lambda: shoe.choice(DECK))[0] for _ in range(20_000)]
    pair = [Card("4C"), Card("9S"), Card("4C"), Card("9S"), Card("2D"), Card("2D")]
    cards = iter(pair)
    return [*found, deal(lambda: next(cards))[0]]


@pytest.mark.parametrize("table", PAYTABLES.values(), ids=PAYTABLES)
def test_a_single_spot_reaches_its_bound(table: Paytable, many_coups: list[Coup]) -> None:
    by_way = {spot: {way(spot, made): made for made in many_coups} for spot in table.odds}
    for spot, made in by_way.items():
        for stake in (1, 33, 100):
            most = max(table.returned(spot, stake, coup) for coup in made.values())
            assert most == table.most_returned({spot: stake}), spot


@given(table=tables, data=st.data())
def test_the_bound_never_falls_as_a_stake_grows(table: Paytable, data: st.DataObject) -> None:
    spots = st.sampled_from(list(table.odds))
    stakes = data.draw(st.dictionaries(spots, st.integers(1, 1_000)))
    grown = data.draw(spots)
    more = {**stakes, grown: stakes.get(grown, 0) + data.draw(st.integers(1, 100))}
    assert table.most_returned(stakes) <= table.most_returned(more)


# ── the differential ──

spots = st.sampled_from([*SIDES, *SIDES, *SIDES, Spot.TIE, Spot.BIG])


@st.composite
def bets_of_a_round(draw: st.DrawFn) -> list[Bet]:
    made = draw(st.lists(st.tuples(spots, st.integers(1, 90), st.integers(0, 9)), max_size=25))
    return [
        placed_bet(f"p{number % 4}", f"b{number}", spot, stake, at_ms)
        for number, (spot, stake, at_ms) in enumerate(made)
    ]


def lead(bets: list[Bet]) -> int:
    player, banker = (sum(b.stake_minor for b in bets if b.spot is side) for side in SIDES)
    return player - banker


@given(bets=bets_of_a_round(), differential=st.integers(1, 120))
def test_the_book_is_within_the_differential_and_leaves_out_no_bet_that_fits(
    bets: list[Bet], differential: int
) -> None:
    kept = within_differential(bets, differential)
    assert abs(lead(kept)) <= differential
    left_out = [bet for bet in bets if bet not in kept]
    assert len(kept) + len(left_out) == len(bets)
    assert {bet.spot for bet in left_out} <= set(SIDES)
    for bet_ in left_out:
        assert abs(lead([*kept, bet_])) > differential
    if abs(lead(bets)) <= differential:
        assert not left_out


@given(
    bets=bets_of_a_round(),
    differential=st.integers(1, 120),
    order=st.randoms(use_true_random=False),
)
def test_the_order_in_which_bets_are_read_does_not_matter(
    bets: list[Bet], differential: int, order: random.Random
) -> None:
    shuffled = order.sample(bets, len(bets))
    assert within_differential(shuffled, differential) == within_differential(bets, differential)
    assert within_differential(within_differential(bets, differential), differential) == (
        within_differential(bets, differential)
    )


@given(bets=bets_of_a_round(), differential=st.integers(90, 200))
def test_with_a_differential_above_the_largest_bet_one_side_alone_gives_way(
    bets: list[Bet], differential: int
) -> None:
    kept = within_differential(bets, differential)
    left_out = [bet for bet in bets if bet not in kept]
    heavier = SIDES[0] if lead(bets) > 0 else SIDES[1]
    assert {bet.spot for bet in left_out} <= {heavier}
    # No more is left out than the excess and the bet that crosses it.
    excess = max(0, abs(lead(bets)) - differential)
    assert sum(bet.stake_minor for bet in left_out) < excess + 90


@given(bets=bets_of_a_round(), differential=st.integers(1, 120))
def test_what_the_differential_left_out_says_so(bets: list[Bet], differential: int) -> None:
    bets = [
        replace(bet, state=BetState.CANCELLED) if number % 7 == 6 else bet
        for number, bet in enumerate(bets)
    ]
    book = BetBook.of_placed(bets, differential)
    for bet_ in bets:
        entry = BookEntry(bet_.player_id, bet_.bet_id, bet_.spot, bet_.stake_minor)
        if bet_.state is BetState.CANCELLED:
            assert entry not in book.entries
        elif entry not in book.entries:
            reason = book.reason_without(bet_, differential)
            assert reason is RefundReason.TABLE_DIFFERENTIAL
