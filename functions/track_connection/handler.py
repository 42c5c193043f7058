"""Websocket routes ``$connect`` and ``$disconnect``."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import OK, ApiGatewayPublisher, connection_of
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.models import SESSION_MODELS, bind
from baccarat.adapters.dynamodb.sessions import DynamoConnections, DynamoSeats
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.seats import disconnect
from functions.track_connection.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(SESSION_MODELS, settings.sessions_table, settings.aws_region)
    connections = DynamoConnections()
    seats = DynamoSeats(clients.dynamodb())
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))
    clock = SystemClock()

    def run(event: dict[str, Any]) -> dict[str, int]:
        context = event["requestContext"]
        if context["eventType"] == "CONNECT":
            connections.connect(connection_of(event), clock.now_ms())
        else:
            disconnect(
                context["connectionId"],
                connections=connections,
                seats=seats,
                publisher=publisher,
                clock=clock,
            )
        return OK

    return observed("track_connection", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
