"""The one loop that repeats a read–decide–write after a lost race."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from baccarat.application.ports import Clock
from baccarat.domain.errors import Contention

T = TypeVar("T")

ATTEMPTS: Final = 14
_FIRST_PAUSE_MS: Final = 10
_LONGEST_PAUSE_MS: Final = 400


def on_contention(clock: Clock, step: Callable[[], T]) -> T:
    """Run ``step`` until it does not lose a race, at most ``ATTEMPTS`` times.

    The bound of the random pause doubles from 10 ms to 400 ms: about 1.7 s in all on average.

    Raises:
        Contention: every attempt lost.
    """
    for attempt in range(ATTEMPTS - 1):
        try:
            return step()
        except Contention:
            clock.pause(min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS * 2**attempt))
    return step()
