"""Consumer of the wallets' streams: the journal, and the list of payments that have not ended."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.journal import DynamoJournal
from baccarat.adapters.dynamodb.ledger import DynamoLedgerScan
from baccarat.adapters.dynamodb.models import JOURNAL_MODELS, LEDGER_MODELS, bind, bind_wallets
from baccarat.adapters.dynamodb.open_payments import DynamoOpenPayments
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.streams import ParkingLot, moved_of
from baccarat.application.journal import project
from baccarat.domain.payment import Payment
from functions.project_wallets.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    bind_wallets(settings.wallet_tables, settings.aws_region)
    bind(JOURNAL_MODELS, settings.journal_table, settings.aws_region)
    journal, scan = DynamoJournal(), DynamoLedgerScan()
    open_payments = DynamoOpenPayments()
    parking = ParkingLot(clients.sqs(), settings.parking_queue_url)

    def carry(record: dict[str, Any]) -> int:
        moved = moved_of(record)
        if isinstance(moved, Payment):
            open_payments.note(moved)
            return 0
        return 0 if moved is None else project(moved, journal=journal, scan=scan)

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return {"entries": sum(parking.parse_each(event["Records"], carry))}

    return observed("project_wallets", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
