"""Environment of ``place_bets``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    ledger_table: str
    wallet_tables: str
    callback_url: str
