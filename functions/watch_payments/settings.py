"""Environment of ``watch_payments``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    wallet_tables: str
    journal_table: str
    provider_url: str
    provider_key_secret: str
    payouts_queue_url: str
    withdrawal_machine_arn: str
