"""Environment of ``tally_stakes``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    ledger_table: str
    parking_queue_url: str
