"""What every store must do for wallets and bets: all of a write or nothing, and once."""

from __future__ import annotations

import pytest

from baccarat.application.bets import cancel_bet
from baccarat.application.payments import credit_house_deposit
from baccarat.domain import wallet as money
from baccarat.domain.errors import (
    BetNotCancellable,
    BetNotFound,
    Contention,
    Forbidden,
    IdempotencyConflict,
    InvalidRequest,
    RoundNotFound,
    StakeBelowMinimum,
)
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import MAX_BETS_AT_ONCE, BetState, NewBet, PlaceBets, Wallet
from tests.support.cloud import Cloud
from tests.support.rounds import ManualRound

BET = "bet-0123456789abcdef"


@pytest.fixture
def opened(cloud: Cloud) -> ManualRound:
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    cloud.fund("anna")
    return round_


def test_a_wallet_is_opened_once(cloud: Cloud) -> None:
    assert cloud.ledger.wallet("anna", "EUR") is None
    assert cloud.ledger.open_wallet(Wallet("anna", "EUR", 0, 0))
    assert not cloud.ledger.open_wallet(Wallet("anna", "EUR", 5_000, 7))
    assert cloud.ledger.wallet("anna", "EUR") == Wallet("anna", "EUR", 0, 0)


def test_a_deposit_is_credited_once_and_its_id_stands_for_one_amount(cloud: Cloud) -> None:
    cloud.fund("anna", 700)
    cloud.fund("anna", 700)
    credited = cloud.ledger.wallet("anna", "EUR")
    assert credited is not None
    assert (credited.available_minor, credited.version) == (700, 1)
    with pytest.raises(IdempotencyConflict):
        credit_house_deposit("anna", "seed", 701, "EUR", ledger=cloud.ledger, clock=cloud.clock)
    assert cloud.ledger.wallet("anna", "EUR") == credited
    assert [p.amount_minor for p in cloud.scan.payments()] == [700]


def test_a_bet_moves_the_wallet_and_is_stored_as_it_was_decided(opened: ManualRound) -> None:
    cloud = opened.cloud
    placed = cloud.bet("anna", opened.round_id, Spot.BANKER, 2_500, BET)
    assert cloud.ledger.bet(opened.round_id, "anna", placed.bet_id) == placed
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert (wallet.available_minor, wallet.version) == (97_500, 2)
    assert (placed.placed_version, placed.balance_after_minor) == (2, 97_500)
    assert wallet.exposure["bac-1"].staked == {Spot.BANKER: 2_500}


def test_the_same_bet_again_gets_the_first_answer_and_takes_nothing(opened: ManualRound) -> None:
    cloud = opened.cloud
    first = cloud.bet("anna", opened.round_id, Spot.BANKER, 2_500, BET)
    cloud.bet("anna", opened.round_id, Spot.TIE, 100, "another-bet-000001")
    assert cloud.bet("anna", opened.round_id, Spot.BANKER, 2_500, BET) == first
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert (wallet.available_minor, wallet.version) == (97_400, 3)


@pytest.mark.parametrize(("spot", "stake"), [(Spot.TIE, 2_500), (Spot.BANKER, 2_501)])
def test_the_same_bet_id_with_other_contents_is_a_conflict(
    opened: ManualRound, spot: Spot, stake: int
) -> None:
    cloud = opened.cloud
    cloud.bet("anna", opened.round_id, Spot.BANKER, 2_500, BET)
    before = cloud.ledger.wallet("anna", "EUR")
    with pytest.raises(IdempotencyConflict):
        cloud.bet("anna", opened.round_id, spot, stake, BET)
    assert cloud.ledger.wallet("anna", "EUR") == before


def test_a_repeat_is_answered_even_when_the_money_is_gone_or_the_round_is_over(
    opened: ManualRound,
) -> None:
    cloud = opened.cloud
    first = cloud.bet("anna", opened.round_id, Spot.PLAYER, 100_000, BET)
    assert cloud.bet("anna", opened.round_id, Spot.PLAYER, 100_000, BET) == first
    opened.play_out()
    again = cloud.bet("anna", opened.round_id, Spot.PLAYER, 100_000, BET)
    assert (again.bet_id, again.placed_version, again.balance_after_minor) == (
        first.bet_id,
        first.placed_version,
        first.balance_after_minor,
    )


def test_a_bet_on_a_wallet_that_moved_writes_neither_item(opened: ManualRound) -> None:
    cloud = opened.cloud
    stale = cloud.ledger.wallet("anna", "EUR")
    assert stale is not None
    cloud.bet("anna", opened.round_id, Spot.TIE, 100, "bet-before-000001")
    command = PlaceBets("anna", opened.round_id, (NewBet(BET, Spot.PLAYER, 500),))
    after, bets = money.place(stale, command, opened.record.round, opened.clock.now_ms())
    with pytest.raises(Contention):
        cloud.ledger.place(stale, after, bets)
    assert cloud.ledger.bet(opened.round_id, "anna", BET) is None
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert wallet.available_minor == 99_900


def test_an_existing_bet_is_told_even_when_the_wallet_moved_too(opened: ManualRound) -> None:
    cloud = opened.cloud
    stale = cloud.ledger.wallet("anna", "EUR")
    assert stale is not None
    placed = cloud.bet("anna", opened.round_id, Spot.PLAYER, 500, BET)
    command = PlaceBets(
        "anna",
        opened.round_id,
        (NewBet("another-bet-000001", Spot.TIE, 100), NewBet(BET, Spot.PLAYER, 500)),
    )
    after, bets = money.place(stale, command, opened.record.round, opened.clock.now_ms())
    assert not cloud.ledger.place(stale, after, bets)
    assert cloud.ledger.bets_of(opened.round_id, "anna") == [placed]


THREE = (
    ("three-bets-000001", Spot.BANKER, 2_000),
    ("three-bets-000002", Spot.TIE, 300),
    ("three-bets-000003", Spot.BANKER, 200),
)


def test_bets_of_one_command_are_one_movement(opened: ManualRound) -> None:
    cloud = opened.cloud
    bets = cloud.bets("anna", opened.round_id, *THREE)
    assert [(b.bet_id, b.spot, b.stake_minor) for b in bets] == list(THREE)
    assert {(b.placed_version, b.balance_after_minor) for b in bets} == {(2, 97_500)}
    assert cloud.ledger.bets_of(opened.round_id, "anna") == list(bets)
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert (wallet.available_minor, wallet.version) == (97_500, 2)
    assert wallet.exposure["bac-1"].staked == {Spot.BANKER: 2_200, Spot.TIE: 300}
    assert wallet.exposure["bac-1"].bets == 3
    assert cloud.bets("anna", opened.round_id, *THREE) == bets
    assert cloud.bets("anna", opened.round_id, *reversed(THREE)) == tuple(reversed(bets))
    assert cloud.ledger.wallet("anna", "EUR") == wallet
    assert cloud.balances().findings == ()


@pytest.mark.parametrize(
    "again",
    [
        THREE[:1],
        THREE[:2],
        (*THREE, ("three-bets-000004", Spot.TIE, 100)),
        (*THREE[:2], ("three-bets-000004", Spot.BANKER, 200)),
        (*THREE[:2], ("three-bets-000003", Spot.BANKER, 201)),
        # What the table would not take is a conflict as well.
        (*THREE[:2], ("three-bets-000003", Spot.BANKER, 99)),
    ],
)
def test_a_command_that_shares_bet_ids_with_another_is_a_conflict_and_changes_nothing(
    opened: ManualRound, again: tuple[tuple[str, Spot, int], ...]
) -> None:
    cloud = opened.cloud
    bets = cloud.bets("anna", opened.round_id, *THREE)
    before = cloud.ledger.wallet("anna", "EUR")
    with pytest.raises(IdempotencyConflict) as refused:
        cloud.bets("anna", opened.round_id, *again)
    assert refused.value.details == {"betId": "three-bets-000001"}
    assert cloud.ledger.wallet("anna", "EUR") == before
    assert cloud.ledger.bets_of(opened.round_id, "anna") == list(bets)


def test_bets_of_two_commands_are_not_one_command(opened: ManualRound) -> None:
    cloud = opened.cloud
    for bet in THREE:
        cloud.bets("anna", opened.round_id, bet)
    with pytest.raises(IdempotencyConflict):
        cloud.bets("anna", opened.round_id, *THREE)


def test_one_bet_that_is_refused_refuses_the_command(opened: ManualRound) -> None:
    cloud = opened.cloud
    before = cloud.ledger.wallet("anna", "EUR")
    with pytest.raises(StakeBelowMinimum):
        cloud.bets("anna", opened.round_id, *THREE[:2], ("three-bets-000003", Spot.PLAYER, 99))
    assert cloud.ledger.bets_of(opened.round_id, "anna") == []
    assert cloud.ledger.wallet("anna", "EUR") == before


def test_the_largest_command_is_written_at_once(opened: ManualRound) -> None:
    cloud = opened.cloud
    wanted = [(f"one-of-many-{n:06d}", Spot.PLAYER, 100) for n in range(MAX_BETS_AT_ONCE)]
    bets = cloud.bets("anna", opened.round_id, *wanted)
    assert len(bets) == 15
    assert sorted(b.bet_id for b in cloud.ledger.bets_of(opened.round_id, "anna")) == [
        id_ for id_, *_ in wanted
    ]
    with pytest.raises(InvalidRequest):
        cloud.bets("anna", opened.round_id, *wanted, ("one-too-many-0000", Spot.TIE, 100))


def test_cancelling_gives_the_stake_back_once(opened: ManualRound) -> None:
    cloud = opened.cloud
    cloud.bet("anna", opened.round_id, Spot.PLAYER, 500, BET)
    for _ in range(2):
        bet, wallet = cancel_bet(
            "anna", opened.round_id, BET, ledger=cloud.ledger, clock=cloud.clock
        )
        assert bet.state is BetState.CANCELLED
        assert (wallet.available_minor, wallet.version) == (100_000, 3)
    assert cloud.balances().findings == ()


def test_nothing_is_cancelled_once_bets_are_closed(opened: ManualRound) -> None:
    cloud = opened.cloud
    cloud.bet("anna", opened.round_id, Spot.PLAYER, 500, BET)
    opened.close()
    before = cloud.ledger.wallet("anna", "EUR")
    with pytest.raises(BetNotCancellable):
        cancel_bet("anna", opened.round_id, BET, ledger=cloud.ledger, clock=cloud.clock)
    assert cloud.ledger.wallet("anna", "EUR") == before
    bet = cloud.ledger.bet(opened.round_id, "anna", BET)
    assert bet is not None
    assert bet.state is BetState.PLACED


def test_a_cancel_on_a_wallet_that_moved_writes_nothing(opened: ManualRound) -> None:
    cloud = opened.cloud
    bet = cloud.bet("anna", opened.round_id, Spot.PLAYER, 500, BET)
    stale = cloud.ledger.wallet("anna", "EUR")
    assert stale is not None
    cloud.bet("anna", opened.round_id, Spot.TIE, 100, "bet-after-0000001")
    after, cancelled = money.cancel(stale, bet, opened.clock.now_ms())
    with pytest.raises(Contention):
        cloud.ledger.cancel(stale, after, cancelled, opened.clock.now_ms())
    assert cloud.ledger.bet(opened.round_id, "anna", BET) == bet


def test_a_bet_is_closed_once_whoever_comes_second(opened: ManualRound) -> None:
    cloud = opened.cloud
    bet = cloud.bet("anna", opened.round_id, Spot.PLAYER, 500, BET)
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    after, paid = money.pay(wallet, [(bet, 1_000)], opened.clock.now_ms())
    cloud.ledger.close(wallet, after, paid)
    again = cloud.ledger.wallet("anna", "EUR")
    assert again is not None
    twice, _ = money.pay(again, [(bet, 1_000)], opened.clock.now_ms())
    with pytest.raises(Contention):
        cloud.ledger.close(again, twice, paid)
    assert cloud.ledger.wallet("anna", "EUR") == again
    assert again.available_minor == 100_500


def test_all_bets_of_a_player_close_together_or_not_at_all(opened: ManualRound) -> None:
    cloud = opened.cloud
    bets = [
        cloud.bet("anna", opened.round_id, Spot.PLAYER, 500, f"bet-number-{n:08d}")
        for n in range(3)
    ]
    cancel_bet("anna", opened.round_id, bets[2].bet_id, ledger=cloud.ledger, clock=cloud.clock)
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    after, paid = money.pay(wallet, [(bet, 1_000) for bet in bets], opened.clock.now_ms())
    with pytest.raises(Contention):
        cloud.ledger.close(wallet, after, paid)
    states = [bet.state for bet in cloud.ledger.bets_of(opened.round_id, "anna")]
    assert states == [BetState.PLACED, BetState.PLACED, BetState.CANCELLED]
    assert cloud.ledger.wallet("anna", "EUR") == wallet


def test_players_whose_names_begin_alike_are_kept_apart(opened: ManualRound) -> None:
    cloud = opened.cloud
    cloud.fund("anna2")
    cloud.bet("anna", opened.round_id, Spot.PLAYER, 500, BET)
    cloud.bet("anna2", opened.round_id, Spot.TIE, 600, BET)
    assert [b.player_id for b in cloud.ledger.bets_of(opened.round_id, "anna")] == ["anna"]
    assert {b.player_id for b in cloud.ledger.bets(opened.round_id)} == {"anna", "anna2"}


def test_unknown_players_rounds_and_bets_are_told_apart(opened: ManualRound) -> None:
    cloud = opened.cloud
    with pytest.raises(Forbidden):
        cloud.bet("nobody", opened.round_id, Spot.PLAYER, 500, BET)
    with pytest.raises(RoundNotFound):
        cloud.bet("anna", "bac-1.000000009", Spot.PLAYER, 500, BET)
    with pytest.raises(BetNotFound):
        cancel_bet("anna", opened.round_id, BET, ledger=cloud.ledger, clock=cloud.clock)


def test_a_round_of_many_bets_is_read_whole(opened: ManualRound) -> None:
    cloud = opened.cloud
    for n in range(12):
        cloud.fund(f"player-{n}")
        bets = [(f"bet-{m:016d}", Spot.PLAYER, 100) for m in range(10)]
        cloud.bets(f"player-{n}", opened.round_id, *bets)
    assert len(cloud.ledger.bets(opened.round_id)) == 120
    opened.play_out()
    assert cloud.balances().findings == ()
