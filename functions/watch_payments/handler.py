"""The payments' watchdog, once a minute."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import JOURNAL_MODELS, bind, bind_wallets
from baccarat.adapters.dynamodb.open_payments import DynamoOpenPayments
from baccarat.adapters.observability import LambdaHandler, Logger, count, observed
from baccarat.adapters.payment_metrics import measure
from baccarat.adapters.provider import HttpPaymentProvider
from baccarat.adapters.secrets import Secrets
from baccarat.adapters.sqs import SqsPayouts
from baccarat.adapters.stepfunctions import StepFunctionsTasks, StepFunctionsWithdrawals
from baccarat.application.watch_payments import PaymentWatch, Watched, watch_payments
from baccarat.domain.errors import IntegrityError, ProviderUnavailable
from baccarat.domain.payment import PaymentState
from functions.watch_payments.settings import Settings

_RUN_MS: Final = 40_000
"""A run ends early enough for a last payment whose provider does not answer."""


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    ledger = DynamoLedger(clients.dynamodb(units))
    bind(JOURNAL_MODELS, settings.journal_table, settings.aws_region)
    stepfunctions, clock = clients.stepfunctions(), SystemClock()
    key = Secrets(clients.secrets(), settings.provider_key_secret)
    watch = PaymentWatch(
        ledger=ledger,
        open_payments=DynamoOpenPayments(),
        provider=HttpPaymentProvider(settings.provider_url, key.newest),
        queue=SqsPayouts(clients.sqs(), settings.payouts_queue_url),
        driver=StepFunctionsWithdrawals(stepfunctions, settings.withdrawal_machine_arn),
        tasks=StepFunctionsTasks(stepfunctions),
        clock=clock,
        changed=measure,
    )
    logger = Logger(service="watch_payments")

    def run(event: dict[str, Any]) -> dict[str, Any]:
        watched = watch_payments(watch, clock.now_ms() + _RUN_MS)
        _count(watched)
        for payment_id, error in watched.failed.items():
            logger.error("payment not looked after", payment_id=payment_id, error=error.message)
        if any(not isinstance(error, ProviderUnavailable) for error in watched.failed.values()):
            raise IntegrityError(
                f"payments not looked after: {len(watched.failed)}", done=dict(watched.done)
            )
        return dict(watched.done)

    return observed("watch_payments", run, units=units)


def _count(watched: Watched) -> None:
    late = watched.late
    reviews, disputed = late[PaymentState.IN_REVIEW], late[PaymentState.DISPUTED]
    count("ReviewsLate", reviews, "payments")
    count("PaymentsDisputed", disputed, "payments")
    count("PaymentsLate", late.total() - reviews - disputed, "payments")
    count("PaymentsUnwatched", watched.unfinished, "payments")
    unavailable = [e for e in watched.failed.values() if isinstance(e, ProviderUnavailable)]
    count("ProviderUnavailable", len(unavailable), "payments")


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
