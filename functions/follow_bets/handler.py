"""Consumer of the ledger stream, for bets that are placed or cancelled: one that came after its
book was sealed is refunded, and the tally of its round is made anew.

Two use cases in one function, because a stream's shard serves two readers well and not three
(docs/decisions/0014-two-readers-of-the-ledgers-stream.md).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import (
    FLOOR_MODELS,
    LEDGER_MODELS,
    bind,
    bind_wallets,
)
from baccarat.adapters.observability import LambdaHandler, Logger, count, observed
from baccarat.adapters.s3 import S3Archive
from baccarat.adapters.streams import ParkingLot, placed_bet_of, rounds_of_bets
from baccarat.application.refunds import refund_straggler
from baccarat.application.tally import tally_stakes
from functions.follow_bets.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    logger = Logger(service="follow_bets")
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

    def refund(record: dict[str, Any]) -> bool:
        bet = placed_bet_of(record)
        return bet is not None and refund_straggler(
            bet, floor=floor, ledger=ledger, archive=archive, clock=clock
        )

    def tally(round_id: str) -> bool:
        try:
            return tally_stakes(round_id, floor=floor, ledger=ledger)
        except Exception:
            # Not raised: the batch would come again, and the refunds of those behind it would wait.
            # The next bet of the round tallies it anew, and the seal is exact without a tally.
            logger.exception("round not tallied", round_id=round_id)
            count("TalliesFailed", 1)
            return False

    def run(event: dict[str, Any]) -> dict[str, Any]:
        records = event["Records"]
        try:
            refunded = sum(parking.parse_each(records, refund))
        finally:
            # Also when a refund failed, for which the batch comes again.
            tallied = sum(tally(round_id) for round_id in rounds_of_bets(records))
        return {"refunded": refunded, "tallied": tallied}

    return observed("follow_bets", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
