"""Last step: start the execution of the next round."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, bind
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.stepfunctions import NextRoundEvent, StepFunctionsDriver
from baccarat.application.drive_round import start_next_round
from functions.start_next_round.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb())
    stepfunctions = clients.stepfunctions()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        next_event = NextRoundEvent.model_validate(event)
        step = next_event.step()
        driver = StepFunctionsDriver(stepfunctions, next_event.state_machine_arn)
        next_id = start_next_round(step.table_id, step.epoch, floor=floor, driver=driver)
        return {"tableId": step.table_id, "nextRoundId": next_id}

    return observed("start_next_round", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
