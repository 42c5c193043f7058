"""Environment of ``list_rounds``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    ledger_table: str
