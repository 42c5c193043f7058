"""Step Functions bills by transition: a round of a hundred winners may take ten."""

from __future__ import annotations

from collections import Counter

from baccarat.adapters import clients
from baccarat.application.drive_round import owed
from baccarat.domain.bets import SIDES
from tests.support.cloud import Cloud

ROUND = "bac-1.000000001"


def test_a_round_of_a_hundred_winners_takes_at_most_ten_transitions(driven: Cloud) -> None:
    driven.open_table(bet_window_ms=120_000)
    driven.watch()
    driven.opened(ROUND)
    for number in range(100):
        player = f"player-{number:03d}"
        driven.fund(player)
        # One of the two bets wins, or a tie returns both.
        driven.bets(player, ROUND, *((f"{player}-{spot}", spot, 100) for spot in SIDES))
    driven.elapsing.skip()
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
