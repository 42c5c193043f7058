"""Environment of ``resume_wallet``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    wallet_tables: str
