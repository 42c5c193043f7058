"""Asking a publisher for keyframes: seldom enough, and again when the request got lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

MIN_INTERVAL_SECONDS: Final = 0.4
MAX_ATTEMPTS: Final = 12
"""Until somebody wants one anew; a publisher that never answers is not asked for ever."""


class KeyframeRequests:
    """However many want a keyframe, the publisher gets one request in ``MIN_INTERVAL_SECONDS``."""

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._timer: asyncio.TimerHandle | None = None
        self._attempts_left = 0
        self.wanted = 0
        self.sent = 0

    def want(self) -> None:
        """Somebody cannot go on without a keyframe."""
        self.wanted += 1
        self._attempts_left = MAX_ATTEMPTS
        if self._timer is None:
            self._ask()

    def arrived(self) -> None:
        """A keyframe is here: whoever waited has it."""
        self._attempts_left = 0

    def close(self) -> None:
        self._attempts_left = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ask(self) -> None:
        self._timer = None
        if self._attempts_left:
            self._attempts_left -= 1
            self.sent += 1
            self._timer = asyncio.get_running_loop().call_later(MIN_INTERVAL_SECONDS, self._ask)
            self._send()
