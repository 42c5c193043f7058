"""A stopped wallet at the table: what its player is owed still comes in."""

from __future__ import annotations

import pytest

from baccarat.application.bets import cancel_bet
from baccarat.application.drive_round import void_round
from baccarat.domain.errors import WalletStopped
from baccarat.domain.paytable import Spot
from baccarat.domain.round import RoundState, VoidReason
from baccarat.domain.wallet import BetState, Wallet, stop
from tests.support.cloud import Cloud
from tests.support.rounds import ManualRound

WHY = "CHECKED"


def anna(cloud: Cloud) -> Wallet:
    found = cloud.ledger.wallet("anna", "EUR")
    assert found is not None
    return found


@pytest.fixture
def staked(cloud: Cloud) -> ManualRound:
    """Anna, who had 100,000, has bet on every outcome; then her wallet was stopped."""
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    cloud.fund("anna")
    for number, spot in enumerate((Spot.PLAYER, Spot.BANKER, Spot.TIE)):
        cloud.bet("anna", round_.round_id, spot, 1_000, f"bet-{number}")
    before = anna(cloud)
    after, record = stop(before, WHY, "ops", cloud.clock.now_ms())
    cloud.ledger.stop(before, after, record)
    return round_


def test_a_settled_round_pays_a_stopped_wallet(staked: ManualRound) -> None:
    cloud = staked.cloud
    assert staked.play_out().round.state is RoundState.SETTLED
    bets = cloud.ledger.bets_of(staked.round_id, "anna")
    won = sum(bet.payout_minor for bet in bets if bet.state is BetState.PAID)
    assert won > 0
    after = anna(cloud)
    assert (after.available_minor, after.stopped) == (97_000 + won, WHY)
    assert cloud.balances().findings == ()


def test_a_voided_round_refunds_a_stopped_wallet(staked: ManualRound) -> None:
    cloud = staked.cloud
    void_round(
        staked.step,
        VoidReason.TABLE_DOWN,
        floor=cloud.floor,
        ledger=cloud.ledger,
        archive=cloud.archive,
        signer=cloud.signer,
        clock=staked.clock,
    )
    after = anna(cloud)
    assert (after.available_minor, after.stopped) == (100_000, WHY)
    assert cloud.balances().findings == ()


def test_a_bet_of_a_stopped_wallet_can_be_taken_back_but_none_is_placed(
    staked: ManualRound,
) -> None:
    cloud = staked.cloud
    cancel_bet(
        "anna", staked.round_id, "bet-2".ljust(16, "-"), ledger=cloud.ledger, clock=cloud.clock
    )
    assert anna(cloud).available_minor == 98_000
    with pytest.raises(WalletStopped):
        cloud.bet("anna", staked.round_id, Spot.TIE, 1_000, "another")
    assert anna(cloud).available_minor == 98_000
    assert cloud.balances().findings == ()
