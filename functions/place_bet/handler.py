"""Websocket route ``bet``."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, answer
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LEDGER_MODELS, bind
from baccarat.adapters.messages import PlaceBetMessage, bet_accepted, to_json
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.bets import place_bet
from baccarat.application.ports import Connection
from baccarat.domain.canonical import JsonObject
from baccarat.domain.roles import BETTORS
from baccarat.domain.wallet import PlaceBet
from functions.place_bet.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    dynamodb = clients.dynamodb(units)
    floor = DynamoFloor(dynamodb)
    ledger = DynamoLedger(dynamodb)
    clock = SystemClock()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))

    def use_case(connection: Connection, message: PlaceBetMessage) -> JsonObject:
        command = PlaceBet(
            player_id=connection.player_id,
            bet_id=message.betId,
            round_id=message.roundId,
            spot=message.spot,
            stake_minor=message.stake_minor,
        )
        return to_json(bet_accepted(place_bet(command, floor=floor, ledger=ledger, clock=clock)))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, PlaceBetMessage, BETTORS, publisher, use_case)

    return observed("place_bet", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
