"""Environment of ``show_wallets``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    wallet_tables: str
    journal_table: str
