"""Event source mappings: a table's change records go to the functions that read its stream.

Each shard is read in order, in batches; a batch that fails is halved and comes again, a bounded
number of times, and holds up what is behind it. What then still fails is kept aside.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from tests.simulation.faults import Fault, Kind
from tests.simulation.scheduler import Process
from tests.simulation.store.streams import Record
from tests.simulation.world import Change, World

SHARDS: Final = 2
_LARGEST_BATCH: Final = 100
_LONGEST_PAUSE_MS: Final = 60_000
_POLL_MS: Final = (20, 400)
"""Lambda asks a shard some four times a second."""
_TIMEOUT_MS: Final = 60_000


def _is_new_bet(change: Change) -> bool:
    return change.old is None and change.new is not None and _sort_key(change).startswith("BET#")


def _is_changed_stake(change: Change) -> bool:
    if change.new is None or not _sort_key(change).startswith("BET#"):
        return False
    return change.new["state"]["S"] in ("PLACED", "CANCELLED")


def _is_new_bet_or_changed_stake(change: Change) -> bool:
    return _is_new_bet(change) or _is_changed_stake(change)


def _is_bet(change: Change) -> bool:
    return _sort_key(change).startswith("BET#")


def _is_wallet(change: Change) -> bool:
    return _sort_key(change).startswith("WALLET#")


def _is_wallet_or_payment(change: Change) -> bool:
    return _sort_key(change).startswith(("WALLET#", "PAYMENT#"))


def _sort_key(change: Change) -> str:
    image = change.new if change.new is not None else change.old
    assert image is not None
    return str(image["sk"].get("S", ""))


@dataclass(frozen=True, slots=True)
class Mapping:
    """``takes`` and ``retries`` are those of the stack."""

    function: str
    table: str
    takes: Callable[[Change], bool]
    retries: int


MAPPINGS: Final = (
    Mapping("follow_bets", "ledger", _is_new_bet_or_changed_stake, 100),
    Mapping("notify_players", "ledger", _is_bet, 10),
    Mapping("notify_players", "standard-wallets", _is_wallet, 10),
    Mapping("notify_players", "vip-wallets", _is_wallet, 10),
    Mapping("project_wallets", "standard-wallets", _is_wallet_or_payment, 100),
    Mapping("project_wallets", "vip-wallets", _is_wallet_or_payment, 100),
)
"""A new consumer is one more line here."""


@dataclass
class _Shard:
    mapping: Mapping
    name: str
    waiting: list[tuple[int, Change]] = field(default_factory=list)
    is_busy: bool = False
    batches: int = 0


class Consumers:
    def __init__(self, world: World, mappings: tuple[Mapping, ...] = MAPPINGS) -> None:
        self._world = world
        self.dead_letters: list[tuple[Mapping, list[Record]]] = []
        self.poison_sent = 0
        self._commits = 0
        self._shards: dict[str, list[list[_Shard]]] = {}
        for mapping in mappings:
            shards = [
                _Shard(mapping, f"{mapping.function} of {mapping.table} {number}")
                for number in range(SHARDS)
            ]
            self._shards.setdefault(mapping.table, []).append(shards)
        world.on_commit.append(self._committed)

    @property
    def idle(self) -> bool:
        return not any(
            shard.is_busy or shard.waiting
            for mappings in self._shards.values()
            for shards in mappings
            for shard in shards
        )

    def _committed(self, _: str, changes: list[Change]) -> None:
        self._commits += 1
        for change in changes:
            for shards in self._shards.get(change.table, ()):
                if not shards[0].mapping.takes(change):
                    continue
                image = change.new if change.new is not None else change.old
                assert image is not None
                key = image["pk"]["S"]
                shard = shards[zlib.crc32(key.encode()) % SHARDS]
                shard.waiting.append((self._commits, change))
                if not shard.is_busy:
                    shard.is_busy = True
                    self._world.run_process(
                        "stream",
                        f"stream {shard.name}",
                        partial(self._read, shard),
                        faulty=False,
                    )

    def _read(self, shard: _Shard) -> None:
        process = self._world.scheduler.process
        assert process is not None
        while shard.waiting:
            self._world.scheduler.sleep(process.dice.uniform(*_POLL_MS))
            shard.batches += 1
            self._hold_up(shard)
            self._deliver(shard, self._next_batch(shard, process), process)
        shard.is_busy = False

    def _hold_up(self, shard: _Shard) -> None:
        """Let the records wait, as they do when a function is throttled or a shard is moved."""
        place = f"{shard.name} {shard.batches}"
        site = f"stream of {shard.mapping.function}"
        late = self._world.faults.of_event(place, site, Kind.RECORDS_LATE, 8)
        if late is not None:
            self._world.scheduler.sleep(late.dice.uniform(1_000, 20_000))
            self._world.faults.took_effect(late)

    def _next_batch(self, shard: _Shard, process: Process) -> list[Record]:
        """Take what comes next, at a place that may part the records of one transaction."""
        faults, place = self._world.faults, f"{shard.name} {shard.batches}"
        site = f"stream of {shard.mapping.function}"
        waiting = shard.waiting
        size = min(len(waiting), process.dice.choice((_LARGEST_BATCH, 10, 30)))
        parts = [n for n in range(1, size) if waiting[n - 1][0] == waiting[n][0]]
        if parts:
            split = faults.of_event(place, site, Kind.TRANSACTION_SPLIT, 8)
            if split is not None:
                size = split.dice.choice(parts)
                faults.took_effect(split)
        taken, shard.waiting = waiting[:size], waiting[size:]
        records = [self._record(change) for _, change in taken]
        reordered = faults.of_event(place, site, Kind.RECORDS_REORDERED, 4)
        if reordered is not None:
            shuffled = _reordered(records, reordered)
            if shuffled != records:
                faults.took_effect(reordered)
            records = shuffled
        poison = faults.of_event(place, site, Kind.POISON_RECORD, 2)
        if poison is not None:
            records.insert(poison.dice.randint(0, len(records)), _poisoned(records, poison))
            self.poison_sent += 1
            faults.took_effect(poison)
        return records

    def _record(self, change: Change) -> Record:
        stream = self._world.store._database.tables[change.table].stream
        assert stream is not None
        return stream._record(change.number, *stream._changes[change.number])

    def _deliver(self, shard: _Shard, records: list[Record], process: Process) -> None:
        """Give a batch to the function until it takes it, halving it on the way."""
        place = f"{shard.mapping.function} {shard.name} {shard.batches}"
        todo = [records]
        failures = 0
        while todo:
            batch = todo.pop(0)
            outcome = self._world.invoke(
                shard.mapping.function, {"Records": batch}, f"{place}.{failures}", _TIMEOUT_MS
            )
            if outcome.error is None:
                self._repeat(shard, batch, place)
                continue
            failures += 1
            if failures > shard.mapping.retries:
                self.dead_letters.append((shard.mapping, batch))
                continue
            half = len(batch) // 2
            todo[:0] = [batch[:half], batch[half:]] if half else [batch]
            pause_ms = min(_LONGEST_PAUSE_MS, 500 * 2 ** min(failures, 10))
            self._world.scheduler.sleep(process.dice.uniform(0.5, 1.0) * pause_ms)

    def _repeat(self, shard: _Shard, batch: list[Record], place: str) -> None:
        site = f"stream of {shard.mapping.function}"
        repeated = self._world.faults.of_event(place, site, Kind.RECORDS_REPEATED, 4)
        if repeated is None:
            return
        first = repeated.dice.randint(0, len(batch) - 1)
        calls = self._world.tallies.calls
        self._world.invoke(
            shard.mapping.function, {"Records": batch[first:]}, f"{place} again", _TIMEOUT_MS
        )
        if self._world.tallies.calls > calls:
            self._world.faults.took_effect(repeated)


def _reordered(records: list[Record], fault: Fault) -> list[Record]:
    """Return the records in another order; those of one item stay in theirs."""
    by_item: dict[str, list[Record]] = {}
    for record in records:
        by_item.setdefault(str(record["dynamodb"]["Keys"]), []).append(record)
    order = [key for key, found in by_item.items() for _ in found]
    fault.dice.shuffle(order)
    queues = {key: iter(found) for key, found in by_item.items()}
    return [next(queues[key]) for key in order]


def _poisoned(records: list[Record], fault: Fault) -> Record:
    """Return a record like the others that nobody can read."""
    record = copy.deepcopy(fault.dice.choice(records))
    image = record["dynamodb"]["NewImage"]
    kind: dict[str, Any] = {"S": "this is no number"}
    for name in ("stake_minor", "available_minor", "amount_minor"):
        if name in image:
            image[name] = kind
    return record
