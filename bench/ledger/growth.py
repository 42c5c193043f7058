"""How a bet's cost grows with the bets of its round and with the wallets of the house.

On the strict store in memory; its own processor time is taken off, so that what is left is ours:
the use cases, pynamodb and botocore without signing and sockets. It is told in bare reads: what one
``get_item`` of a plain boto3 client takes in the same minute on the same machine.
"""

from __future__ import annotations

import random
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

import boto3

from baccarat.adapters.dynamodb.ledger import _wallet_item
from baccarat.domain.coup import Outcome
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import Wallet
from bench.ledger.platforms import Memory, in_memory
from tests.simulation.store.tables import Row as StoredItem
from tests.simulation.store.tables import digest
from tests.support.cloud import Cloud
from tests.support.rounds import ManualRound

ROUND_SIZES: Final = (10, 100, 1_000, 10_000)
WALLETS: Final = (100, 1_000, 10_000, 100_000, 1_000_000)
BETTORS: Final = 100
"""Of so many wallets, those that bet."""

_MOST_ROUNDS: Final = 20
_STAKE_MINOR: Final = 1_000
_READS: Final = 200


@dataclass(frozen=True, slots=True)
class Row:
    """Bare reads for each bet; ``pay`` for each winner. ``read_ms`` is what one took."""

    place: float
    seal: float
    pay: float
    finish: float
    read_ms: float


def wallet_name(number: int) -> str:
    return f"player-{number:012d}"


def fill(cloud: Cloud, memory: Memory, numbers: Sequence[int]) -> None:
    """Put wallets into the store as a deposit leaves them, without the deposit's own item."""
    name = _wallets_table(cloud)
    item = _wallet_item(Wallet(wallet_name(0), "EUR", 100_000, 0)).serialize()
    memory.store.call("PutItem", {"TableName": name, "Item": item})
    table = memory.store._database.tables[name]  # noqa: SLF001
    first = table.row(table.schema.key_of_item(item))
    assert first is not None
    # The others share what is the same in all: only so do a million find room. They come in the
    # order in which the store keeps them, so that each is the last.
    keys = [f"PLAYER#{wallet_name(number)}" for number in numbers if number]
    for key in sorted(keys, key=digest):
        row = StoredItem({**first.item, "pk": {"S": key}}, first.size)
        table.write(table.schema.key_of_item(row.item), None, row, table.created_ms)


def _wallets_table(cloud: Cloud) -> str:
    tables = dict(pair.split("=") for pair in cloud.environment["WALLET_TABLES"].split())
    return tables["standard"]


class Stopwatch:
    """Milliseconds of this process without the store's."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def of(self, run: Callable[[], object]) -> float:
        started, store = time.process_time(), self._memory.seconds
        run()
        spent = time.process_time() - started
        return (spent - (self._memory.seconds - store)) * 1000

    def read_ms(self, table: str, player: str) -> float:
        """Return what a read by a plain client takes."""
        client = boto3.client("dynamodb")
        key = {"pk": {"S": f"PLAYER#{player}"}, "sk": {"S": "WALLET#EUR"}}

        def read() -> None:
            client.get_item(TableName=table, Key=key, ConsistentRead=True)

        return statistics.median(self.of(read) for _ in range(_READS))


def play(round_: ManualRound, players: Sequence[str], watch: Stopwatch) -> Row:
    """Play a round with a bet of each player and measure it. Each step meets a cold archive, as a
    function does that has not seen the book: each page of winners too.
    """
    cloud = round_.cloud
    read_book: Any = cloud.archive.book
    round_.open()

    def place() -> None:
        for n, player in enumerate(players):
            spot = (Spot.PLAYER, Spot.BANKER)[n % 2]
            cloud.bet(player, round_.round_id, spot, _STAKE_MINOR, f"bet-{player}")

    def settle(page: int) -> int:
        read_book.cache_clear()
        return round_.settle(page)

    table = _wallets_table(cloud)
    reads_ms = [watch.read_ms(table, players[0])]
    place_ms = watch.of(place)
    reads_ms.append(watch.read_ms(table, players[0]))
    seal_ms = watch.of(round_.close)
    round_.deal()
    pages = round_.resolve()
    winners: list[int] = []
    settle_ms = watch.of(lambda: winners.extend(settle(page) for page in pages))
    read_book.cache_clear()
    finish_ms = watch.of(round_.finish)
    reads_ms.append(watch.read_ms(table, players[0]))
    read_ms = statistics.mean(reads_ms)
    bets = len(players) * read_ms
    return Row(
        place_ms / bets,
        seal_ms / bets,
        settle_ms / (sum(winners) * read_ms),
        finish_ms / bets,
        read_ms,
    )


def without_tie(cloud: Cloud, players: Sequence[str], watch: Stopwatch) -> Row:
    """Play until Player or Banker wins, so that half of the bets do; return that round's row."""
    ManualRound(cloud).start_table(bet_window_ms=120_000)
    clock = ManualRound(cloud).clock
    for number in range(1, _MOST_ROUNDS + 1):
        round_ = ManualRound(cloud, number=number)
        round_.clock = clock
        row = play(round_, players, watch)
        if number > 1 and round_.record.round.outcome is not Outcome.TIE:
            return row
    raise AssertionError(f"{_MOST_ROUNDS} ties in a row")


def by_bets() -> list[tuple[int, Row]]:
    rows = []
    for size in ROUND_SIZES:
        with in_memory() as (cloud, memory):
            fill(cloud, memory, range(size))
            players = [wallet_name(number) for number in range(size)]
            rows.append((size, without_tie(cloud, players, Stopwatch(memory))))
    return rows


def by_wallets() -> list[tuple[int, Row, float]]:
    """Return for each number of wallets the row of a round, and the GB that the process has."""
    rows = []
    for size in WALLETS:
        with in_memory() as (cloud, memory):
            fill(cloud, memory, range(size))
            chosen = random.Random(size).sample(range(size), BETTORS)  # noqa: S311  repeatable
            players = [wallet_name(number) for number in chosen]
            row = without_tie(cloud, players, Stopwatch(memory))
            used_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
            rows.append((size, row, used_gb))
    return rows


def report() -> int:
    """Print how costs grow."""
    print("How the processor time of a bet grows, without the store's own, in bare reads\n")
    _print("bets a round", by_bets())
    print()
    found = by_wallets()
    _print("wallets", [(size, row) for size, row, _ in found])
    size, _, used_gb = found[-1]
    print(f"\n{BETTORS} of the wallets bet; with {size:,} the process took {used_gb:.1f} GB")
    return 0


def _print(what: str, rows: Sequence[tuple[int, Row]]) -> None:
    heads = ("place a bet", "close, seal", "pay a winner", "finish", "a read, ms")
    print(f"{what:<14}" + "".join(f"{head:>14}" for head in heads))
    for size, row in rows:
        print(f"{size:<14,}" + "".join(f"{value:>14.3f}" for value in astuple(row)))
    (_, first), (_, last) = rows[0], rows[-1]
    grown = (after / before for before, after in zip(astuple(first), astuple(last), strict=True))
    print(f"{'last / first':<14}" + "".join(f"{ratio:>14.2f}" for ratio in grown))
