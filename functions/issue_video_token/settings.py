"""Environment of ``issue_video_token``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    video_key_id: str
    film_key_id: str
    retired_film_keys: str
    video_url: str
    video_tables: str
