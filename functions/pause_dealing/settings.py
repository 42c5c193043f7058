"""Environment of ``pause_dealing``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    log_table: str
    signing_key_id: str
    signing_key_version: int
