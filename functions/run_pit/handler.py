"""Websocket route ``pit``: what a pit boss does at a table."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.apigateway import ApiGatewayPublisher, answer
from baccarat.adapters.clock import SystemClock, SystemEntropy
from baccarat.adapters.desk_messages import (
    ApproveCorrection,
    BurnCardCommand,
    EndShoe,
    EnterCard,
    Look,
    PauseDealingCommand,
    PitAnswer,
    PitCommand,
    PitMessage,
    ProposeCorrection,
    RejectCorrection,
    RelieveDealer,
    Rescan,
    ResumeDealingCommand,
    SetStatus,
    VoidCommand,
    correction_view,
    desk_view,
)
from baccarat.adapters.dynamodb.floor import DynamoDesks, DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import (
    FLOOR_MODELS,
    LEDGER_MODELS,
    LOG_MODELS,
    bind,
    bind_wallets,
)
from baccarat.adapters.kms import SHOE, KmsSigner, KmsVault
from baccarat.adapters.messages import to_json
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.s3 import S3Archive
from baccarat.adapters.stepfunctions import StepFunctionsDriver, StepFunctionsTasks
from baccarat.application import corrections, desk, pit
from baccarat.application.desk import DeskWork
from baccarat.application.ports import Connection
from baccarat.domain.canonical import JsonObject
from baccarat.domain.cards import parse_card
from baccarat.domain.roles import PIT_BOSSES
from baccarat.domain.shoe_commitment import parse_order
from baccarat.domain.table import TableStatus
from functions.run_pit.settings import Settings


@cache
def build() -> LambdaHandler:  # noqa: C901  one case for each command, side by side
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LOG_MODELS, settings.log_table, settings.aws_region)
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    bind_wallets(settings.wallet_tables, settings.aws_region)
    dynamodb = clients.dynamodb()
    kms, stepfunctions = clients.kms(), clients.stepfunctions()
    clock = SystemClock()
    publisher = ApiGatewayPublisher(clients.connections(settings.callback_url))
    ledger = DynamoLedger(dynamodb)
    archive = S3Archive(clients.s3(), settings.records_bucket)
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

    def carry_out(  # noqa: C901, PLR0912  one case for each command, side by side
        table_id: str, by: str, command: PitCommand
    ) -> None:
        match command:
            case Look():
                pass
            case SetStatus():
                pit.set_status(table_id, TableStatus(command.status), by, command.note, work)
            case RelieveDealer():
                pit.relieve_dealer(table_id, by, work)
            case EndShoe():
                pit.end_shoe(table_id, by, command.shoeId, command.left, work)
            case VoidCommand():
                pit.void(
                    table_id,
                    command.roundId,
                    by,
                    command.note,
                    ledger=ledger,
                    archive=archive,
                    work=work,
                )
            case PauseDealingCommand():
                pit.pause_dealing(table_id, command.roundId, by, command.note, work)
            case ResumeDealingCommand():
                pit.resume_dealing(table_id, command.roundId, by, work)
            case Rescan():
                pit.order_rescan(table_id, command.roundId, command.place, by, command.note, work)
            case EnterCard():
                card = parse_card(command.card)
                pit.enter_card(table_id, command.roundId, command.place, card, by, work)
            case BurnCardCommand():
                card = parse_card(command.card)
                number = command.number
                pit.burn_card(table_id, command.roundId, number, card, by, command.note, work)
            case ProposeCorrection():
                cards = parse_order(command.cards) if command.cards is not None else None
                corrections.propose(
                    table_id,
                    command.roundId,
                    cards,
                    by,
                    command.note,
                    archive=archive,
                    work=work,
                )
            case ApproveCorrection():
                corrections.approve(
                    table_id, command.correctionId, by, ledger=ledger, archive=archive, work=work
                )
            case RejectCorrection():
                corrections.reject(table_id, command.correctionId, by, command.note, work)

    def use_case(connection: Connection, message: PitMessage) -> JsonObject:
        carry_out(message.tableId, connection.player_id, message.command)
        found = work.floor.corrections(message.tableId)
        return to_json(
            PitAnswer(
                id=message.id,
                desk=desk_view(desk.view(message.tableId, work)),
                corrections=[correction_view(correction) for correction in found],
                server_ms=clock.now_ms(),
            )
        )

    def run(event: dict[str, Any]) -> dict[str, int]:
        return answer(event, PitMessage, PIT_BOSSES, publisher, use_case)

    return observed("run_pit", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
