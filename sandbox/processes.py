"""Child processes that never outlive the run."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from sandbox.configuration import HOST, ROOT, Options, SandboxError

_MIN_NODE = 20
_START_SECONDS = 60
_STOP_SECONDS = 10
_LASTED_SECONDS = 10
_MOST_QUICK_ENDS = 5


def check_machine(options: Options) -> None:
    """Raises: SandboxError naming the first thing that is missing or in the way."""
    node = shutil.which("node")
    if node is None:
        raise SandboxError(f"Node.js is missing: install version {_MIN_NODE} or newer")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().lstrip("v").partition(".")[0]) < _MIN_NODE:
        raise SandboxError(f"Node.js {version.strip()} is too old: install {_MIN_NODE} or newer")
    ports = [(options.port, "PORT"), (options.page_port, "PAGE_PORT")]
    if options.video_tables:
        ports.append((options.video_port, "VIDEO_PORT"))
    for port, name in ports:
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
        _end(self._process)
        self._process = None
        shutil.rmtree(self._temporary, ignore_errors=True)


class Child:
    """One of the project's own programs as a process group of its own.

    Its number is in a file beside its log, ``….pid``.
    """

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command = [sys.executable, *command]
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._changing = threading.Lock()
        self.log = log

    def start(self) -> None:
        self.log.unlink(missing_ok=True)
        self._spawn()

    def start_anew_when_it_ends(self) -> None:
        """From now on, do what ECS does with a container that has a restart policy.

        One that ends at once five times in a row is left alone, and that is said.
        """
        threading.Thread(target=self._keep, daemon=True).start()

    def _spawn(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self.log.with_suffix(".pid").write_text(f"{self._process.pid}\n")

    def _keep(self) -> None:
        quick_ends = 0
        while quick_ends < _MOST_QUICK_ENDS and (process := self._process) is not None:
            began = time.monotonic()
            process.wait()
            quick_ends = 0 if time.monotonic() - began > _LASTED_SECONDS else quick_ends + 1
            with self._changing:
                if self._process is process:
                    _close_output(process)
                    self._spawn()
        if self._process is not None:
            print(f"a process ends again and again; its log is {self.log}", file=sys.stderr)

    def first_line(self, doing: str) -> str:
        """Return the first line that it prints: by then it is up.

        Raises:
            SandboxError: it ended, or printed nothing within a minute.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            line = ready.select(_START_SECONDS) and self._process.stdout.readline()
        if not line:
            raise SandboxError(f"{doing} did not start; its log is {self.log}")
        return line.decode().strip()

    def stop(self) -> None:
        """End it and whatever it started."""
        with self._changing:
            process, self._process = self._process, None
        if process is not None:
            _end(process)
            _close_output(process)


def _close_output(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    process.stdout.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process group: asked first, then made to."""
    for way in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, way)
            process.wait(_STOP_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def run_logged(command: list[str], options: Options, log: Path, doing: str) -> None:
    """Run a command in the sandbox's environment with its output in ``log``.

    Raises:
        SandboxError: it failed; the message has the end of its output.
    """
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            env=options.environment(),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise SandboxError(f"{doing} failed; the end of {log}:\n{tail}")
