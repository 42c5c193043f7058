"""An approved withdrawal is queued; the provider's answer to it answers the token."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import bind_wallets
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.sqs import SqsPayouts
from baccarat.adapters.stepfunctions import PaymentTokenEvent, StepFunctionsTasks
from baccarat.application.payments import queue_withdrawal
from functions.queue_withdrawal.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    ledger = DynamoLedger(clients.dynamodb(units))
    queue = SqsPayouts(clients.sqs(), settings.payouts_queue_url)
    tasks, clock = StepFunctionsTasks(clients.stepfunctions()), SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        step = PaymentTokenEvent.model_validate(event)
        queue_withdrawal(
            step.payment_id,
            step.task_token,
            ledger=ledger,
            queue=queue,
            tasks=tasks,
            clock=clock,
        )
        return {}

    return observed("queue_withdrawal", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
