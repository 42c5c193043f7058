"""Who may do what with the picture of a table, and what a token says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from baccarat.domain.canonical import JsonObject
from baccarat.domain.roles import AUDITOR, DEALER, EDGE, OPS, PIT, PLAYER, STUDIO

ISSUER: Final = "live-baccarat"
AUDIENCE: Final = "media_sfu"
TOKEN_LIFE_SECONDS: Final = 60
"""From a press to the end of one request; a token is used once."""


class VideoRole(StrEnum):
    VIEW = "view"
    PUBLISH = "publish"
    EDGE = "edge"


MAY: Final[Mapping[VideoRole, frozenset[str]]] = {
    VideoRole.VIEW: frozenset({PLAYER, DEALER, PIT, OPS, AUDITOR}),
    VideoRole.PUBLISH: frozenset({STUDIO}),
    VideoRole.EDGE: frozenset({EDGE}),
}
"""Roles of people and servers that may have a token; a role that is not listed may not."""


@dataclass(frozen=True, slots=True)
class VideoGrant:
    """What a token allows: ``subject`` may be ``role`` at one table, once, for a moment."""

    token_id: str
    subject: str
    table_id: str
    role: VideoRole
    issued_at_seconds: int

    @property
    def expires_at_seconds(self) -> int:
        return self.issued_at_seconds + TOKEN_LIFE_SECONDS

    def claims(self) -> JsonObject:
        """Return the claims of its JWT."""
        return {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": self.subject,
            "table": self.table_id,
            "role": self.role.value,
            "iat": self.issued_at_seconds,
            "exp": self.expires_at_seconds,
            "jti": self.token_id,
        }
