"""Environment of ``void_round``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    log_table: str
    ledger_table: str
    wallet_tables: str
    records_bucket: str
    signing_key_id: str
    signing_key_version: int
