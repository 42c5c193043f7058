"""Environment of ``receive_webhook``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    wallet_tables: str
    webhook_secret: str
