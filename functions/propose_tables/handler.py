"""Websocket route ``match``: the tables that suit a wish best."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, answer
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, SESSION_MODELS, bind
from baccarat.adapters.dynamodb.sessions import DynamoConnections
from baccarat.adapters.messages import Match, matches, to_json
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.lobby import propose_tables
from baccarat.application.ports import Connection
from baccarat.domain.canonical import JsonObject
from baccarat.domain.roles import WATCHERS
from functions.propose_tables.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(SESSION_MODELS, settings.sessions_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb())
    connections = DynamoConnections()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))

    def use_case(connection: Connection, message: Match) -> JsonObject:
        found = propose_tables(message.wish(), floor=floor, connections=connections)
        return to_json(matches(message.id, found))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, Match, WATCHERS, publisher, use_case)

    return observed("propose_tables", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
