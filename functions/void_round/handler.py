"""What a failed step leads to: void the round and refund every bet."""

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
    LOG_MODELS,
    bind,
    bind_wallets,
)
from baccarat.adapters.kms import KmsSigner
from baccarat.adapters.observability import LambdaHandler, count, observed
from baccarat.adapters.s3 import S3Archive
from baccarat.adapters.stepfunctions import LastStepEvent, StepFunctionsDriver
from baccarat.application.drive_round import start_next_round, void_failed_round
from functions.void_round.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LOG_MODELS, settings.log_table, settings.aws_region)
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    bind_wallets(settings.wallet_tables, settings.aws_region)
    dynamodb = clients.dynamodb(units)
    floor = DynamoFloor(dynamodb)
    ledger = DynamoLedger(dynamodb)
    archive = S3Archive(clients.s3(), settings.records_bucket)
    signer = KmsSigner(clients.kms(), settings.signing_key_id, settings.signing_key_version)
    stepfunctions = clients.stepfunctions()
    clock = SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        last_step = LastStepEvent.model_validate(event)
        step = last_step.step()
        void_failed_round(
            step,
            floor=floor,
            ledger=ledger,
            archive=archive,
            signer=signer,
            clock=clock,
        )
        count("RoundsVoided", 1)
        driver = StepFunctionsDriver(stepfunctions, last_step.state_machine_arn)
        next_id = start_next_round(step.table_id, step.epoch, floor=floor, driver=driver)
        return {"tableId": step.table_id, "nextRoundId": next_id}

    return observed("void_round", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
