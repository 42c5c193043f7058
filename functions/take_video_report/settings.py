"""Environment of ``take_video_report``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    video_table: str
