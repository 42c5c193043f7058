"""Websocket route ``cancel``."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, answer
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LEDGER_MODELS, bind, bind_wallets
from baccarat.adapters.messages import (
    BetCancelled,
    CancelBet,
    bet_view,
    to_json,
    wallet_view,
)
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.bets import cancel_bet
from baccarat.application.ports import Connection
from baccarat.domain.canonical import JsonObject
from baccarat.domain.roles import BETTORS
from functions.cancel_bet.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    bind_wallets(settings.wallet_tables, settings.aws_region)
    ledger = DynamoLedger(clients.dynamodb(units))
    clock = SystemClock()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))

    def use_case(connection: Connection, message: CancelBet) -> JsonObject:
        bet, wallet = cancel_bet(
            connection.player_id, message.roundId, message.betId, ledger=ledger, clock=clock
        )
        return to_json(BetCancelled(id=message.id, bet=bet_view(bet), wallet=wallet_view(wallet)))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, CancelBet, BETTORS, publisher, use_case)

    return observed("cancel_bet", run, units=units)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
