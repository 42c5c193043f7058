"""Planted bugs: what somebody might do to the application, each of which the simulator must catch.

Each replaces one named function of the application for as long as it lasts. Nothing in the
application knows of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

from baccarat.adapters.dynamodb import floor, ledger, transact
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import wallets_of
from baccarat.adapters.dynamodb.transact import Cancelled, Operation
from baccarat.adapters.s3 import S3Archive
from baccarat.adapters.streams import ParkingLot
from baccarat.application import (
    append,
    corrections,
    drive_round,
    journal,
    refunds,
    watch_tables,
)
from baccarat.application.ports import Commit
from baccarat.application.retry import on_contention
from baccarat.domain import book, correction, wallet
from baccarat.domain.book import BetBook, BookEntry
from baccarat.domain.errors import Contention, Refused
from baccarat.domain.wallet import Bet, BetState, RefundReason, Wallet
from tests.simulation.crash_points import Run, by_name, run
from tests.simulation.payment_mutations import PAYMENT_BUGS
from tests.simulation.play import Plan, Report, play

_ALWAYS: Final = "attribute_not_exists(pk) OR attribute_exists(pk)"


def _everywhere(function: Callable[..., Any], replacement: Any) -> list[Any]:
    """Return patches of a function in every module of the application that has it by its name."""
    return [
        mock.patch.object(module, function.__name__, replacement)
        for name, module in sorted(sys.modules.items())
        if name.startswith(("baccarat.", "functions."))
        and getattr(module, function.__name__, None) is function
    ]


def _unconditional(operation: Operation) -> Operation:
    return replace(operation, condition=_ALWAYS, values={}, names={})


def _no_version_on_wallets() -> list[Any]:
    original = transact.on_version
    return [
        mock.patch.object(
            ledger, "on_version", lambda item, version: _unconditional(original(item, version))
        )
    ]


def _settle_by_a_new_scan() -> list[Any]:
    """Winners are looked for among the bets that are there by now, instead of in the book."""

    def settle_page(
        step: Any, page: int, *, floor: Any, ledger: Any, archive: Any, clock: Any
    ) -> int:
        record = drive_round.load_round(floor, step)
        scanned = BetBook.of(
            BookEntry(bet.player_id, bet.bet_id, bet.spot, bet.stake_minor)
            for bet in ledger.bets(step.round_id)
            if bet.state in (BetState.PLACED, BetState.PAID)
        )
        found = SimpleNamespace(book=lambda *_: scanned)
        start = page * drive_round.WINNERS_PER_PAGE
        winners = drive_round._by_player(drive_round.owed(record, found))
        for due in winners[start : start + drive_round.WINNERS_PER_PAGE]:
            drive_round.pay_player(step.round_id, due, ledger=ledger, clock=clock)
        return len(winners)

    return _everywhere(drive_round.settle_page, settle_page)


def _cancel_without_the_round() -> list[Any]:
    original = floor.check_round_open
    return [
        mock.patch.object(ledger, "check_round_open", lambda *args: _unconditional(original(*args)))
    ]


def _add_instead_of_set() -> list[Any]:
    """The wallet is added to, without its version, in a write of its own after the bets'."""

    def write(self: Any, before: Wallet, after: Wallet, rest: Sequence[Operation]) -> None:
        item = ledger._wallet_item(after).serialize()
        table = ledger._wallet_item(after).Meta.table_name
        transact.execute(self._client, rest)
        self._client.update_item(
            TableName=table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="ADD available_minor :a, version :one SET #last = :last",
            ExpressionAttributeNames={"#last": "last"},
            ExpressionAttributeValues={
                ":a": {"N": str(after.available_minor - before.available_minor)},
                ":one": {"N": "1"},
                ":last": item["last"],
            },
        )

    return [mock.patch.object(DynamoLedger, "_write", write)]


def _token_is_the_record() -> list[Any]:
    """A payment is put whatever is there: DynamoDB's token, which it forgets after ten minutes, is
    to keep a repeat from counting twice.
    """

    def open_payment(self: Any, payment: Any, before: Any = None, after: Any = None) -> Any:
        operations = [_unconditional(transact.if_absent(ledger._payment_item(payment)))]
        if before is not None:
            operations.append(transact.on_version(ledger._wallet_item(after), before.version))
        try:
            self._client.transact_write_items(
                TransactItems=[transact._request(operation) for operation in operations],
                ClientRequestToken=payment.payment_id[-36:],
            )
        except self._client.exceptions.IdempotentParameterMismatchException:
            return self.payment(payment.payment_id)
        except self._client.exceptions.TransactionCanceledException as error:
            raise Contention("moved") from error
        return None

    return [mock.patch.object(DynamoLedger, "open_payment", open_payment)]


def _close_bets_in_any_state() -> list[Any]:
    original = ledger._close_bet
    return [mock.patch.object(ledger, "_close_bet", lambda bet: _unconditional(original(bet)))]


def _pay_without_looking() -> list[Any]:
    """Winners are paid whatever became of their bets, with no condition on the bets."""

    def pay_player(round_id: str, due: Any, *, ledger: Any, clock: Any) -> None:
        amounts = {payout.bet_id: payout.payout_minor for payout in due}

        def attempt() -> None:
            bets = [
                (replace(bet, state=BetState.PLACED), amounts[bet.bet_id])
                for bet in ledger.bets_of(round_id, due[0].player_id)
                if bet.bet_id in amounts
            ]
            before = ledger.wallet(due[0].player_id, bets[0][0].currency)
            after, paid = wallet.pay(before, bets, clock.now_ms())
            ledger.close(before, after, paid)

        on_contention(clock, attempt)

    return [*_close_bets_in_any_state(), mock.patch.object(drive_round, "pay_player", pay_player)]


def _no_straggler_is_seen() -> list[Any]:
    return _everywhere(refunds.refund_straggler, lambda *_, **__: False)


def _no_sweep() -> list[Any]:
    return [mock.patch.object(drive_round, "sweep", lambda *_, **__: None)]


def _void_without_refunds() -> list[Any]:
    return [mock.patch.object(drive_round, "refund_round", lambda *_, **__: None)]


def _refund_before_the_flip() -> list[Any]:
    original = drive_round.void_round

    def void_round(step: Any, reason: Any, **wired: Any) -> Any:
        refunds.refund_round(step.round_id, ledger=wired["ledger"], clock=wired["clock"])
        return original(step, reason, **wired)

    return _everywhere(original, void_round)


def _rounds_are_not_fenced() -> list[Any]:
    """A round is written whatever it has become meanwhile, by whoever drives."""
    original = floor._move_round

    def move_round(before: Any, after: Any) -> Operation:
        operation = original(before, after)
        return operation if before is None else _unconditional(operation)

    events = floor._event_item
    return [
        mock.patch.object(floor, "_move_round", move_round),
        mock.patch.object(
            floor,
            "if_absent",
            lambda item: (
                _unconditional(transact.if_absent(item))
                if type(item).__name__ == "EventItem"
                else transact.if_absent(item)
            ),
        ),
        mock.patch.object(floor, "_event_item", events),
        *_everywhere(append.check_epoch, lambda *_: None),
    ]


def _places_in_the_log_are_not_held() -> list[Any]:
    return [
        mock.patch.object(
            floor,
            "if_absent",
            lambda item: (
                _unconditional(transact.if_absent(item))
                if type(item).__name__ in ("EventItem", "PostingItem")
                else transact.if_absent(item)
            ),
        ),
        mock.patch.object(
            floor,
            "_move_round",
            lambda _, after: _unconditional(transact.if_absent(floor._round_item(after))),
        ),
    ]


def _the_book_is_stored_after_its_seal() -> list[Any]:
    kept: dict[str, BetBook] = {}
    put_book, sweep = S3Archive.put_book, drive_round.sweep

    def remember(_: Any, round_id: str, sealed: BetBook) -> None:
        kept[round_id] = sealed

    def store_and_sweep(record: Any, **wired: Any) -> None:
        round_id = record.round.round_id
        if round_id in kept:
            put_book(wired["archive"], round_id, kept[round_id])
        sweep(record, **wired)

    return [
        mock.patch.object(S3Archive, "put_book", remember),
        mock.patch.object(drive_round, "sweep", store_and_sweep),
    ]


def _finish_without_the_check() -> list[Any]:
    """A page that failed is taken for settled, and nobody looks before the house is posted."""
    original = drive_round.settle_page

    def settle_page(*args: Any, **wired: Any) -> int:
        try:
            return original(*args, **wired)
        except Exception:  # noqa: BLE001  that is the bug
            return 0

    return [
        *_everywhere(original, settle_page),
        mock.patch.object(drive_round, "check_bets", lambda *_: None),
    ]


def _a_failed_bet_is_accepted() -> list[Any]:
    original = DynamoLedger.place

    def place(self: Any, before: Wallet, after: Wallet, bets: Sequence[Bet]) -> bool:
        try:
            return original(self, before, after, bets)
        except Contention:
            return True

    return [mock.patch.object(DynamoLedger, "place", place)]


def _a_bet_id_may_come_twice() -> list[Any]:
    original = transact.if_absent

    def if_absent(item: Any, *, return_old: bool = False) -> Operation:
        operation = original(item, return_old=return_old)
        return _unconditional(operation) if type(item).__name__ == "BetItem" else operation

    return [mock.patch.object(ledger, "if_absent", if_absent)]


def _deposits_have_no_record() -> list[Any]:
    original = transact.if_absent

    def if_absent(item: Any, *, return_old: bool = False) -> Operation:
        operation = original(item, return_old=return_old)
        return _unconditional(operation) if type(item).__name__ == "PaymentItem" else operation

    return [mock.patch.object(ledger, "if_absent", if_absent)]


def _corrections_come_twice() -> list[Any]:
    original = transact.if_absent

    def if_absent(item: Any, *, return_old: bool = False) -> Operation:
        operation = original(item, return_old=return_old)
        return _unconditional(operation) if type(item).__name__ == "AdjustmentItem" else operation

    return [mock.patch.object(ledger, "if_absent", if_absent)]


def _one_person_corrects() -> list[Any]:
    def approved(self: Any, by: str, changes: dict[str, int]) -> Any:
        mine = replace(self, proposed_by="nobody")
        after, fact = original(mine, by, changes)
        return replace(after, proposed_by=self.proposed_by), fact

    original = correction.Correction.approved

    def move(before: Any, after: Any) -> Operation:
        item = floor._correction_item(after)
        if before is None:
            return transact.if_absent(item)
        return Operation(
            item,
            "#state = :before",
            {":before": transact.text(before.state.value)},
            {"#state": "state"},
        )

    return [
        mock.patch.object(correction.Correction, "approved", approved),
        mock.patch.object(floor, "_move_correction", move),
        mock.patch.object(floor, "_same_person", lambda *_: False),
    ]


def _takeover_keeps_the_epoch() -> list[Any]:
    """The watchdog starts another driver and fences nobody."""

    def take_over(table: Any, *_: Any, floor: Any, clock: Any, **__: Any) -> Any:
        epoch = max(table.epoch, 1)
        after = table.changed(epoch=epoch, lease_until_ms=clock.now_ms() + 45_000)
        floor.commit(Commit((), table_before=table, table_after=after))
        return after

    return [
        mock.patch.object(watch_tables, "take_over", take_over),
        *_rounds_are_not_fenced(),
    ]


def _poison_stops_the_shard() -> list[Any]:
    def parse_each(_: Any, records: Any, parse: Callable[[Any], Any]) -> list[Any]:
        return [parse(record) for record in records]

    return [mock.patch.object(ParkingLot, "parse_each", parse_each)]


def _everything_is_parked() -> list[Any]:
    """A busy wallet is taken for a record that nobody can read."""
    original = ParkingLot.parse_each

    def parse_each(self: Any, records: Any, parse: Callable[[Any], Any]) -> list[Any]:
        def parse_one(record: Any) -> Any:
            try:
                return parse(record)
            except Contention as error:
                raise ValueError("busy") from error
            except Refused:
                raise
            except Exception as error:
                raise ValueError("failed") from error

        return original(self, records, parse_one)

    return [mock.patch.object(ParkingLot, "parse_each", parse_each)]


def _the_last_page_is_lost() -> list[Any]:
    original = drive_round.settle_page

    def settle_page(step: Any, page: int, **wired: Any) -> int:
        return original(step, page + 1, **wired)

    return _everywhere(original, settle_page)


def _late_bets_are_paid() -> list[Any]:
    """A bet that came after the seal is put into the book that is paid from."""
    original = BetBook.holds

    def holds(self: BetBook, player_id: str, bet_id: str) -> bool:
        return original(self, player_id, bet_id) or hash((player_id, bet_id)) is not None

    return [mock.patch.object(BetBook, "holds", holds)]


def _stakes_are_taken_after_the_bet() -> list[Any]:
    """Two writes where one would do: first the bets, then the wallet."""

    def place(self: Any, before: Wallet, after: Wallet, bets: Sequence[Bet]) -> bool:
        try:
            transact.execute(
                self._client, [transact.if_absent(ledger._bet_item(bet)) for bet in bets]
            )
            transact.execute(
                self._client, [transact.on_version(ledger._wallet_item(after), before.version)]
            )
        except Cancelled as error:
            raise Contention("moved") from error
        return True

    return [mock.patch.object(DynamoLedger, "place", place)]


def _a_stop_moves_no_version() -> list[Any]:
    original = wallet.stop

    def stop(before: Wallet, reason: str, by: str, now_ms: int) -> Any:
        after, record = original(before, reason, by, now_ms)
        return replace(after, version=before.version), record

    return [mock.patch.object(wallet, "stop", stop)]


def _refunds_give_the_reason_of_a_void() -> list[Any]:
    def reason_without(*_: Any) -> RefundReason:
        return RefundReason.ROUND_VOIDED

    return [mock.patch.object(book.BetBook, "reason_without", reason_without)]


def _balances_are_read_as_they_come() -> list[Any]:
    """Balances are shown from a read that may be old."""

    def wallets(_: Any, player_id: str) -> list[Wallet]:
        model = wallets_of(player_id).wallet
        found = model.query(ledger._player_key(player_id), model.sk.startswith("WALLET#"))
        return [ledger._wallet(item) for item in found]

    return [mock.patch.object(DynamoLedger, "wallets", wallets)]


def _pages_leave_one_out() -> list[Any]:
    """The next page begins one too low."""
    original = journal.history

    def history(
        player_id: str, currency: str, *, before: int | None, limit: int, **wired: Any
    ) -> journal.Page:
        page = original(player_id, currency, before=before, limit=limit, **wired)
        return replace(page, before=page.before and page.before - 1)

    return _everywhere(original, history)


def _corrections_are_posted_by_what_was_wanted() -> list[Any]:
    """The house is posted what a correction should have moved, not what it did."""
    original = corrections._adjust

    def adjust(player_id: str, amount_minor: int, *rest: Any) -> int:
        original(player_id, amount_minor, *rest)
        return amount_minor + 1

    return [mock.patch.object(corrections, "_adjust", adjust)]


@dataclass(frozen=True, slots=True)
class Mutation:
    """``scenario`` brings about what the bug needs, where seeds hardly ever do."""

    name: str
    patches: Callable[[], list[Any]]
    scenario: str = ""

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have the bug until the end of the block. Inside ``harness``."""
        patches = self.patches()
        assert patches, f"nothing to replace for {self.name}"
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in reversed(patches):
                patch.stop()


def caught(mutation: Mutation, seeds: Iterable[int]) -> Report | None:
    """Return the first broken run with the bug, None if there is none. Inside ``harness``."""
    with mutation.planted():
        reports = (play(Plan(seed)) for seed in seeds)
        return next((report for report in reports if report.violation is not None), None)


def run_scenario(mutation: Mutation) -> Run:
    """Return the run of the bug's scenario, with its trace. Inside ``harness``."""
    with mutation.planted():
        return run(by_name(mutation.scenario), trace=True)


MUTATIONS: Final = (
    Mutation("no condition on the wallet's version", _no_version_on_wallets),
    Mutation(
        "settle by a new scan instead of the book",
        _settle_by_a_new_scan,
        scenario="refund a bet of after the sweep",
    ),
    Mutation("cancel without the check of the round", _cancel_without_the_round),
    Mutation("ADD instead of SET", _add_instead_of_set),
    Mutation("the request token taken as the record", _token_is_the_record),
    Mutation("winners paid whatever became of the bet", _pay_without_looking),
    Mutation("bets closed in any state", _close_bets_in_any_state, scenario="settle a page again"),
    Mutation("the consumer sees no straggler", _no_straggler_is_seen),
    Mutation("no sweep after the seal", _no_sweep),
    Mutation("a void refunds nobody", _void_without_refunds),
    Mutation("refunds before the round is void", _refund_before_the_flip),
    Mutation("rounds are not fenced", _rounds_are_not_fenced),
    Mutation("places in the log are not held", _places_in_the_log_are_not_held),
    Mutation("the book stored after its seal", _the_book_is_stored_after_its_seal),
    Mutation("finish without the double check", _finish_without_the_check),
    Mutation("a bet that lost its race is accepted", _a_failed_bet_is_accepted),
    Mutation("a bet id may come twice", _a_bet_id_may_come_twice),
    Mutation("deposits without a record of their own", _deposits_have_no_record),
    Mutation("a correction moves money twice", _corrections_come_twice),
    Mutation("one person corrects alone", _one_person_corrects),
    Mutation("a takeover keeps the epoch", _takeover_keeps_the_epoch),
    Mutation("a poison record stops its shard", _poison_stops_the_shard),
    Mutation("what is busy is parked as poison", _everything_is_parked),
    Mutation("the first page of winners is left out", _the_last_page_is_lost),
    Mutation("every late bet is taken for one of the book", _late_bets_are_paid),
    Mutation("bet and stake in two writes", _stakes_are_taken_after_the_bet),
    Mutation("a stop without a version", _a_stop_moves_no_version),
    Mutation("a late bet refunded as void", _refunds_give_the_reason_of_a_void),
    Mutation("a correction posted by another amount", _corrections_are_posted_by_what_was_wanted),
    Mutation("balances read as they come", _balances_are_read_as_they_come, scenario="deposit"),
    Mutation("a page of the history leaves one out", _pages_leave_one_out),
    *(Mutation(name, patches) for name, patches in PAYMENT_BUGS),
)
