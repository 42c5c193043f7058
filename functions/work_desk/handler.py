"""Websocket route ``desk``: what a dealer does at a table."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, answer
from baccarat.adapters.clock import SystemClock, SystemEntropy
from baccarat.adapters.desk_messages import (
    Beat,
    Confirm,
    CutCard,
    DeskAnswer,
    DeskCommand,
    DeskMessage,
    EndShoe,
    EnterShoe,
    LeaveDesk,
    Scan,
    TakeDesk,
    Undo,
    desk_view,
)
from baccarat.adapters.dynamodb.floor import DynamoDesks, DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LOG_MODELS, bind
from baccarat.adapters.kms import SHOE, KmsSigner, KmsVault
from baccarat.adapters.messages import to_json
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.stepfunctions import StepFunctionsDriver, StepFunctionsTasks
from baccarat.application import desk
from baccarat.application.desk import DeskWork
from baccarat.application.ports import Connection
from baccarat.domain.canonical import JsonObject
from baccarat.domain.cards import parse_card
from baccarat.domain.roles import DEALERS
from functions.work_desk.settings import Settings


@cache
def build() -> LambdaHandler:  # noqa: C901  one case for each command, side by side
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LOG_MODELS, settings.log_table, settings.aws_region)
    dynamodb = clients.dynamodb()
    kms, stepfunctions = clients.kms(), clients.stepfunctions()
    clock = SystemClock()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))
    work = DeskWork(
        floor=DynamoFloor(dynamodb),
        desks=DynamoDesks(),
        vault=KmsVault(kms, settings.shoe_key_id, SHOE),
        tasks=StepFunctionsTasks(stepfunctions),
        driver=StepFunctionsDriver(stepfunctions, settings.state_machine_arn),
        signer=KmsSigner(kms, settings.signing_key_id, settings.signing_key_version),
        entropy=SystemEntropy(),
        clock=clock,
    )

    def carry_out(table_id: str, dealer: Connection, command: DeskCommand) -> None:
        dealer_id = dealer.player_id
        match command:
            case TakeDesk():
                desk.take_desk(table_id, dealer_id, dealer.name, work)
            case LeaveDesk():
                desk.leave_desk(table_id, dealer_id, work)
            case Beat():
                desk.beat(table_id, dealer_id, work)
            case EnterShoe():
                desk.enter_shoe(
                    table_id,
                    dealer_id,
                    command.shoeId,
                    burn_card=parse_card(command.burn_card) if command.burn_card else None,
                    order=command.order,
                    shuffle=to_json(command.shuffle) if command.shuffle else None,
                    work=work,
                )
            case EndShoe():
                desk.end_shoe(table_id, dealer_id, command.shoeId, left=command.left, work=work)
            case Scan():
                card = parse_card(command.card)
                desk.scan(table_id, dealer_id, command.roundId, command.place, card, work)
            case Confirm():
                desk.confirm(table_id, dealer_id, command.roundId, command.place, work)
            case Undo():
                desk.undo(table_id, dealer_id, command.roundId, command.place, work)
            case CutCard():
                desk.cut_card(table_id, dealer_id, command.roundId, work)

    def use_case(connection: Connection, message: DeskMessage) -> JsonObject:
        carry_out(message.tableId, connection, message.command)
        view = desk_view(desk.view(message.tableId, work))
        return to_json(DeskAnswer(id=message.id, desk=view, server_ms=clock.now_ms()))

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, DeskMessage, DEALERS, publisher, use_case)

    return observed("work_desk", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
