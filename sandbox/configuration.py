"""Where the one-machine run listens and keeps its files."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from baccarat.domain.tiers import STANDARD

ROOT: Final = Path(__file__).resolve().parents[1]
REGION: Final = "us-east-1"
HOST: Final = "127.0.0.1"
TABLE_ID: Final = "bac-1"


class SandboxError(Exception):
    """Something the person at the keyboard can mend; the message says how."""


@dataclass(frozen=True, slots=True)
class Options:
    """Command line of ``make run``."""

    port: int
    page_port: int
    bet_seconds: int
    card_ms: int
    heartbeat_seconds: int = 30
    tables: tuple[str, ...] = ()
    """Tables to open; all when empty."""
    video_tables: tuple[str, ...] = ()
    """Tables with a studio; without any, no video server runs."""
    video_port: int = 8090
    """Of the video server's HTTP."""

    @property
    def folder(self) -> Path:
        """Logs and the run file; one folder for each port, so that runs do not meet."""
        return ROOT / ".sandbox" / str(self.port)

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def page_url(self) -> str:
        return f"http://{HOST}:{self.page_port}"

    @property
    def video_url(self) -> str:
        return f"http://{HOST}:{self.video_port}"

    @property
    def origins(self) -> tuple[str, str]:
        """Both names of this machine: a person may type either."""
        return self.page_url, f"http://localhost:{self.page_port}"

    def environment(self) -> dict[str, str]:
        """Return an environment in which every AWS client talks to the emulator alone."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        }
        return {
            **inherited,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",  # the emulator takes any
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": f"{HOST},localhost",
            "no_proxy": f"{HOST},localhost",
        }


@dataclass(frozen=True, slots=True)
class User:
    """A seeded sign-in. ``balance_minor`` is what a player's wallet starts with, ``shown_as`` the
    name that players see of staff.
    """

    name: str
    role: str
    password: str
    balance_minor: int = 0
    shown_as: str = ""
    tier: str = STANDARD


@dataclass(frozen=True, slots=True)
class Run:
    """A running sandbox, as other commands find it in ``run.json``."""

    endpoint: str
    page_url: str
    outputs: dict[str, str]
    video_url: str = ""
    """Of the video server; empty without one."""

    def save(self, folder: Path) -> None:
        (folder / "run.json").write_text(json.dumps(asdict(self), indent=2))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises: SandboxError when nothing runs there."""
        try:
            return cls(**json.loads((folder / "run.json").read_text()))
        except FileNotFoundError as error:
            raise SandboxError("no sandbox is running; start one with `make run`") from error
