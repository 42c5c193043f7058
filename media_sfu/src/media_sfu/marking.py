"""When a publisher's pictures begin to show what: its marks, dated a little ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from media_sfu.table_log import TableState

AHEAD_MS: Final = 10
"""A mark is for pictures taken so much later: it is sent before the first of them is coded."""
REPEAT_MS: Final = 1_000
_MAX_PLANNED: Final = 256
"""Far more events than a table has between two pictures."""


class Marker:
    """Knows from which picture on each state of the table is shown.

    ``send(at_ms, state)`` tells the SFU: pictures taken at ``at_ms`` or later show ``state``. It
    returns False when it could not.
    """

    def __init__(self, table_id: str, now_ms: Callable[[], int]) -> None:
        self.send: Callable[[int, TableState], bool] = lambda _at_ms, _state: False
        self._now_ms = now_ms
        self._shown = TableState(table_id)
        self._planned: deque[tuple[int, TableState]] = deque(maxlen=_MAX_PLANNED)
        self._sent_ms = 0
        self._last_ms = 0

    def change(self, state: TableState) -> None:
        """Take a new state of the table; it is shown from ``AHEAD_MS`` from now on."""
        at_ms = self._next_ms()
        self._planned.append((at_ms, state))
        self._tell(at_ms, state)

    def state_at(self, at_ms: int) -> TableState:
        """Return what a picture taken at ``at_ms`` shows; ask with times that never fall."""
        while self._planned and self._planned[0][0] <= at_ms:
            _, self._shown = self._planned.popleft()
        return self._shown

    def repeat(self) -> None:
        """Tell the newest state again, if nothing was told for ``REPEAT_MS``."""
        now_ms = self._now_ms()
        if now_ms - self._sent_ms >= REPEAT_MS:
            newest = self._planned[-1][1] if self._planned else self._shown
            self._tell(self._next_ms(), newest)

    def begin(self, send: Callable[[int, TableState], bool]) -> None:
        """Take another session to send marks to; it is told the newest state at once."""
        self.send, self._sent_ms = send, 0

    def _next_ms(self) -> int:
        """Return from when on the next mark holds: later than the one before it."""
        self._last_ms = max(self._now_ms() + AHEAD_MS, self._last_ms + 1)
        return self._last_ms

    def _tell(self, at_ms: int, state: TableState) -> None:
        if self.send(at_ms, state):
            self._sent_ms = self._now_ms()
