"""Environment of ``reject_message``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    callback_url: str
