"""Consumer of the log stream: every event goes to all who watch its table."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.models import SESSION_MODELS, bind
from baccarat.adapters.dynamodb.sessions import DynamoConnections, DynamoSeats
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.streams import ParkingLot, event_of
from baccarat.application.deliver import deliver_events
from functions.fan_out_events.settings import Settings


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
        events = parking.parse_each(event["Records"], event_of)
        sent = deliver_events(
            events,
            connections=connections,
            seats=seats,
            publisher=publisher,
            clock=clock,
        )
        return {"events": len(events), "messages": sent}

    return observed("fan_out_events", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
