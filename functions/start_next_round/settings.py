"""Environment of ``start_next_round``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
