"""Third step at a table with a dealer: keep the token that the last card answers."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, bind
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.stepfunctions import StepFunctionsTasks, TokenEvent
from baccarat.application.await_cards import await_cards
from functions.await_cards.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb(units))
    tasks = StepFunctionsTasks(clients.stepfunctions())
    clock = SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        step_event = TokenEvent.model_validate(event)
        await_cards(
            step_event.step(),
            step_event.task_token,
            floor=floor,
            tasks=tasks,
            clock=clock,
        )
        return {}

    return observed("await_cards", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
