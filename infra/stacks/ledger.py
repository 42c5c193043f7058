"""The books behind the wallets: the journal's projector and the reconciler."""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk.aws_events import Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_lambda_destinations import SqsDestination
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.access import stream_access
from infra.constructs.python_function import (
    THREADED_MEMORY_MB,
    Layers,
    PythonFunction,
    pascal,
)
from infra.constructs.queues import last_queue
from infra.constructs.stream_consumer import StreamConsumer
from infra.stacks.rounds import RoundsStack
from infra.stacks.stateful import StatefulStack

_PROJECTION_RETRIES: Final = 100
"""A journal with a gap repairs itself, but only from items; nothing is to be left out of it."""
_RECONCILE_MINUTES: Final = 15
_LONGEST_SECONDS: Final = 900
_WALLETS_AND_PAYMENTS: Final = {
    "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "WALLET#"}, {"prefix": "PAYMENT#"}]}}}
}


class LedgerStack(Stack):
    """Holds no data but what waits in its queue."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        stateful: StatefulStack,
        rounds: RoundsStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._config = config
        self._layers = Layers(self, "Layers", config=config)
        self.functions: dict[str, PythonFunction] = {}
        self.dead_letters = last_queue(
            self,
            "DeadLetters",
            "takes what could not be delivered to a function; there is an alarm",
            config=config,
        )
        self._projector(stateful, rounds)
        self._reconciler(stateful)
        for name, function in self.functions.items():
            CfnOutput(self, f"{pascal(name)}Function", value=function.function.function_name)

    def _projector(self, to: StatefulStack, rounds: RoundsStack) -> None:
        projector = PythonFunction(
            self,
            "project_wallets",
            config=self._config,
            layers=self._layers,
            access=[
                to.journal("GetItem", "PutItem"),
                to.open_payments("DeleteItem"),
                # To fill a gap.
                to.ledger("Scan"),
                to.wallets("Query"),
                rounds.parking_access,
                *(stream_access(table) for table in to.wallet_tables.values()),
            ],
            timeout_seconds=60,
        )
        self.functions["project_wallets"] = projector
        for tier, table in to.wallet_tables.items():
            StreamConsumer(
                self,
                f"{tier.capitalize()}Moves",
                table=table,
                function=projector,
                dead_letters=self.dead_letters,
                retries=_PROJECTION_RETRIES,
                only=[_WALLETS_AND_PAYMENTS],
            )

    def _reconciler(self, to: StatefulStack) -> None:
        reconciler = PythonFunction(
            self,
            "reconcile_wallets",
            config=self._config,
            layers=self._layers,
            access=[
                to.ledger("Scan"),
                to.wallets("Scan", "Query", "PutItem"),
                to.journal("Query"),
            ],
            timeout_seconds=_LONGEST_SECONDS,
            memory_mb=THREADED_MEMORY_MB,
        )
        self.functions["reconcile_wallets"] = reconciler
        # No second try: the next quarter of an hour is one.
        reconciler.function.configure_async_invoke(
            retry_attempts=0,
            max_event_age=Duration.minutes(_RECONCILE_MINUTES),
            on_failure=SqsDestination(self.dead_letters),
        )
        Rule(
            self,
            "EveryQuarter",
            schedule=Schedule.rate(Duration.minutes(_RECONCILE_MINUTES)),
            targets=[
                LambdaFunction(
                    reconciler.function,
                    dead_letter_queue=self.dead_letters,
                    retry_attempts=0,
                    max_event_age=Duration.minutes(_RECONCILE_MINUTES),
                )
            ],
        )
