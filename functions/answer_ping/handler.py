"""Websocket route ``ping``: the server's clock."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, answer
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.messages import Ping, Pong, to_json
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.ports import Connection
from baccarat.domain.canonical import JsonObject
from baccarat.domain.roles import WATCHERS
from functions.answer_ping.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    clock = SystemClock()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))

    def use_case(connection: Connection, message: Ping) -> JsonObject:
        return to_json(Pong(id=message.id, server_ms=clock.now_ms()))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, Ping, WATCHERS, publisher, use_case)

    return observed("answer_ping", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
