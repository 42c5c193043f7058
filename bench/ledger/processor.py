"""Processor time of a bet and of its payment beside the bare boto3 calls that they make.

Each command is done by the use case, with its requests written down. Then what it wrote is put back
as it was, and a plain boto3 client sends the same requests once more. DynamoDB is another process,
so the processor time of this one is the client's alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from botocore import xform_name

from baccarat.application.drive_round import owed
from baccarat.domain.paytable import Spot
from bench.ledger.calls import Call, Calls, watched
from bench.ledger.platforms import ministack
from tests.support.cloud import Cloud
from tests.support.rounds import ManualRound

PLAYERS: Final = 200
ROUNDS: Final = 3
LIMIT: Final = 2.0
_STAKE_MINOR: Final = 1_000
_WARM_UP: Final = 20
"""Commands before those that count: connections are opened, caches filled."""


@dataclass
class Times:
    """Milliseconds of each command: ours, the same requests bare, its transactions alone."""

    commands: int = 1
    ours: list[float] = field(default_factory=list)
    same: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)

    def add(self, ours: float, same: float, writes: float) -> None:
        self.ours.append(ours)
        self.same.append(same)
        self.writes.append(writes)


def ms_of(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return (time.process_time() - started) * 1000


class Bare:
    """Sends requests as they were made before, after what they wrote was put back."""

    def __init__(self, cloud: Cloud) -> None:
        self._client: Any = boto3.client("dynamodb")
        tables = dict(pair.split("=") for pair in cloud.environment["WALLET_TABLES"].split())
        self._wallets, self._ledger = tables["standard"], cloud.environment["LEDGER_TABLE"]

    def images(self, round_id: str, players: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
        """Return the wallet and the bets of players as they lie there."""
        return [image for player in players for image in self._images(round_id, player)]

    def _images(self, round_id: str, player: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for table, pk, prefix in (
            (self._wallets, f"PLAYER#{player}", "WALLET#"),
            (self._ledger, f"ROUND#{round_id}", f"BET#{player}#"),
        ):
            found = self._client.query(
                TableName=table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues={":pk": {"S": pk}, ":prefix": {"S": prefix}},
                ConsistentRead=True,
            )
            yield from ((table, item) for item in found["Items"])

    def put_back(
        self, before: list[tuple[str, dict[str, Any]]], after: list[tuple[str, dict[str, Any]]]
    ) -> None:
        for table, item in after:
            key = {name: item[name] for name in ("pk", "sk")}
            self._client.delete_item(TableName=table, Key=key)
        for table, item in before:
            self._client.put_item(TableName=table, Item=item)

    def send(self, calls: Sequence[Call]) -> tuple[float, float]:
        """Return the milliseconds of all of them and of the transactions among them."""
        all_ms = writes_ms = 0.0
        for call in calls:
            method = getattr(self._client, xform_name(call.operation))
            took_ms = ms_of(lambda call=call, method=method: method(**call.params))
            all_ms += took_ms
            writes_ms += took_ms if call.items else 0
        return all_ms, writes_ms


def measure(cloud: Cloud, calls: Calls) -> tuple[Times, Times]:
    """Return the times of placing and of paying, a bet each."""
    players = [f"player-with-a-long-name-{n:012d}" for n in range(PLAYERS)]
    for player in players:
        cloud.fund(player)
    ManualRound(cloud).start_table(bet_window_ms=120_000)
    bare, placing, paying = Bare(cloud), Times(), Times()
    clock = ManualRound(cloud).clock
    for number in range(1, ROUNDS + 1):
        round_ = ManualRound(cloud, number=number)
        round_.clock = clock
        round_.open()
        for n, player in enumerate(players):
            _place(round_, player, (Spot.PLAYER, Spot.BANKER)[n % 2], bare, placing, calls)
        round_.close()
        round_.deal()
        for page in round_.resolve():
            _pay(round_, page, bare, paying, calls)
        round_.finish()
    for times in (placing.ours, placing.same, placing.writes):
        del times[:_WARM_UP]
    return placing, paying


def _place(
    round_: ManualRound, player: str, spot: Spot, bare: Bare, times: Times, calls: Calls
) -> None:
    before = bare.images(round_.round_id, [player])
    ours: list[float] = []

    def place() -> None:
        round_.cloud.bet(player, round_.round_id, spot, _STAKE_MINOR, f"bet-{player}")

    made = calls.of(lambda: ours.append(ms_of(place)))
    bare.put_back(before, bare.images(round_.round_id, [player]))
    times.add(ours[0], *bare.send(made))


def _pay(round_: ManualRound, page: int, bare: Bare, times: Times, calls: Calls) -> None:
    players = sorted({due.player_id for due in owed(round_.record, round_.cloud.archive)})
    before = bare.images(round_.round_id, players)
    ours: list[float] = []
    winners: list[int] = []
    made = calls.of(lambda: ours.append(ms_of(lambda: winners.append(round_.settle(page)))))
    bare.put_back(before, bare.images(round_.round_id, players))
    same, writes = bare.send(made)
    count = winners[0]
    times.add(ours[0] / count, same / count, writes / count)


def report() -> int:
    """Print the ratios; return 1 if one is above what it may be."""
    with ministack() as cloud, watched() as calls:
        placing, paying = measure(cloud, calls)
    print("Processor time of our use cases beside bare boto3, alternating, on MiniStack\n")
    heads = (("ours /", "same calls"), ("ours /", "transaction"), ("ours,", "ms"))
    heads += (("same calls,", "ms"), ("transaction,", "ms"))
    for line in zip(*heads, strict=True):
        print(f"{'':<24}" + "".join(f"{word:>14}" for word in line))
    worst = 0.0
    for name, times in (("place a bet", placing), ("pay a winner of a page", paying)):
        ours, same, writes = map(statistics.median, (times.ours, times.same, times.writes))
        worst = max(worst, ours / same)
        values = (ours / same, ours / writes, ours, same, writes)
        print(f"{name:<24}" + "".join(f"{value:>14.2f}" for value in values))
    print(f"\nmedians; against the same calls it may be {LIMIT}, worst is {worst:.2f}")
    return int(worst > LIMIT)
