"""Environment of ``watch_cameras``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    video_tables: str
