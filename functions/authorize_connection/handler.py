"""Authorizer of ``$connect``: a one-time ticket becomes the identity of the connection."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters.apigateway import allow, ticket_of
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.models import SESSION_MODELS, bind
from baccarat.adapters.dynamodb.sessions import DynamoConnections
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.sessions import redeem_ticket
from baccarat.domain.errors import Forbidden
from functions.authorize_connection.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(SESSION_MODELS, settings.sessions_table, settings.aws_region)
    connections = DynamoConnections()
    clock = SystemClock()

    def run(event: dict[str, Any]) -> dict[str, Any]:
        ticket, origin = ticket_of(event)
        try:
            found = redeem_ticket(ticket, origin, connections=connections, clock=clock)
        except Forbidden:
            return allow(event, None)
        return allow(event, found)

    return observed("authorize_connection", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
