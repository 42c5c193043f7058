"""The one-machine run, started by its own command, and Debian's Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from playwright.sync_api import Browser

from sandbox.configuration import Options, Run
from sandbox.seeding import bind_tables
from tests.e2e.browser import E2E_TABLES, FILMED_TABLES, HEARTBEAT_SECONDS, chromium
from tests.support.cloud import ROOT
from tests.support.ministack import free_port

_START_SECONDS = 300
_STOP_SECONDS = 60


@pytest.fixture(scope="module")
def running_browser() -> Iterator[Browser]:
    """One Chromium for the tests of a file: beside it in one process no event loop can be run."""
    with chromium() as found:
        yield found


@pytest.fixture
def browser(running_browser: Browser) -> Iterator[Browser]:
    """A Chromium without pages."""
    yield running_browser
    for context in running_browser.contexts:
        context.close()


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Run]:
    """A sandbox with quick rounds, shared by all end-to-end tests but those of the video."""
    with started(Options(free_port(), free_port(), 10, 250, HEARTBEAT_SECONDS, E2E_TABLES)) as run:
        yield run


@pytest.fixture(scope="session")
def filmed_sandbox() -> Iterator[Run]:
    """A sandbox whose tables are filmed, shared by the tests of the video."""
    options = Options(
        free_port(),
        free_port(),
        bet_seconds=6,
        card_ms=250,
        tables=FILMED_TABLES,
        video_tables=FILMED_TABLES,
        video_port=free_port(),
    )
    with started(options) as run:
        yield run


@contextmanager
def started(options: Options) -> Iterator[Run]:
    """Yield a sandbox that its own command has started; Ctrl-C ends all of it."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sandbox"),
            *("--port", str(options.port), "--page-port", str(options.page_port)),
            *("--bet-seconds", str(options.bet_seconds), "--card-ms", str(options.card_ms)),
            *("--heartbeat-seconds", str(options.heartbeat_seconds)),
            *("--tables", *options.tables),
            *("--video-port", str(options.video_port), "--video-tables", *options.video_tables),
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
        check_ended_by_ctrl_c(process)
        assert not (options.folder / "run.json").exists()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_STOP_SECONDS)
        shutil.rmtree(options.folder, ignore_errors=True)


def check_ended_by_ctrl_c(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C; neither the process nor any that it started may be left."""
    group = children_of(process.pid)
    assert group
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=_STOP_SECONDS)[0]
    assert (process.returncode, said.splitlines()[-1]) == (0, "stopped.")
    deadline = time.monotonic() + _STOP_SECONDS
    while alive(group) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(group) == []


def children_of(parent: int) -> list[int]:
    """Every process below ``parent``, with the functions that the emulator runs."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found += [int(entry.name), *children_of(int(entry.name))]
    return found


def alive(processes: list[int]) -> list[int]:
    return [process for process in processes if Path(f"/proc/{process}").exists()]


@pytest.fixture
def sandbox(running_sandbox: Run) -> Iterator[Run]:
    """The sandbox, with this process's AWS clients and models pointed at it."""
    port = int(running_sandbox.endpoint.rpartition(":")[2])
    environment = Options(port, 0, 0, 0).environment()
    with mock.patch.dict(os.environ, environment, clear=True):
        bind_tables(running_sandbox.outputs)
        yield running_sandbox
