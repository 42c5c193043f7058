"""The SFU as a process of its own, ``python -m media_sfu``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

from tests.support.video import Tokens

START_SECONDS: Final = 30
SERVER: Final = ("-m", "media_sfu")


class Process:
    """An origin or an edge with its address, and what it says of itself."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.log = log

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


def origin(folder: Path, tokens: Tokens, **changes: str) -> AbstractAsyncContextManager[Process]:
    return started("origin", folder, tokens, **changes)


@asynccontextmanager
async def started(
    role: str, folder: Path, tokens: Tokens, *, server: Sequence[str] = SERVER, **changes: str
) -> AsyncIterator[Process]:
    """Start it, with ``changes`` in its environment, and end it by force if it still runs then."""
    keys = folder / "keys.json"
    keys.write_text(json.dumps(tokens.jwk_set))
    environment = {
        "LISTEN_PORT": "0",
        "MEDIA_ADDRESSES": "127.0.0.1",
        "VIDEO_KEYS": str(keys),
        "WORKERS": "1",
        "DRAIN_SECONDS": "5",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    descriptor, log = tempfile.mkstemp(dir=folder, prefix=role, suffix=".log")
    with os.fdopen(descriptor, "wb") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *server,
            role,
            env=os.environ | environment | changes,
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
        assert line, f"the {role} did not start; see {log}"
        yield Process(process, json.loads(line)["listening"], Path(log))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
