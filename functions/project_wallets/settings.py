"""Environment of ``project_wallets``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    ledger_table: str
    wallet_tables: str
    journal_table: str
    parking_queue_url: str
