"""What a silent desk leads to: with cards on the table, wait for the pit."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LOG_MODELS, bind
from baccarat.adapters.kms import KmsSigner
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.stepfunctions import StepFunctionsTasks, TokenEvent
from baccarat.application.await_cards import pause_dealing
from functions.pause_dealing.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LOG_MODELS, settings.log_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb(units))
    tasks = StepFunctionsTasks(clients.stepfunctions())
    signer = KmsSigner(clients.kms(), settings.signing_key_id, settings.signing_key_version)
    clock = SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        step_event = TokenEvent.model_validate(event)
        pause_dealing(
            step_event.step(),
            step_event.task_token,
            floor=floor,
            tasks=tasks,
            signer=signer,
            clock=clock,
        )
        return {}

    return observed("pause_dealing", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
