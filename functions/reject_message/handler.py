"""Websocket route ``$default``: say what is wrong with a message that no route takes."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, reject
from baccarat.adapters.desk_messages import STAFF_MESSAGES
from baccarat.adapters.messages import CLIENT_MESSAGES
from baccarat.adapters.observability import LambdaHandler, observed
from functions.reject_message.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return reject(event, publisher, (*CLIENT_MESSAGES, *STAFF_MESSAGES))

    return observed("reject_message", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
