"""Users, wallets and the table that a fresh sandbox starts with."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import boto3

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb import models
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.application.bets import credit_deposit
from baccarat.application.tables import configure_table
from baccarat.domain.paytable import COMMISSION_8_DECKS, Spot
from baccarat.domain.roles import AUDITOR, DEALER, OPS, PIT, PLAYER
from baccarat.domain.table_config import ShoeProcedure, StakeLimit, TableConfig
from baccarat.domain.wallet import Wallet
from sandbox.configuration import REGION, TABLE_ID, Options, User

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

PASSWORD: Final = "Sandbox-2026!"  # noqa: S105  of made-up users on loopback
CURRENCY: Final = "EUR"

USERS: Final = (
    User("anna", PLAYER, PASSWORD, 10_000_00),
    User("bert", PLAYER, PASSWORD, 2_500_00),
    User("chen", PLAYER, PASSWORD, 50_00),
    User("dealer", DEALER, PASSWORD),
    User("pit", PIT, PASSWORD),
    User("ops", OPS, PASSWORD),
    User("auditor", AUDITOR, PASSWORD),
)


def bind_tables(outputs: dict[str, str]) -> None:
    """Point the models of this process at the deployed tables."""
    models.bind(models.FLOOR_MODELS, outputs["FloorTable"], REGION)
    models.bind(models.LOG_MODELS, outputs["LogTable"], REGION)
    models.bind(models.LEDGER_MODELS, outputs["LedgerTable"], REGION)
    models.bind(models.SESSION_MODELS, outputs["SessionsTable"], REGION)


def add_user(user: User, outputs: dict[str, str]) -> str:
    """Create a sign-in with its role, and for a player a funded wallet; return the player id.

    Idempotent: a user that exists keeps its id, and its deposit is credited once.
    """
    cognito: CognitoIdentityProviderClient = boto3.client("cognito-idp")
    pool = outputs["UserPoolId"]
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(UserPoolId=pool, Username=user.name, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=user.name, Password=user.password, Permanent=True
    )
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=user.name, GroupName=user.role)
    found = cognito.admin_get_user(UserPoolId=pool, Username=user.name)
    player_id = next(a["Value"] for a in found["UserAttributes"] if a["Name"] == "sub")
    if user.role == PLAYER:
        ledger = DynamoLedger(clients.dynamodb())
        ledger.open_wallet(Wallet(player_id, CURRENCY, 0, 0))
        credit_deposit(player_id, "sandbox", user.balance_minor, ledger=ledger, clock=SystemClock())
    return player_id


def table_config(options: Options) -> TableConfig:
    return TableConfig(
        name="Salon Privé 1",
        dealer_id="server",
        currency=CURRENCY,
        paytable_version=COMMISSION_8_DECKS.version,
        limits={
            Spot.PLAYER: StakeLimit(1_00, 5_000_00),
            Spot.BANKER: StakeLimit(1_00, 5_000_00),
            Spot.TIE: StakeLimit(1_00, 500_00),
        },
        bet_window_ms=options.bet_seconds * 1000,
        card_interval_ms=options.card_ms,
        procedure=ShoeProcedure(cut_cards=14),
    )


def add_table(options: Options) -> None:
    """Create the table; whoever watches the tables next starts it."""
    configure_table(
        TABLE_ID,
        table_config(options),
        floor=DynamoFloor(clients.dynamodb()),
        clock=SystemClock(),
    )


def start_table(outputs: dict[str, str]) -> None:
    """Let the watchdog look now instead of within a minute."""
    boto3.client("lambda").invoke(FunctionName=outputs["WatchTablesFunction"], Payload=b"{}")
