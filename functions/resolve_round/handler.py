"""Fourth step: state the result and count the pages of winners."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LOG_MODELS, bind
from baccarat.adapters.kms import KmsSigner
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.s3 import S3Archive
from baccarat.adapters.stepfunctions import StepEvent
from baccarat.application.drive_round import resolve_round
from functions.resolve_round.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LOG_MODELS, settings.log_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb(units))
    archive = S3Archive(clients.s3(), settings.records_bucket)
    signer = KmsSigner(clients.kms(), settings.signing_key_id, settings.signing_key_version)
    clock = SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        _, pages = resolve_round(
            StepEvent.model_validate(event).step(),
            floor=floor,
            archive=archive,
            signer=signer,
            clock=clock,
        )
        return {**event, "pages": pages}

    return observed("resolve_round", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
