"""Environment of ``join_table``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    log_table: str
    ledger_table: str
    wallet_tables: str
    sessions_table: str
    callback_url: str
