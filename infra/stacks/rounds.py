"""The driver of rounds: state machine, steps, watchdog, and what follows the bets."""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk.aws_events import Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_iam import IRole, Policy, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_stepfunctions import (
    DefinitionBody,
    LogLevel,
    LogOptions,
    StateMachine,
    StateMachineType,
)
from constructs import Construct

from infra.bundling import ROOT
from infra.config import StageConfig
from infra.constructs.access import Access, queue_access, stream_access
from infra.constructs.python_function import (
    MEMORY_MB,
    THREADED_MEMORY_MB,
    Layers,
    PythonFunction,
    pascal,
)
from infra.constructs.queues import last_queue
from infra.constructs.stream_consumer import StreamConsumer
from infra.nag import acknowledge
from infra.stacks.stateful import StatefulStack

ASL_FILE: Final = ROOT / "functions" / "state_machines" / "round.asl.json"
# Below the limits of the states, so that a step ends by its own timeout and says so in its log.
_SHORT_STEP_SECONDS: Final = 25
_LONG_STEP_SECONDS: Final = 55
_REFUND_RETRIES: Final = 100
"""Money: tried for long, with the pauses in between, before a person has to look."""
# In whatever state it says it is: what cannot be read is to be parked, not passed over.
_NEW_BET: Final = {
    "eventName": ["INSERT"],
    "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "BET#"}]}}},
}
_CHANGED_STAKE: Final = {
    "dynamodb": {
        "Keys": {"sk": {"S": [{"prefix": "BET#"}]}},
        "NewImage": {"state": {"S": ["PLACED", "CANCELLED"]}},
    },
}


class RoundsStack(Stack):
    """Everything that drives rounds. Holds no data but what waits in its two queues."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        stateful: StatefulStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._config = config
        self._stateful = stateful
        self._layers = Layers(self, "Layers", config=config)
        self.functions: dict[str, PythonFunction] = {}
        self.dead_letters = last_queue(
            self,
            "DeadLetters",
            "takes what could not be delivered to a function; there is an alarm",
            config=config,
        )
        self.parking = last_queue(
            self,
            "Parking",
            "takes stream records that nobody can read; there is an alarm",
            config=config,
        )
        self._steps()
        self.machine = self._machine()
        self._watchdog()
        self._follow_bets()
        CfnOutput(self, "StateMachineArn", value=self.machine.state_machine_arn)
        for name, function in self.functions.items():
            CfnOutput(self, f"{pascal(name)}Function", value=function.function.function_name)

    @property
    def parking_access(self) -> Access:
        return queue_access("PARKING_QUEUE_URL", self.parking)

    def _function(
        self,
        name: str,
        *access: Access,
        role: IRole | None = None,
        timeout_seconds: int = _SHORT_STEP_SECONDS,
        memory_mb: int = MEMORY_MB,
    ) -> PythonFunction:
        function = PythonFunction(
            self,
            name,
            config=self._config,
            layers=self._layers,
            access=access,
            role=role,
            timeout_seconds=timeout_seconds,
            memory_mb=memory_mb,
        )
        self.functions[name] = function
        return function

    def _steps(self) -> None:
        to, function = self._stateful, self._function
        # Every step reads the round and its table, finds the end of the log, and moves the heads
        # with the events in one transaction of puts.
        moves = [to.floor("GetItem", "PutItem"), to.log("Query", "PutItem"), to.signing()]
        refunds = [to.ledger("PutItem", "Query"), to.wallets("GetItem", "PutItem")]
        function("open_round", *moves, to.seeds(), role=to.seed_key.open_round_role)
        function(
            "close_bets",
            *moves,
            *refunds,
            to.archive(reads=["books"], writes="books"),
            timeout_seconds=_LONG_STEP_SECONDS,
            memory_mb=THREADED_MEMORY_MB,
        )
        function("deal_cards", *moves, to.seeds(), role=to.seed_key.deal_cards_role)
        function("resolve_round", *moves, to.archive(reads=["books"]))
        function(
            "settle_bets",
            to.floor("GetItem"),
            to.ledger("PutItem", "Query"),
            to.wallets("GetItem", "PutItem"),
            to.archive(reads=["books"]),
            timeout_seconds=_LONG_STEP_SECONDS,
            memory_mb=THREADED_MEMORY_MB,
        )
        function(
            "finish_round",
            *moves,
            to.ledger("PutItem", "Query"),
            to.archive(reads=["books"], writes="transcripts"),
            timeout_seconds=_LONG_STEP_SECONDS,
            memory_mb=THREADED_MEMORY_MB,
        )
        function(
            "void_round",
            *moves,
            *refunds,
            to.archive(reads=["books"], writes="transcripts"),
            timeout_seconds=_LONG_STEP_SECONDS,
            memory_mb=THREADED_MEMORY_MB,
        )
        function("await_cards", to.floor("GetItem", "PutItem"))
        function("pause_dealing", *moves)

    def _machine(self) -> StateMachine:
        steps = dict(self.functions)
        role = Role(self, "RoundRole", assumed_by=ServicePrincipal("states.amazonaws.com"))
        acknowledge(
            role,
            {
                "IAM5[Resource::*]": (
                    "log deliveries and X-Ray's segments and sampling rules know no resources"
                )
            },
        )
        invoke = Policy(
            self,
            "RoundPolicy",
            roles=[role],
            statements=[
                PolicyStatement(
                    actions=["lambda:InvokeFunction"],
                    resources=[step.function.function_arn for step in steps.values()],
                )
            ],
        )
        machine = StateMachine(
            self,
            "Round",
            role=role,
            state_machine_type=StateMachineType.STANDARD,
            definition_body=DefinitionBody.from_string(ASL_FILE.read_text()),
            definition_substitutions={
                name: step.function.function_arn for name, step in steps.items()
            },
            logs=LogOptions(
                destination=LogGroup(
                    self,
                    "RoundLogs",
                    retention=self._config.log_retention,
                    removal_policy=self._config.removal,
                ),
                level=LogLevel.ERROR,
                include_execution_data=False,
            ),
            tracing_enabled=self._config.on_aws,
        )
        machine.node.add_dependency(invoke)
        findings = {
            "SF1": "errors are logged; a log of every event would cost more than the rounds"
        }
        if not self._config.on_aws:
            findings["SF2"] = "there is no X-Ray on one machine"
        acknowledge(machine, findings)
        # Beside the function's own policy: the function waits for that one, the machine for the
        # function, and this one for the machine.
        Policy(
            self,
            "NextRoundPolicy",
            roles=[steps["finish_round"].role, steps["void_round"].role],
            statements=[_start(machine)],
        )
        Policy(
            self,
            "TokensPolicy",
            roles=[steps["await_cards"].role, steps["pause_dealing"].role],
            statements=[_answer(machine)],
        )
        return machine

    @property
    def driving(self) -> Access:
        """The right to start rounds and to answer what they wait for, and the machine's ARN."""
        return Access(
            {"STATE_MACHINE_ARN": self.machine.state_machine_arn},
            [_start(self.machine), _answer(self.machine)],
        )

    def _watchdog(self) -> None:
        to = self._stateful
        watchdog = self._function(
            "watch_tables",
            to.floor("GetItem", "PutItem", "Query"),
            to.log("Query", "PutItem"),
            to.ledger("PutItem", "Query"),
            to.wallets("GetItem", "PutItem"),
            to.archive(reads=["books", "transcripts"], writes="transcripts"),
            to.signing(),
            Access({"STATE_MACHINE_ARN": self.machine.state_machine_arn}, [_start(self.machine)]),
            timeout_seconds=_LONG_STEP_SECONDS,
            memory_mb=THREADED_MEMORY_MB,
        )
        # No second try: the next minute is one.
        watchdog.function.configure_async_invoke(
            retry_attempts=0,
            max_event_age=Duration.minutes(1),
            on_failure=SqsDestination(self.dead_letters),
        )
        Rule(
            self,
            "EveryMinute",
            schedule=Schedule.rate(Duration.minutes(1)),
            targets=[
                LambdaFunction(
                    watchdog.function,
                    dead_letter_queue=self.dead_letters,
                    retry_attempts=0,
                    max_event_age=Duration.minutes(1),
                )
            ],
        )

    def _follow_bets(self) -> None:
        to = self._stateful
        follower = self._function(
            "follow_bets",
            to.floor("GetItem", "PutItem"),
            to.ledger("PutItem", "Query"),
            to.wallets("GetItem", "PutItem"),
            to.archive(reads=["books"]),
            stream_access(to.ledger_table),
            self.parking_access,
            timeout_seconds=_LONG_STEP_SECONDS,
        )
        StreamConsumer(
            self,
            "ChangedStakes",
            table=to.ledger_table,
            function=follower,
            dead_letters=self.dead_letters,
            retries=_REFUND_RETRIES,
            only=[_NEW_BET, _CHANGED_STAKE],
        )


def _answer(machine: StateMachine) -> PolicyStatement:
    return PolicyStatement(
        actions=["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"],
        resources=[machine.state_machine_arn],
    )


def _start(machine: StateMachine) -> PolicyStatement:
    return PolicyStatement(actions=["states:StartExecution"], resources=[machine.state_machine_arn])
