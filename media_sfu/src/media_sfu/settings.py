"""Settings of the SFU's process, from its environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from pydantic import Field

from baccarat.adapters.settings import ConfigurationError, Settings
from media_sfu.sfu import Limits

KEYS_SECONDS: Final = 10
MAX_KEYS_BYTES: Final = 65_536


class SfuSettings(Settings):
    """Of origin and edge; names in upper case are the environment's."""

    aws_region: str = ""
    """Needed only with ``used_tokens_table`` and ``films_bucket``."""
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(8090, ge=0, le=65535)
    """0: a free one, which is printed."""
    media_addresses: str = ""
    """Where media is sent from and taken, space-separated; empty: all but link-local ones."""
    public_address: str | None = None
    """The IPv4 address under which ``media_addresses`` are reached from outside, if another."""
    page_origins: str = ""
    """Origins of pages that may ask, space-separated."""
    video_keys: str = ""
    """The JWK set that tokens are signed with: a file, or an https or http address."""
    page_url: str = ""
    """The player page: where a service user finds the house; needed with ``service_user``."""
    service_user: str = ""
    """Of an origin: follows tables whose publishers send no marks; without, their pictures go
    without. Of an edge: gets its tokens for the origin.
    """
    service_password: str = Field("", repr=False)
    used_tokens_table: str = ""
    """The DynamoDB table that keeps used tokens; empty: this process alone keeps them."""
    workers: int = Field(0, ge=0, le=64)
    """Processes for viewers, one a core; 0: this process serves them itself."""
    max_viewers: int = Field(400, ge=1, le=5000)
    """Of one process."""
    joins_per_second: float = Field(50, gt=0)
    drain_seconds: float = Field(20, ge=0, le=3600)
    upstream_url: str = ""
    """Of an edge: its origin."""
    films_bucket: str = ""
    """Of an origin: where recordings go; empty: nothing is recorded."""
    keep_segment_function: str = ""
    """The function that signs what is recorded; needed with ``films_bucket``."""

    def limits(self) -> Limits:
        return Limits(
            max_viewers=self.max_viewers,
            joins_per_second=self.joins_per_second,
            joins_at_once=2 * self.joins_per_second,
        )


def jwk_set(where: str) -> dict[str, Any]:
    """Return the JWK set of a file or an address.

    Raises:
        ConfigurationError: it is not there, or no JSON object.
    """
    try:
        if where.startswith(("https://", "http://")):
            with urlopen(where, timeout=KEYS_SECONDS) as response:  # noqa: S310  # checked above
                text = response.read(MAX_KEYS_BYTES)
        else:
            text = Path(where).read_bytes()
        found = json.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"VIDEO_KEYS {where!r}: {error}") from error
    if not isinstance(found, dict):
        raise ConfigurationError(f"VIDEO_KEYS {where!r} is no JWK set")
    return found
