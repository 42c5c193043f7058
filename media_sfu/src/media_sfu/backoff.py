"""How long to wait before a try to connect again."""

from __future__ import annotations

import random
from typing import Final

BASE_SECONDS: Final = 0.5
MAX_SECONDS: Final = 15.0
_MAX_DOUBLINGS: Final = 10


def backoff_seconds(attempt: int) -> float:
    """Return the delay before try ``attempt``, from 0: half or more of a step that doubles."""
    step: float = min(MAX_SECONDS, BASE_SECONDS * 2 ** min(attempt, _MAX_DOUBLINGS))
    return step * random.uniform(0.5, 1)  # noqa: S311  jitter is no secret
