"""Fifth step, one run a page: pay the winners of a page."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LEDGER_MODELS, bind, bind_wallets
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.s3 import S3Archive
from baccarat.adapters.stepfunctions import PageEvent
from baccarat.application.drive_round import settle_page
from functions.settle_bets.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    bind_wallets(settings.wallet_tables, settings.aws_region)
    dynamodb = clients.dynamodb(units)
    floor = DynamoFloor(dynamodb)
    ledger = DynamoLedger(dynamodb)
    archive = S3Archive(clients.s3(), settings.records_bucket)
    clock = SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        page_event = PageEvent.model_validate(event)
        paid = settle_page(
            page_event.step(),
            page_event.page,
            floor=floor,
            ledger=ledger,
            archive=archive,
            clock=clock,
        )
        return {"page": page_event.page, "paid": paid}

    return observed("settle_bets", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
