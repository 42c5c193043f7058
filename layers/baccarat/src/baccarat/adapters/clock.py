"""The machine's own clock and randomness."""

from __future__ import annotations

import random
import secrets
import time


class SystemClock:
    """Implements ``ports.Clock``."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def pause(self, at_most_ms: int) -> None:
        time.sleep(random.uniform(0, at_most_ms) / 1000)  # noqa: S311  jitter is no secret


class SystemEntropy:
    """Implements ``ports.Entropy``."""

    def token_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
