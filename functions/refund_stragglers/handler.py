"""Consumer of the ledger stream: bets that landed after their book was sealed are refunded."""

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
from baccarat.adapters.streams import ParkingLot, placed_bet_of
from baccarat.application.refunds import refund_straggler
from baccarat.domain.wallet import Bet
from functions.refund_stragglers.settings import Settings


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
    parking = ParkingLot(clients.sqs(), settings.parking_queue_url)

    def run(event: dict[str, Any]) -> dict[str, Any]:
        def refund(record: dict[str, Any]) -> bool:
            bet: Bet | None = placed_bet_of(record)
            return bet is not None and refund_straggler(
                bet, floor=floor, ledger=ledger, archive=archive, clock=clock
            )

        return {"refunded": sum(parking.parse_each(event["Records"], refund))}

    return observed("refund_stragglers", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
