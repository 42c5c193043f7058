"""The platform's resources in moto, with the real state machine and handlers in process."""

from __future__ import annotations

import functools
import importlib
import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import boto3
import botocore.session

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock, SystemEntropy
from baccarat.adapters.dynamodb import models
from baccarat.adapters.dynamodb.floor import DynamoDesks, DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger, DynamoLedgerScan
from baccarat.adapters.dynamodb.sessions import DynamoConnections
from baccarat.adapters.keys import KeySet
from baccarat.adapters.kms import ROUND, SHOE, KmsSigner, KmsVault
from baccarat.adapters.s3 import S3Archive
from baccarat.adapters.stepfunctions import StepFunctionsDriver, StepFunctionsTasks
from baccarat.application.bets import place_bets
from baccarat.application.desk import DeskWork
from baccarat.application.payments import credit_house_deposit
from baccarat.application.ports import Clock, RoundRecord
from baccarat.application.reconcile import Balances, Items, reconcile
from baccarat.application.watch_tables import watch_table
from baccarat.domain.paytable import COMMISSION_8_DECKS, Spot
from baccarat.domain.table import Table
from baccarat.domain.table_config import ShoeProcedure, StakeLimit, TableConfig
from baccarat.domain.tiers import TIERS
from baccarat.domain.wallet import Bet, NewBet, PlaceBets, Wallet

# Every session reads the service models from disk for itself, and pynamodb makes a session for each
# model and thread: most of the time of a test without this. What is read is the same for all.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

T = TypeVar("T")
REGION = "us-east-1"
ROOT = Path(__file__).resolve().parents[2]
STEPS = (
    "open_round",
    "close_bets",
    "deal_cards",
    "resolve_round",
    "settle_bets",
    "finish_round",
    "void_round",
    "await_cards",
    "pause_dealing",
)
TABLE_ID = "bac-1"
MACHINE_ROLE = "role"


def table_config(**changes: Any) -> TableConfig:
    """A quick table: one second of betting, no time for the cards."""
    values: dict[str, Any] = {
        "name": "Salon Test",
        "dealer_id": "server",
        "currency": "EUR",
        "paytable_version": COMMISSION_8_DECKS.version,
        "limits": {
            Spot.PLAYER: StakeLimit(100, 100_000),
            Spot.BANKER: StakeLimit(100, 100_000),
            Spot.TIE: StakeLimit(100, 20_000),
        },
        "bet_window_ms": 1_000,
        "card_interval_ms": 0,
        "procedure": ShoeProcedure(cut_cards=14),
    }
    return TableConfig(**{**values, **changes})


class SteppedClock:
    """A clock that the test moves; it starts at the machine's time, so that waits end at once."""

    def __init__(self) -> None:
        self.ms = SystemClock().now_ms()

    def now_ms(self) -> int:
        return self.ms

    def pause(self, at_most_ms: int) -> None:
        self.ms += at_most_ms


@dataclass
class Elapsing:
    """How time goes by for the platform's clocks: as the machine's does, until ``skip`` is called.
    From then on a wait of the state machine ends at once, ``early_ms`` before the moment that it
    waits for, and the time between two attempts of a step passes at once.
    """

    early_ms: int = 0
    ahead_ms: int = 0
    skipping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def skip(self) -> None:
        self.skipping.set()

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    def until(self, due_ms: int) -> None:
        """Return when it is ``due_ms``."""
        due_ms -= self.early_ms
        while (left_ms := due_ms - self.now_ms()) > 0:
            if self.skipping.wait(left_ms / 1000):
                with self.lock:
                    self.ahead_ms += max(0, due_ms - self.now_ms())

    def sleep(self, seconds: float) -> None:
        """Stand for ``time.sleep`` between two attempts: a fiftieth of it is enough."""
        if self.skipping.is_set():
            with self.lock:
                self.ahead_ms += int(seconds * 1000)
        time.sleep(seconds / 50)


Fault = Callable[[str, dict[str, Any], Callable[[], Any]], Any]
"""Called around every step: ``fault(function, event, run)`` answers or raises in its place."""


@dataclass
class Cloud:
    """Everything a test needs of the platform."""

    floor: DynamoFloor
    ledger: DynamoLedger
    scan: DynamoLedgerScan
    connections: DynamoConnections
    signer: KmsSigner
    vault: KmsVault
    archive: S3Archive
    keys: KeySet
    clock: SystemClock
    environment: dict[str, str]
    state_machine_arn: str = ""
    fault: Fault | None = None
    calls: list[str] = field(default_factory=list)
    last_round_no: int = 1
    """Executions of later rounds are not started, so that a test ends."""
    elapsing: Elapsing = field(default_factory=Elapsing)
    ending: str = field(default_factory=lambda: os.urandom(4).hex())
    """Of the names of its functions, which no other test has."""

    @functools.cached_property
    def stepfunctions(self) -> Any:
        return clients.stepfunctions()

    @functools.cached_property
    def kms(self) -> Any:
        return clients.kms()

    @property
    def driver(self) -> StepFunctionsDriver:
        return StepFunctionsDriver(self.stepfunctions, self.state_machine_arn)

    @property
    def work(self) -> DeskWork:
        """What desk and pit work with."""
        return DeskWork(
            floor=self.floor,
            desks=DynamoDesks(),
            vault=KmsVault(self.kms, self.environment["SHOE_KEY_ID"], SHOE),
            tasks=StepFunctionsTasks(self.stepfunctions),
            driver=self.driver,
            signer=self.signer,
            entropy=SystemEntropy(),
            clock=self.clock,
        )

    def watch(self, clock: Clock | None = None) -> str:
        """Let the watchdog look at the table; return what it did."""
        table = self.floor.table(TABLE_ID)
        assert table is not None
        return watch_table(
            table,
            floor=self.floor,
            ledger=self.ledger,
            archive=self.archive,
            signer=self.signer,
            driver=self.driver,
            clock=clock or self.clock,
        )

    def wait_for(self, condition: Callable[[], T | None], what: str, seconds: float = 60) -> T:
        """Return the first value of ``condition`` that is true; fail after ``seconds``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{what} did not happen within {seconds} s")

    def opened(self, round_id: str) -> RoundRecord:
        return self.wait_for(lambda: self.floor.round(round_id), f"opening of {round_id}")

    def executions(self) -> dict[str, str]:
        """Return the status of every execution by name."""
        listed = self.stepfunctions.list_executions(stateMachineArn=self.state_machine_arn)
        return {item["name"]: item["status"] for item in listed["executions"]}

    def ended(self, name: str, seconds: float = 60) -> str:
        """Wait until an execution has ended; return how."""

        def status() -> str | None:
            found = self.executions().get(name)
            return None if found == "RUNNING" else found

        return self.wait_for(status, f"the end of execution {name}", seconds)

    def bet(self, player_id: str, round_id: str, spot: Spot, stake_minor: int, bet_id: str) -> Bet:
        [bet] = self.bets(player_id, round_id, (bet_id, spot, stake_minor))
        return bet

    def bets(
        self, player_id: str, round_id: str, *wanted: tuple[str, Spot, int]
    ) -> tuple[Bet, ...]:
        """Place bets in one command, each given as id, spot and stake."""
        bets = tuple(NewBet(id_.ljust(16, "-"), spot, stake) for id_, spot, stake in wanted)
        command = PlaceBets(player_id, round_id, bets)
        return place_bets(command, floor=self.floor, ledger=self.ledger, clock=self.clock)

    def balances(self) -> Balances:
        return reconcile(Items.scanned(self.scan))

    def open_table(self, **config: Any) -> Table:
        table = Table.create(TABLE_ID, table_config(**config), self.clock.now_ms())
        assert self.floor.create_table(table)
        return table

    def fund(self, player_id: str, amount_minor: int = 100_000) -> None:
        self.ledger.open_wallet(Wallet(player_id, "EUR", 0, 0))
        credit_house_deposit(
            player_id, "seed", amount_minor, "EUR", ledger=self.ledger, clock=self.clock
        )


def load_handler(function: str) -> Any:
    return importlib.import_module(f"functions.{function}.handler")


@contextmanager
def moto_cloud(
    *,
    execute_state_machine: bool = False,
    heartbeat_seconds: int = 30,
    without: Sequence[str] = (),
) -> Iterator[Cloud]:
    """Yield a fresh platform in moto, but for the services ``without``, which are left alone."""
    # Here, because the processes of a race do without it; see tests/conftest.py.
    from moto import mock_aws
    from moto.core.config import default_user_config

    config: Any = {
        **default_user_config,
        "core": {
            **default_user_config["core"],
            "passthrough": {"services": list(without), "urls": []},
        },
        "stepfunctions": {"execute_state_machine": execute_state_machine},
    }
    credentials = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
    with mock.patch.dict(os.environ, credentials), mock_aws(config=config):
        os.environ.pop("AWS_ENDPOINT_URL", None)
        with create_cloud() as cloud:
            if execute_state_machine:
                with _handlers_in_process(cloud):
                    cloud.state_machine_arn = _create_state_machine(cloud, heartbeat_seconds)
                    yield cloud
            else:
                yield cloud


@contextmanager
def create_cloud() -> Iterator[Cloud]:
    """Create tables, keys and bucket wherever AWS clients lead now; yield them wired."""
    environment = _create_resources()
    with mock.patch.dict(os.environ, environment):
        _drop_cached_handlers()
        yield wire(environment)
        _drop_cached_handlers()


def create_dynamo_tables(client: Any) -> dict[str, str]:
    """Create the tables as the stacks do; return their names as environment variables."""
    names = {}
    for name, range_type, stream in (
        ("floor", "S", None),
        ("log", "N", "NEW_IMAGE"),
        ("ledger", "S", "NEW_AND_OLD_IMAGES"),
        *((f"{tier}-wallets", "S", "NEW_AND_OLD_IMAGES") for tier in TIERS),
        ("journal", "S", None),
        ("sessions", "S", None),
        ("video", "S", None),
    ):
        extra: dict[str, Any] = (
            {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": stream}}
            if stream
            else {}
        )
        table_name = f"{name}-{os.urandom(4).hex()}"
        client.create_table(
            TableName=table_name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": models.HASH_KEY, "AttributeType": "S"},
                {"AttributeName": models.RANGE_KEY, "AttributeType": range_type},
            ],
            KeySchema=[
                {"AttributeName": models.HASH_KEY, "KeyType": "HASH"},
                {"AttributeName": models.RANGE_KEY, "KeyType": "RANGE"},
            ],
            **extra,
        )
        names[name] = table_name
    wallets = " ".join(f"{tier}={names.pop(f'{tier}-wallets')}" for tier in TIERS)
    return {
        "WALLET_TABLES": wallets,
        **{f"{name.upper()}_TABLE": table_name for name, table_name in names.items()},
    }


def bind_models(environment: dict[str, str]) -> None:
    models.bind(models.FLOOR_MODELS, environment["FLOOR_TABLE"], REGION)
    models.bind(models.LOG_MODELS, environment["LOG_TABLE"], REGION)
    models.bind(models.LEDGER_MODELS, environment["LEDGER_TABLE"], REGION)
    models.bind_wallets(environment["WALLET_TABLES"], REGION)
    models.bind(models.JOURNAL_MODELS, environment["JOURNAL_TABLE"], REGION)
    models.bind(models.SESSION_MODELS, environment["SESSIONS_TABLE"], REGION)
    models.bind(models.VIDEO_MODELS, environment["VIDEO_TABLE"], REGION)


def _create_resources() -> dict[str, str]:
    kms = boto3.client("kms", region_name=REGION)
    signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    tokens = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    seeds = kms.create_key(KeySpec="SYMMETRIC_DEFAULT", KeyUsage="ENCRYPT_DECRYPT")
    films = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    buckets = {name: f"{name}-{os.urandom(4).hex()}" for name in ("records", "films")}
    for bucket in buckets.values():
        boto3.client("s3", region_name=REGION).create_bucket(Bucket=bucket)
    queue = boto3.client("sqs", region_name=REGION).create_queue(
        QueueName=f"parking-{os.urandom(4).hex()}"
    )
    return {
        **create_dynamo_tables(boto3.client("dynamodb", region_name=REGION)),
        "RECORDS_BUCKET": buckets["records"],
        "FILMS_BUCKET": buckets["films"],
        "FILM_KEY_ID": films["KeyMetadata"]["KeyId"],
        "FILM_KEY_VERSION": "1",
        "SIGNING_KEY_ID": signing["KeyMetadata"]["KeyId"],
        "SIGNING_KEY_VERSION": "1",
        "SHOE_KEY_ID": seeds["KeyMetadata"]["KeyId"],
        "SEED_KEY_ID": seeds["KeyMetadata"]["KeyId"],
        "VIDEO_KEY_ID": tokens["KeyMetadata"]["KeyId"],
        "RETIRED_FILM_KEYS": '{"keys":[]}',
        "VIDEO_URL": "https://video.example",
        "VIDEO_TABLES": TABLE_ID,
        "PARKING_QUEUE_URL": queue["QueueUrl"],
        "CALLBACK_URL": "https://example.invalid/live",
        "WEBSOCKET_URL": "wss://example.invalid/live",
        "ALLOWED_ORIGINS": "https://play.example",
    }


def wire(environment: dict[str, str]) -> Cloud:
    """Return the platform whose resources ``environment`` names."""
    bind_models(environment)
    dynamodb = clients.dynamodb()
    kms = clients.kms()
    signer = KmsSigner(kms, environment["SIGNING_KEY_ID"], 1)
    return Cloud(
        floor=DynamoFloor(dynamodb),
        ledger=DynamoLedger(dynamodb),
        scan=DynamoLedgerScan(),
        connections=DynamoConnections(),
        signer=signer,
        vault=KmsVault(kms, environment["SEED_KEY_ID"], ROUND),
        archive=S3Archive(clients.s3(), environment["RECORDS_BUCKET"]),
        keys=KeySet.from_jwks(json.dumps({"keys": [signer.jwk]})),
        clock=SystemClock(),
        environment=environment,
    )


def _create_state_machine(cloud: Cloud, heartbeat_seconds: int) -> str:
    iam = boto3.client("iam", region_name=REGION)
    iam.create_role(RoleName=MACHINE_ROLE, AssumeRolePolicyDocument="{}")
    asl = (ROOT / "functions/state_machines/round.asl.json").read_text()
    # A silent desk is noticed within the time of a test where that is its matter.
    changed = asl.replace('"HeartbeatSeconds": 30', f'"HeartbeatSeconds": {heartbeat_seconds}')
    return create_machine(cloud, f"round-{cloud.ending}", changed, STEPS)


def create_machine(cloud: Cloud, name: str, asl: str, steps: Sequence[str]) -> str:
    """Create functions of ``steps`` that moto knows by name alone, and the machine of ``asl``."""
    role = boto3.client("iam", region_name=REGION).get_role(RoleName=MACHINE_ROLE)["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("handler.py", "")
    lambda_ = boto3.client("lambda", region_name=REGION)
    for step in steps:
        arn = lambda_.create_function(
            FunctionName=f"{step}-{cloud.ending}",
            Runtime="python3.13",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": archive.getvalue()},
        )["FunctionArn"]
        asl = asl.replace(f"${{{step}}}", arn)
    return str(
        boto3.client("stepfunctions", region_name=REGION).create_state_machine(
            name=name, definition=asl, roleArn=role
        )["stateMachineArn"]
    )


@contextmanager
def _handlers_in_process(cloud: Cloud) -> Iterator[None]:
    from moto.awslambda.models import LambdaFunction
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp

    def answer(name: str, payload: dict[str, Any]) -> tuple[str, bool, str]:
        def run() -> Any:
            return load_handler(name).build()(payload, Context(name))

        cloud.calls.append(name)
        try:
            result = cloud.fault(name, payload, run) if cloud.fault else run()
        except Exception as error:  # noqa: BLE001  Lambda reports any error by its name
            body = {"errorMessage": str(error), "errorType": type(error).__name__}
            return json.dumps(body), True, ""
        return json.dumps(result), False, ""

    start = StepFunctionsDriver.start

    def start_up_to_last(
        self: StepFunctionsDriver, *, table_id: str, round_id: str, epoch: int, name: str
    ) -> bool:
        if int(round_id.rpartition(".")[2]) > cloud.last_round_no:
            return False
        return start(self, table_id=table_id, round_id=round_id, epoch=epoch, name=name)

    wait = Timestamp._eval_body

    def wait_or_skip(self: Timestamp, env: Any) -> None:
        machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
        if machine != cloud.state_machine_arn:
            wait(self, env)  # An execution that is left over from another test.
            return
        self.string.eval(env=env)
        cloud.elapsing.until(int(datetime.fromisoformat(env.stack.pop()).timestamp() * 1000))

    # For good: what comes after its test must not be run by Docker either.
    LambdaFunction._invoke_lambda = _take_step  # type: ignore[assignment, method-assign]
    with (
        mock.patch.object(StepFunctionsDriver, "start", start_up_to_last),
        mock.patch.object(Timestamp, "_eval_body", wait_or_skip),
        mock.patch.object(SystemClock, "now_ms", side_effect=cloud.elapsing.now_ms),
        # A step that fails is tried as often as it says, but sooner.
        mock.patch.object(retrier_decl, "time", cloud.elapsing),
    ):
        _answers[cloud.ending] = answer
        yield
        cloud.elapsing.skip()
        _stop_executions(cloud)
        del _answers[cloud.ending]
        _steps.wait_for_none()


class Underway:
    """How many threads are in it now."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait_for_none(self, seconds: float = 30) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._count == 0, seconds), "a step never ended"


_steps = Underway()
_answers: dict[str, Callable[[str, dict[str, Any]], tuple[str, bool, str]]] = {}
"""By the ending of a test's functions, while it runs."""


def _take_step(function: Any, event: Any) -> tuple[str, bool, str]:
    """Answer as moto's function does: what the handler returns, whether it failed, its log."""
    step, _, ending = function.function_name.rpartition("-")
    with _steps:
        if ending in _answers:
            return _answers[ending](step, event)
    return json.dumps({"errorMessage": "its test is over", "errorType": "TestIsOver"}), True, ""


def _stop_executions(cloud: Cloud) -> None:
    """Moto's executions live on after their test, and would run their next step in another."""

    def stopped(arn: str) -> bool:
        try:
            cloud.stepfunctions.stop_execution(executionArn=arn)
        except AttributeError:
            return False  # Moto has not yet read the machine's text, and knows no way to stop.
        return True

    for machine in cloud.stepfunctions.list_state_machines()["stateMachines"]:
        for execution in cloud.stepfunctions.list_executions(
            stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING"
        )["executions"]:
            arn = execution["executionArn"]
            cloud.wait_for(functools.partial(stopped, arn), f"the stop of {arn}")


class Context:
    """What Powertools reads of Lambda's context."""

    memory_limit_in_mb = 128
    aws_request_id = "request"

    def __init__(self, function: str) -> None:
        self.function_name = function
        self.invoked_function_arn = f"arn:aws:lambda:{REGION}:123456789012:function:{function}"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def _drop_cached_handlers() -> None:
    for folder in (ROOT / "functions").iterdir():
        if (folder / "handler.py").exists():
            load_handler(folder.name).build.cache_clear()
