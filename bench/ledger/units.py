"""Write units of the bet lifecycle: 100 bets of 100 players, 36 winners, one round.

Counted is every write that is made, from the ConsumedCapacity of its answer; the deposits before
the round are not part of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.journal import DynamoJournal
from baccarat.application.journal import project
from baccarat.domain.coup import Outcome
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import BetState
from bench.ledger.calls import Calls, Cost, watched
from bench.ledger.naive import NaiveLedger
from bench.ledger.platforms import in_memory, ministack
from tests.support.cloud import Cloud
from tests.support.rounds import ManualRound

BETS: Final = 100
WINNERS: Final = 36
LIMIT: Final = 5.5
_STAKE_MINOR: Final = 1_000
_MOST_ROUNDS: Final = 20
_SPOTS: Final = [Spot.PLAYER] * WINNERS + [Spot.BANKER] * WINNERS
_SPOTS_OF_BETS: Final = _SPOTS + [Spot.TIE] * (BETS - len(_SPOTS))
"""Player or Banker wins: then it is as many winners as wanted. After a tie another round is
played."""


@dataclass
class Costs:
    """``own`` are the steps of the bets' lifecycle, ``round`` those that a round without bets has
    as well, ``journal`` what projects the wallets' stream.
    """

    own: dict[str, Cost] = field(default_factory=dict)
    round: dict[str, Cost] = field(default_factory=dict)
    journal: dict[str, Cost] = field(default_factory=dict)
    naive: dict[str, Cost] = field(default_factory=dict)
    naive_losers: Cost = field(default_factory=lambda: Cost(0, 0.0))


def lifecycle(cloud: Cloud, calls: Calls) -> Costs:
    """Play rounds until one has the winners that are wanted; return its costs."""
    players = [f"player-with-a-long-name-{n:012d}" for n in range(BETS)]
    for player in players:
        cloud.fund(player, _MOST_ROUNDS * _STAKE_MINOR)
    ManualRound(cloud).start_table(bet_window_ms=120_000)
    clock = ManualRound(cloud).clock
    for number in range(1, _MOST_ROUNDS + 1):
        round_ = ManualRound(cloud, number=number)
        round_.clock = clock
        costs = _play(round_, players, calls)
        if round_.record.round.outcome is not Outcome.TIE:
            bets = cloud.ledger.bets(round_.round_id)
            assert len(bets) == BETS
            assert sum(bet.state is BetState.PAID for bet in bets) == WINNERS
            return costs
    raise AssertionError(f"{_MOST_ROUNDS} ties in a row")


def _play(round_: ManualRound, players: list[str], calls: Calls) -> Costs:
    cloud, costs = round_.cloud, Costs()

    def place() -> None:
        for player, spot in zip(players, _SPOTS_OF_BETS, strict=True):
            cloud.bet(player, round_.round_id, spot, _STAKE_MINOR, f"bet-{player}")

    def journal() -> None:
        # As the stream brings each wallet after each movement.
        for player in players:
            wallet = cloud.ledger.wallet(player, "EUR")
            assert wallet is not None
            project(wallet, journal=DynamoJournal(), scan=cloud.scan)

    journal()
    costs.round["open the round"] = calls.cost(round_.open)
    costs.own["place 100 bets"] = calls.cost(place)
    costs.journal["entries of stakes"] = calls.cost(journal)
    costs.round["close bets, seal the book"] = calls.cost(round_.close)
    costs.round["deal"] = calls.cost(round_.deal)
    pages: list[int] = []
    costs.round["resolve"] = calls.cost(lambda: pages.extend(round_.resolve()))
    costs.own["pay 36 winners"] = calls.cost(lambda: [round_.settle(page) for page in pages])
    costs.own["64 losers"] = Cost(0, 0.0)
    costs.journal["entries of payouts"] = calls.cost(journal)
    costs.round["finish, post the house"] = calls.cost(round_.finish)
    return costs


def naive(calls: Calls, costs: Costs) -> None:
    """Do the same with the naive ledger."""
    ledger = NaiveLedger(clients.dynamodb())
    players = [f"player-with-a-long-name-{n:012d}" for n in range(BETS)]
    for player in players:
        ledger.open_wallet(player, _STAKE_MINOR)

    def place() -> None:
        for player, spot in zip(players, _SPOTS_OF_BETS, strict=True):
            ledger.place("bac-1.000000001", player, f"bet-{player}", spot.value, _STAKE_MINOR)

    def settle(chosen: list[str], payout_minor: int) -> None:
        for player in chosen:
            ledger.settle("bac-1.000000001", player, f"bet-{player}", payout_minor)

    costs.naive["place 100 bets"] = calls.cost(place)
    winners, losers = players[:WINNERS], players[WINNERS:]
    costs.naive["pay 36 winners"] = calls.cost(lambda: settle(winners, 2 * _STAKE_MINOR))
    costs.naive_losers = calls.cost(lambda: settle(losers, 0))


def measure() -> dict[str, Costs]:
    """Return the costs by where they were measured."""
    found = {}
    with ministack() as cloud, watched() as calls:
        found["MiniStack"] = lifecycle(cloud, calls)
        naive(calls, found["MiniStack"])
    with in_memory() as (cloud, memory), watched() as calls:
        found["strict store"] = lifecycle(cloud, calls)
        billed = memory.written_units()
        naive(calls, found["strict store"])
        naive_units = sum(cost.units for cost in found["strict store"].naive.values())
        told = naive_units + found["strict store"].naive_losers.units
        # What the store has billed for the naive ledger: its wallets, a unit each, and the rest.
        assert memory.written_units() - billed == BETS + told
    return found


def report() -> int:
    """Print the table; return 1 if the lifecycle costs more than it may."""
    measured = measure()
    places = list(measured)
    print(f"Write units of {BETS} bets of {BETS} players with {WINNERS} winners in one round\n")
    lines = {place: _sums(costs) for place, costs in measured.items()}
    ratio = max(
        sums["lifecycle of the bets"].units / sums["naive ledger"].units for sums in lines.values()
    )
    print(f"the lifecycle costs {ratio:.2f} of what it costs the naive ledger\n")
    print(f"{'':<34}{'items':>7}" + "".join(f"{place + ', a bet':>21}" for place in places))
    for name in lines[places[0]]:
        items = lines[places[0]][name].items
        told = "".join(
            f"{lines[place][name].units:>13,.0f}{lines[place][name].units / BETS:>8.2f}"
            for place in places
        )
        print(f"{name:<34}{items:>7,}{told}")
    worst = max(sums["lifecycle of the bets"].units / BETS for sums in lines.values())
    print(f"\nlifecycle {worst:.2f} units a bet; it may take {LIMIT}")
    return int(worst > LIMIT)


def _sums(costs: Costs) -> dict[str, Cost]:
    nothing = Cost(0, 0.0)
    own = sum(costs.own.values(), nothing)
    round_ = sum(costs.round.values(), nothing)
    journal = sum(costs.journal.values(), nothing)
    naive_sum = sum(costs.naive.values(), nothing)
    return {
        **_indented(costs.own),
        "lifecycle of the bets": own,
        **_indented(costs.round),
        "the round, whoever bets": round_,
        "lifecycle and round": own + round_,
        **_indented(costs.journal),
        "journal, a projection": journal,
        "everything that was written": own + round_ + journal,
        **_indented({f"naive: {name}": cost for name, cost in costs.naive.items()}),
        "naive ledger": naive_sum,
        "  naive: 64 losers as well": costs.naive_losers,
        "naive ledger, losers settled": naive_sum + costs.naive_losers,
    }


def _indented(costs: dict[str, Cost]) -> dict[str, Cost]:
    return {f"  {name}": cost for name, cost in costs.items()}
