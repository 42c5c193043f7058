"""Environment of ``get_transcript``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    records_bucket: str
    signing_key_id: str
    signing_key_version: int
