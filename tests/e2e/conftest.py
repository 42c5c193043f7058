"""The one-machine run, started by its own command, and Debian's Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from unittest import mock

import pytest

from sandbox.configuration import Options, Run
from sandbox.seeding import bind_tables
from tests.e2e.browser import E2E_TABLES, HEARTBEAT_SECONDS
from tests.support.cloud import ROOT
from tests.support.ministack import free_port

_START_SECONDS = 180


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Run]:
    """A sandbox with quick rounds, shared by all end-to-end tests."""
    options = Options(free_port(), free_port(), 10, 250, HEARTBEAT_SECONDS, E2E_TABLES)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sandbox"),
            *("--port", str(options.port), "--page-port", str(options.page_port)),
            *("--bet-seconds", str(options.bet_seconds), "--card-ms", str(options.card_ms)),
            *("--heartbeat-seconds", str(options.heartbeat_seconds)),
            *("--tables", *options.tables),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not (options.folder / "run.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"the sandbox did not start:\n{process.communicate()[0]}")
            time.sleep(0.2)
        yield Run.load(options.folder)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        shutil.rmtree(options.folder, ignore_errors=True)


@pytest.fixture
def sandbox(running_sandbox: Run) -> Iterator[Run]:
    """The sandbox, with this process's AWS clients and models pointed at it."""
    port = int(running_sandbox.endpoint.rpartition(":")[2])
    environment = Options(port, 0, 0, 0).environment()
    with mock.patch.dict(os.environ, environment, clear=True):
        bind_tables(running_sandbox.outputs)
        yield running_sandbox
