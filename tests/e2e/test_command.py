"""``make run`` as a person meets it: what is in the way is said, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.configuration import Options
from tests.support.cloud import ROOT
from tests.support.ministack import free_port

pytestmark = [pytest.mark.sandbox, pytest.mark.xdist_group("sandbox")]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


def test_a_port_in_use_is_told_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            command("--port", str(port)), cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr
    assert f"make run PORT={port + 100}" in done.stderr


def test_a_missing_node_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--port", str(free_port()), "--page-port", str(free_port())),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "Node.js is missing: install version 20 or newer" in done.stderr


def test_rounds_without_a_sandbox_say_how_to_start_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.rounds", "--port", str(free_port())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "make run" in done.stderr


@pytest.mark.timeout(300)
def test_ctrl_c_leaves_nothing_running() -> None:
    options = Options(free_port(), free_port(), 0, 0)
    process = subprocess.Popen(
        command("--port", str(options.port), "--page-port", str(options.page_port)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        group = children_of(process.pid)
        assert group
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0
    deadline = time.monotonic() + 10
    while alive(group) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(group) == []
    assert not (options.folder / "run.json").exists()


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
