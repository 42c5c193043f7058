"""Environment of ``track_connection``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    sessions_table: str
    callback_url: str
