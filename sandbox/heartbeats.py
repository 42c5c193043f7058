"""What the emulator lacks of Step Functions: it takes heartbeats of waiting tasks, but does not
miss them. A thread watches the desks and ends the wait of one that is silent, as AWS would.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.floor import DynamoDesks, DynamoFloor
from baccarat.application.ports import RoundRecord

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_EVERY_SECONDS: Final = 1.0
_TIMEOUT: Final = "States.HeartbeatTimeout"


class Heartbeats:
    """Ends the first wait for cards of a round whose desk was not heard for ``limit_seconds``."""

    def __init__(self, table_ids: list[str], limit_seconds: int) -> None:
        self._table_ids = table_ids
        self._limit_ms = limit_seconds * 1000
        self._floor = DynamoFloor(clients.dynamodb())
        self._desks = DynamoDesks()
        self._stepfunctions: SFNClient = clients.stepfunctions()
        self._waiting_since_ms: dict[str, int] = {}
        self._stopped = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY_SECONDS):
            for table_id in self._table_ids:
                try:
                    self._look(table_id)
                except Exception as error:  # noqa: BLE001  the run goes on; the next look repeats it
                    if not self._stopped.is_set():
                        print(f"heartbeats of {table_id} not watched: {error}", file=sys.stderr)

    def _look(self, table_id: str) -> None:
        table = self._floor.table(table_id)
        if table is None or table.current_round_id is None:
            return
        record = self._floor.round(table.current_round_id)
        if record is None or record.task_token is None or record.round.paused is not None:
            return
        if self._is_silent(table_id, record):
            self._stepfunctions.send_task_failure(taskToken=record.task_token, error=_TIMEOUT)

    def _is_silent(self, table_id: str, record: RoundRecord) -> bool:
        """Return True once for a round: the second wait, for the pit, has no heartbeat."""
        round_id = record.round.round_id
        now_ms = int(time.time() * 1000)
        since_ms = self._waiting_since_ms.setdefault(round_id, now_ms)
        heard_ms = max(self._desks.last_heard_ms(table_id), since_ms)
        if now_ms < heard_ms + self._limit_ms:
            return False
        self._waiting_since_ms[round_id] = sys.maxsize
        return True
