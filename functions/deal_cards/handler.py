"""Third step: open the seed and deal; the only function that may decrypt seeds."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LOG_MODELS, bind
from baccarat.adapters.kms import ROUND, KmsSigner, KmsVault
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.stepfunctions import StepEvent, timestamp
from baccarat.application.drive_round import deal_cards
from functions.deal_cards.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LOG_MODELS, settings.log_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb(units))
    kms = clients.kms()
    signer = KmsSigner(kms, settings.signing_key_id, settings.signing_key_version)
    vault = KmsVault(kms, settings.seed_key_id, ROUND)
    clock = SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        record = deal_cards(
            StepEvent.model_validate(event).step(),
            floor=floor,
            vault=vault,
            signer=signer,
            clock=clock,
        )
        return {**event, "shownAt": timestamp(record.round.shown_at_ms)}

    return observed("deal_cards", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
