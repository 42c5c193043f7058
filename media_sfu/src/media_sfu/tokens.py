"""Tokens: short-lived, signed, for one table and role, used once; verified offline."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import jwt

from baccarat.adapters.settings import ConfigurationError
from baccarat.application.ports import Once
from baccarat.domain.video.access import AUDIENCE, ISSUER, TOKEN_LIFE_SECONDS, VideoRole
from media_sfu.errors import NotYourTable, TokenRefused
from media_sfu.limits import TokenBucket

_log = logging.getLogger(__name__)

MAX_TOKEN_BYTES: Final = 2048
CLOCK_LEEWAY_SECONDS: Final = 5
REFETCH_SECONDS: Final = 10.0
"""Between two looks for new keys, however many tokens name unknown ones."""
MAX_REMEMBERED: Final = 200_000
"""Tokens of a minute at 3,000 joins a second; a flood beyond is refused, not forgotten."""
_NEEDED: Final = ["exp", "iat", "iss", "aud", "sub", "jti", "table", "role"]


class UsedHere:
    """Implements ``ports.Once`` for the threads of one process."""

    def __init__(self) -> None:
        self._until: dict[str, int] = {}
        self._lock = threading.Lock()

    def consume(self, key: str, until_seconds: int) -> bool:
        with self._lock:
            return self._consume(key, until_seconds)

    def _consume(self, key: str, until_seconds: int) -> bool:
        if key in self._until:
            return False
        if len(self._until) >= MAX_REMEMBERED:
            now = time.time() - CLOCK_LEEWAY_SECONDS
            self._until = {one: until for one, until in self._until.items() if until >= now}
            if len(self._until) >= MAX_REMEMBERED:
                return False
        self._until[key] = until_seconds
        return True


class TokenVerifier:
    """Verifies with the public keys of a JWK set, which is asked for again when a token names a key
    that is not in it: keys may be rotated while this process runs.
    """

    def __init__(self, jwk_set: Callable[[], Mapping[str, Any]], used: Once) -> None:
        """``jwk_set`` may block, and raise ConfigurationError.

        Raises:
            ConfigurationError: there is no set.
            ValueError: the set holds no EC key that can be used.
        """
        self._jwk_set = jwk_set
        self._keys = _keys(jwk_set())
        self._fetching = TokenBucket(1 / REFETCH_SECONDS, 1)
        self._lock = threading.Lock()
        self._used = used

    def check(self, token: str | None, *, table: str, role: VideoRole) -> VideoRole:
        """Return the token's role, used up now. An edge's token opens what a viewer's does.

        Raises:
            TokenRefused: it is missing, not ours, expired, made for too long, or used before.
            NotYourTable: it is for another table or role.
        """
        if not token or len(token) > MAX_TOKEN_BYTES:
            raise TokenRefused("send Authorization: Bearer with a token of POST /video/tokens")
        claims = self._claims(token)
        granted = {role, VideoRole.EDGE} if role is VideoRole.VIEW else {role}
        if claims["table"] != table or claims["role"] not in granted:
            raise NotYourTable(f"the token is not for {role.value} at this table")
        if not self._used.consume(f"VIDEO#{claims['jti']}", int(claims["exp"])):
            raise TokenRefused("the token was used before: ask for a new one")
        return VideoRole(claims["role"])

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            key = self._key(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise TokenRefused("the token is signed by a key that is not known here")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=["ES256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=CLOCK_LEEWAY_SECONDS,
                options={"require": _NEEDED, "strict_aud": True},
            )
        except jwt.PyJWTError as error:
            raise TokenRefused(f"the token is not valid: {error}") from error
        if claims["exp"] - claims["iat"] > TOKEN_LIFE_SECONDS:
            raise TokenRefused(f"a token lives {TOKEN_LIFE_SECONDS} seconds at most")
        return claims

    def _key(self, key_id: str) -> jwt.PyJWK | None:
        with self._lock:
            if key_id not in self._keys and self._fetching.take():
                try:
                    self._keys = _keys(self._jwk_set())
                except (ConfigurationError, ValueError) as error:
                    _log.warning("the keys for tokens cannot be fetched again: %s", error)
            return self._keys.get(key_id)


def _keys(jwk_set: Mapping[str, Any]) -> dict[str | None, jwt.PyJWK]:
    try:
        keys = jwt.PyJWKSet.from_dict(dict(jwk_set)).keys
    except jwt.PyJWTError as error:
        raise ValueError(f"no JWK set: {error}") from error
    found = {key.key_id: key for key in keys if key.algorithm_name == "ES256"}
    if not found:
        raise ValueError("the JWK set has no key for ES256")
    return found
