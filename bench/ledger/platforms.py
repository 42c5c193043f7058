"""Where the ledger is measured: MiniStack, and the tests' strict DynamoDB in memory."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final
from unittest import mock

from baccarat.adapters.s3 import S3Archive
from tests.builders import KEY
from tests.simulation.store import hook
from tests.simulation.store.store import DynamoStore
from tests.support.cloud import Cloud, SteppedClock, moto_cloud
from tests.support.ministack import emulated_cloud, emulator

_PATIENT: Final[Any] = SteppedClock()
"""The players' clock stands still: however slow the machine is, bets stay open until they are
closed.
"""


@contextmanager
def ministack() -> Iterator[Cloud]:
    """DynamoDB is another process: the time of this one is the caller's alone."""
    with emulator() as options, emulated_cloud(options) as cloud:
        yield replace(cloud, clock=_PATIENT)


@dataclass
class Memory:
    """The store with a count of the processor time that it takes for its answers."""

    store: DynamoStore
    seconds: float = 0.0

    def written_units(self) -> float:
        return sum(table.billed.write_units for table in self.store._database.tables.values())  # noqa: SLF001


@contextmanager
def in_memory() -> Iterator[tuple[Cloud, Memory]]:
    """Nothing but DynamoDB is of moto where it is used again and again: events are signed by a key
    of this process, books lie in a dictionary.
    """
    memory = Memory(DynamoStore(lambda: time.time_ns() // 1_000_000))
    respond, one_at_a_time = hook.respond, Lock()

    def timed(*request: Any) -> Any:
        with one_at_a_time:
            started = time.thread_time()
            try:
                return respond(*request)
            finally:
                memory.seconds += time.thread_time() - started

    with (
        mock.patch.object(hook, "respond", timed),
        hook.routed(memory.store),
        moto_cloud(without=("dynamodb",)) as cloud,
    ):
        archive = S3Archive(_Bucket(), "bench")  # type: ignore[arg-type]
        yield replace(cloud, signer=KEY, archive=archive, clock=_PATIENT), memory  # type: ignore[arg-type]


class _Bucket:
    """As much of an S3 client as the archive needs where nothing fails."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803  boto3's names
        self._objects.setdefault(Key, Body)

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self._objects[Key])}
