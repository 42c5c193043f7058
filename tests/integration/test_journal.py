"""The journal behind the wallets, and the reconciler that stops a wallet whose books differ."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from baccarat.adapters import cli
from baccarat.adapters.dynamodb import ledger as ledger_items
from baccarat.adapters.dynamodb.journal import DynamoJournal
from baccarat.adapters.dynamodb.models import EntryItem
from baccarat.adapters.dynamodb.open_payments import DynamoOpenPayments
from baccarat.application.bets import cancel_bet, place_bets
from baccarat.application.journal import entry_at, history, rebuild, verify
from baccarat.application.payments import credit_house_deposit
from baccarat.application.reconcile import BOOKS_DIFFER, Items, double_check, reconcile
from baccarat.domain.errors import IntegrityError, NotFound, WalletStopped
from baccarat.domain.journal import Entry, follow, trial_balance
from baccarat.domain.payment import PaymentKind
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import NewBet, PlaceBets, Wallet
from tests.integration.test_streams import invoke, parked, record
from tests.support.cloud import REGION, Cloud, Context, load_handler
from tests.support.rounds import ManualRound

JOURNAL = DynamoJournal()


class Stream:
    """Keeps every image that the ledger writes of wallets and payments, as their stream would."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        execute = ledger_items.execute

        def recorded(client: Any, operations: Any) -> None:
            execute(client, operations)
            for operation in operations:
                if operation.item.pk.startswith("PLAYER#"):
                    self.records.append(record(operation.item.serialize(), "MODIFY"))

        self.patch = mock.patch.object(ledger_items, "execute", recorded)


@pytest.fixture
def stream() -> Iterator[Stream]:
    found = Stream()
    with found.patch:
        yield found


@pytest.fixture
def played(cloud: Cloud, stream: Stream) -> ManualRound:
    """Two players through one round; anna's wallet has seven versions or more."""
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    for player in ("anna", "bert"):
        cloud.fund(player)
        for number, spot in enumerate((Spot.PLAYER, Spot.BANKER, Spot.TIE)):
            cloud.bet(player, round_.round_id, spot, 1_000, f"bet-{number}")
    cancel_bet(
        "anna",
        round_.round_id,
        "bet-2".ljust(16, "-"),
        ledger=cloud.ledger,
        clock=cloud.clock,
    )
    round_.play_out()
    assert stream.records
    return round_


def anna(cloud: Cloud) -> Wallet:
    found = cloud.ledger.wallet("anna", "EUR")
    assert found is not None
    return found


def stored() -> dict[str, str]:
    return {f"{item.pk} {item.sk}": item.entry for item in EntryItem.scan()}


def project(*records: dict[str, Any]) -> int:
    entries: int = invoke("project_wallets", *records)["entries"]
    return entries


def damage(cloud: Cloud, **changes: Any) -> None:
    """Change members of anna's wallet behind the ledger's back."""
    item = ledger_items._wallet_item(anna(cloud))
    for name, value in changes.items():
        setattr(item, name, value)
    item.save()


def checked(cloud: Cloud) -> Any:
    return double_check(scan=cloud.scan, journal=JOURNAL, ledger=cloud.ledger, clock=cloud.clock)


def test_every_movement_becomes_an_entry_once(played: ManualRound, stream: Stream) -> None:
    cloud = played.cloud
    versions = sum(wallet.version for wallet in cloud.scan.wallets())
    assert project(*stream.records) == versions
    before = stored()
    assert len(before) == versions
    assert project(*stream.records, *stream.records[:5]) == 0
    assert stored() == before
    for wallet in cloud.scan.wallets():
        last = verify(wallet.player_id, "EUR", journal=JOURNAL)
        assert last is not None
        assert (last.movement, last.available_minor) == (wallet.last, wallet.available_minor)
    assert parked(cloud) == []


@pytest.mark.usefixtures("played")
def test_the_order_between_wallets_and_payments_does_not_matter(stream: Stream) -> None:
    project(*stream.records)
    before = stored()
    for item in EntryItem.scan():
        item.delete()
    by_item: dict[str, list[dict[str, Any]]] = {}
    for one in stream.records:
        by_item.setdefault(json.dumps(one["dynamodb"]["NewImage"]["pk"]), []).append(one)
    for records in reversed(list(by_item.values())):
        project(*records)
    assert stored() == before


@pytest.mark.parametrize("lost", [slice(0, 1), slice(1, 4), slice(0, 5)])
def test_a_gap_is_filled_from_the_items(played: ManualRound, stream: Stream, lost: slice) -> None:
    project(*stream.records)
    before = stored()
    for item in EntryItem.scan():
        item.delete()
    wallets = [
        one
        for one in stream.records
        if one["dynamodb"]["NewImage"]["pk"]["S"] == "PLAYER#anna"
        and one["dynamodb"]["NewImage"]["sk"]["S"].startswith("WALLET#")
    ]
    del wallets[lost]
    assert project(*wallets) == anna(played.cloud).version
    assert stored() == {key: entry for key, entry in before.items() if "#anna#" in key}


def test_a_record_that_contradicts_the_journal_is_parked_and_holds_up_nothing(
    played: ManualRound, stream: Stream
) -> None:
    project(*stream.records[:4])
    wallet = next(
        one for one in stream.records if one["dynamodb"]["NewImage"]["sk"]["S"] == "WALLET#EUR"
    )
    poison = json.loads(json.dumps(wallet))
    poison["dynamodb"]["NewImage"]["last"]["S"] = '["DEPOSIT", 1, 0, 5, "anna.other"]'
    removed = {"eventName": "REMOVE", "dynamodb": {"OldImage": {}}}
    versions = sum(w.version for w in played.cloud.scan.wallets())
    project(poison, removed, *stream.records)
    assert len(stored()) == versions
    letters = parked(played.cloud)
    assert sorted(letter["reason"][:14] for letter in letters) == [
        "IntegrityError",
        "KeyError('NewI",
    ]


def test_payments_are_noted_as_they_come(cloud: Cloud, stream: Stream) -> None:
    cloud.fund("anna")
    [payment] = cloud.scan.payments()
    assert payment.kind is PaymentKind.DEPOSIT
    with mock.patch.object(DynamoOpenPayments, "note") as noted:
        project(*stream.records)
    noted.assert_called_once_with(payment)


def test_a_rebuilt_journal_is_the_projection_byte_for_byte(
    played: ManualRound, stream: Stream
) -> None:
    cloud = played.cloud
    project(*stream.records)
    before = stored()
    EntryItem("WALLET#anna#EUR", f"{1:012d}", entry="{}").save()
    EntryItem("WALLET#anna#EUR", f"{99:012d}", entry="{}").save()
    entries = rebuild("anna", "EUR", journal=JOURNAL, scan=cloud.scan)
    assert stored() == before
    assert entries == JOURNAL.entries("anna", "EUR")
    with pytest.raises(NotFound):
        rebuild("nobody", "EUR", journal=JOURNAL, scan=cloud.scan)
    ledger_items._bet_item(cloud.ledger.bets_of(played.round_id, "anna")[0]).delete()
    with pytest.raises(IntegrityError):
        rebuild("anna", "EUR", journal=JOURNAL, scan=cloud.scan)
    assert stored() == before


def command(cloud: Cloud, *words: str) -> int:
    with mock.patch.dict(os.environ, {**cloud.environment, "AWS_REGION": REGION}):
        return cli.main(words)


def test_the_command_rebuilds_every_journal_that_its_items_give(
    played: ManualRound, stream: Stream, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = played.cloud
    cloud.fund("vip.vera", 500)
    project(*stream.records)
    before = stored()
    versions = sum(wallet.version for wallet in cloud.scan.wallets())
    for item in EntryItem.scan():
        item.delete()
    EntryItem("WALLET#bert#EUR", f"{99:012d}", entry="{}").save()
    capsys.readouterr()
    assert command(cloud, "rebuild-journal") == 0
    assert capsys.readouterr().out == f"3 wallets, {versions} entries\n"
    assert stored() == before

    # One whose items lack a version keeps what it has; the others are made anew.
    ledger_items._bet_item(cloud.ledger.bets_of(played.round_id, "anna")[0]).delete()
    EntryItem("WALLET#bert#EUR", f"{2:012d}", entry="{}").save()
    assert command(cloud, "rebuild-journal") == 1
    assert "NOT REBUILT anna EUR: " in capsys.readouterr().out
    assert stored() == before


def test_the_command_rebuilds_the_journal_of_one_wallet(
    played: ManualRound, stream: Stream, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = played.cloud
    project(*stream.records)
    before = stored()
    for player in ("anna", "bert"):
        EntryItem(f"WALLET#{player}#EUR", f"{2:012d}", entry="{}").save()
    assert command(cloud, "rebuild-journal", "--wallet", "anna", "EUR") == 0
    assert {key for key, entry in stored().items() if entry != before[key]} == {
        f"WALLET#bert#EUR {2:012d}"
    }
    for player in ("nobody", "unknown-tier.x"):
        assert command(cloud, "rebuild-journal", "--wallet", player, "EUR") == 2
        assert player in capsys.readouterr().err
    ledger_items._bet_item(cloud.ledger.bets_of(played.round_id, "anna")[0]).delete()
    assert command(cloud, "rebuild-journal", "--wallet", "anna", "EUR") == 1
    assert "NOT REBUILT anna EUR" in capsys.readouterr().out


def test_the_books_are_printed_with_the_journals_trial_balance(
    played: ManualRound, stream: Stream, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = played.cloud
    project(*stream.records)
    capsys.readouterr()
    assert command(cloud, "reconcile") == 0
    sums = cloud.balances().of("EUR")
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["EUR", "CLEARING#house", "-200000"],
        ["EUR", "HOUSE#bac-1", str(sums.house_minor)],
        ["EUR", "PLAYER", str(sums.available_minor)],
        ["EUR", "STAKES", "0"],
        ["EUR", "trial", "balance", "0"],
        ["nothing", "differs"],
    ]
    [entry] = [e for e in JOURNAL.entries("anna", "EUR") if e.movement.version == 1]
    lost = replace(entry.movement, reference="anna.unknown")
    JOURNAL.replace([follow(None, "anna", "EUR", lost)])
    assert command(cloud, "reconcile", "--report-only") == 1
    out = capsys.readouterr().out
    assert "NO TRIAL BALANCE DEPOSIT anna.unknown is of no payment" in out
    assert "DIFFERS anna EUR" in out


@pytest.mark.usefixtures("played")
def test_pages_of_the_history_are_newest_first_and_leave_nothing_out(stream: Stream) -> None:
    project(*stream.records)
    pages: list[Entry] = []
    before: int | None = None
    while True:
        page = history("anna", "EUR", before=before, limit=2, journal=JOURNAL)
        pages += page.entries
        before = page.before
        if before is None:
            break
    assert pages == JOURNAL.entries("anna", "EUR")[::-1]
    assert history("nobody", "EUR", before=None, limit=2, journal=JOURNAL).entries == []


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("late_ms", [0, 4_000])
def test_the_balance_at_a_time_is_that_of_the_newest_entry_dated_before_it(late_ms: int) -> None:
    """Every second entry is dated by a clock that is behind."""
    entries: list[Entry] = []
    wallet = Wallet("anna", "EUR", 0, 0)
    for number in range(20):
        at_ms = 1_000_000 + 1_500 * number - (late_ms if number % 2 else 0)
        wallet = wallet.moved(ledger_items.MovementKind.DEPOSIT, 10, at_ms, f"anna.{number}")
        assert wallet.last is not None
        entries.append(_follow(entries, wallet))
        JOURNAL.append(entries[-1])
    for at_ms in range(995_000, 1_035_000, 1_700):
        wanted = [entry for entry in entries if entry.movement.at_ms <= at_ms]
        assert entry_at("anna", "EUR", at_ms, journal=JOURNAL) == (wanted[-1] if wanted else None)
    assert entry_at("nobody", "EUR", 5, journal=JOURNAL) is None


def _follow(entries: list[Entry], wallet: Wallet) -> Entry:
    assert wallet.last is not None
    return follow(entries[-1] if entries else None, "anna", "EUR", wallet.last)


def test_the_trial_balance_agrees_with_wallets_bets_and_postings(
    played: ManualRound, stream: Stream
) -> None:
    cloud = played.cloud
    project(*stream.records)
    entries = [entry for player in ("anna", "bert") for entry in JOURNAL.entries(player, "EUR")]
    methods = {payment.payment_id: payment.method for payment in cloud.scan.payments()}
    accounts = trial_balance(entries, methods, cloud.scan.postings())["EUR"]
    sums = cloud.balances().of("EUR")
    assert sum(accounts.values()) == 0
    assert accounts == {
        **{f"PLAYER#{w.player_id}": w.available_minor for w in cloud.scan.wallets()},
        f"STAKES#{played.round_id}": 0,
        "HOUSE#bac-1": sums.house_minor,
        "CLEARING#house": -sums.deposits_minor,
    }


# ── the reconciler ──


def test_sound_books_stop_nobody(played: ManualRound, stream: Stream) -> None:
    cloud = played.cloud
    project(*stream.records)
    found = checked(cloud)
    assert (found.findings, found.stopped) == ((), ())


def test_a_wallet_that_differs_is_stopped_alone_and_still_takes_what_is_due(
    played: ManualRound, stream: Stream
) -> None:
    cloud = played.cloud
    project(*stream.records)
    damage(cloud, available_minor=anna(cloud).available_minor + 5)
    found = checked(cloud)
    assert found.stopped == (("anna", "EUR"),)
    assert list(found.wrong_wallets) == [("anna", "EUR")]
    halted = anna(cloud)
    assert halted.stopped == BOOKS_DIFFER
    again = checked(cloud)
    assert (list(again.wrong_wallets), again.stopped) == ([("anna", "EUR")], ())
    assert anna(cloud) == halted

    later = ManualRound(cloud, number=2)
    later.open()
    command = PlaceBets("anna", later.round_id, (NewBet("b" * 16, Spot.PLAYER, 100),))
    with pytest.raises(WalletStopped):
        place_bets(command, floor=cloud.floor, ledger=cloud.ledger, clock=cloud.clock)
    cloud.bet("bert", later.round_id, Spot.PLAYER, 100, "bet")
    credit_house_deposit("anna", "more", 77, "EUR", ledger=cloud.ledger, clock=cloud.clock)
    assert anna(cloud).available_minor == halted.available_minor + 77


def test_the_function_counts_what_it_stopped(
    played: ManualRound, stream: Stream, capsys: pytest.CaptureFixture[str]
) -> None:
    project(*stream.records)
    damage(played.cloud, held_minor=1)
    capsys.readouterr()
    answer = load_handler("reconcile_wallets").build()({}, Context("reconcile_wallets"))
    assert answer == {"findings": 2, "stopped": 1}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    metrics = {name: line[name] for line in lines for name in line if name[0] in "WB"}
    assert metrics == {"WalletsStopped": [1], "BooksDiffer": [2]}
    assert {line["service"] for line in lines} == {"ledger"}


@pytest.mark.parametrize("entry", ["{}", None])
def test_a_journal_that_says_something_else_stops_the_wallet(
    played: ManualRound, stream: Stream, entry: str | None
) -> None:
    project(*stream.records)
    other = JOURNAL.entries("bert", "EUR")[2]
    item = EntryItem("WALLET#anna#EUR", f"{3:012d}", entry=entry)
    if entry is None:
        changed = Entry("anna", "EUR", other.movement, 1, 0, other.prev)
        item.entry = json.dumps(changed.to_json())
    item.save()
    found = checked(played.cloud)
    assert found.stopped == (("anna", "EUR"),)
    assert "version 3" in found.findings[0] or "000000000003" in found.findings[0]


def test_a_movement_under_way_between_the_reads_stops_nobody(cloud: Cloud) -> None:
    """Money moves before and after every single read of the reconciler."""
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    for player in ("anna", "bert"):
        cloud.fund(player)
    number = 0

    def move() -> None:
        nonlocal number
        number += 1
        for player in ("anna", "bert"):
            cloud.bet(player, round_.round_id, Spot.PLAYER, 100, f"bet-{number}")
            bet_id = f"bet-{number}".ljust(16, "-")
            if number % 2:
                cancel_bet(player, round_.round_id, bet_id, ledger=cloud.ledger, clock=cloud.clock)
            credit_house_deposit(
                player, f"d{number}", 10, "EUR", ledger=cloud.ledger, clock=cloud.clock
            )

    class Racing:
        def __getattr__(self, name: str) -> Any:
            def read(*arguments: Any) -> Any:
                move()
                found = getattr(cloud.scan, name)(*arguments)
                move()
                return found

            return read

    racing: Any = Racing()
    found = double_check(scan=racing, journal=JOURNAL, ledger=cloud.ledger, clock=cloud.clock)
    assert number == 12
    assert (found.findings, found.stopped) == ((), ())
    # The same reads in another order do differ, so this race is one.
    bets, payments = racing.all_bets(), racing.payments()
    late = Items(racing.wallets(), bets, payments)
    assert len(reconcile(late).wrong_wallets) == 2


def test_a_wallet_that_moves_while_it_is_judged_is_judged_anew(
    played: ManualRound, stream: Stream
) -> None:
    cloud = played.cloud
    project(*stream.records)
    damage(cloud, available_minor=anna(cloud).available_minor + 5)
    stop = cloud.ledger.stop
    moved: list[int] = []

    def too_late(*arguments: Any) -> None:
        if not moved:
            moved.append(1)
            # The damage is mended, and the wallet moves: nothing is left to stop for.
            wallet = anna(cloud)
            damage(cloud, available_minor=wallet.available_minor - 5)
            credit_house_deposit("anna", "late", 1, "EUR", ledger=cloud.ledger, clock=cloud.clock)
        stop(*arguments)

    with mock.patch.object(cloud.ledger, "stop", too_late):
        found = checked(cloud)
    assert moved
    assert found.stopped == ()
    assert found.wrong_wallets == {}
    assert anna(cloud).stopped is None
