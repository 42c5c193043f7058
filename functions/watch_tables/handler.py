"""The watchdog, once a minute: take over tables whose driver is gone."""

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
from baccarat.adapters.observability import LambdaHandler, Logger, count, observed
from baccarat.adapters.s3 import S3Archive
from baccarat.adapters.stepfunctions import StepFunctionsDriver
from baccarat.application.drive_round import load_table
from baccarat.application.watch_tables import watch_table
from baccarat.domain.errors import IntegrityError
from functions.watch_tables.settings import Settings


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
    driver = StepFunctionsDriver(clients.stepfunctions(), settings.state_machine_arn)
    clock = SystemClock()
    logger = Logger(service="watch_tables")

    def run(event: dict[str, Any]) -> dict[str, Any]:
        done: dict[str, str] = {}
        failed: list[str] = []
        for table_id in floor.table_ids():
            try:
                done[table_id] = watch_table(
                    load_table(floor, table_id),
                    floor=floor,
                    ledger=ledger,
                    archive=archive,
                    signer=signer,
                    driver=driver,
                    clock=clock,
                )
            except Exception:
                # One table's trouble must not leave the others unwatched; it fails us at the end.
                logger.exception("table not looked after", table_id=table_id)
                failed.append(table_id)
        count("RoundsResumed", sum(result == "RESUMED" for result in done.values()))
        count("RoundsVoided", sum(result == "VOIDED" for result in done.values()))
        if failed:
            raise IntegrityError(f"tables not looked after: {', '.join(failed)}", done=done)
        return done

    return observed("watch_tables", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
