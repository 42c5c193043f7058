"""Environment of ``send_withdrawal``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    wallet_tables: str
    provider_url: str
    provider_key_secret: str
