"""HTTP ``GET /keys``: the public keys that sign the log, as a JWK set, for everybody."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from baccarat.adapters import clients
from baccarat.adapters.http import resolver
from baccarat.adapters.keys import public_jwks
from baccarat.adapters.kms import KmsSigner
from baccarat.adapters.observability import LambdaHandler, observed
from functions.get_keys.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    signer = KmsSigner(clients.kms(), settings.signing_key_id, settings.signing_key_version)
    retired = public_jwks(settings.retired_keys)
    app = resolver()

    @app.get("/keys")
    def get_keys() -> dict[str, Any]:
        current = {**signer.jwk, "ver": settings.signing_key_version}
        return {"keys": [current, *retired]}

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return app.resolve(event, LambdaContext())

    return observed("get_keys", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
