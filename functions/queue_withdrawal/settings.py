"""Environment of ``queue_withdrawal``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    wallet_tables: str
    payouts_queue_url: str
