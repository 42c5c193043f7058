"""HTTP ``POST /players/{playerId}/wallets/{currency}/resume``: let a stopped wallet go."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import bind_wallets
from baccarat.adapters.http import resolve
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.wallets_api import ResumeCases, resume_api
from baccarat.application.reconcile import resume
from baccarat.domain.wallet import Wallet
from functions.resume_wallet.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    ledger, clock = DynamoLedger(clients.dynamodb()), SystemClock()

    def let_go(player_id: str, currency: str, stop_version: int, reason: str, by: str) -> Wallet:
        return resume(player_id, currency, stop_version, reason, by, ledger=ledger, clock=clock)

    app = resume_api(ResumeCases(let_go))

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return resolve(app, event)

    return observed("resume_wallet", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
