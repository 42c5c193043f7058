"""A run: rounds with faults, then everything comes to rest without them, then all is checked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import pairwise
from typing import Any, Final

from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.journal import DynamoJournal
from baccarat.adapters.dynamodb.ledger import DynamoLedger, DynamoLedgerScan
from baccarat.adapters.dynamodb.open_payments import DynamoOpenPayments
from baccarat.adapters.dynamodb.sessions import DynamoConnections
from baccarat.adapters.keys import KeySet, jwk_of_der
from baccarat.adapters.strict_json import loads
from baccarat.application.journal import verify as verify_journal
from baccarat.application.payments import credit_house_deposit
from baccarat.application.ports import Connection, OpenPayment
from baccarat.application.reconcile import Items, reconcile
from baccarat.application.watch_payments import MAX_WATCHED
from baccarat.domain.errors import IntegrityError
from baccarat.domain.log import Signature
from baccarat.domain.paytable import PAYTABLES
from baccarat.domain.table import Table
from baccarat.domain.table_config import Caps, StakeLimit
from baccarat.domain.transcript import VerificationFailed, verify, verify_link
from baccarat.domain.wallet import Wallet
from tests.simulation import transport
from tests.simulation.accounts import Accounts
from tests.simulation.cashier import Cashier
from tests.simulation.consumers import Consumers
from tests.simulation.faults import Counts
from tests.simulation.machine import Machine
from tests.simulation.monitor import Monitor
from tests.simulation.payouts import PayoutQueue
from tests.simulation.people import Command, Operation, People
from tests.simulation.provider import Provider
from tests.simulation.requests import Request
from tests.simulation.services import public_key_der
from tests.simulation.viewers import Viewers
from tests.simulation.world import Tallies, Violation, World, inhabited
from tests.support.cloud import table_config

PLAYERS: Final = ("anna", "vip.bert", "chen", "dora", "vip.emil", "fay", "gus", "hana")
SEED_MONEY_MINOR: Final = 60_000
_NO_COMMISSION: Final = "no-commission-8/2"
TABLES: Final[dict[str, dict[str, Any]]] = {
    "bac-1": {"currency": "EUR"},
    "bac-2": {
        "currency": "USD",
        "paytable_version": _NO_COMMISSION,
        "limits": {spot: StakeLimit(100, 20_000) for spot in PAYTABLES[_NO_COMMISSION].odds},
        "caps": Caps(side_bet_percent=100, differential_minor=4_000),
    },
    "bac-3": {"currency": "EUR", "bet_window_ms": 7_000, "card_interval_ms": 3_000},
}
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_RECONCILED_MS: Final = 20 * _MINUTE_MS
_REST_MS: Final = 4 * _HOUR_MS
"""Everything has to have ended by then."""
_VERIFIED: Final = 3
"""How many transcripts of a table are verified in full."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of; with the same plan it is the same run."""

    seed: int
    rounds: int = 24
    players: int = 6
    tables: int = 3
    rate: float | None = None

    def __str__(self) -> str:
        return (
            f"SEED={self.seed} with {self.rounds} rounds, {self.players} players, "
            f"{self.tables} tables"
        )


@dataclass
class Report:
    plan: Plan
    counts: Counts
    tallies: Tallies
    rounds: int = 0
    bets: int = 0
    payments: int = 0
    ambiguities: int = 0
    ambiguities_left: int = 0
    write_units: float = 0.0
    virtual_ms: int = 0
    verified: int = 0
    violation: Violation | None = None
    faults: list[str] = field(default_factory=list)
    digest: str = ""
    trace: list[str] = field(default_factory=list)


@cache
def _keys() -> KeySet:
    return KeySet.from_jwks(json.dumps({"keys": [jwk_of_der(public_key_der())]}))


def check_signature(signature: Signature, message: bytes) -> None:
    _keys().check(signature, message)


class Stage:
    """A world with its machine, consumers, monitor and people."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world = world
        self.plan = plan
        self.monitor = Monitor(world.s3)
        world.on_commit.append(self.monitor.committed)
        self.machine = Machine(world)
        self.withdrawals = Machine(world, "withdrawal")
        self.payouts = PayoutQueue(world)
        self.provider = Provider(world)
        self.accounts = Accounts(self.provider)
        world.on_commit.append(self.accounts.committed)
        self.consumers = Consumers(world)
        self.tables = dict(list(TABLES.items())[: plan.tables])
        self.people = People(
            world,
            self.monitor,
            list(PLAYERS[: plan.players]),
            {table_id: config["currency"] for table_id, config in self.tables.items()},
        )
        self.cashier = Cashier(world, self.accounts, self.provider, list(self.people.players))
        self.viewers = Viewers(world, self.accounts, list(self.people.players))
        self.opened = 0
        self.ambiguities = 0
        self._runs: Counter[str] = Counter()
        self._closing: set[str] = set()
        self.monitor.on_round = self._round_moved

    def set_up(self) -> None:
        """Make tables, wallets and connections, as the operator does before the first round."""
        clock = SystemClock()
        floor, ledger = DynamoFloor(transport.new_client("dynamodb")), _ledger()
        for table_id, config in self.tables.items():
            made = table_config(**{"bet_window_ms": 4_000, "card_interval_ms": 200, **config})
            floor.create_table(Table.create(table_id, made, clock.now_ms()))
        for player in self.people.players:
            for currency in sorted({config["currency"] for config in self.tables.values()}):
                ledger.open_wallet(Wallet(player, currency, 0, 0))
                credit_house_deposit(
                    player, "seed", SEED_MONEY_MINOR, currency, ledger=ledger, clock=clock
                )
        for client in (*self.people.players.values(), *self.people.devices.values()):
            DynamoConnections().connect(
                Connection(client.connection, client.person, client.role), clock.now_ms()
            )

    def watch(self) -> None:
        """Let the watchdogs come now and once a minute, and the reconciler now and then."""
        first_ms = self.cashier.dice("reconciler").uniform(10_000, 3 * _MINUTE_MS)
        self._every(_MINUTE_MS, "watch_tables", 0)
        self._every(_MINUTE_MS, "watch_payments", 0)
        self._every(_RECONCILED_MS, "reconcile_wallets", first_ms)

    def _every(self, pause_ms: float, function: str, delay_ms: float) -> None:
        """Invoke a function on its schedule."""

        def begin() -> None:
            self.world.scheduler.at(pause_ms, begin)
            if function == "watch_tables" and not self._is_anything_driven():
                return
            self._runs[function] += 1
            name = f"{function} {self._runs[function]}"
            self.world.run_process(
                "timer",
                f"timer of {name}",
                lambda: self.world.invoke(function, {}, name, _MINUTE_MS),
                faulty=False,
            )

        if delay_ms:
            self.world.scheduler.at(delay_ms, begin)
        else:
            begin()

    def _is_anything_driven(self) -> bool:
        """Return whether a table is open, or something is left of when it was."""
        return bool(self.machine.running or self._rounds_left()) or any(
            self.monitor.status[table_id] != "CLOSED" for table_id in self.tables
        )

    def _round_moved(self, round_id: str, state: str) -> None:
        self.opened += state == "OPEN"
        self.people.round_moved(round_id, state)
        if state == "OPEN":
            currency = self.tables[round_id.rpartition(".")[0]]["currency"]
            self.cashier.round_opened(round_id, currency)
            self.viewers.round_opened(round_id, currency)

    # --- the end ---------------------------------------------------------------------------------

    def come_to_rest(self, *, faults: bool = False) -> None:
        """Close the tables and let everything end, without faults from here unless told otherwise.

        Raises:
            Violation: something does not.
        """
        world, people = self.world, self.people
        people.resting = self.cashier.resting = self.viewers.resting = True
        world.faults.on = faults
        limit_ms = world.scheduler.now + _REST_MS
        while world.scheduler.now < limit_ms:
            self._close_tables()
            self._run(1_000)
            if not self._is_quiet():
                continue
            if self._end_corrections() or self._replay_dead_letters():
                continue
            if self.unanswered:
                for these in (people, self.cashier, self.viewers):
                    self.ambiguities += these.resolve()
                continue
            if self.cashier.finish() or self._listed():
                continue
            if self.withdrawals.running:
                # What woke them was lost; they would see tomorrow that all is done.
                self.withdrawals.run_out()
                continue
            return
        raise Violation("something never ends", self._why_not_quiet())

    def _close_tables(self) -> None:
        """Close what is not closed; an order to open one may have slept until now."""
        boss = self.people.bosses["paul"]
        for table_id in self.tables:
            if self.monitor.status[table_id] == "CLOSED" or table_id in self._closing:
                continue
            message = {
                "action": "pit",
                "id": f"close-{table_id}-{len(boss.commands)}",
                "tableId": table_id,
                "command": {"kind": "set_status", "status": "CLOSED", "note": "end of the night"},
            }
            command = boss.command("run_pit", message)
            self._closing.add(table_id)

            def close(command: Command = command, table_id: str = table_id) -> None:
                boss.send(command)
                self._closing.discard(table_id)

            self.world.run_process("client", f"close {table_id}", close, faulty=False)

    def _run(self, ms: float) -> None:
        until = self.world.scheduler.now + ms
        self.world.scheduler.run(lambda: False, until)
        self.world.scheduler.now = max(self.world.scheduler.now, until)

    def _is_quiet(self) -> bool:
        return (
            len(self.world.scheduler.alive) == self.withdrawals.waiting
            and self.consumers.idle
            and self.payouts.idle
            and not self.provider.to_send
            and not self.withdrawals.to_redrive
            and not self.machine.running
            and not self.machine.to_redrive
            and not self._closing
            and not self._rounds_left()
        )

    def _rounds_left(self) -> list[str]:
        return [
            f"{round_id} {round_.state}"
            for round_id, round_ in self.monitor.rounds.items()
            if round_.state not in ("SETTLED", "VOIDED")
            or f"transcripts/{round_.table_id}/{round_id}.json" not in self.world.s3.objects
        ]

    def _why_not_quiet(self) -> str:
        alive = sorted(process.name for process in self.world.scheduler.alive)
        return (
            f"rounds {self._rounds_left()}, processes {alive}, "
            f"executions {[one.name for one in self.machine.running]}, "
            f"consumers idle: {self.consumers.idle}, "
            f"unanswered {[self._named(one) for one in self.unanswered]}, "
            f"payments {self.accounts.open}, listed {self._listed()}"
        )

    @staticmethod
    def _named(one: Command | Operation | Request) -> str:
        return str(one.message) if isinstance(one, Command) else one.name

    @property
    def unanswered(self) -> list[Command | Operation | Request]:
        return [
            *self.people.unanswered,
            *self.cashier.unanswered,
            *self.viewers.unanswered,
        ]

    @staticmethod
    def _listed() -> list[OpenPayment]:
        """Return what is listed as open; it is a projection, and follows."""
        return DynamoOpenPayments().listed(MAX_WATCHED)

    def _end_corrections(self) -> bool:
        """Decide what the pit left open; return whether there was any."""
        left = [
            (place.partition("#"), state)
            for place, state in self.monitor.corrections.items()
            if state in ("PROPOSED", "APPROVED")
        ]
        for (round_id, _, number), state in left:
            boss = self.people.bosses["paul"]
            kind = "reject_correction" if state == "PROPOSED" else "approve_correction"
            command: dict[str, Any] = {
                "kind": kind,
                "correctionId": f"{round_id}.c{int(number)}",
            }
            if state == "PROPOSED":
                command["note"] = "nobody came to it"
            message = {
                "action": "pit",
                "id": f"end-{len(boss.commands)}",
                "tableId": round_id.rpartition(".")[0],
                "command": command,
            }
            made = boss.command("run_pit", message)
            self.world.run_process(
                "client", f"end {round_id}", partial(boss.send, made), faulty=False
            )
        return bool(left)

    def _replay_dead_letters(self) -> bool:
        """Send what was kept aside again, as the runbook says; return whether there was any."""
        letters, self.consumers.dead_letters = self.consumers.dead_letters, []
        for number, (mapping, records) in enumerate(letters):
            name = f"replay {number} to {mapping.function}"
            self.world.run_process(
                "operator",
                name,
                partial(
                    self.world.invoke, mapping.function, {"Records": records}, name, _MINUTE_MS
                ),
                faulty=False,
            )
        return bool(letters)

    def check(self) -> int:
        """Check everything that is only true at rest; return how many transcripts were verified.

        Raises:
            Violation.
        """
        for key, bet in self.monitor.bets.items():
            if bet.state == "PLACED":
                raise Violation("a bet never ended", f"{key}: {bet}")
        self.people.check_answers()
        self.cashier.check_answers()
        self.accounts.check()
        for body in self.world.sqs.messages:
            if "this is no number" not in body:
                raise Violation("a good record was parked", body[:300])
        journal = DynamoJournal()
        self._check_history(journal)
        balances = reconcile(Items.scanned(DynamoLedgerScan()), journal)
        if balances.findings:
            raise Violation("the reconciler finds something", "; ".join(balances.findings))
        for currency, sums in self.monitor.sums.items():
            found = balances.of(currency)
            mine = (sums.available, sums.held, sums.house, sums.deposits, sums.withdrawals)
            theirs = (
                found.available_minor,
                found.held_minor,
                found.house_minor,
                found.deposits_minor,
                found.withdrawals_minor,
            )
            if mine != theirs or sums.open_stakes or sums.in_flight:
                raise Violation("the sums differ", f"{currency}: {sums} and {found}")
        return self._verify()

    def _check_history(self, journal: DynamoJournal) -> None:
        """Hold every wallet against its history, which must be whole and a chain."""
        for (player, currency), wallet in self.accounts.wallets.items():
            try:
                last = verify_journal(player, currency, journal=journal)
            except IntegrityError as error:
                raise Violation("a history is no chain", error.message) from error
            known = (0, 0, 0)
            if last is not None:
                known = (last.movement.version, last.available_minor, last.held_minor)
            if known != (wallet.version, wallet.available_minor, wallet.held_minor):
                raise Violation("a history is not whole", f"{player} {currency}: {wallet}, {last}")

    def _verify(self) -> int:
        """Verify the newest transcripts of every table, and that they follow one another."""
        verified = 0
        for table_id in self.tables:
            prefix = f"transcripts/{table_id}/"
            keys = sorted(key for key in self.world.s3.objects if key.startswith(prefix))
            try:
                found = [
                    verify(loads(self.world.s3.objects[key]), check_signature)
                    for key in keys[-_VERIFIED:]
                ]
                for earlier, later in pairwise(found):
                    verify_link(earlier, later)
            except VerificationFailed as error:
                raise Violation("a transcript does not verify", f"{table_id}: {error}") from error
            verified += len(found)
        return verified


def _ledger() -> DynamoLedger:
    return DynamoLedger(transport.new_client("dynamodb"))


def play(plan: Plan, only: Iterable[str] | None = None, *, trace: bool = False) -> Report:
    """Run one plan to its end or its first violation. Inside ``harness``.

    The faults that are named in ``only`` may also happen when all comes to rest: with fewer rounds
    than before, that is when their turn may be.
    """
    faults = None if only is None else list(only)
    world = World(plan.seed, faults, rate=plan.rate)
    report = Report(plan, world.faults.counts, world.tallies)
    if trace:
        world.trace = report.trace
    with inhabited(world):
        stage = Stage(world, plan)
        try:
            stage.set_up()
            stage.watch()
            world.scheduler.run(
                lambda: stage.opened >= plan.rounds,
                world.scheduler.now + plan.rounds * 5 * _MINUTE_MS + _HOUR_MS,
            )
            stage.come_to_rest(faults=faults is not None)
            report.verified = stage.check()
            report.digest = world.digest()
        except Violation as violation:
            report.violation = violation
        report.rounds = stage.opened
        report.bets = len(stage.monitor.bets)
        report.payments = len(stage.accounts.payments)
        report.ambiguities = stage.ambiguities
        report.ambiguities_left = len(stage.unanswered)
        report.write_units = world.billed_write_units()
        report.virtual_ms = world.now_ms
        report.faults = list(world.faults.happened)
    return report
