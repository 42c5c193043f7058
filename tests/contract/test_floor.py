"""What every store must do for tables, rounds, the log, sessions and the archive."""

from __future__ import annotations

import boto3
import pytest

from baccarat.application.append import advance
from baccarat.application.ports import Commit, Connection, Ticket
from baccarat.application.watch_tables import take_over
from baccarat.domain.book import BetBook, BookEntry
from baccarat.domain.errors import Contention, Fenced, IntegrityError, RoundNotDue
from baccarat.domain.log import EventType
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.round import CloseBets, RoundState, rebuild
from baccarat.domain.table import Table
from baccarat.domain.table_config import StakeLimit
from baccarat.domain.transcript import verify, verify_link
from tests.support.cloud import TABLE_ID, Cloud, table_config
from tests.support.rounds import ManualRound


@pytest.fixture
def round_(cloud: Cloud) -> ManualRound:
    found = ManualRound(cloud)
    found.start_table()
    return found


def test_a_table_is_created_once_and_read_back(cloud: Cloud) -> None:
    table = cloud.open_table()
    assert not cloud.floor.create_table(Table.create(TABLE_ID, table_config(name="Other"), 1))
    assert cloud.floor.table(TABLE_ID) == table
    assert cloud.floor.table_ids() == [TABLE_ID]
    assert cloud.floor.table("bac-2") is None


def test_every_state_of_a_round_is_stored_as_its_events_tell_it(round_: ManualRound) -> None:
    cloud = round_.cloud
    cloud.fund("anna")
    steps = [round_.open, round_.close, round_.deal, round_.resolve, round_.finish]
    states = []
    for step in steps:
        if step == round_.close:
            cloud.bet("anna", round_.round_id, Spot.PLAYER, 500, "bet")
            cloud.bet("anna", round_.round_id, Spot.BANKER, 500, "bet2")
            cloud.bet("anna", round_.round_id, Spot.TIE, 500, "bet3")
        if step == round_.finish:
            round_.settle()
        step()
        events = [
            signed.event
            for signed in cloud.floor.events(TABLE_ID, after=(1, 2), until_epoch=1, limit=100)
        ]
        assert rebuild(events) == round_.record.round
        states.append(round_.record.round.state)
    assert states == [
        RoundState.OPEN,
        RoundState.CLOSED,
        RoundState.DEALING,
        RoundState.RESOLVED,
        RoundState.SETTLED,
    ]
    verified = verify(cloud.archive.transcript(TABLE_ID, round_.round_id), cloud.keys.check)
    assert verified.round == round_.record.round


def test_the_tally_of_a_round_stands_beside_it(round_: ManualRound) -> None:
    floor = round_.cloud.floor
    record = round_.open()
    assert floor.tally(round_.round_id) == {}
    floor.put_tally(round_.round_id, {Spot.PLAYER: 700, Spot.BIG: 5})
    floor.put_tally(round_.round_id, {Spot.PLAYER: 800})
    assert floor.tally(round_.round_id) == {Spot.PLAYER: 800}
    assert floor.tally("bac-1.000000002") == {}
    assert floor.round(round_.round_id) == record


def test_every_step_repeated_changes_nothing_and_answers_alike(round_: ManualRound) -> None:
    cloud = round_.cloud
    assert round_.open() == round_.open()
    assert round_.close() == round_.close()
    assert round_.deal() == round_.deal()
    assert round_.resolve() == round_.resolve()
    settled = round_.finish()
    transcript = cloud.archive.transcript(TABLE_ID, round_.round_id)
    # Late repeats of every step, after the end.
    assert round_.open() == settled
    assert round_.close() == settled
    assert round_.deal() == settled
    round_.resolve()
    assert round_.finish() == settled
    assert cloud.archive.transcript(TABLE_ID, round_.round_id) == transcript
    types = [
        signed.event.type
        for signed in cloud.floor.events(TABLE_ID, after=(1, 0), until_epoch=1, limit=100)
    ]
    assert types == [
        EventType.EPOCH_STARTED,
        EventType.SHOE_OPENED,
        EventType.ROUND_OPENED,
        EventType.BETS_CLOSED,
        EventType.BOOK_SEALED,
        EventType.DEALING_STARTED,
        EventType.CARDS_DEALT,
        EventType.ROUND_RESOLVED,
        EventType.ROUND_SETTLED,
    ]


def test_bets_are_not_closed_before_the_announced_time(round_: ManualRound) -> None:
    record = round_.open()
    round_.clock.ms = record.round.closes_at_ms - 1
    with pytest.raises(RoundNotDue):
        advance(
            record,
            CloseBets(),
            floor=round_.cloud.floor,
            signer=round_.cloud.signer,
            clock=round_.clock,
        )
    assert round_.record == record


def test_a_step_on_a_round_that_moved_writes_nothing(round_: ManualRound) -> None:
    stale = round_.open()
    round_.close()
    before = round_.record
    with pytest.raises(Contention):
        advance(
            stale,
            CloseBets(),
            floor=round_.cloud.floor,
            signer=round_.cloud.signer,
            clock=round_.clock,
        )
    assert round_.record == before


def test_an_event_takes_a_free_place_only(round_: ManualRound) -> None:
    floor = round_.cloud.floor
    round_.open()
    [first, shoe, opened] = floor.events(TABLE_ID, after=(1, 0), until_epoch=1, limit=10)
    with pytest.raises(Contention):
        floor.commit(Commit([opened]))
    assert floor.events(TABLE_ID, after=(1, 0), until_epoch=1, limit=10) == [first, shoe, opened]


def test_a_former_driver_cannot_write_after_the_table_was_taken_over(round_: ManualRound) -> None:
    cloud = round_.cloud
    zombie = round_.open()
    table = cloud.floor.table(TABLE_ID)
    assert table is not None
    taken = take_over(
        table, zombie, "LEASE_EXPIRED", floor=cloud.floor, signer=cloud.signer, clock=round_.clock
    )
    assert taken.epoch == 2
    assert round_.record.round.epoch == 2
    round_.clock.ms = zombie.round.closes_at_ms
    with pytest.raises(Contention):
        advance(zombie, CloseBets(), floor=cloud.floor, signer=cloud.signer, clock=round_.clock)
    for step in (round_.open, round_.close, round_.deal, round_.resolve, round_.finish):
        with pytest.raises(Fenced):
            step()
    resumed = ManualRound(cloud, epoch=2)
    resumed.clock.ms = round_.clock.ms
    assert resumed.play_out().round.state is RoundState.SETTLED
    verified = verify(cloud.archive.transcript(TABLE_ID, round_.round_id), cloud.keys.check)
    assert [(e.event.epoch, e.event.seq) for e in verified.events][:5] == [
        *((1, 1), (1, 2), (1, 3)),
        *((2, 1), (2, 2)),
    ]


def test_two_rounds_follow_each_other_in_log_and_shoe(round_: ManualRound) -> None:
    cloud = round_.cloud
    round_.open()
    round_.play_out()
    second = ManualRound(cloud, number=2)
    second.clock.ms = round_.clock.ms
    second.open()
    second.play_out()
    verified = [
        verify(cloud.archive.transcript(TABLE_ID, r.round_id), cloud.keys.check)
        for r in (round_, second)
    ]
    verify_link(*verified)


def test_a_ticket_serves_once(cloud: Cloud) -> None:
    until_ms = cloud.clock.now_ms() + 30_000
    ticket = Ticket("dora", "dealer", "https://play.example", until_ms, "Dora")
    cloud.connections.put_ticket("hash", ticket)
    assert cloud.connections.take_ticket("hash") == ticket
    assert cloud.connections.take_ticket("hash") is None
    assert cloud.connections.take_ticket("other") is None


def test_connections_are_listed_until_they_leave_or_go(cloud: Cloud) -> None:
    connections, now_ms = cloud.connections, cloud.clock.now_ms()
    for name in ("c1", "c2", "c3"):
        connections.connect(Connection(name, "anna", "player"), now_ms)
        connections.subscribe(TABLE_ID, Connection(name, "anna", "player"), now_ms)
    connections.subscribe("bac-2", Connection("c1", "anna", "player"), now_ms)
    connections.unsubscribe(TABLE_ID, "c2")
    assert connections.disconnect("c3") == [(TABLE_ID, "anna")]
    assert connections.disconnect("c3") == []
    assert connections.watchers(TABLE_ID) == [Connection("c1", "anna", "player")]
    assert connections.watchers("bac-2") == [Connection("c1", "anna", "player")]
    assert connections.watched("c1") == [TABLE_ID, "bac-2"]
    assert connections.watched("c3") == []
    assert connections.connections_of("anna") == ["c1", "c2"]
    connections.disconnect("c1")
    assert connections.watchers("bac-2") == []


def test_connections_of_long_ago_are_not_listed_though_not_deleted(cloud: Cloud) -> None:
    long_ago_ms = cloud.clock.now_ms() - 3 * 3600 * 1000
    cloud.connections.subscribe(TABLE_ID, Connection("c1", "anna", "player"), long_ago_ms)
    assert cloud.connections.watchers(TABLE_ID) == []


def test_the_archive_keeps_what_was_written_first(cloud: Cloud) -> None:
    cloud.archive.put_transcript(TABLE_ID, "bac-1.000000001", {"a": 1})
    cloud.archive.put_transcript(TABLE_ID, "bac-1.000000001", {"a": 2})
    assert cloud.archive.transcript(TABLE_ID, "bac-1.000000001") == {"a": 1}
    assert cloud.archive.transcript(TABLE_ID, "bac-1.000000002") is None


def test_a_stored_book_must_have_the_sealed_root(cloud: Cloud) -> None:
    book = BetBook.of([BookEntry("anna", "b1", Spot.TIE, 100)])
    other = BetBook.of([BookEntry("anna", "b1", Spot.TIE, 200)])
    cloud.archive.put_book("bac-1.000000001", book)
    assert cloud.archive.book("bac-1.000000001", book.root) == book
    with pytest.raises(IntegrityError):
        cloud.archive.book("bac-1.000000001", other.root)
    boto3.client("s3").put_object(
        Bucket=cloud.environment["RECORDS_BUCKET"],
        Key=f"books/bac-1/bac-1.000000001/{other.root}.json",
        Body=b"[]",
    )
    with pytest.raises(IntegrityError):
        cloud.archive.book("bac-1.000000001", other.root)


def test_a_seed_opens_for_its_own_round_only(cloud: Cloud) -> None:
    sealed = cloud.vault.seal(b"s" * 32, "bac-1.000000001")
    assert cloud.vault.open(sealed, "bac-1.000000001") == b"s" * 32
    with pytest.raises(IntegrityError):
        cloud.vault.open(sealed, "bac-1.000000002")


def test_a_signature_holds_for_its_message_only(cloud: Cloud) -> None:
    signature = cloud.signer.sign(b"message")
    cloud.keys.check(signature, b"message")
    with pytest.raises(ValueError, match="does not match"):
        cloud.keys.check(signature, b"massage")


@pytest.mark.parametrize("version", ["ez-8/1", "no-commission-6/1"])
def test_a_round_with_a_bet_on_every_spot(cloud: Cloud, version: str) -> None:
    """Side bets go the whole way: configuration, stakes, book, payouts and transcript."""
    paytable = PAYTABLES[version]
    round_ = ManualRound(cloud)
    limits = dict.fromkeys(paytable.odds, StakeLimit(100, 10_000))
    round_.start_table(paytable_version=version, limits=limits)
    cloud.fund("anna")
    round_.open()
    for number, spot in enumerate(paytable.odds):
        cloud.bet("anna", round_.round_id, spot, 101 + number, f"bet-{number}")
    round_.close()
    round_.deal()
    round_.resolve()
    round_.settle()
    round_.finish()
    verified = verify(cloud.archive.transcript(TABLE_ID, round_.round_id), cloud.keys.check)
    coup = verified.round.coup
    assert {p.bet_id: p.payout_minor for p in verified.payouts} == {
        f"bet-{number}".ljust(16, "-"): back
        for number, spot in enumerate(paytable.odds)
        if (back := paytable.returned(spot, 101 + number, coup))
    }
    assert verified.round.shoe.unseen.decks == paytable.decks
    balances = cloud.balances()
    assert (balances.findings, balances.of("EUR").open_stakes_minor) == ((), 0)
