"""HTTP ``/video/tokens``, ``/video/keys`` and ``/films/keys``: who may see or send the picture of a
table, and the public keys of tokens and films.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock, SystemEntropy
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, bind
from baccarat.adapters.http import resolve
from baccarat.adapters.keys import public_jwks
from baccarat.adapters.kms import KmsSigner
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.video_api import TokenCases, token_api
from baccarat.adapters.video_tokens import mint
from baccarat.application.video import grant_video
from baccarat.domain.video.access import VideoGrant, VideoRole
from functions.issue_video_token.settings import Settings

_KEY_VERSION = 1
"""Of no matter here: these keys are known by their thumbprints alone."""


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb())
    kms = clients.kms()
    signer = KmsSigner(kms, settings.video_key_id, _KEY_VERSION)
    films = KmsSigner(kms, settings.film_key_id, _KEY_VERSION)
    retired_films = public_jwks(settings.retired_film_keys)
    clock, entropy = SystemClock(), SystemEntropy()
    filmed = frozenset(settings.video_tables.split())

    def grant(table_id: str, wanted: VideoRole, subject: str, role: str) -> VideoGrant:
        return grant_video(
            table_id,
            wanted,
            subject,
            role,
            filmed=filmed,
            floor=floor,
            entropy=entropy,
            clock=clock,
        )

    app = token_api(
        TokenCases(
            grant=grant,
            mint=lambda granted: mint(granted, signer),
            token_keys=lambda: [signer.jwk],
            film_keys=lambda: [films.jwk, *retired_films],
            base_url=settings.video_url,
        )
    )

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return resolve(app, event)

    return observed("issue_video_token", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
