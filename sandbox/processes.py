"""Child processes that never outlive the run."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from sandbox.configuration import HOST, Options, SandboxError

_MIN_NODE = 20
_START_SECONDS = 60
_STOP_SECONDS = 10


def check_machine(options: Options) -> None:
    """Raises: SandboxError naming the first thing that is missing or in the way."""
    node = shutil.which("node")
    if node is None:
        raise SandboxError(f"Node.js is missing: install version {_MIN_NODE} or newer")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().lstrip("v").partition(".")[0]) < _MIN_NODE:
        raise SandboxError(f"Node.js {version.strip()} is too old: install {_MIN_NODE} or newer")
    for port, name in ((options.port, "PORT"), (options.page_port, "PAGE_PORT")):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise SandboxError(
                    f"port {port} is in use: stop what listens there, "
                    f"or choose another with `make run {name}={port + 100}`"
                ) from error


class Emulator:
    """MiniStack as a process group of its own, on loopback, with nothing kept between runs."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.log = options.folder / "emulator.log"
        # The emulator unpacks functions here and leaves them behind.
        self._temporary = options.folder / "tmp"

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            SandboxError: it ended or did not answer within a minute.
        """
        environment = {
            **self._options.environment(),
            "GATEWAY_PORT": str(self._options.port),
            "BIND_HOST": HOST,
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": "0",
            "TMPDIR": str(self._temporary),
            # These two would listen beyond loopback, on fixed ports.
            "IOT_MTLS_ENABLED": "false",
            "SFTP_ENABLED": "false",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "LAMBDA_WARM_TTL_SECONDS": "3600",
        }
        self._temporary.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(Path(sys.executable).with_name("ministack"))],
                env=environment,
                cwd=self._options.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise SandboxError(f"the AWS emulator ended at once; its log is {self.log}")
            try:
                with urllib.request.urlopen(  # noqa: S310  a fixed http address on loopback
                    f"{self._options.endpoint}/_ministack/health", timeout=1
                ):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise SandboxError(f"the AWS emulator does not answer; its log is {self.log}")

    def stop(self) -> None:
        """End it and all the functions it runs."""
        if self._process is None:
            return
        for way, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, _STOP_SECONDS)):
            try:
                os.killpg(self._process.pid, way)
                self._process.wait(seconds)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self._process = None
        shutil.rmtree(self._temporary, ignore_errors=True)


def run_logged(command: list[str], options: Options, log: Path, doing: str) -> None:
    """Run a command in the sandbox's environment with its output in ``log``.

    Raises:
        SandboxError: it failed; the message has the end of its output.
    """
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            env=options.environment(),
            cwd=Path(__file__).parents[1],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise SandboxError(f"{doing} failed; the end of {log}:\n{tail}")
