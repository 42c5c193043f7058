"""Which quality a viewer gets, from what its browser believes that the way to it carries.

A receiver's estimate (REMB) is never much above what it is being sent, so it cannot say that a
better quality would fit. When nothing holds the estimate down for a while, the next better quality
is tried; when that fails soon, the next trial waits longer. The estimate follows a better quality
by some 8 % a second: until it can have come after, loss alone says that a trial has failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SETTLE_SECONDS: Final = 3.0
"""After joining or switching: estimates are still of the time before."""
DOWN_BELOW: Final = 0.85
"""Of the quality's own bit rate."""
DOWN_AFTER_SECONDS: Final = 1.0
UP_ABOVE: Final = 1.2
UP_AFTER_SECONDS: Final = 5.0
FAILED_WITHIN_SECONDS: Final = 15.0
MAX_UP_AFTER_SECONDS: Final = 120.0
TRIAL_SECONDS: Final = 12.0
HEAVY_LOSS: Final = 0.2
LIGHT_LOSS: Final = 0.05
"""Up to it a better quality is tried; beyond it, a trial has failed."""


class QualityChoice:
    """Decides for one viewer. Index 0 is the best quality; bit rates of 0 are not there."""

    def __init__(self, now: float) -> None:
        self._switched_at = now
        self._went_up_at = -FAILED_WITHIN_SECONDS
        self._trial_until = now
        self._low_since: float | None = None
        self._high_since: float | None = None
        self._up_after = UP_AFTER_SECONDS

    def better_or_worse(
        self,
        now: float,
        *,
        current: int,
        bits_per_second: Sequence[float],
        estimate: float,
        fraction_lost: float,
    ) -> int:
        """Return the quality to have; to be called with each new estimate or report."""
        needed = bits_per_second[current]
        in_trial = now < self._trial_until
        if needed <= 0 or (now - self._switched_at < SETTLE_SECONDS and not in_trial):
            return current
        if in_trial:
            low = fraction_lost > LIGHT_LOSS
        else:
            low = estimate < DOWN_BELOW * needed or fraction_lost > HEAVY_LOSS
        high = estimate > UP_ABOVE * needed and fraction_lost < LIGHT_LOSS
        self._low_since = (now if self._low_since is None else self._low_since) if low else None
        self._high_since = (now if self._high_since is None else self._high_since) if high else None
        if self._low_since is not None and now - self._low_since >= DOWN_AFTER_SECONDS:
            return self._down(now, current, bits_per_second, estimate)
        if self._high_since is not None and now - self._high_since >= self._up_after:
            return self._up(now, current, bits_per_second)
        return current

    def _down(
        self, now: float, current: int, bits_per_second: Sequence[float], estimate: float
    ) -> int:
        worse = [
            index
            for index, needed in enumerate(bits_per_second)
            if 0 < needed < bits_per_second[current]
        ]
        if not worse:
            return current
        if now - self._went_up_at < FAILED_WITHIN_SECONDS:
            self._up_after = min(2 * self._up_after, MAX_UP_AFTER_SECONDS)
        self._trial_until = now
        self._switched(now)
        fitting = [index for index in worse if bits_per_second[index] <= estimate]
        if fitting:
            return max(fitting, key=lambda index: bits_per_second[index])
        return min(worse, key=lambda index: bits_per_second[index])

    def _up(self, now: float, current: int, bits_per_second: Sequence[float]) -> int:
        better = [
            index
            for index, needed in enumerate(bits_per_second)
            if needed > bits_per_second[current]
        ]
        if not better:
            return current
        if now - self._went_up_at >= 2 * FAILED_WITHIN_SECONDS:
            self._up_after = UP_AFTER_SECONDS
        self._went_up_at = now
        self._trial_until = now + TRIAL_SECONDS
        self._switched(now)
        return min(better, key=lambda index: bits_per_second[index])

    def _switched(self, now: float) -> None:
        self._switched_at = now
        self._low_since = self._high_since = None
