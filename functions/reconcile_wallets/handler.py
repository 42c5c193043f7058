"""The reconciler, on a schedule: recomputes every balance, and stops a wallet that differs."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.journal import DynamoJournal
from baccarat.adapters.dynamodb.ledger import DynamoLedger, DynamoLedgerScan
from baccarat.adapters.dynamodb.models import JOURNAL_MODELS, LEDGER_MODELS, bind, bind_wallets
from baccarat.adapters.observability import LEDGER, LambdaHandler, Logger, count, observed
from baccarat.application.reconcile import double_check
from functions.reconcile_wallets.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    bind_wallets(settings.wallet_tables, settings.aws_region)
    bind(JOURNAL_MODELS, settings.journal_table, settings.aws_region)
    journal, scan = DynamoJournal(), DynamoLedgerScan()
    ledger, clock = DynamoLedger(clients.dynamodb()), SystemClock()
    logger = Logger(service="reconcile_wallets")

    def run(_event: dict[str, Any]) -> dict[str, Any]:
        found = double_check(scan=scan, journal=journal, ledger=ledger, clock=clock)
        for finding in found.findings:
            logger.error("the books differ", finding=finding)
        count("WalletsStopped", len(found.stopped), LEDGER)
        count("BooksDiffer", len(found.findings), LEDGER)
        return {"findings": len(found.findings), "stopped": len(found.stopped)}

    return observed("reconcile_wallets", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
