"""Environment of ``list_lobby``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    sessions_table: str
    callback_url: str
