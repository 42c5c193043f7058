"""Environment of ``await_cards``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
