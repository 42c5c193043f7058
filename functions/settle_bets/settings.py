"""Environment of ``settle_bets``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    ledger_table: str
    wallet_tables: str
    records_bucket: str
