"""First step of a round: commit to a seed and take bets."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock, SystemEntropy
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LOG_MODELS, bind
from baccarat.adapters.kms import ROUND, KmsSigner, KmsVault
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.stepfunctions import StepEvent, timestamp
from baccarat.application.drive_round import open_round
from functions.open_round.settings import Settings


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
    clock, entropy = SystemClock(), SystemEntropy()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        record = open_round(
            StepEvent.model_validate(event).step(),
            floor=floor,
            signer=signer,
            vault=vault,
            entropy=entropy,
            clock=clock,
        )
        return {**event, "closesAt": timestamp(record.round.closes_at_ms)}

    return observed("open_round", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
