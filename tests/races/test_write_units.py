"""What a round costs, counted from the answers of MiniStack (its ConsumedCapacity is right)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.dynamodb.floor import DynamoFloor, _table_item
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.application.bets import cancel_bet
from baccarat.domain.coup import Outcome
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.table import HISTORY_LENGTH
from baccarat.domain.table_config import Caps, StakeLimit
from baccarat.domain.wallet import BetState
from tests.support.cloud import Cloud
from tests.support.rounds import ManualRound


class Meter:
    """The same platform through a client whose transactions are counted."""

    def __init__(self, cloud: Cloud) -> None:
        self._units = WriteUnits()
        client = clients.dynamodb(self._units)
        self.cloud = replace(cloud, floor=DynamoFloor(client), ledger=DynamoLedger(client))

    def cost(self, step: Callable[[], object]) -> float:
        self._units.take()
        step()
        return self._units.take()


@pytest.fixture
def meter(cloud: Cloud) -> Meter:
    return Meter(cloud)


def test_a_round_without_bets_costs_at_most_forty_units(meter: Meter) -> None:
    round_ = ManualRound(meter.cloud)
    round_.start_table(
        name="A table with a name as long as it can sensibly be",
        paytable_version="commission-8/2",
        limits=dict.fromkeys(PAYTABLES["commission-8/2"].odds, StakeLimit(500, 50_000_00)),
        caps=Caps(100, 500_000_00, 500_000_00),
    )
    table = meter.cloud.floor.table("bac-1")
    assert table is not None
    # Late in a shoe the table remembers the most.
    _table_item(replace(table, history=("B",) * HISTORY_LENGTH)).save()
    costs = {
        step.__name__: meter.cost(step)
        for step in (round_.open, round_.close, round_.deal, round_.resolve, round_.finish)
    }
    # A new shoe is an event and an item of its own, 4 units that later rounds do not cost; the
    # opening of a full layout is an event of more than a kilobyte.
    assert costs == {"open": 12, "close": 8, "deal": 8, "resolve": 4, "finish": 8}
    assert sum(costs.values()) <= 40


def test_bets_winners_and_losers_cost_what_they_may(meter: Meter) -> None:
    cloud = meter.cloud
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    players = [f"player-with-a-long-name-{n:012d}" for n in range(30)]
    spots = [Spot.PLAYER, Spot.BANKER, Spot.TIE]
    for player in players:
        cloud.fund(player)
    placing = [
        meter.cost(
            lambda p=player, n=n: cloud.bet(p, round_.round_id, spots[n % 3], 1_000, f"bet-{p}")
        )
        for n, player in enumerate(players)
    ]
    assert max(placing) <= 4
    round_.close()
    round_.deal()
    round_.resolve()
    settling = meter.cost(round_.settle)
    bets = cloud.ledger.bets(round_.round_id)
    winners = [bet for bet in bets if bet.state is BetState.PAID]
    losers = [bet for bet in bets if bet.state is BetState.PLACED]
    tie = round_.record.round.outcome is Outcome.TIE
    assert (len(winners), len(losers)) == ((30, 0) if tie else (10, 20))
    assert settling / len(winners) <= 4
    # Nothing but the winners was written, so a loser cost nothing.
    assert settling == 4 * len(winners)
    finish = meter.cost(round_.finish)
    assert finish == 8


@pytest.mark.parametrize("count", [3, 15])
def test_bets_of_one_command_share_the_wallet(meter: Meter, count: int) -> None:
    cloud = meter.cloud
    round_ = ManualRound(cloud)
    round_.start_table(caps=Caps(100, 10**9, 10**9))
    round_.open()
    player = "player-with-a-long-name-0123456789ab"
    cloud.fund(player, 10**9)
    spots = [Spot.PLAYER, Spot.BANKER, Spot.TIE]
    wanted = [(f"bet-{n}-of-{player}", spots[n % 3], 1_000) for n in range(count)]
    cost = meter.cost(lambda: cloud.bets(player, round_.round_id, *wanted))
    assert cost == 2 + 2 * count
    assert cost / count <= 4
    # The tally is read by whoever bets, and written by nobody who does.
    assert cloud.floor.tally(round_.round_id) == {}


def test_a_loser_alone_costs_nothing(meter: Meter) -> None:
    cloud = meter.cloud
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    cloud.fund("anna")
    bet = cloud.bet("anna", round_.round_id, Spot.TIE, 500, "bet")
    assert bet.state is BetState.PLACED
    round_.close()
    round_.deal()
    pages = round_.resolve()
    cost = meter.cost(lambda: [round_.settle(page) for page in pages])
    lost = round_.record.round.outcome is not Outcome.TIE
    assert cost == (0 if lost else 4)


def test_a_cancel_costs_three_items(meter: Meter) -> None:
    cloud = meter.cloud
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    cloud.fund("anna")
    bet = cloud.bet("anna", round_.round_id, Spot.TIE, 500, "bet")

    def cancel() -> object:
        return cancel_bet(
            "anna", round_.round_id, bet.bet_id, ledger=cloud.ledger, clock=cloud.clock
        )

    assert meter.cost(cancel) == 6
