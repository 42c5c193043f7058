"""The platform in moto, with its tables in the strict store.

Of moto's own tables each transaction makes a copy, and takes no notice of other threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from baccarat.adapters.clock import SystemClock
from tests.simulation.store import DynamoStore
from tests.simulation.store.hook import routed
from tests.support.cloud import Cloud, moto_cloud


class SharedStore(DynamoStore):
    """A store for the threads of a test and of its state machine: one call at a time."""

    def __init__(self) -> None:
        super().__init__(SystemClock().now_ms)
        self._one_call = threading.Lock()

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        with self._one_call:
            return super().call(operation, params)


@contextmanager
def stored_cloud(**how: Any) -> Iterator[Cloud]:
    """Yield a fresh platform; ``how`` is for ``moto_cloud``."""
    with routed(SharedStore()), moto_cloud(without=("dynamodb",), **how) as found:
        yield found
