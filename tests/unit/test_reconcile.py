"""Each kind of damage to the books is found, and sound books have no finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from baccarat.application.reconcile import Items, Sums, reconcile
from baccarat.domain.journal import movements_of
from baccarat.domain.payment import Payment, house_deposit
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import (
    Bet,
    HousePosting,
    NewBet,
    PlaceBets,
    RefundReason,
    Wallet,
    cancel,
    pay,
    place,
    refund,
    resume,
    stop,
)
from tests.builders import START_MS, a_round

Books = tuple[list[Wallet], list[Bet], list[Payment], list[HousePosting]]


def books() -> Books:
    """One settled round with a winner, a loser and a cancelled bet; one open; one refund."""
    settled, open_ = a_round(), a_round(round_no=2, round_id="bac-1.000000002")
    anna, money = house_deposit(Wallet("anna", "EUR", 0, 0), "d1", 10_000, START_MS)
    bets = []
    for number, (round_, stake) in enumerate(
        [(settled, 1_000), (settled, 500), (settled, 300), (open_, 700), (open_, 200)]
    ):
        wanted = (NewBet(f"b{number}", Spot.BANKER, stake),)
        command = PlaceBets("anna", round_.round_id, wanted)
        anna, (bet,) = place(anna, command, round_, START_MS)
        bets.append(bet)
    anna, (bets[0],) = pay(anna, [(bets[0], 1_950)], START_MS)
    anna, bets[2] = cancel(anna, bets[2], START_MS)
    anna, (bets[4],) = refund(anna, [bets[4]], RefundReason.NOT_IN_BOOK, START_MS)
    posting = HousePosting("bac-1", settled.round_id, "EUR", 1_500, 1_950)
    return [anna, Wallet("bruno", "EUR", 0, 0)], bets, [money], [posting]


def items(b: Books) -> Items:
    return Items(wallets=b[0], bets=b[1], payments=b[2], postings=b[3])


def test_sound_books() -> None:
    found = reconcile(items(books()))
    assert found.findings == ()
    assert found.of("EUR") == Sums(
        available_minor=9_750, open_stakes_minor=700, house_minor=-450, deposits_minor=10_000
    )
    assert reconcile(Items()).findings == ()


def _wallet_richer(b: Books) -> Any:
    b[0][0] = replace(b[0][0], available_minor=b[0][0].available_minor + 1)


def _wallet_skips(b: Books) -> Any:
    b[0][0] = replace(b[0][0], version=b[0][0].version + 1)


def _paid_twice(b: Books) -> Any:
    b[0][0], (b[1][1],) = pay(b[0][0], [(b[1][1], 975)], START_MS)


def _bet_lost(b: Books) -> Any:
    del b[1][3]


def _deposit_lost(b: Books) -> Any:
    del b[2][0]


def _posting_lost(b: Books) -> Any:
    del b[3][0]
    # Money goes on moving: by now the round must have been posted.
    b[0][1], money = house_deposit(b[0][1], "d2", 100, START_MS + 5 * 60_000 + 1)
    b[2].append(money)


def _posting_wrong(b: Books) -> Any:
    b[3][0] = replace(b[3][0], paid_minor=1_949)


def _wallet_lost(b: Books) -> Any:
    del b[0][0]


def _version_lost(b: Books) -> Any:
    b[1][0] = replace(b[1][0], closed_version=None)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            _wallet_richer,
            ["movements give 9750 available, the wallet has 9751", "is not deposits 10000"],
        ),
        (_wallet_skips, ["movements do not cover versions 1 to 10"]),
        (_paid_twice, ["is not deposits 10000"]),
        (_bet_lost, ["movements do not cover versions", "movements give 10450"]),
        (_deposit_lost, ["movements do not cover versions", "is not deposits 0"]),
        (_posting_lost, ["bac-1.000000001 moved money and has no posting of the house"]),
        (_posting_wrong, ["is not deposits 10000"]),
        (_wallet_lost, ["anna EUR: movements without a wallet", "is not deposits 10000"]),
        (_version_lost, ["anna EUR: bet b0 of anna is closed without a version"]),
    ],
)
def test_damage_is_found(damage: Callable[[Books], Any], words: list[str]) -> None:
    damaged = books()
    damage(damaged)
    findings = " | ".join(reconcile(items(damaged)).findings)
    for expected in words:
        assert expected in findings


def test_a_round_that_is_paying_is_no_difference() -> None:
    paying = books()
    del paying[3][0]
    found = reconcile(items(paying))
    assert found.findings == ()
    # 700 lie open, 500 are lost but not posted, and the winner of 1,000 has had 1,950 already.
    assert found.of("EUR").open_stakes_minor == 700 + 500 + 1_000 - 1_950


def test_what_is_newer_than_the_wallet_that_was_read_is_no_difference() -> None:
    """The wallet is read at every version in turn, the items when all of it has happened."""
    wallets, bets, money, _ = books()
    history = [Wallet("anna", "EUR", 0, 0)]
    for move in movements_of(bets, money, [], []):
        history.append(history[-1].moved(move.kind, move.amount_minor, START_MS, move.reference))
    assert replace(wallets[0], exposure={}) == history[-1]
    for wallet in history:
        later = Items([wallet, wallets[1]], bets, money, postings=())
        assert reconcile(later).findings == (), wallet.version
        richer = replace(wallet, available_minor=wallet.available_minor + 1)
        [finding, _] = reconcile(replace(later, wallets=[richer])).findings
        assert finding.startswith("anna EUR: movements give")


def test_a_stop_that_no_item_tells_of_is_found_and_so_is_one_that_is_gone() -> None:
    wallets, bets, money, postings = books()
    halted, record = stop(wallets[0], "BOOKS_DIFFER", "reconciler", START_MS)
    sound = Items([halted], bets, money, (), [record], postings)
    assert reconcile(sound).findings == ()
    [finding] = reconcile(replace(sound, wallets=[replace(halted, stopped=None)])).findings
    assert finding == "anna EUR: stops give BOOKS_DIFFER, the wallet has None"
    going, resumed = resume(halted, "looked at", "ops", START_MS)
    both = replace(sound, wallets=[going], stops=[record, resumed])
    assert reconcile(both).findings == ()
    assert reconcile(replace(both, wallets=[replace(going, stopped="X")])).findings == (
        "anna EUR: stops give None, the wallet has X",
    )
