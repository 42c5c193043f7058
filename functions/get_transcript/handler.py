"""HTTP ``GET /rounds/{roundId}/transcript``: a player's own view of an ended round."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from baccarat.adapters import clients
from baccarat.adapters.http import identity_of, resolver
from baccarat.adapters.kms import KmsSigner
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.s3 import S3Archive
from baccarat.application.transcripts import own_transcript
from functions.get_transcript.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    archive = S3Archive(clients.s3(), settings.records_bucket)
    signer = KmsSigner(clients.kms(), settings.signing_key_id, settings.signing_key_version)
    app = resolver()

    @app.get("/rounds/<round_id>/transcript")
    def get_transcript(round_id: str) -> dict[str, Any]:
        player_id, _ = identity_of(app.current_event)
        return own_transcript(round_id, player_id, archive=archive, signer=signer)

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return app.resolve(event, LambdaContext())

    return observed("get_transcript", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
