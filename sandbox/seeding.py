"""Users, wallets and the tables that a fresh sandbox starts with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import boto3

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb import models
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.application.payments import credit_house_deposit
from baccarat.application.tables import configure_table
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.roles import AUDITOR, CASHIER, DEALER, EDGE, OPS, PIT, PLAYER, STUDIO
from baccarat.domain.table import round_id
from baccarat.domain.table_config import (
    Caps,
    DealingMode,
    Presentation,
    ShoeProcedure,
    StakeLimit,
    TableConfig,
)
from baccarat.domain.tiers import ACCOUNT_ATTRIBUTE, STANDARD, VIP
from baccarat.domain.wallet import Wallet
from sandbox.configuration import REGION, TABLE_ID, Options, SandboxError, User

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

PASSWORD: Final = "Sandbox-2026!"  # noqa: S105  of made-up users on loopback
CURRENCY: Final = "EUR"
_START_SECONDS: Final = 90

USERS: Final = (
    User("anna", PLAYER, PASSWORD, 10_000_00),
    User("bert", PLAYER, PASSWORD, 2_500_00),
    User("chen", PLAYER, PASSWORD, 50_00),
    User("vera", PLAYER, PASSWORD, 25_000_00, tier=VIP),
    User("dealer", DEALER, PASSWORD, shown_as="Dora"),
    User("pit", PIT, PASSWORD),
    User("petra", PIT, PASSWORD),
    User("ops", OPS, PASSWORD),
    User("carla", CASHIER, PASSWORD),
    User("cosmo", CASHIER, PASSWORD),
    User("auditor", AUDITOR, PASSWORD),
    User("studio", STUDIO, PASSWORD),
    User("sfu", EDGE, PASSWORD),
)


def bind_tables(outputs: dict[str, str]) -> None:
    """Point the models of this process at the deployed tables."""
    models.bind(models.FLOOR_MODELS, outputs["FloorTable"], REGION)
    models.bind(models.LOG_MODELS, outputs["LogTable"], REGION)
    models.bind(models.LEDGER_MODELS, outputs["LedgerTable"], REGION)
    models.bind_wallets(outputs["WalletTables"], REGION)
    models.bind(models.JOURNAL_MODELS, outputs["JournalTable"], REGION)
    models.bind(models.SESSION_MODELS, outputs["SessionsTable"], REGION)


def add_user(user: User, outputs: dict[str, str]) -> str:
    """Create a sign-in with its role, and for a player a funded wallet; return the player id.

    Idempotent: a user that exists keeps its id, and its deposit is credited once.
    """
    cognito: CognitoIdentityProviderClient = boto3.client("cognito-idp")
    pool = outputs["UserPoolId"]
    account = f"{user.tier}.{uuid4()}"
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=user.name,
            MessageAction="SUPPRESS",
            UserAttributes=[]
            if user.tier == STANDARD
            else [{"Name": f"custom:{ACCOUNT_ATTRIBUTE}", "Value": account}],
        )
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=user.name, Password=user.password, Permanent=True
    )
    if user.shown_as:
        cognito.admin_update_user_attributes(
            UserPoolId=pool,
            Username=user.name,
            UserAttributes=[{"Name": "name", "Value": user.shown_as}],
        )
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=user.name, GroupName=user.role)
    found = cognito.admin_get_user(UserPoolId=pool, Username=user.name)
    attributes = {a["Name"]: a["Value"] for a in found["UserAttributes"]}
    player_id = attributes.get(f"custom:{ACCOUNT_ATTRIBUTE}", attributes["sub"])
    if user.role == PLAYER:
        ledger = DynamoLedger(clients.dynamodb())
        ledger.open_wallet(Wallet(player_id, CURRENCY, 0, 0))
        credit_house_deposit(
            player_id,
            "sandbox",
            user.balance_minor,
            CURRENCY,
            ledger=ledger,
            clock=SystemClock(),
        )
    return player_id


@dataclass(frozen=True, slots=True)
class SeededTable:
    """A table of the sandbox. ``limits`` are those of spots that differ from ``side_limit``.

    The pace is that of the command line, times ``bet_pace`` and ``card_pace`` in percent.
    """

    table_id: str
    name: str
    paytable: str
    limits: Mapping[Spot, StakeLimit]
    side_limit: StakeLimit
    group: str = "salon"
    language: str = "en"
    presentation: Presentation = Presentation.STANDARD
    bet_pace: int = 100
    card_pace: int = 100
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the table's configuration."""

    def config(self, options: Options) -> TableConfig:
        return TableConfig(
            name=self.name,
            dealer_id="server",
            currency=CURRENCY,
            paytable_version=self.paytable,
            limits={
                spot: self.limits.get(spot, self.side_limit)
                for spot in PAYTABLES[self.paytable].odds
            },
            bet_window_ms=max(1_000, options.bet_seconds * 10 * self.bet_pace),
            card_interval_ms=min(10_000, options.card_ms * self.card_pace // 100),
            language=self.language,
            group=self.group,
            presentation=self.presentation,
            **self.more,
        )


def _limits(min_minor: int, max_minor: int, tie_max_minor: int) -> dict[Spot, StakeLimit]:
    return {
        Spot.PLAYER: StakeLimit(min_minor, max_minor),
        Spot.BANKER: StakeLimit(min_minor, max_minor),
        Spot.TIE: StakeLimit(min_minor, tie_max_minor),
    }


TABLES: Final = (
    SeededTable(
        TABLE_ID,
        "Salon Privé 1",
        "commission-8/2",
        _limits(1_00, 5_000_00, 500_00),
        StakeLimit(1_00, 200_00),
    ),
    SeededTable(
        "bac-2",
        "Speed Berlin",
        "no-commission-8/1",
        _limits(5_00, 2_000_00, 200_00),
        StakeLimit(1_00, 100_00),
        group="speed",
        language="de",
        presentation=Presentation.SPEED,
        bet_pace=60,
        card_pace=60,
    ),
    SeededTable(
        "bac-3",
        "Salón Dorado EZ",
        "ez-8/1",
        _limits(1_00, 1_000_00, 100_00),
        StakeLimit(1_00, 50_00),
        language="es",
        bet_pace=150,
    ),
    SeededTable(
        "bac-4",
        "Squeeze Royale",
        "commission-8/2",
        _limits(25_00, 10_000_00, 1_000_00),
        StakeLimit(5_00, 500_00),
        presentation=Presentation.SQUEEZE,
        bet_pace=200,
        card_pace=400,
    ),
    SeededTable(
        "bac-5",
        "Grand Salon",
        "commission-8/2",
        _limits(5_00, 5_000_00, 500_00),
        StakeLimit(1_00, 200_00),
        group="live",
        more={
            "mode": DealingMode.SHOE,
            "procedure": ShoeProcedure(cut_cards=16, burn=True),
            "caps": Caps(
                side_bet_percent=100, max_payout_minor=20_000_00, differential_minor=20_000_00
            ),
        },
    ),
    SeededTable(
        "bac-6",
        "Grand Salon 2",
        "no-commission-8/1",
        _limits(5_00, 5_000_00, 500_00),
        StakeLimit(1_00, 200_00),
        group="live",
        more={
            "mode": DealingMode.SHUFFLER,
            "procedure": ShoeProcedure(cut_cards=16, burn=True),
        },
    ),
)
"""The tables of the sandbox; the tools and most tests use the first."""


PHYSICAL_TABLES: Final = [
    table.table_id
    for table in TABLES
    if table.more.get("mode", DealingMode.RNG) is not DealingMode.RNG
]
"""Tables that wait for a dealer."""


def start_tables(options: Options, outputs: dict[str, str]) -> None:
    """Create the tables and let the watchdog start them now instead of within a minute.

    One after the other: four first rounds at once would start every function four times.

    Raises:
        SandboxError: a table opened no round.
    """
    floor, clock = DynamoFloor(clients.dynamodb()), SystemClock()
    for table in TABLES:
        if options.tables and table.table_id not in options.tables:
            continue
        configure_table(table.table_id, table.config(options), floor=floor, clock=clock)
        if table.table_id in PHYSICAL_TABLES:
            continue  # It waits for its dealer.
        boto3.client("lambda").invoke(FunctionName=outputs["WatchTablesFunction"], Payload=b"{}")
        deadline = time.monotonic() + _START_SECONDS
        while floor.round(round_id(table.table_id, 1)) is None:
            if time.monotonic() > deadline:
                raise SandboxError(f"table {table.table_id} did not open its first round")
            time.sleep(0.1)
