"""A bare MiniStack for tests that race real processes; nothing is deployed into it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from sandbox.configuration import Options
from sandbox.processes import Emulator
from tests.support.cloud import Cloud, create_cloud


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def emulator() -> Iterator[Options]:
    """Yield the options of a running emulator."""
    options = Options(free_port(), 0, 0, 0)
    options.folder.mkdir(parents=True, exist_ok=True)
    running = Emulator(options)
    try:
        running.start()
        yield options
    finally:
        running.stop()


@contextmanager
def emulated_cloud(options: Options, **more: str) -> Iterator[Cloud]:
    """Yield a fresh platform (tables, keys, bucket; no functions) in a running emulator.

    ``more`` are further environment variables, such as another endpoint for DynamoDB.
    """
    environment = {**options.environment(), **more}
    with mock.patch.dict(os.environ, environment, clear=True), create_cloud() as cloud:
        yield cloud
