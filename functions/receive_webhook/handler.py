"""HTTP ``POST /webhooks/payments``: what the payment provider says. Its signature authorises it."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from baccarat.adapters import clients, webhooks
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import bind_wallets
from baccarat.adapters.http import resolve
from baccarat.adapters.observability import LambdaHandler, Logger, count, observed
from baccarat.adapters.payment_metrics import measure
from baccarat.adapters.payments_api import WebhookCases, webhook_api
from baccarat.adapters.secrets import Secrets
from baccarat.adapters.stepfunctions import StepFunctionsTasks
from baccarat.application.payments import take_report
from baccarat.domain.errors import PaymentNotFound, SignatureRefused
from baccarat.domain.payment import PaymentState, Report
from functions.receive_webhook.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    ledger = DynamoLedger(clients.dynamodb())
    tasks = StepFunctionsTasks(clients.stepfunctions())
    secrets = Secrets(clients.secrets(), settings.webhook_secret)
    clock = SystemClock()
    logger = Logger(service="receive_webhook")

    def check(body: bytes, header: str) -> None:
        try:
            webhooks.verify(body, header, secrets.all(), clock.now_ms() // 1000)
        except SignatureRefused as error:
            logger.warning("webhook refused", reason=error.message)
            count("WebhooksRefused", 1, "payments")
            raise

    def take(report: Report) -> Literal["APPLIED", "KNOWN", "NOTED"]:
        try:
            change = take_report(report, ledger=ledger, tasks=tasks, clock=clock)
        except PaymentNotFound:
            logger.warning("webhook of an unknown payment", payment_id=report.payment_id)
            count("WebhooksRefused", 1, "payments")
            raise
        measure(change)
        logger.info(
            "webhook",
            payment_id=report.payment_id,
            outcome=report.outcome.value,
            state=change.after.state.value,
            changed=change.after is not change.before,
        )
        if change.after is change.before:
            return "KNOWN"
        # Money that comes after a failure is flagged, but it is credited.
        contradicts = change.new_flags and not change.has_become(PaymentState.CREDITED)
        return "NOTED" if contradicts else "APPLIED"

    app = webhook_api(WebhookCases(check=check, take=take))

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return resolve(app, event)

    return observed("receive_webhook", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
