"""Every turn of a withdrawal's workflow: how far has it come, and what is next?"""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import bind_wallets
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.settings import payment_limits
from baccarat.adapters.stepfunctions import PaymentEvent
from baccarat.application.payments import EverybodyMay, assess_withdrawal
from functions.assess_withdrawal.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    ledger = DynamoLedger(clients.dynamodb(units))
    limits = payment_limits(settings.payment_limits)
    policy, clock = EverybodyMay(), SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        payment = assess_withdrawal(
            PaymentEvent.model_validate(event).payment_id,
            ledger=ledger,
            policy=policy,
            limits=limits,
            clock=clock,
        )
        return {"paymentId": payment.payment_id, "state": payment.state.value}

    return observed("assess_withdrawal", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
