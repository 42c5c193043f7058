"""Environment of ``assess_withdrawal``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    wallet_tables: str
    payment_limits: str
