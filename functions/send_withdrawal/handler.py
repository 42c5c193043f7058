"""Consumer of the payouts' queue: tell the provider, once, what is to be paid out."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import bind_wallets
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.payment_metrics import measure
from baccarat.adapters.provider import HttpPaymentProvider
from baccarat.adapters.secrets import Secrets
from baccarat.adapters.stepfunctions import PaymentEvent, StepFunctionsTasks
from baccarat.adapters.strict_json import loads
from baccarat.application.payments import send_withdrawal
from functions.send_withdrawal.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    ledger = DynamoLedger(clients.dynamodb(units))
    tasks, clock = StepFunctionsTasks(clients.stepfunctions()), SystemClock()
    key = Secrets(clients.secrets(), settings.provider_key_secret)
    provider = HttpPaymentProvider(settings.provider_url, key.newest)

    def send(record: SQSRecord) -> None:
        change = send_withdrawal(
            PaymentEvent.model_validate(loads(record.body)).payment_id,
            ledger=ledger,
            provider=provider,
            tasks=tasks,
            clock=clock,
        )
        measure(change)

    def run(event: dict[str, Any]) -> dict[str, Any]:
        # What failed comes again, and what follows it for the same player with it, in their order.
        processor = SqsFifoPartialProcessor(skip_group_on_error=True)
        processor.raise_on_entire_batch_failure = False
        with processor(event["Records"], send):
            processor.process()
        return dict(processor.response())

    return observed("send_withdrawal", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
