"""Environment of ``run_pit``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    log_table: str
    ledger_table: str
    wallet_tables: str
    records_bucket: str
    callback_url: str
    signing_key_id: str
    signing_key_version: int
    shoe_key_id: str
    state_machine_arn: str
