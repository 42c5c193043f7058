"""Websocket route ``leave``."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, answer
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.models import SESSION_MODELS, bind
from baccarat.adapters.dynamodb.sessions import DynamoConnections, DynamoSeats
from baccarat.adapters.messages import Leave, Left, to_json
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.ports import Connection
from baccarat.application.seats import leave_table
from baccarat.domain.canonical import JsonObject
from baccarat.domain.roles import WATCHERS
from functions.leave_table.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(SESSION_MODELS, settings.sessions_table, settings.aws_region)
    connections = DynamoConnections()
    seats = DynamoSeats(clients.dynamodb())
    clock = SystemClock()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))

    def use_case(connection: Connection, message: Leave) -> JsonObject:
        leave_table(
            connection,
            message.tableId,
            connections=connections,
            seats=seats,
            publisher=publisher,
            clock=clock,
        )
        return to_json(Left(id=message.id, tableId=message.tableId))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, Leave, WATCHERS, publisher, use_case)

    return observed("leave_table", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
