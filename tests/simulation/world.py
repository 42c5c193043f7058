"""One simulated deployment: the real handlers, wired to stand-ins that one seed moves.

Nothing of the application is replaced but what it reads of the machine: the clock, randomness, and
threads (``harness``). Every call that it makes to AWS pauses its process before and after, and may
meet a fault.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import logging
import os
import random
import sys
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Self, TypeVar
from unittest import mock

from aws_lambda_powertools.utilities.parameters import base as parameters
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from pynamodb.exceptions import PynamoDBException

from baccarat.adapters import observability, provider
from baccarat.adapters.clock import SystemClock, SystemEntropy
from baccarat.adapters.dynamodb import models, sessions
from baccarat.domain.errors import BaccaratError
from baccarat.domain.payment import PaymentLimits
from baccarat.domain.tiers import TIERS
from tests.simulation import transport
from tests.simulation.faults import Fault, Faults, Kind, kinds_of
from tests.simulation.scheduler import Event, Killed, Process, Scheduler
from tests.simulation.services import (
    OPERATIONS,
    READS,
    S3,
    Connections,
    Kms,
    SecretsManager,
    Sqs,
    StateMachine,
    StepFunctions,
)
from tests.simulation.store import DynamoStore, StoreError
from tests.simulation.store.errors import NOTHING_WRONG, cancelled, conflict, internal
from tests.support.cloud import Context

T = TypeVar("T")
R = TypeVar("R")

ROOT: Final = Path(__file__).resolve().parents[2]
_WALLETS: Final = tuple(f"{tier}-wallets" for tier in TIERS)
TABLES: Final = ("floor", "log", "ledger", *_WALLETS, "journal", "sessions")
ARN_OF_MACHINES: Final = f"arn:aws:states:{transport.REGION}:000000000000:stateMachine:"
LIMITS: Final = PaymentLimits(
    min_deposit_minor=500,
    max_deposit_minor=90_000,
    min_withdrawal_minor=500,
    max_withdrawal_minor=500_000,
    automatic_below_minor=10_000,
    two_people_from_minor=25_000,
)
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": transport.REGION,
    "AWS_DEFAULT_REGION": transport.REGION,
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "FLOOR_TABLE": "floor",
    "LOG_TABLE": "log",
    "LEDGER_TABLE": "ledger",
    "WALLET_TABLES": " ".join(f"{tier}={tier}-wallets" for tier in TIERS),
    "JOURNAL_TABLE": "journal",
    "SESSIONS_TABLE": "sessions",
    "RECORDS_BUCKET": "records",
    "SIGNING_KEY_ID": "signing",
    "SIGNING_KEY_VERSION": "1",
    "SHOE_KEY_ID": "shoes",
    "SEED_KEY_ID": "seeds",
    "PARKING_QUEUE_URL": "https://queue.invalid/parking",
    "CALLBACK_URL": "https://example.invalid/live",
    "WEBSOCKET_URL": "wss://example.invalid/live",
    "ALLOWED_ORIGINS": "https://play.example",
    "STATE_MACHINE_ARN": f"{ARN_OF_MACHINES}round",
    "WITHDRAWAL_MACHINE_ARN": f"{ARN_OF_MACHINES}withdrawal",
    "PAYOUTS_QUEUE_URL": "https://queue.invalid/payouts.fifo",
    "PROVIDER_URL": "https://provider.invalid",
    "PROVIDER_KEY_SECRET": "provider-key",
    "WEBHOOK_SECRET": "webhook-secret",
    "PAYMENT_LIMITS": json.dumps(dict.fromkeys(("EUR", "USD"), asdict(LIMITS))),
}
SECRETS: Final = {"provider-key": '["key of ours"]', "webhook-secret": '["newest", "older"]'}
_MINUTE_MS: Final = 60_000
_APPLICATION: Final = f"{os.sep}baccarat{os.sep}application{os.sep}"
_GC_THRESHOLD: Final = (50_000, 20, 100)
"""A run makes much and keeps much of it; looking for cycles as often as usual takes a tenth of its
time."""
_NAP_MS: Final = (600, 25_000)
NEWER_ATTRIBUTE: Final = "of_a_newer_version"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended: ``error`` is what a state machine would call it."""

    result: Any = None
    error: str | None = None
    message: str = ""


@dataclass(slots=True)
class _Container:
    handler: Callable[[dict[str, Any], Any], Any]
    offset_ms: int


@dataclass(slots=True)
class Tallies:
    """What is counted beside the faults."""

    operations: int = 0
    calls: int = 0
    transactions: int = 0
    lost_races: int = 0


class World:
    """``trace`` gets a line for every call while it is a list."""

    def __init__(
        self, seed: int, only: Iterable[str] | None = None, *, rate: float | None = None
    ) -> None:
        self.seed = seed
        self.scheduler = Scheduler()
        self.faults = Faults(seed, only, rate=rate)
        self.store = DynamoStore(lambda: self.scheduler.now_ms, lag=lambda *_: self._lag)
        self.tallies = Tallies()
        self.trace: list[str] | None = None
        self.s3, self.sqs = S3(), Sqs()
        self.connections = Connections(self._deliver)
        self.inboxes: dict[str, Callable[[dict[str, Any]], None]] = {}
        self.new_pool: Callable[..., Any] | None = None
        """Makes what stands for urllib3's pool of connections to the payment provider."""
        self.on_commit: list[Callable[[str, list[Change]], None]] = []
        self.on_call: Callable[[Process, str, bool], None] | None = None
        """Told of each call before it is sent and after it was carried out: (process, operation,
        is it done). May kill the process."""
        stepfunctions = StepFunctions()
        self.machines: dict[str, StateMachine] = stepfunctions.machines
        self._targets: dict[str, Any] = {
            "kms": Kms(),
            "s3": self.s3,
            "sqs": self.sqs,
            "apigatewaymanagementapi": self.connections,
            "secretsmanager": SecretsManager(SECRETS),
            "stepfunctions": stepfunctions,
        }
        self._lag = 0
        self._tokens = 0
        self._last_token: str | None = None
        self._free: dict[str, list[_Container]] = {}
        self._names: Counter[str] = Counter()
        self._seen = dict.fromkeys(TABLES, 0)
        for name in TABLES:
            self._create_table(name)

    @property
    def now_ms(self) -> int:
        return self.scheduler.now_ms

    def _create_table(self, name: str) -> None:
        # All of them have a stream here, because the monitor reads it; who gets its records is
        # another matter.
        view = "NEW_IMAGE" if name == "log" else "NEW_AND_OLD_IMAGES"
        self.store.call(
            "CreateTable",
            {
                "TableName": name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": models.HASH_KEY, "AttributeType": "S"},
                    {"AttributeName": models.RANGE_KEY, "AttributeType": "SN"[name == "log"]},
                ],
                "KeySchema": [
                    {"AttributeName": models.HASH_KEY, "KeyType": "HASH"},
                    {"AttributeName": models.RANGE_KEY, "KeyType": "RANGE"},
                ],
                "StreamSpecification": {"StreamEnabled": True, "StreamViewType": view},
            },
        )

    # --- processes -------------------------------------------------------------------------------

    def unique(self, name: str) -> str:
        """Return the name, with a number when it was asked for before."""
        self._names[name] += 1
        count = self._names[name]
        return name if count == 1 else f"{name}/{count}"

    def run_process(
        self, kind: str, name: str, run: Callable[[], Any], *, faulty: bool = True
    ) -> Process:
        """Start a process that lives by itself, such as a use case or a client."""
        name = self.unique(name)
        process = Process(name, kind, random.Random(f"{self.seed}:{name}"))
        process.faulty = faulty
        process.at_end.append(self._check_error)
        if faulty:
            self.tallies.operations += 1
            self._meet_clock(process)
        return self.scheduler.spawn(process, run)

    def start(self, function: str, event: Mapping[str, Any], name: str) -> Process:
        """Start an invocation of a Lambda function."""
        name = self.unique(name)
        process = Process(name, function, random.Random(f"{self.seed}:{name}"))
        process.at_end.append(self._check_error)
        self.tallies.operations += 1
        text = json.dumps(event, default=_bytes_as_text)

        def run() -> Any:
            free = self._free.setdefault(function, [])
            container = free.pop() if free else self._cold_start(function, name)
            process.offset_ms += container.offset_ms
            result = container.handler(json.loads(text), Context(function))
            free.append(container)
            return json.loads(json.dumps(result))

        self._meet_clock(process)
        return self.scheduler.spawn(process, run, process.dice.uniform(0.5, 8.0))

    def _check_error(self, process: Process) -> None:
        """Hold against the process what no fault explains."""
        error = process.error
        if error is None or isinstance(error, BaccaratError):
            return
        if process.met_fault and isinstance(error, _FROM_AWS):
            return
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        detail = f"{process.name}: {type(error).__name__}: {error} ({place})"
        found = isinstance(error, Violation)
        violation = error if found else Violation("an unexpected error", detail)
        self.scheduler.failure = self.scheduler.failure or violation

    def _cold_start(self, function: str, name: str) -> _Container:
        build = importlib.import_module(f"functions.{function}.handler").build
        off = random.Random(f"{self.seed}:{name}:container").gauss(0, 15)
        return _Container(build.__wrapped__(), int(off))

    def _meet_clock(self, process: Process) -> None:
        name, site = process.name, f"process {process.kind}"
        skew = self.faults.of_event(name, site, Kind.CLOCK_SKEW)
        step = self.faults.of_event(name, site, Kind.CLOCK_STEP)
        newer = self.faults.of_event(name, site, Kind.OTHER_VERSION)
        if skew is not None:
            process.offset_ms = skew.dice.randint(-8_000, 8_000)
        if step is not None:
            process.step = (step.dice.randint(1, 8), step.dice.randint(-8_000, 8_000))
        process.newer = newer is not None
        met = [fault for fault in (skew, step, newer) if fault is not None]
        if met:

            def judge(ended: Process) -> None:
                for fault in met:
                    if ended.commits:
                        self.faults.took_effect(fault)

            process.at_end.append(judge)

    def invoke(
        self, function: str, event: Mapping[str, Any], name: str, timeout_ms: float
    ) -> Outcome:
        """Invoke a function and wait for it, as Lambda does; some events come twice."""
        site = f"invoke {function}"
        at_once = self.faults.of_event(name, site, Kind.TWICE_AT_ONCE, 0.7)
        in_sequence = self.faults.of_event(name, site, Kind.TWICE_IN_SEQUENCE, 0.7)
        if at_once is not None:
            delay = at_once.dice.uniform(0, 30)
            other = [None]

            def again() -> None:
                process = self.start(function, event, f"{name}+")
                process.at_end.append(self._if_it_mattered(at_once))
                other[0] = process  # type: ignore[call-overload]
                self._limit(process, timeout_ms)

            self.scheduler.at(delay, again)
        outcome = self._invoke_once(function, event, name, timeout_ms)
        if in_sequence is not None and outcome.error is None:
            process = self.start(function, event, f"{name}=")
            process.at_end.append(self._if_it_mattered(in_sequence))
            self._limit(process, timeout_ms)
            self.scheduler.wait(self.scheduler.end_of(process), timeout_ms)
        return outcome

    def _if_it_mattered(self, fault: Fault) -> Callable[[Process], None]:
        def judge(process: Process) -> None:
            if process.commits or process.lost_races or process.error is not None:
                self.faults.took_effect(fault)

        return judge

    def _limit(self, process: Process, timeout_ms: float) -> None:
        def stop() -> None:
            if not process.slept_through:
                self.scheduler.kill(process)

        self.scheduler.at(timeout_ms, stop)

    def _invoke_once(
        self, function: str, event: Mapping[str, Any], name: str, timeout_ms: float
    ) -> Outcome:
        process = self.start(function, event, name)
        if not self.scheduler.wait(self.scheduler.end_of(process), timeout_ms):
            if not process.slept_through:
                self.scheduler.kill(process)
            return Outcome(error="States.Timeout")
        if process.error is not None:
            return Outcome(None, type(process.error).__name__, str(process.error))
        if process.result is None and not process.returned:
            return Outcome(error="Lambda.Unknown")
        return Outcome(process.result)

    # --- calls -----------------------------------------------------------------------------------

    def call(self, client: Any, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Answer a client's call; it is what ``transport.intercepted`` is given."""
        service = client.meta.service_model.service_name
        is_dynamodb = service == "dynamodb"
        params = dict(params)
        if is_dynamodb:
            transport.before_call(client, operation, params)
            if operation == "TransactWriteItems" and "ClientRequestToken" not in params:
                params["ClientRequestToken"] = self._new_token()
        process = self.scheduler.process
        try:
            if process is None:
                answer = self._apply(None, service, operation, params)
            else:
                answer = self._call(process, client, service, operation, params)
        except (StoreError, OSError, HTTPClientError) as error:
            raise transport.raised_by(client, operation, error) from None
        if is_dynamodb:
            transport.after_call(client, operation, answer)
        return answer

    def _call(
        self, process: Process, client: Any, service: str, operation: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        if not process.alive:
            raise Killed
        self.tallies.calls += 1
        lagging = service == "dynamodb" and _is_eventual(operation, params)
        site = f"{site_of(process)} {operation}"
        kinds = kinds_of(operation, consistent=not lagging)
        fault = self.faults.of_call(process, site, kinds)
        process.met_fault = process.met_fault or fault is not None
        if process.step is not None and process.calls == process.step[0]:
            process.offset_ms += process.step[1]
        self.note(process, site, params, fault)
        attempts = transport.attempts_of(client)
        meeting = _Meeting(self, process, client, service, operation, params, attempts, fault)
        for attempt in range(1, attempts + 1):
            try:
                answer = meeting.attempt(attempt)
            except (StoreError, OSError, HTTPClientError) as error:
                if attempt == attempts or not transport.is_retried(error):
                    meeting.ended(error)
                    raise
            else:
                meeting.ended(None)
                return answer
            self.scheduler.sleep(transport.backoff_ms(attempt, process.dice.random()))
        raise AssertionError("a client has at least one attempt")

    def note(
        self, process: Process, site: str, params: dict[str, Any], fault: Fault | None
    ) -> None:
        """Write a call into the trace, if there is one."""
        if self.trace is None:
            return
        at = (self.scheduler.now - 1_760_000_000_000) / 1000
        mark = f"  *** {fault.kind}" if fault is not None else ""
        self.trace.append(f"{at:10.3f} {process.name:<44} {site} {_subject(params)}{mark}")

    def _new_token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    def _apply(
        self, process: Process | None, service: str, operation: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Carry out a call now."""
        if service != "dynamodb":
            found: dict[str, Any] = getattr(self._targets[service], OPERATIONS[operation])(params)
            if process is not None and operation not in READS:
                process.commits += 1
            return found
        if operation in READS:
            return self.store.call(operation, params)
        if process is not None and process.newer:
            params = _of_newer_version(operation, params)
        try:
            answer = self.store.call(operation, params)
        except StoreError as error:
            if process is not None and _is_lost_race(error):
                process.lost_races += 1
                self.tallies.lost_races += 1
            raise
        finally:
            if operation == "TransactWriteItems":
                self.tallies.transactions += 1
        self._last_token = params.get("ClientRequestToken", self._last_token)
        self._observe(process)
        return answer

    def _observe(self, process: Process | None) -> None:
        """Tell who watches what a write changed."""
        changes: list[Change] = []
        for name, seen in self._seen.items():
            stream = self.store._database.tables[name].stream
            assert stream is not None
            count = len(stream._changes)
            if count > seen:
                self._seen[name] = count
                changes.extend(
                    Change(name, number, *stream._changes[number][1:])
                    for number in range(seen, count)
                )
        if not changes:
            return
        if process is not None:
            process.commits += 1
        who = "set-up" if process is None else process.name
        for act in self.on_commit:
            try:
                act(who, changes)
            except Violation as error:
                if process is None:
                    raise
                self.scheduler.failure = self.scheduler.failure or error
                self.scheduler.kill(process)

    def _deliver(self, connection: str, message: dict[str, Any]) -> None:
        inbox = self.inboxes.get(connection)
        if inbox is not None:
            inbox(message)

    def billed_write_units(self) -> float:
        return sum(self.store.billed(name).write_units for name in TABLES)

    def digest(self) -> str:
        """Return a hash over everything stored."""
        found = hashlib.sha256()
        for name in TABLES:
            items = [json.dumps(i, sort_keys=True, default=repr) for i in self.store.items(name)]
            found.update(json.dumps([name, sorted(items)]).encode())
        for key in sorted(self.s3.objects):
            found.update(key.encode() + hashlib.sha256(self.s3.objects[key]).digest())
        return found.hexdigest()


class Violation(AssertionError):
    """Something happened that must never. ``rule`` is short and the same for all of its kind."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail

    def __reduce__(self) -> tuple[type[Violation], tuple[str, str]]:
        return Violation, (self.rule, self.detail)


@dataclass(frozen=True, slots=True)
class Change:
    """One item before and after a write; ``number`` is its place in the table's stream."""

    table: str
    number: int
    old: dict[str, Any] | None
    new: dict[str, Any] | None


class _Meeting:
    """One call with the fault that it meets."""

    def __init__(
        self,
        world: World,
        process: Process,
        client: Any,
        service: str,
        operation: str,
        params: dict[str, Any],
        attempts: int,
        fault: Fault | None,
    ) -> None:
        self.world = world
        self.process = process
        self.client = client
        self.service = service
        self.operation = operation
        self.params = params
        self.attempts = attempts
        self.fault = fault
        self.failing = 0
        self.mattered = False
        if fault is not None and fault.kind in (Kind.THROTTLED, Kind.ERROR_NOT_APPLIED):
            self.failing = fault.dice.choice((1, attempts, attempts))

    def attempt(self, number: int) -> dict[str, Any]:
        dice, scheduler = self.process.dice, self.world.scheduler
        there, back = dice.uniform(0.3, 4.0), dice.uniform(0.3, 4.0)
        scheduler.sleep(there)
        if self.world.on_call is not None:
            self.world.on_call(self.process, self.operation, False)  # noqa: FBT003  not yet answered
        answer = self._meet(number)
        if self.world.on_call is not None:
            self.world.on_call(self.process, self.operation, True)  # noqa: FBT003  answered
        scheduler.sleep(back)
        return answer

    def ended(self, error: Exception | None) -> None:
        """Judge whether the fault took effect, now that the caller sees the answer."""
        fault = self.fault
        if fault is None:
            return
        seen = error is not None and fault.kind in _SEEN_WHEN_RAISED
        if seen or self.mattered:
            self.world.faults.took_effect(fault)

    def _apply(self) -> dict[str, Any]:
        return self.world._apply(self.process, self.service, self.operation, self.params)

    def _die(self) -> None:
        self.world.scheduler.kill(self.process)

    def _meet(self, number: int) -> dict[str, Any]:
        fault = self.fault
        if fault is None:
            return self._apply()
        world, faults, dice = self.world, self.world.faults, fault.dice
        match fault.kind:
            case Kind.THROTTLED if number <= self.failing:
                code = "ThrottlingException"
                if self.service == "dynamodb":
                    code = dice.choice(_BUSY)
                elif self.service == "apigatewaymanagementapi":
                    code = "LimitExceededException"
                raise StoreError(code, "slow down")
            case Kind.ERROR_NOT_APPLIED if number <= self.failing:
                raise internal()
            case Kind.CRASH_BEFORE_SENDING:
                faults.took_effect(fault)
                self._die()
            case Kind.NAP if number == 1:
                world.scheduler.sleep(nap_ms(dice))
                faults.took_effect(fault)
            case Kind.ZOMBIE if number == 1:
                self.process.slept_through = True
                world.scheduler.sleep(dice.uniform(2, 60) * _MINUTE_MS)
                faults.took_effect(fault)
            case Kind.APPLIED_THEN_DIED:
                commits = self.process.commits
                with suppress(StoreError):
                    self._apply()
                if self.process.commits > commits:
                    faults.took_effect(fault)
                self._die()
            case (
                Kind.APPLIED_THEN_RESENT
                | Kind.OWN_CONDITION
                | Kind.TOKEN_TOO_LATE
                | Kind.ERROR_APPLIED
            ) if number == 1:
                commits = self.process.commits
                self._apply()
                self.mattered = self.process.commits > commits
                if fault.kind is Kind.ERROR_APPLIED:
                    raise internal()
                if fault.kind is Kind.OWN_CONDITION:
                    self.params["ClientRequestToken"] = world._new_token()
                late = fault.kind is Kind.TOKEN_TOO_LATE
                world.scheduler.sleep(
                    dice.uniform(10.1, 15) * _MINUTE_MS if late else dice.uniform(3, 5) * 1000
                )
                if late:
                    self.process.slept_through = True
                raise transport.reply_lost(self.client)
            case Kind.TOKEN_OF_ANOTHER:
                if world._last_token is not None:
                    self.params["ClientRequestToken"] = world._last_token
            case Kind.THROTTLED_REASON | Kind.CONFLICT_REASON:
                raise cancelled(self._reasons(fault))
            case Kind.WRITE_CONFLICT:
                raise conflict()
            case Kind.WRITE_ONCE_CONFLICT:
                raise StoreError("ConditionalRequestConflict", "being written", status=409)
            case Kind.STALE_READ:
                return self._stale(dice.randint(1, 40))
            case Kind.CONNECTION_SLOW:
                if dice.random() < 0.5:
                    self._apply()
                raise transport.reply_lost(self.client)
            case Kind.CONNECTION_GONE:
                raise StoreError("GoneException", "the connection is gone", status=410)
        return self._apply()

    def _stale(self, lag: int) -> dict[str, Any]:
        newest = self._apply()
        self.world._lag = lag
        try:
            answer = self._apply()
        finally:
            self.world._lag = 0
        self.mattered = answer != newest
        return answer

    def _reasons(self, fault: Fault) -> list[dict[str, Any]]:
        code = "ThrottlingError" if fault.kind is Kind.THROTTLED_REASON else "TransactionConflict"
        reasons = [dict(NOTHING_WRONG) for _ in self.params["TransactItems"]]
        fault.dice.choice(reasons).update(Code=code, Message="busy")
        return reasons


def nap_ms(dice: random.Random) -> float:
    """Return how long a nap is: at least what a close takes, less than a state's limit, short ones
    as often as long ones.
    """
    shortest, longest = _NAP_MS
    return float(shortest * (longest / shortest) ** dice.random())


_BUSY: Final = (
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionInProgressException",
)
_FROM_AWS: Final = (ClientError, BotoCoreError, PynamoDBException, GetParameterError)
"""Errors by which the application hands on what AWS answered."""
_SEEN_WHEN_RAISED: Final = frozenset(
    {
        Kind.THROTTLED,
        Kind.ERROR_NOT_APPLIED,
        Kind.THROTTLED_REASON,
        Kind.CONFLICT_REASON,
        Kind.WRITE_CONFLICT,
        Kind.WRITE_ONCE_CONFLICT,
        Kind.TOKEN_OF_ANOTHER,
        Kind.CONNECTION_GONE,
        Kind.CONNECTION_SLOW,
        Kind.OWN_CONDITION,
        Kind.TOKEN_TOO_LATE,
    }
)


def _is_lost_race(error: StoreError) -> bool:
    if error.code == "ConditionalCheckFailedException":
        return True
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in error.reasons)


def _is_eventual(operation: str, params: dict[str, Any]) -> bool:
    if operation == "BatchGetItem":
        return not all(one.get("ConsistentRead") for one in params["RequestItems"].values())
    return operation in ("GetItem", "Query", "Scan") and not params.get("ConsistentRead")


def _of_newer_version(operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the write as code with one more attribute would send it."""
    more = {NEWER_ATTRIBUTE: {"S": "kept by nobody"}}
    if operation == "PutItem":
        return {**params, "Item": {**params["Item"], **more}}
    if operation != "TransactWriteItems":
        return params
    actions = [
        {"Put": {**action["Put"], "Item": {**action["Put"]["Item"], **more}}}
        if "Put" in action and "CONNECTION" not in str(action["Put"]["Item"]["sk"])
        else action
        for action in params["TransactItems"]
    ]
    return {**params, "TransactItems": actions}


@cache
def _use_case(file_name: str) -> str | None:
    """Return the name of a module of the application layer, None for any other."""
    name = Path(file_name).stem
    return name if _APPLICATION in file_name and name != "retry" else None


def site_of(process: Process) -> str:
    """Return which function of the application makes the call that is under way."""
    frame = sys._getframe(2)
    while frame is not None:
        module = _use_case(frame.f_code.co_filename)
        if module is not None:
            name = frame.f_code.co_qualname.replace(".<locals>", "").replace(".<lambda>", "")
            return f"{module}.{name}"
        frame = frame.f_back  # type: ignore[assignment]
    return process.kind


def _subject(params: dict[str, Any]) -> str:
    """Return what a call is about, for the trace."""
    if "TransactItems" in params:
        keys = []
        for action in params["TransactItems"]:
            ((kind, request),) = action.items()
            item = request.get("Item") or request["Key"]
            keys.append(f"{kind} {_key(item)}")
        return "; ".join(keys)
    for name in ("Key", "Item"):
        if isinstance(params.get(name), dict):
            return _key(params[name])
    for name in ("Key", "name", "ConnectionId", "taskToken"):
        if isinstance(params.get(name), str):
            return str(params[name])
    values = params.get("ExpressionAttributeValues", {})
    return " ".join(str(next(iter(value.values()))) for value in values.values())


def _key(item: Mapping[str, Any]) -> str:
    return "/".join(str(next(iter(item[name].values()))) for name in ("pk", "sk"))


def _bytes_as_text(value: Any) -> str:
    import base64

    return base64.b64encode(value).decode()


_current: World | None = None


def current() -> World:
    assert _current is not None, "no world is running"
    return _current


@contextmanager
def inhabited(world: World) -> Iterator[World]:
    """Let the application meet ``world`` until the end of the block. Inside ``harness``."""
    global _current  # noqa: PLW0603  what stands for the machine is one a process
    before, _current = _current, world
    try:
        yield world
    finally:
        world.scheduler.shut_down()
        _current = before


class _Pool:
    """Stands for a pool of threads: its tasks belong to the process and take turns at their I/O."""

    def __init__(self, max_workers: int) -> None:
        self._max_workers = max_workers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        scheduler = current().scheduler
        if scheduler.current is None:
            return iter([function(item) for item in items])
        works = deque((lambda item=item: function(item)) for item in items)
        return iter(scheduler.all_of(self._max_workers, works))


class _Tracer:
    """Stands for Powertools' tracer, which makes segments even when it is disabled."""

    def __init__(self, **_: Any) -> None:
        pass

    def capture_lambda_handler(self, **_: Any) -> Callable[[Any], Any]:
        return lambda handler: handler


class _Metrics:
    """Stands for Powertools' metrics."""

    def __init__(self, **_: Any) -> None:
        self.log_metrics: Callable[[Any], Any] = lambda handler: handler

    def add_metric(self, *_: Any) -> None:
        pass


def _now_ms(_: SystemClock) -> int:
    world = current()
    process = world.scheduler.process
    return world.now_ms + (process.offset_ms if process is not None else 0)


def _datetime_now() -> datetime:
    return datetime.fromtimestamp(current().now_ms / 1000, UTC)


def _http_pool(**options: Any) -> Any:
    new_pool = current().new_pool
    assert new_pool is not None, "no provider is there"
    return new_pool(**options)


def _pause(_: SystemClock, at_most_ms: int) -> None:
    world = current()
    process = world.scheduler.process
    if process is not None:
        world.scheduler.sleep(process.dice.uniform(0, at_most_ms))


def _token_bytes(_: SystemEntropy, count: int) -> bytes:
    world = current()
    process = world.scheduler.process
    name = "set-up" if process is None else f"{process.name}:{process.calls}"
    return hashlib.shake_256(f"{world.seed}:{name}".encode()).digest(count)


@contextmanager
def harness() -> Iterator[None]:
    """Replace what the application reads of the machine, until the end of the block."""
    with (
        mock.patch.dict(os.environ, ENVIRONMENT),
        transport.intercepted(
            lambda client, operation, params: current().call(client, operation, params)
        ),
    ):
        os.environ.pop("AWS_ENDPOINT_URL", None)
        for name in function_names():
            importlib.import_module(f"functions.{name}.handler")
        patches: list[Any] = [
            mock.patch.object(SystemClock, "now_ms", _now_ms),
            mock.patch.object(SystemClock, "pause", _pause),
            mock.patch.object(SystemEntropy, "token_bytes", _token_bytes),
            # They print a line for each invocation, and no setting stops all of it.
            mock.patch.object(observability, "single_metric", lambda **_: nullcontext()),
            mock.patch.object(observability, "Metrics", _Metrics),
            mock.patch.object(observability, "Tracer", _Tracer),
            mock.patch.object(
                sessions, "time", SimpleNamespace(time=lambda: current().now_ms / 1000)
            ),
            mock.patch.object(parameters, "datetime", SimpleNamespace(now=_datetime_now)),
            mock.patch.object(provider, "PoolManager", _http_pool),
            # Done once, below: it makes new classes each time.
            *(
                mock.patch.object(module, binding, lambda *_: None)
                for name, module in sorted(sys.modules.items())
                if name.startswith("functions.")
                for binding in ("bind", "bind_wallets")
                if hasattr(module, binding)
            ),
            *(
                mock.patch.object(module, "ThreadPoolExecutor", _Pool)
                for name, module in sorted(sys.modules.items())
                if name.startswith("baccarat.")
                and getattr(module, "ThreadPoolExecutor", None) is ThreadPoolExecutor
            ),
        ]
        for patch in patches:
            patch.start()
        models.bind(models.FLOOR_MODELS, "floor", transport.REGION)
        models.bind(models.LOG_MODELS, "log", transport.REGION)
        models.bind(models.LEDGER_MODELS, "ledger", transport.REGION)
        models.bind_wallets(ENVIRONMENT["WALLET_TABLES"], transport.REGION)
        models.bind(models.JOURNAL_MODELS, "journal", transport.REGION)
        models.bind(models.SESSION_MODELS, "sessions", transport.REGION)
        logging.disable(logging.CRITICAL)
        before = gc.get_threshold()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLD)
        try:
            yield
        finally:
            gc.set_threshold(*before)
            gc.unfreeze()
            logging.disable(logging.NOTSET)
            for patch in reversed(patches):
                patch.stop()


def function_names() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


__all__ = ["Change", "Event", "Outcome", "Violation", "World", "harness", "inhabited"]
