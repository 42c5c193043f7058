"""Environment of ``answer_ping``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    callback_url: str
