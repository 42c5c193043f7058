"""Environment of ``await_review``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    wallet_tables: str
