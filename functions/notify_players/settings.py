"""Environment of ``notify_players``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    sessions_table: str
    callback_url: str
    parking_queue_url: str
