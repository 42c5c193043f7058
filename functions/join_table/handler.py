"""Websocket route ``join``."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, answer
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import (
    FLOOR_MODELS,
    LEDGER_MODELS,
    LOG_MODELS,
    SESSION_MODELS,
    bind,
    bind_wallets,
)
from baccarat.adapters.dynamodb.sessions import DynamoConnections, DynamoSeats
from baccarat.adapters.messages import Join, joined, to_json
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.ports import Connection
from baccarat.application.sessions import join_table
from baccarat.domain.canonical import JsonObject
from baccarat.domain.roles import WATCHERS
from functions.join_table.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LOG_MODELS, settings.log_table, settings.aws_region)
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    bind_wallets(settings.wallet_tables, settings.aws_region)
    bind(SESSION_MODELS, settings.sessions_table, settings.aws_region)
    dynamodb = clients.dynamodb()
    floor = DynamoFloor(dynamodb)
    ledger = DynamoLedger(dynamodb)
    connections = DynamoConnections()
    seats = DynamoSeats(dynamodb)
    clock = SystemClock()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))

    def use_case(connection: Connection, message: Join) -> JsonObject:
        found = join_table(
            connection,
            message.tableId,
            (message.last.epoch, message.last.seq) if message.last else None,
            floor=floor,
            ledger=ledger,
            connections=connections,
            seats=seats,
            clock=clock,
        )
        return to_json(joined(message.id, found, connection.player_id, clock.now_ms()))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, Join, WATCHERS, publisher, use_case)

    return observed("join_table", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
