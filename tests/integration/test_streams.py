"""The consumers of the streams: delivery, private messages, stragglers, unreadable records."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer

from baccarat.adapters.dynamodb import floor as floor_items
from baccarat.adapters.dynamodb import ledger as ledger_items
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.s3 import S3Archive
from baccarat.application.bets import cancel_bet
from baccarat.application.drive_round import sweep
from baccarat.application.ports import Connection
from baccarat.domain.errors import Contention, TableDifferential
from baccarat.domain.paytable import Spot
from baccarat.domain.table_config import Caps
from baccarat.domain.transcript import verify
from baccarat.domain.wallet import BetState
from tests.support.cloud import TABLE_ID, Cloud, Context, load_handler
from tests.support.posts import Posts
from tests.support.rounds import ManualRound


def record(image: dict[str, Any], name: str = "INSERT") -> dict[str, Any]:
    return {"eventName": name, "dynamodb": {"NewImage": image}}


NOTHING_TO_DO = {"refunded": 0, "tallied": 0}


def invoke(function: str, *records: dict[str, Any]) -> Any:
    return load_handler(function).build()({"Records": list(records)}, Context(function))


def parked(cloud: Cloud) -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(
        QueueUrl=cloud.environment["PARKING_QUEUE_URL"], MaxNumberOfMessages=10
    )
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def opened(cloud: Cloud) -> ManualRound:
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    cloud.fund("anna")
    return round_


def event_records(cloud: Cloud) -> list[dict[str, Any]]:
    events = cloud.floor.events(TABLE_ID, after=(1, 0), until_epoch=1, limit=100)
    return [record(floor_items._event_item(signed).serialize()) for signed in events]


def test_events_reach_all_who_watch_in_order_and_the_gone_are_forgotten(
    opened: ManualRound, posts: Posts
) -> None:
    cloud = opened.cloud
    for name in ("c1", "c2", "gone"):
        cloud.connections.connect(Connection(name, "anna", "player"), cloud.clock.now_ms())
        cloud.connections.subscribe(
            TABLE_ID, Connection(name, "anna", "player"), cloud.clock.now_ms()
        )
    opened.close()
    invoke("fan_out_events", *event_records(cloud))
    assert sorted(connection for connection, _ in posts.sent) == ["c1", "c2"]
    for _, message in posts.sent:
        assert message["type"] == "events"
        assert [event["seq"] for event in message["events"]] == [1, 2, 3, 4, 5]
    remaining = [watcher.connection_id for watcher in cloud.connections.watchers(TABLE_ID)]
    assert remaining == ["c1", "c2"]


def test_a_record_nobody_can_read_is_parked_and_holds_up_nothing(
    opened: ManualRound, posts: Posts
) -> None:
    cloud = opened.cloud
    cloud.connections.subscribe(TABLE_ID, Connection("c1", "anna", "player"), cloud.clock.now_ms())
    [first, second, third] = event_records(cloud)
    poison = record({"pk": {"S": "bac-1#1"}, "sk": {"N": "9"}, "event": {"S": "{not json"}})
    invoke("fan_out_events", first, poison, second, third)
    [(_, message)] = posts.sent
    assert [event["seq"] for event in message["events"]] == [1, 2, 3]
    [letter] = parked(cloud)
    assert letter["record"] == poison
    assert "MalformedJson" in letter["reason"]


def test_players_hear_of_their_own_money_only(opened: ManualRound, posts: Posts) -> None:
    cloud = opened.cloud
    for name, player in (("c1", "anna"), ("c2", "bert")):
        cloud.connections.connect(Connection(name, player, "player"), cloud.clock.now_ms())
    bet = cloud.bet("anna", opened.round_id, Spot.TIE, 500, "bet")
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    invoke(
        "notify_players",
        record(ledger_items._wallet_item(wallet).serialize(), "MODIFY"),
        record(ledger_items._bet_item(bet).serialize()),
        record({"pk": {"S": "HOUSE#bac-1"}, "sk": {"S": "ROUND#bac-1.000000001"}}),
    )
    assert [connection for connection, _ in posts.sent] == ["c1", "c1"]
    assert posts.sent[0][1]["wallet"]["available_minor"] == 99_500
    assert posts.sent[1][1]["bet"]["betId"] == bet.bet_id


def sleepers_bet(opened: ManualRound, bet_id: str) -> dict[str, Any]:
    """A bet whose handler read the open round and wrote only after all was over."""
    cloud = opened.cloud
    awake = opened.record
    opened.play_out()
    with mock.patch.object(cloud.floor, "round", return_value=awake):
        bet = cloud.bet("anna", opened.round_id, Spot.BANKER, 700, bet_id)
    return record(ledger_items._bet_item(bet).serialize())


def test_a_bet_that_lands_after_the_book_was_sealed_is_refunded_once(opened: ManualRound) -> None:
    cloud = opened.cloud
    late = sleepers_bet(opened, "sleeper-bet-00001")
    assert invoke("follow_bets", late, late) == {"refunded": 2, "tallied": 0}
    [bet] = cloud.ledger.bets(opened.round_id)
    assert bet.state is BetState.REFUNDED
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert (wallet.available_minor, wallet.version) == (100_000, 3)
    assert cloud.balances().findings == ()


def limited(cloud: Cloud, differential_minor: int = 1_000) -> ManualRound:
    """An open round whose table has a differential, and two funded players."""
    round_ = ManualRound(cloud)
    round_.start_table(caps=Caps(differential_minor=differential_minor))
    round_.open()
    for name in ("anna", "bert"):
        cloud.fund(name)
    return round_


def reasons(round_: ManualRound) -> dict[str, str | None]:
    bets = round_.cloud.ledger.bets(round_.round_id)
    return {bet.bet_id.rstrip("-"): bet.reason and bet.reason.value for bet in bets}


def test_what_the_differential_leaves_out_is_refunded_and_says_so(cloud: Cloud) -> None:
    round_ = limited(cloud)
    cloud.bet("anna", round_.round_id, Spot.PLAYER, 900, "first")
    cloud.bets(
        "bert",
        round_.round_id,
        ("second", Spot.PLAYER, 500),
        ("tie", Spot.TIE, 2_000),
        ("banker", Spot.BANKER, 100),
    )
    round_.close()
    left_out = {"first": None, "second": "TABLE_DIFFERENTIAL", "tie": None, "banker": None}
    assert reasons(round_) == left_out
    record = round_.record
    for _ in range(2):
        sweep(record, ledger=cloud.ledger, archive=cloud.archive, clock=cloud.clock)
        round_.close()
    assert reasons(round_) == left_out
    wallet = cloud.ledger.wallet("bert", "EUR")
    assert wallet is not None
    assert (wallet.available_minor, wallet.version) == (97_900, 3)
    round_.play_out()
    assert cloud.balances().findings == ()
    verified = verify(cloud.archive.transcript(TABLE_ID, round_.round_id), cloud.keys.check)
    assert verified.round == round_.record.round


def test_late_bets_and_left_out_ones_are_told_apart_by_whoever_refunds_them(cloud: Cloud) -> None:
    round_ = limited(cloud)
    awake = round_.record
    cloud.bet("anna", round_.round_id, Spot.PLAYER, 900, "first")
    too_much = cloud.bet("bert", round_.round_id, Spot.PLAYER, 500, "second")
    # The sweep dies; the late bet comes from a handler that slept.
    with (
        mock.patch("baccarat.application.drive_round.sweep", side_effect=Contention("died")),
        pytest.raises(Contention),
    ):
        round_.close()
    with mock.patch.object(cloud.floor, "round", return_value=awake):
        late = cloud.bet("anna", round_.round_id, Spot.BANKER, 700, "sleeper")
    items = [record(ledger_items._bet_item(bet).serialize()) for bet in (too_much, late)]
    assert invoke("follow_bets", *items) == {"refunded": 2, "tallied": 0}
    expected = {"first": None, "second": "TABLE_DIFFERENTIAL", "sleeper": "NOT_IN_BOOK"}
    assert reasons(round_) == expected
    invoke("follow_bets", *items)
    round_.close()
    assert reasons(round_) == expected
    assert cloud.balances().findings == ()


def test_the_tally_follows_the_bets_and_repeats_do_no_harm(cloud: Cloud) -> None:
    round_ = limited(cloud)
    bets = cloud.bets("anna", round_.round_id, ("one", Spot.PLAYER, 600), ("two", Spot.TIE, 100))
    more = cloud.bet("bert", round_.round_id, Spot.PLAYER, 400, "three")
    records = [record(ledger_items._bet_item(bet).serialize()) for bet in (*bets, more)]
    assert invoke("follow_bets", *records) == {"refunded": 0, "tallied": 1}
    assert cloud.floor.tally(round_.round_id) == {Spot.PLAYER: 1_000, Spot.TIE: 100}
    invoke("follow_bets", records[0], records[0])
    assert cloud.floor.tally(round_.round_id) == {Spot.PLAYER: 1_000, Spot.TIE: 100}
    with pytest.raises(TableDifferential) as refused:
        cloud.bet("bert", round_.round_id, Spot.PLAYER, 100, "four")
    assert refused.value.details == {"spot": "PLAYER", "allowed_minor": 0}
    # A repeat of what was taken before is answered all the same.
    assert cloud.bet("bert", round_.round_id, Spot.PLAYER, 400, "three") == more
    bet_id = "one".ljust(16, "-")
    cancelled, _ = cancel_bet(
        "anna", round_.round_id, bet_id, ledger=cloud.ledger, clock=cloud.clock
    )
    invoke("follow_bets", record(ledger_items._bet_item(cancelled).serialize(), "MODIFY"))
    assert cloud.floor.tally(round_.round_id) == {Spot.PLAYER: 400, Spot.TIE: 100}
    cloud.bet("bert", round_.round_id, Spot.PLAYER, 600, "five")


def test_only_open_rounds_with_a_differential_are_tallied(
    cloud: Cloud,
) -> None:
    round_ = limited(cloud)
    bet = cloud.bet("anna", round_.round_id, Spot.PLAYER, 600, "one")
    item = record(ledger_items._bet_item(bet).serialize())
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    others = [
        record(ledger_items._wallet_item(wallet).serialize(), "MODIFY"),
        {"eventName": "REMOVE", "dynamodb": {}},
    ]
    assert invoke("follow_bets", *others) == NOTHING_TO_DO
    round_.close()
    assert invoke("follow_bets", item) == NOTHING_TO_DO
    assert cloud.floor.tally(round_.round_id) == {}


def test_a_table_without_a_differential_has_no_tally(opened: ManualRound) -> None:
    cloud = opened.cloud
    bet = cloud.bet("anna", opened.round_id, Spot.PLAYER, 600, "one")
    assert invoke("follow_bets", record(ledger_items._bet_item(bet).serialize())) == NOTHING_TO_DO
    assert cloud.floor.tally(opened.round_id) == {}


def serialized(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def test_a_bet_on_a_round_that_never_was_is_parked_once(cloud: Cloud) -> None:
    assert invoke("follow_bets", record(serialized(FOREIGN_BET))) == NOTHING_TO_DO
    [letter] = parked(cloud)
    assert "does not exist" in letter["reason"]


def counted(capsys: pytest.CaptureFixture[str], metric: str) -> int:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return sum(int(sum(line[metric])) for line in lines if metric in line)


class Trouble(Exception):
    """Something that passes: AWS is out of reach."""


def late_and_open(cloud: Cloud) -> tuple[ManualRound, list[dict[str, Any]]]:
    """Return the second round, which is open, and the records of two bets: one that came too late
    for the first round, and one on the second.
    """
    first = limited(cloud)
    late = sleepers_bet(first, "sleeper")
    second = ManualRound(cloud, number=2)
    second.clock = first.clock
    second.open()
    bet = cloud.bet("bert", second.round_id, Spot.PLAYER, 300, "next")
    return second, [late, record(ledger_items._bet_item(bet).serialize())]


def test_a_bet_that_nobody_can_read_is_parked_once_and_holds_up_nothing(cloud: Cloud) -> None:
    second, [late, news] = late_and_open(cloud)
    poison = record(serialized({**FOREIGN_BET, "pk": late["dynamodb"]["NewImage"]["pk"]["S"]}))
    poison["dynamodb"]["NewImage"]["spot"] = {"S": "MOON"}
    assert invoke("follow_bets", poison, late, news) == {"refunded": 1, "tallied": 1}
    assert cloud.floor.tally(second.round_id) == {Spot.PLAYER: 300}
    [letter] = parked(cloud)
    assert letter["record"] == poison
    assert "MOON" in letter["reason"]


def test_a_failing_tally_holds_up_no_refund_and_no_batch_and_is_counted(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    round_, items = late_and_open(cloud)
    with mock.patch.object(DynamoFloor, "put_tally", side_effect=Trouble("no table")):
        assert invoke("follow_bets", *items) == {"refunded": 1, "tallied": 0}
    assert counted(capsys, "TalliesFailed") == 1
    [late] = cloud.ledger.bets(f"{TABLE_ID}.000000001")
    assert late.state is BetState.REFUNDED
    assert cloud.floor.tally(round_.round_id) == {}
    assert parked(cloud) == []
    assert invoke("follow_bets", *items) == {"refunded": 1, "tallied": 1}
    assert counted(capsys, "TalliesFailed") == 0
    assert cloud.floor.tally(round_.round_id) == {Spot.PLAYER: 300}


def test_a_failing_refund_brings_the_batch_again_and_holds_up_no_tally(cloud: Cloud) -> None:
    round_, items = late_and_open(cloud)
    with (
        mock.patch.object(S3Archive, "_get", side_effect=Trouble("no bucket")),
        pytest.raises(Trouble, match="no bucket"),
    ):
        invoke("follow_bets", *items)
    assert cloud.floor.tally(round_.round_id) == {Spot.PLAYER: 300}
    assert parked(cloud) == []
    assert invoke("follow_bets", *items) == {"refunded": 1, "tallied": 1}


def test_bets_in_the_book_and_of_open_rounds_stand(opened: ManualRound) -> None:
    cloud = opened.cloud
    bet = cloud.bet("anna", opened.round_id, Spot.TIE, 500, "bet")
    item = record(ledger_items._bet_item(bet).serialize())
    assert invoke("follow_bets", item) == NOTHING_TO_DO
    opened.close()
    assert invoke("follow_bets", item) == NOTHING_TO_DO
    [stored] = cloud.ledger.bets(opened.round_id)
    assert stored == bet


def test_a_busy_wallet_brings_the_batch_again_instead_of_parking_it(opened: ManualRound) -> None:
    cloud = opened.cloud
    late = sleepers_bet(opened, "sleeper-bet-00002")
    with (
        mock.patch(
            "baccarat.adapters.dynamodb.ledger.DynamoLedger.close", side_effect=Contention("")
        ),
        mock.patch("baccarat.adapters.clock.SystemClock.pause"),
        pytest.raises(Contention),
    ):
        invoke("follow_bets", late)
    assert parked(cloud) == []


FOREIGN_BET = {
    "pk": "ROUND#bac-7.000000001",
    "sk": "BET#anna#bet-0123456789abcdef",
    "player_id": "anna",
    "bet_id": "bet-0123456789abcdef",
    "table_id": "bac-7",
    "round_no": 1,
    "spot": "TIE",
    "stake_minor": 100,
    "currency": "EUR",
    "paytable": "commission-8/1",
    "state": "PLACED",
    "placed_at_ms": 1,
    "placed_version": 2,
    "balance_after_minor": 0,
    "payout_minor": 0,
}


def test_of_many_balances_a_player_hears_the_newest(opened: ManualRound, posts: Posts) -> None:
    cloud = opened.cloud
    cloud.connections.connect(Connection("c1", "anna", "player"), cloud.clock.now_ms())
    records = []
    for number in range(3):
        bet = cloud.bet("anna", opened.round_id, Spot.TIE, 100, f"bet{number}")
        wallet = cloud.ledger.wallet("anna", "EUR")
        assert wallet is not None
        records += [
            record(ledger_items._wallet_item(wallet).serialize(), "MODIFY"),
            record(ledger_items._bet_item(bet).serialize()),
        ]
    invoke("notify_players", *records)
    assert [message["type"] for _, message in posts.sent] == ["bet", "bet", "wallet", "bet"]
    balances = [m["wallet"]["available_minor"] for _, m in posts.sent if m["type"] == "wallet"]
    assert balances == [99_700]
