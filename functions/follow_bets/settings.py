"""Environment of ``follow_bets``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    ledger_table: str
    wallet_tables: str
    records_bucket: str
    parking_queue_url: str
