"""Races of real processes: each runs ``tests.support.bettor`` with a task of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.support.cloud import ROOT, Cloud


def race(cloud: Cloud, tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Start one process for each task, let them all go at once, return their answers."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.bettor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in tasks
    ]
    try:
        for process, task in zip(running, tasks, strict=True):
            assert process.stdin is not None
            process.stdin.write(json.dumps({**task, "environment": cloud.environment}) + "\n")
            process.stdin.flush()
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(process.communicate(timeout=120)[0]) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
