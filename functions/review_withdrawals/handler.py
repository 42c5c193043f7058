"""HTTP ``/reviews``: cashiers look at payments and decide."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import JOURNAL_MODELS, bind, bind_wallets
from baccarat.adapters.dynamodb.open_payments import DynamoOpenPayments
from baccarat.adapters.http import resolve
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.payments_api import NewDecision, ReviewCases, review_api
from baccarat.adapters.stepfunctions import StepFunctionsTasks
from baccarat.application import payments
from baccarat.application.ports import OpenPayment
from baccarat.application.watch_payments import MAX_WATCHED
from baccarat.domain.payment import Payment, PaymentState
from functions.review_withdrawals.settings import Settings

_MAX_SHOWN: Final = 200
_FOR_A_PERSON: Final = (PaymentState.IN_REVIEW, PaymentState.DISPUTED)


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    bind(JOURNAL_MODELS, settings.journal_table, settings.aws_region)
    ledger, listed = DynamoLedger(clients.dynamodb()), DynamoOpenPayments()
    tasks, clock = StepFunctionsTasks(clients.stepfunctions()), SystemClock()

    def waiting() -> list[OpenPayment]:
        found = [p for p in listed.listed(MAX_WATCHED) if p.state in _FOR_A_PERSON]
        return sorted(found, key=lambda p: (p.created_at_ms, p.payment_id))[:_MAX_SHOWN]

    def decide(payment_id: str, by: str, key: str, decision: NewDecision) -> Payment:
        return payments.decide_review(
            payment_id,
            by,
            key,
            decision.verdict,
            decision.reason,
            ledger=ledger,
            tasks=tasks,
            clock=clock,
        )

    app = review_api(
        ReviewCases(
            waiting=waiting,
            show=lambda payment_id: payments.load_payment(payment_id, ledger),
            decide=decide,
        )
    )

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return resolve(app, event)

    return observed("review_withdrawals", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
