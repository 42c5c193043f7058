"""Step Functions bills by transition: a round of a hundred winners may take ten."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.dynamodb import ledger as ledger_items
from baccarat.application.drive_round import owed
from baccarat.domain import wallet as money
from baccarat.domain.bets import SIDES
from baccarat.domain.payment import house_deposit
from baccarat.domain.wallet import NewBet, PlaceBets, Wallet
from tests.support.cloud import Cloud

ROUND = "bac-1.000000001"


def put_bets(cloud: Cloud, player: str) -> None:
    """Store a funded wallet with a bet on each side, as a place command leaves them.

    Written item by item: moto copies the whole table for every transaction.
    """
    record = cloud.floor.round(ROUND)
    assert record is not None
    now_ms = record.round.opened_at_ms
    wallet, credited = house_deposit(Wallet(player, "EUR", 0, 0), "seed", 1_000, now_ms)
    ledger_items._payment_item(credited).save()
    sides = tuple(NewBet(f"bet-of-{player}-{spot}", spot, 100) for spot in SIDES)
    wallet, bets = money.place(wallet, PlaceBets(player, ROUND, sides), record.round, now_ms)
    for bet in bets:
        ledger_items._bet_item(bet).save()
    ledger_items._wallet_item(wallet).save()


def test_a_round_of_a_hundred_winners_takes_at_most_ten_transitions(driven: Cloud) -> None:
    stored = threading.Event()

    def close_with_all(function: str, _event: dict[str, Any], run: Callable[[], Any]) -> Any:
        assert function != "close_bets" or stored.wait(60)
        return run()

    driven.fault = close_with_all
    driven.open_table()
    driven.watch()
    driven.opened(ROUND)
    for number in range(100):
        # One of the two bets wins, or a tie returns both.
        put_bets(driven, f"player-{number:03d}")
    stored.set()
    assert driven.ended(f"{ROUND}.e1", seconds=120) == "SUCCEEDED"
    record = driven.floor.round(ROUND)
    assert record is not None
    assert len({payout.player_id for payout in owed(record, driven.archive)}) == 100
    stepfunctions = clients.stepfunctions()
    [execution] = stepfunctions.list_executions(stateMachineArn=driven.state_machine_arn)[
        "executions"
    ]
    history = stepfunctions.get_execution_history(
        executionArn=execution["executionArn"], maxResults=1000
    )["events"]
    entered = Counter(
        event["stateEnteredEventDetails"]["name"]
        for event in history
        if "stateEnteredEventDetails" in event
    )
    assert sum(entered.values()) <= 10, entered
    assert entered["SettlePage"] == 1
    assert driven.balances().findings == ()
