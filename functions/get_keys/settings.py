"""Environment of ``get_keys``."""

from baccarat.adapters import settings


class Settings(settings.Settings):
    signing_key_id: str
    signing_key_version: int
    retired_keys: str
