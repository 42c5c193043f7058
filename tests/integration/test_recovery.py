"""A driver that dies between a round's last event and what follows it, and tables in trouble."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ReadTimeoutError

from baccarat.adapters.dynamodb import ledger as ledger_items
from baccarat.adapters.dynamodb.floor import _table_item
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.s3 import S3Archive
from baccarat.adapters.stepfunctions import StepFunctionsDriver
from baccarat.application.bets import cancel_bet
from baccarat.application.drive_round import void_failed_round, void_round
from baccarat.domain.book import BetBook
from baccarat.domain.errors import (
    BetNotCancellable,
    Contention,
    IntegrityError,
    MainBetNeeded,
    RoundNotVoidable,
)
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.round import RoundState, VoidReason
from baccarat.domain.table import Table, TableStatus
from baccarat.domain.table_config import Caps, StakeLimit
from baccarat.domain.transcript import verify
from baccarat.domain.wallet import Bet, BetState, Wallet
from tests.support.cloud import TABLE_ID, Cloud, Context, SteppedClock, load_handler, table_config
from tests.support.rounds import ManualRound


class Died(Exception):
    """The process is gone."""


@pytest.fixture
def started(cloud: Cloud) -> Any:
    """Executions are not run here; what would be started is listed."""
    names: list[str] = []

    def start(_: object, *, name: str, **__: object) -> bool:
        names.append(name)
        return True

    cloud.state_machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:round"
    with mock.patch.object(StepFunctionsDriver, "start", start):
        yield names


@pytest.fixture
def opened(cloud: Cloud) -> ManualRound:
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    for name in ("anna", "bert"):
        cloud.fund(name)
        cloud.bet(name, round_.round_id, Spot.PLAYER, 500, f"bet-{name}")
        cloud.bet(name, round_.round_id, Spot.TIE, 100, f"tie-{name}")
    return round_


def void(round_: ManualRound) -> None:
    cloud = round_.cloud
    void_round(
        round_.step,
        VoidReason.DEAL_FAILED,
        floor=cloud.floor,
        ledger=cloud.ledger,
        archive=cloud.archive,
        signer=cloud.signer,
        clock=round_.clock,
    )


def later(minutes: int = 10) -> SteppedClock:
    clock = SteppedClock()
    clock.ms += minutes * 60_000
    return clock


def set_status(cloud: Cloud, status: TableStatus) -> None:
    table = cloud.floor.table(TABLE_ID)
    assert table is not None
    _table_item(replace(table, status=status, version=table.version + 1)).save()


def check_complete(round_: ManualRound, state: RoundState) -> None:
    cloud = round_.cloud
    verified = verify(cloud.archive.transcript(TABLE_ID, round_.round_id), cloud.keys.check)
    assert verified.round.state is state
    balances = cloud.balances()
    assert balances.findings == ()
    assert balances.of("EUR").open_stakes_minor == 0


def test_refunds_of_a_void_round_are_made_up_for_before_the_next_round(
    opened: ManualRound, started: list[str]
) -> None:
    cloud = opened.cloud
    with (
        mock.patch("baccarat.application.drive_round.refund_round", side_effect=Died),
        pytest.raises(Died),
    ):
        void(opened)
    assert opened.record.round.state is RoundState.VOIDED
    assert cloud.archive.transcript(TABLE_ID, opened.round_id) is None
    assert cloud.watch(later()) == "COMPLETED"
    assert {bet.state for bet in cloud.ledger.bets(opened.round_id)} == {BetState.REFUNDED}
    check_complete(opened, RoundState.VOIDED)
    assert started == ["bac-1.000000002.e2"]


def test_a_missing_transcript_of_a_settled_round_is_made_up_for(
    opened: ManualRound, started: list[str]
) -> None:
    cloud = opened.cloud
    with mock.patch.object(S3Archive, "put_transcript", side_effect=Died), pytest.raises(Died):
        opened.play_out()
    assert opened.record.round.state is RoundState.SETTLED
    assert cloud.watch(later()) == "COMPLETED"
    check_complete(opened, RoundState.SETTLED)
    assert started == ["bac-1.000000002.e2"]


def test_a_table_at_rest_finishes_its_round_and_starts_no_other(
    opened: ManualRound, started: list[str]
) -> None:
    cloud = opened.cloud
    set_status(cloud, TableStatus.CLOSED)
    assert cloud.watch(later()) == "VOIDED"
    check_complete(opened, RoundState.VOIDED)
    assert started == []
    assert cloud.watch(later(20)) == "RESTING"


def test_one_busy_wallet_does_not_keep_the_others_from_their_refunds(opened: ManualRound) -> None:
    cloud = opened.cloud
    close = DynamoLedger.close

    def busy_for_anna(self: DynamoLedger, before: Wallet, after: Wallet, bets: Any) -> None:
        if before.player_id == "anna":
            raise Contention("busy")
        close(self, before, after, bets)

    with mock.patch.object(DynamoLedger, "close", busy_for_anna), pytest.raises(Contention):
        void(opened)
    states = {bet.player_id: bet.state for bet in cloud.ledger.bets(opened.round_id)}
    assert states == {"anna": BetState.PLACED, "bert": BetState.REFUNDED}
    void(opened)
    check_complete(opened, RoundState.VOIDED)
    wallet = cloud.ledger.wallet("bert", "EUR")
    assert wallet is not None
    # Deposit, two bets, and one movement for both refunds.
    assert (wallet.available_minor, wallet.version) == (100_000, 4)


def test_one_bad_table_does_not_keep_the_watchdog_from_the_others(
    opened: ManualRound, started: list[str]
) -> None:
    cloud = opened.cloud
    bad = Table.create("a-bad-one", table_config(), cloud.clock.now_ms())
    broken = _table_item(bad)
    broken.config = {"name": "nothing else"}
    broken.save()
    with (
        mock.patch("baccarat.adapters.clock.SystemClock.now_ms", return_value=later().ms),
        mock.patch.dict("os.environ", {"STATE_MACHINE_ARN": cloud.state_machine_arn}),
        pytest.raises(IntegrityError, match="a-bad-one") as failed,
    ):
        load_handler("watch_tables").build()({}, Context("watch_tables"))
    assert failed.value.details == {"done": {TABLE_ID: "VOIDED"}}
    assert started == ["bac-1.000000002.e2"]


def test_a_round_with_cards_on_the_table_is_not_voided_by_a_failed_step(
    opened: ManualRound,
) -> None:
    cloud = opened.cloud
    opened.close()
    opened.deal()
    with pytest.raises(RoundNotVoidable):
        void_failed_round(
            opened.step,
            floor=cloud.floor,
            ledger=cloud.ledger,
            archive=cloud.archive,
            signer=cloud.signer,
            clock=opened.clock,
        )
    assert opened.record.round.state is RoundState.DEALING


def test_a_round_that_nothing_can_finish_is_taken_over_ever_more_slowly(
    opened: ManualRound, started: list[str]
) -> None:
    cloud = opened.cloud
    opened.close()
    opened.deal()
    clock = later()
    waits = []
    for _ in range(9):
        assert cloud.watch(clock) == "RESUMED"
        table = cloud.floor.table(TABLE_ID)
        assert table is not None
        waits.append((table.lease_until_ms - clock.ms) // 1000)
        clock.ms = table.lease_until_ms
    assert waits == [45, 90, 180, 360, 720, 1440, 2880, 2880, 2880]
    assert len(started) == 9


def test_trouble_that_passes_brings_a_batch_again_and_parks_nothing(opened: ManualRound) -> None:
    cloud = opened.cloud
    bet = cloud.ledger.bets(opened.round_id)[0]
    opened.close()
    item = {
        "eventName": "INSERT",
        "dynamodb": {"NewImage": ledger_items._bet_item(bet).serialize()},
    }
    with (
        mock.patch.object(
            S3Archive, "_get", side_effect=ReadTimeoutError(endpoint_url="https://s3")
        ),
        pytest.raises(ReadTimeoutError),
    ):
        load_handler("follow_bets").build()({"Records": [item]}, Context("follow_bets"))


def test_a_second_cancel_that_comes_after_the_close_hears_that_it_was_cancelled(
    opened: ManualRound,
) -> None:
    cloud = opened.cloud
    bet_id = "bet-anna".ljust(16, "-")
    stale = cloud.ledger.bet(opened.round_id, "anna", bet_id)
    cancel_bet("anna", opened.round_id, bet_id, ledger=cloud.ledger, clock=cloud.clock)
    opened.close()
    reads = iter([stale])
    real = cloud.ledger.bet

    def first_read_is_stale(*key: str) -> Any:
        return next(reads, None) or real(*key)

    with mock.patch.object(cloud.ledger, "bet", first_read_is_stale):
        bet, _ = cancel_bet("anna", opened.round_id, bet_id, ledger=cloud.ledger, clock=cloud.clock)
    assert bet.state is BetState.CANCELLED


def test_a_cancel_that_another_overtakes_is_not_refused_for_side_bets(cloud: Cloud) -> None:
    round_ = ManualRound(cloud)
    table = PAYTABLES["commission-8/2"]
    round_.start_table(
        paytable_version=table.version,
        limits={spot: StakeLimit(100, 10_000) for spot in table.odds},
        caps=Caps(side_bet_percent=100),
    )
    round_.open()
    cloud.fund("cleo")
    bets = cloud.bets(
        "cleo",
        round_.round_id,
        ("first", Spot.PLAYER, 500),
        ("second", Spot.BANKER, 500),
        ("pair", Spot.PLAYER_PAIR, 500),
    )

    def cancel(bet: Bet) -> BetState:
        cancelled, wallet = cancel_bet(
            "cleo", round_.round_id, bet.bet_id, ledger=cloud.ledger, clock=cloud.clock
        )
        assert wallet == cloud.ledger.wallet("cleo", "EUR")
        return cancelled.state

    real = cloud.ledger.wallets
    others = [bets[0]]

    def another_is_quicker(player_id: str) -> list[Wallet]:
        if others:
            cancel(others.pop())
        return real(player_id)

    with mock.patch.object(cloud.ledger, "wallets", another_is_quicker):
        assert cancel(bets[0]) is BetState.CANCELLED
    with pytest.raises(MainBetNeeded):
        cancel(bets[1])
    assert [cancel(bet) for bet in (bets[2], bets[1])] == [BetState.CANCELLED] * 2
    assert cloud.balances().findings == ()


def test_nothing_is_cancelled_after_the_announced_time_though_the_round_is_still_open(
    opened: ManualRound,
) -> None:
    cloud = opened.cloud
    clock = SteppedClock()
    clock.ms = opened.record.round.closes_at_ms
    with pytest.raises(BetNotCancellable):
        cancel_bet(
            "anna", opened.round_id, "bet-anna".ljust(16, "-"), ledger=cloud.ledger, clock=clock
        )


def test_a_twin_that_opens_the_round_between_our_reads_gives_us_its_answer(cloud: Cloud) -> None:
    round_, twin = ManualRound(cloud), ManualRound(cloud)
    round_.start_table()
    opened = []

    def then_the_twin(read: Any) -> Any:
        def reading(key: str) -> Any:
            found = read(key)
            if not opened:
                opened.append(None)
                opened[0] = twin.open()
            return found

        return reading

    floor = cloud.floor
    with (
        mock.patch.object(floor, "table", then_the_twin(floor.table)),
        mock.patch.object(floor, "round", then_the_twin(floor.round)),
    ):
        assert round_.open() == opened[0]
    assert len(round_.cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=1, limit=10)) == 3


def test_a_bet_that_lands_between_reading_the_bets_and_sealing_them_is_swept(
    opened: ManualRound,
) -> None:
    cloud = opened.cloud
    awake = opened.record
    put_book = S3Archive.put_book

    def a_bet_lands_meanwhile(self: S3Archive, round_id: str, book: BetBook) -> None:
        with mock.patch.object(cloud.floor, "round", return_value=awake):
            cloud.bet("bert", round_id, Spot.BANKER, 700, "sleeper")
        put_book(self, round_id, book)

    with mock.patch.object(S3Archive, "put_book", a_bet_lands_meanwhile):
        opened.close()
    states = {bet.bet_id.rstrip("-"): bet.state for bet in cloud.ledger.bets(opened.round_id)}
    # Refunded by the closing step itself: the stream's consumer does not run here.
    assert states.pop("sleeper") is BetState.REFUNDED
    assert set(states.values()) == {BetState.PLACED}
    assert opened.record.round.book_count == len(states)
    assert cloud.balances().findings == ()
