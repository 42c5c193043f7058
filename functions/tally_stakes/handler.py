"""Consumer of the ledger stream: keeps the tally of rounds whose table has a differential."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LEDGER_MODELS, bind
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.streams import ParkingLot, round_of_bet
from baccarat.application.tally import tally_stakes
from functions.tally_stakes.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    dynamodb = clients.dynamodb()
    floor = DynamoFloor(dynamodb)
    ledger = DynamoLedger(dynamodb)
    parking = ParkingLot(clients.sqs(), settings.parking_queue_url)

    def run(event: dict[str, Any]) -> dict[str, Any]:
        tallied: dict[str, bool] = {}

        def tally(record: dict[str, Any]) -> None:
            round_id = round_of_bet(record)
            # Once a batch: all its bets are in the ledger already.
            if round_id is not None and round_id not in tallied:
                tallied[round_id] = tally_stakes(round_id, floor=floor, ledger=ledger)

        parking.parse_each(event["Records"], tally)
        return {"tallied": sum(tallied.values())}

    return observed("tally_stakes", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
