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
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LEDGER_MODELS, bind, bind_wallets
from baccarat.adapters.messages import PlaceBetsMessage, bets_accepted, to_json
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.bets import place_bets
from baccarat.application.ports import Connection
from baccarat.domain.canonical import JsonObject
from baccarat.domain.roles import BETTORS
from baccarat.domain.wallet import NewBet, PlaceBets
from functions.place_bets.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    bind_wallets(settings.wallet_tables, settings.aws_region)
    dynamodb = clients.dynamodb(units)
    floor = DynamoFloor(dynamodb)
    ledger = DynamoLedger(dynamodb)
    clock = SystemClock()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))

    def use_case(connection: Connection, message: PlaceBetsMessage) -> JsonObject:
        command = PlaceBets(
            player_id=connection.player_id,
            round_id=message.roundId,
            bets=tuple(NewBet(bet.betId, bet.spot, bet.stake_minor) for bet in message.bets),
        )
        bets = place_bets(command, floor=floor, ledger=ledger, clock=clock)
        return to_json(bets_accepted(message.id, bets))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, PlaceBetsMessage, BETTORS, publisher, use_case)

    return observed("place_bets", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
