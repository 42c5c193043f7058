"""Environment of ``keep_segment``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    floor_table: str
    log_table: str
    films_bucket: str
    film_key_id: str
    film_key_version: int
    signing_key_id: str
    signing_key_version: int
