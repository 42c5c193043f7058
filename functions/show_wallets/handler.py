"""HTTP ``/wallets``: a player's balances, their history, and the journal as a file."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.journal import DynamoJournal
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import JOURNAL_MODELS, bind, bind_wallets
from baccarat.adapters.http import resolve
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.wallets_api import WalletCases, wallets_api
from baccarat.application.journal import MAX_EXPORT, Page, entry_at, history
from baccarat.domain.journal import Entry
from functions.show_wallets.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    bind(JOURNAL_MODELS, settings.journal_table, settings.aws_region)
    ledger, journal = DynamoLedger(clients.dynamodb()), DynamoJournal()

    def page(player_id: str, currency: str, before: int | None, limit: int) -> Page:
        return history(player_id, currency, before=before, limit=limit, journal=journal)

    def export(player_id: str, currency: str, after: int) -> list[Entry]:
        return journal.entries(player_id, currency, after=after, limit=MAX_EXPORT)

    app = wallets_api(WalletCases(ledger.wallets, page, partial(entry_at, journal=journal), export))

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return resolve(app, event)

    return observed("show_wallets", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
