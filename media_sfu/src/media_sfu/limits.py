"""Bounds on what one peer may make us do."""

from __future__ import annotations

import time


class TokenBucket:
    """At most ``per_second`` on average, and as many at once after a pause."""

    def __init__(self, per_second: float, burst: float | None = None) -> None:
        self._per_second = per_second
        self._burst = per_second if burst is None else burst
        self._left = self._burst
        self._at = time.monotonic()

    def change(self, per_second: float, burst: float) -> None:
        """Go on with another rate; what is left stays."""
        self._per_second, self._burst = per_second, burst

    def take(self, count: float = 1) -> bool:
        """Return whether ``count`` may happen now; if not, nothing is used up."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < count:
            return False
        self._left -= count
        return True
