"""Environment of ``issue_ticket``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    sessions_table: str
    websocket_url: str
    allowed_origins: str
