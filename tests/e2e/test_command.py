"""``make run`` as a person meets it: what is in the way is said.

That nothing is left behind is checked where the end-to-end tests end their sandbox.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.support.cloud import ROOT
from tests.support.ministack import free_port


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
