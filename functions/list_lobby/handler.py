"""Websocket route ``lobby``: every table at a glance."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, answer
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, SESSION_MODELS, bind
from baccarat.adapters.dynamodb.sessions import DynamoConnections
from baccarat.adapters.messages import Lobby, lobby, to_json
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.lobby import list_lobby
from baccarat.application.ports import Connection
from baccarat.domain.canonical import JsonObject
from baccarat.domain.roles import WATCHERS
from functions.list_lobby.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(SESSION_MODELS, settings.sessions_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb())
    connections = DynamoConnections()
    clock = SystemClock()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))

    def use_case(connection: Connection, message: Lobby) -> JsonObject:
        tables = list_lobby(floor=floor, connections=connections)
        return to_json(lobby(message.id, tables, clock.now_ms()))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, Lobby, WATCHERS, publisher, use_case)

    return observed("list_lobby", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
