"""What can go wrong, how often, where it did, and whether it mattered.

Whether a fault happens is decided by the dice of the process that it happens to and the number of
its call, so that it has a name, ``process:call:kind``, by which a run can be repeated with some of
its faults and without the others.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from tests.simulation.scheduler import Process


class Kind(StrEnum):
    """Faults of one call to AWS first, then of an invocation, of a stream, of a clock, of the state
    machine, of a connection, of the payment provider and the payouts' queue.
    """

    CRASH_BEFORE_SENDING = "crash before sending"
    APPLIED_THEN_DIED = "applied, reply lost, process dies"
    APPLIED_THEN_RESENT = "applied, reply lost, SDK sends again"
    THROTTLED = "throttled (whole call)"
    THROTTLED_REASON = "throttled (in the reasons)"
    CONFLICT_REASON = "transaction conflict"
    WRITE_CONFLICT = "conflict of a plain write"
    OWN_CONDITION = "condition failed by our own attempt"
    ERROR_APPLIED = "500, applied"
    ERROR_NOT_APPLIED = "500, not applied"
    TOKEN_TOO_LATE = "token used again after ten minutes"
    TOKEN_OF_ANOTHER = "token used with another body"
    STALE_READ = "stale read"
    NAP = "slept for a while between two calls"
    ZOMBIE = "slept past every deadline"
    WRITE_ONCE_CONFLICT = "conflict of a write-once object"

    TWICE_IN_SEQUENCE = "invoked twice in sequence"
    TWICE_AT_ONCE = "invoked twice at once"

    RECORDS_LATE = "records late"
    RECORDS_REPEATED = "records repeated"
    RECORDS_REORDERED = "records reordered"
    TRANSACTION_SPLIT = "transaction split"
    POISON_RECORD = "poison record"

    CLOCK_SKEW = "clock skewed"
    CLOCK_STEP = "clock stepped"

    STATE_RETRIED = "state retried after success"
    REDRIVEN = "execution stopped and redriven"
    ABANDONED = "execution stopped for good"

    CONNECTION_GONE = "connection gone"
    CONNECTION_SLOW = "connection slow"
    OTHER_VERSION = "old version beside a new one"

    REQUEST_LOST = "timed out, not applied"
    MESSAGE_REPEATED = "message of a queue repeated"
    WEBHOOK_LOST = "webhook lost"
    WEBHOOK_EARLY = "webhook before the answer"
    WEBHOOK_LATE = "webhook late"
    WEBHOOK_REPEATED = "webhook repeated"
    WEBHOOK_REORDERED = "webhook overtaken"
    WEBHOOK_LIES = "webhook with another amount"
    WEBHOOK_FORGED = "webhook signed wrongly"
    WEBHOOK_REPLAYED = "webhook outside of its window"
    PROVIDER_CONTRADICTS = "provider contradicts itself"
    PROVIDER_DIFFERS = "provider moves another amount"


_ANY: Final = (
    Kind.CRASH_BEFORE_SENDING,
    Kind.APPLIED_THEN_DIED,
    Kind.APPLIED_THEN_RESENT,
    Kind.THROTTLED,
    Kind.ERROR_NOT_APPLIED,
    Kind.NAP,
    Kind.ZOMBIE,
)
_PLAIN_WRITE: Final = (*_ANY, Kind.ERROR_APPLIED, Kind.WRITE_CONFLICT)
_TRANSACTION: Final = (
    *_ANY,
    Kind.ERROR_APPLIED,
    Kind.THROTTLED_REASON,
    Kind.CONFLICT_REASON,
    Kind.OWN_CONDITION,
    Kind.TOKEN_TOO_LATE,
    Kind.TOKEN_OF_ANOTHER,
)
_BY_OPERATION: Final[dict[str, tuple[Kind, ...]]] = {
    "GetItem": _ANY,
    "Query": _ANY,
    "BatchGetItem": _ANY,
    "PutItem": _PLAIN_WRITE,
    "DeleteItem": _PLAIN_WRITE,
    "UpdateItem": _PLAIN_WRITE,
    "BatchWriteItem": (*_ANY, Kind.ERROR_APPLIED),
    "TransactWriteItems": _TRANSACTION,
    "PutObject": (*_ANY, Kind.ERROR_APPLIED, Kind.WRITE_ONCE_CONFLICT),
    "PostToConnection": (*_ANY, Kind.CONNECTION_GONE, Kind.CONNECTION_SLOW),
    "StartExecution": (*_ANY, Kind.ERROR_APPLIED),
    "SendMessage": (*_ANY, Kind.ERROR_APPLIED),
    "SendTaskSuccess": (*_ANY, Kind.ERROR_APPLIED),
    "HTTP": (*_ANY, Kind.ERROR_APPLIED, Kind.REQUEST_LOST, Kind.WEBHOOK_EARLY),
}


def kinds_of(operation: str, *, consistent: bool = True) -> tuple[Kind, ...]:
    """Return the faults that can happen to a call."""
    found = _BY_OPERATION.get(operation, _ANY)
    return found if consistent else (*found, Kind.STALE_READ)


def _draw(text: str) -> float:
    """Return a number from 0 to 1 that falls with ``text``: quicker than dice thrown once."""
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest()) / 2**48


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that happens; ``dice`` decide its details."""

    kind: Kind
    name: str
    site: str
    dice: random.Random


@dataclass
class Counts:
    """Of one run or of many."""

    injected: Counter[Kind] = field(default_factory=Counter)
    effective: Counter[Kind] = field(default_factory=Counter)
    sites: dict[str, set[Kind]] = field(default_factory=dict)
    """What can happen at each call site that was met."""
    cells: set[tuple[str, Kind]] = field(default_factory=set)
    effective_cells: set[tuple[str, Kind]] = field(default_factory=set)

    def add(self, other: Counts) -> None:
        self.injected += other.injected
        self.effective += other.effective
        for site, kinds in other.sites.items():
            self.sites.setdefault(site, set()).update(kinds)
        self.cells |= other.cells
        self.effective_cells |= other.effective_cells

    @property
    def possible(self) -> int:
        return sum(map(len, self.sites.values()))


class Faults:
    """Decides. ``only`` are the names of the faults that are to happen again, and no others; None
    lets the dice fall.

    The mix (how often at all, and each kind against the others) is drawn from the seed.
    """

    def __init__(
        self, seed: int, only: Iterable[str] | None = None, *, rate: float | None = None
    ) -> None:
        self._seed = seed
        self._only: dict[str, Kind] | None = None
        if only is not None:
            named = (name.rpartition(":") for name in only)
            self._only = {place: Kind[kind] for place, _, kind in named}
        mix = random.Random(f"{seed}:mix")
        drawn = mix.choice((0.004, 0.01, 0.02, 0.04))
        self.rate = drawn if rate is None else rate
        self._weights: dict[Kind, float] = {kind: mix.choice((0, 1, 1, 3)) for kind in Kind}
        # Dying, and sleeping for long, end most of what could be seen of other faults.
        for kind in (Kind.CRASH_BEFORE_SENDING, Kind.APPLIED_THEN_DIED, Kind.ZOMBIE):
            self._weights[kind] *= 0.5
        # What was decided a while ago and is written now is what most races need.
        self._weights[Kind.NAP] = 4 * max(1, self._weights[Kind.NAP])
        self.on = True
        self.counts = Counts()
        self.happened: list[str] = []
        """Names of the faults so far, in their order."""

    def of_call(self, process: Process, site: str, kinds: tuple[Kind, ...]) -> Fault | None:
        """Decide what happens to the process's next call."""
        known = self.counts.sites.get(site)
        if known is None:
            known = self.counts.sites[site] = set()
        if len(known) < len(kinds):
            known.update(kinds)
        draw = process.dice.random()
        process.calls += 1
        if not self.on or not process.faulty:
            return None
        place = f"{process.name}:{process.calls}"
        if self._only is not None:
            kind = self._only.get(place)
            return None if kind is None else self._happens(place, kind, site)
        if draw >= self.rate:
            return None
        choices = [kind for kind in kinds if self._weights[kind] > 0]
        if not choices:
            return None
        dice = random.Random(f"{self._seed}:{place}")
        # What has not happened at this site yet comes first, half of the time.
        fresh = [kind for kind in choices if (site, kind) not in self.counts.cells]
        if fresh and dice.random() < 0.5:
            choices = fresh
        [kind] = dice.choices(choices, [self._weights[kind] for kind in choices])
        return self._happens(place, kind, site)

    def of_event(self, place: str, site: str, kind: Kind, factor: float = 1.0) -> Fault | None:
        """Decide whether ``kind`` happens at something that is no call; ``factor`` is how much more
        often than to a call.
        """
        self.counts.sites.setdefault(site, set()).add(kind)
        if not self.on:
            return None
        named = f"{place}~{kind.name}"
        if self._only is not None:
            return self._happens(named, kind, site) if named in self._only else None
        chance = self.rate * factor * self._weights[kind]
        if chance == 0 or _draw(f"{self._seed}:{named}") >= chance:
            return None
        return self._happens(named, kind, site)

    def took_effect(self, fault: Fault) -> None:
        self.counts.effective[fault.kind] += 1
        self.counts.effective_cells.add((fault.site, fault.kind))

    def _happens(self, place: str, kind: Kind, site: str) -> Fault:
        name = f"{place}:{kind.name}"
        self.counts.injected[kind] += 1
        self.counts.cells.add((site, kind))
        self.happened.append(name)
        return Fault(kind, name, site, random.Random(f"{self._seed}:{name}"))
