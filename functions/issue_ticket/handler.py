"""HTTP ``POST /tickets``: a signed-in user gets a one-time ticket for the websocket."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from baccarat.adapters.clock import SystemClock, SystemEntropy
from baccarat.adapters.dynamodb.models import SESSION_MODELS, bind
from baccarat.adapters.dynamodb.sessions import DynamoConnections
from baccarat.adapters.http import display_name_of, identity_of, origin_of, resolver
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.sessions import issue_ticket
from functions.issue_ticket.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(SESSION_MODELS, settings.sessions_table, settings.aws_region)
    connections = DynamoConnections()
    clock, entropy = SystemClock(), SystemEntropy()
    allowed_origins = frozenset(settings.allowed_origins.split())
    app = resolver()

    @app.post("/tickets")
    def post_ticket() -> dict[str, Any]:
        player_id, role = identity_of(app.current_event)
        ticket, expires_at_ms = issue_ticket(
            player_id,
            role,
            origin_of(app.current_event, allowed_origins),
            display_name_of(app.current_event),
            connections=connections,
            entropy=entropy,
            clock=clock,
        )
        return {
            "ticket": ticket,
            "expires_at_ms": expires_at_ms,
            "url": settings.websocket_url,
            "playerId": player_id,
            "role": role,
        }

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return app.resolve(event, LambdaContext())

    return observed("issue_ticket", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
