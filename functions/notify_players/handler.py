"""Consumer of the ledger stream: players hear what happened to their bets and balance."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.models import SESSION_MODELS, bind
from baccarat.adapters.dynamodb.sessions import DynamoConnections, DynamoSeats
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.streams import ParkingLot, private_message_of
from baccarat.application.deliver import deliver_private
from functions.notify_players.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(SESSION_MODELS, settings.sessions_table, settings.aws_region)
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))
    connections = DynamoConnections()
    seats = DynamoSeats(clients.dynamodb())
    clock = SystemClock()
    parking = ParkingLot(clients.sqs(), settings.parking_queue_url)

    def run(event: dict[str, Any]) -> dict[str, Any]:
        found = parking.parse_each(event["Records"], private_message_of)
        messages = [message for message in found if message is not None]
        sent = deliver_private(
            messages,
            connections=connections,
            seats=seats,
            publisher=publisher,
            clock=clock,
        )
        return {"messages": sent}

    return observed("notify_players", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
