"""Players of two tiers and two currencies: their wallets lie apart, their bets side by side."""

from __future__ import annotations

from unittest import mock

import pytest

from baccarat.adapters.dynamodb.models import wallets_of
from baccarat.application.bets import cancel_bet, place_bets
from baccarat.application.drive_round import sweep
from baccarat.application.payments import credit_house_deposit
from baccarat.domain.errors import Forbidden, IntegrityError
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import BetState, NewBet, PlaceBets, Wallet
from tests.support.cloud import Cloud
from tests.support.rounds import ManualRound

VIP = "vip.7f3a"


@pytest.fixture
def opened(cloud: Cloud) -> ManualRound:
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    for player in ("anna", VIP):
        cloud.fund(player)
    return round_


def available(cloud: Cloud, player: str, currency: str = "EUR") -> int:
    wallet = cloud.ledger.wallet(player, currency)
    assert wallet is not None
    return wallet.available_minor


def test_both_tiers_bet_in_one_round_and_are_settled(opened: ManualRound) -> None:
    cloud = opened.cloud
    standard, vip = (wallets_of(p).wallet.Meta.table_name for p in ("anna", VIP))
    assert standard != vip
    for player in ("anna", VIP):
        # One of the two wins, or a tie gives both back.
        for spot in (Spot.PLAYER, Spot.BANKER):
            cloud.bet(player, opened.round_id, spot, 1_000, f"bet-{spot}")
        gone = cloud.bet(player, opened.round_id, Spot.TIE, 500, "bet-of-nobody")
        cancel_bet(player, opened.round_id, gone.bet_id, ledger=cloud.ledger, clock=cloud.clock)
    opened.play_out()
    paid = [b for b in cloud.ledger.bets(opened.round_id) if b.state is BetState.PAID]
    assert {bet.player_id for bet in paid} == {"anna", VIP}
    assert available(cloud, "anna") == available(cloud, VIP)
    assert {w.player_id for w in cloud.scan.wallets()} == {"anna", VIP}
    assert cloud.balances().findings == ()


def test_what_is_not_in_the_book_goes_back_to_either_tier(opened: ManualRound) -> None:
    cloud, awake = opened.cloud, opened.record
    opened.close()
    # Handlers that read the round while it was open, and slept.
    with mock.patch.object(cloud.floor, "round", return_value=awake):
        for player in ("anna", VIP):
            cloud.bet(player, opened.round_id, Spot.BANKER, 700, "sleeper")
            assert available(cloud, player) == 99_300
    sweep(opened.record, ledger=cloud.ledger, archive=cloud.archive, clock=cloud.clock)
    assert available(cloud, "anna") == available(cloud, VIP) == 100_000
    states = {b.state for b in cloud.ledger.bets(opened.round_id)}
    assert states == {BetState.REFUNDED}
    assert cloud.balances().findings == ()


def test_a_tier_that_this_house_does_not_have_is_no_wallet(cloud: Cloud) -> None:
    with pytest.raises(IntegrityError, match="no wallets here"):
        cloud.ledger.wallet("gold.1", "EUR")


def test_currencies_of_one_player_are_kept_apart(opened: ManualRound) -> None:
    cloud = opened.cloud
    before = cloud.ledger.wallet("anna", "EUR")
    cloud.ledger.open_wallet(Wallet("anna", "USD", 0, 0))
    # One deposit id, two wallets: two deposits.
    credit_house_deposit("anna", "seed", 70, "USD", ledger=cloud.ledger, clock=cloud.clock)
    assert cloud.ledger.wallet("anna", "EUR") == before
    cloud.bet("anna", opened.round_id, Spot.PLAYER, 1_000, "bet")
    assert available(cloud, "anna") == 99_000
    dollars = cloud.ledger.wallet("anna", "USD")
    assert dollars is not None
    assert (dollars.available_minor, dollars.version, dollars.exposure) == (70, 1, {})
    own = cloud.scan.items_of("anna", "USD")
    assert (len(own.bets), len(own.payments), own.wallets) == (0, 1, [dollars])
    sums = cloud.balances()
    assert sums.findings == ()
    assert (sums.of("USD").available_minor, sums.of("USD").open_stakes_minor) == (70, 0)
    assert sums.of("EUR").open_stakes_minor == 1_000


def test_money_of_another_currency_is_no_stake(cloud: Cloud) -> None:
    round_ = ManualRound(cloud)
    round_.start_table(currency="USD")
    round_.open()
    cloud.fund("anna")
    command = PlaceBets("anna", round_.round_id, (NewBet("b" * 16, Spot.PLAYER, 100),))
    with pytest.raises(Forbidden, match="no wallet in USD"):
        place_bets(command, floor=cloud.floor, ledger=cloud.ledger, clock=cloud.clock)
    assert available(cloud, "anna") == 100_000
