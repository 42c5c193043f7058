"""Environment of ``request_payments``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    wallet_tables: str
    payment_limits: str
    provider_url: str
    provider_key_secret: str
    withdrawal_machine_arn: str
