"""Step Functions: starting rounds and withdrawals, and what the steps are given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field

from baccarat.application.drive_round import Step
from baccarat.domain.errors import IntegrityError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_logger: Final = Logger(service="stepfunctions", child=True)


class StepEvent(BaseModel):
    """Input of every step of a round; what else the state carries is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    table_id: str = Field(alias="tableId", min_length=1, max_length=24)
    round_id: str = Field(alias="roundId", min_length=1, max_length=60)
    epoch: int = Field(ge=1)

    def step(self) -> Step:
        return Step(self.table_id, self.round_id, self.epoch)


class PageEvent(StepEvent):
    """Input of one page of the settlement."""

    page: int = Field(ge=0, lt=100_000)


class TokenEvent(StepEvent):
    """Input of a step that ends when its token is answered."""

    task_token: str = Field(alias="taskToken", min_length=1)


class LastStepEvent(StepEvent):
    """Input of the last step, which starts the next round. The machine names itself: as a setting
    of the function that it calls, its ARN would be a circular reference in the stack.
    """

    state_machine_arn: str = Field(alias="stateMachineArn", min_length=1)


class PaymentEvent(BaseModel):
    """Input of every step of a withdrawal."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    payment_id: str = Field(alias="paymentId", min_length=1, max_length=200)


class PaymentTokenEvent(PaymentEvent):
    """Input of a step of a withdrawal that ends when its token is answered."""

    task_token: str = Field(alias="taskToken", min_length=1)


def timestamp(at_ms: int) -> str:
    """Return the moment as the RFC 3339 text that a Wait state reads."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class StepFunctionsTasks:
    """Implements ``ports.Tasks``."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def succeed(self, token: str) -> None:
        with self._unless_gone():
            self._client.send_task_success(taskToken=token, output="{}")

    def fail(self, token: str, error: str) -> None:
        with self._unless_gone():
            self._client.send_task_failure(taskToken=token, error=error)

    def beat(self, token: str) -> None:
        with self._unless_gone():
            self._client.send_task_heartbeat(taskToken=token)

    @contextmanager
    def _unless_gone(self) -> Iterator[None]:
        gone = self._client.exceptions
        try:
            yield
        except (gone.TaskDoesNotExist, gone.TaskTimedOut):
            _logger.info("nobody waits for this token any more")


class StepFunctionsDriver:
    """Implements ``ports.RoundDriver``."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, *, table_id: str, round_id: str, epoch: int, name: str) -> bool:
        try:
            self._client.start_execution(
                stateMachineArn=self._state_machine_arn,
                name=name,
                input=json.dumps({"tableId": table_id, "roundId": round_id, "epoch": epoch}),
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return False
        return True


MAX_RUNS: Final = 9
"""Executions of one withdrawal; each lasts until its machine gives up."""


class StepFunctionsWithdrawals:
    """Implements ``ports.WithdrawalDriver``."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def ensure(self, payment_id: str) -> None:
        # A name serves once. While its execution runs, starting it again is no error; one that is
        # refused has ended before the withdrawal did. (An emulator may refuse a running one too.)
        for number in range(1, MAX_RUNS + 1):
            name = f"{payment_id}.{number}"
            try:
                self._client.start_execution(
                    stateMachineArn=self._state_machine_arn,
                    name=name,
                    input=json.dumps({"paymentId": payment_id}),
                )
            except self._client.exceptions.ExecutionAlreadyExists:
                if not self._is_running(name):
                    continue
            return
        raise IntegrityError(f"withdrawal {payment_id} has not ended after {MAX_RUNS} executions")

    def _is_running(self, name: str) -> bool:
        arn = self._state_machine_arn.replace(":stateMachine:", ":execution:") + f":{name}"
        return self._client.describe_execution(executionArn=arn)["status"] == "RUNNING"
