"""The time of pictures: Unix milliseconds that never jump, and RTP timestamps that follow them."""

from __future__ import annotations

import secrets
import time
from typing import Final

RTP_TICKS_PER_MS: Final = 90
_WRAP: Final = 1 << 32


class PictureClock:
    """One for a publisher's session. A step of the machine's clock does not reach it."""

    def __init__(self) -> None:
        self._ahead_ms = time.time() * 1000 - time.monotonic() * 1000
        self._start_ms = self.now_ms()
        self._start_rtp = secrets.randbelow(_WRAP)

    def now_ms(self) -> int:
        return int(time.monotonic() * 1000 + self._ahead_ms)

    def rtp(self, at_ms: int) -> int:
        """Return the RTP timestamp of a picture taken at ``at_ms``."""
        return (self._start_rtp + (at_ms - self._start_ms) * RTP_TICKS_PER_MS) % _WRAP
