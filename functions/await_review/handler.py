"""A withdrawal waits for its reviewers: keep the token that their decision answers."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import bind_wallets
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.stepfunctions import PaymentTokenEvent, StepFunctionsTasks
from baccarat.application.payments import await_review
from functions.await_review.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    ledger = DynamoLedger(clients.dynamodb(units))
    tasks, clock = StepFunctionsTasks(clients.stepfunctions()), SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        step = PaymentTokenEvent.model_validate(event)
        await_review(step.payment_id, step.task_token, ledger=ledger, tasks=tasks, clock=clock)
        return {}

    return observed("await_review", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
