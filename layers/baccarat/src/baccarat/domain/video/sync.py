"""How far the picture is behind the table's log, as whoever watches says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

MAX_LAGS: Final = 20
"""Samples in one report: enough for a percentile over many viewers, too few to be all of it."""
MAX_FRAMES: Final = 100_000
"""Of one round: more than an hour at 25 a second."""
MAX_LAG_MS: Final = 60_000
MAX_OVERDUE: Final = 1_000
MAX_ROUND_AGE_MS: Final = 3_600_000
"""Rounds that opened earlier are not reported any more."""

Transport: TypeAlias = Literal["webrtc", "hls"]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one viewer saw of one round. It is a claim: nothing but figures for people follows.

    ``lags_ms`` are samples of how old the frames were when they were shown, on the house's clock.
    ``matched`` frames named the round that the log does, ``mismatched`` ones another. ``overdue``
    events were shown without their picture, because it did not come within the bound. Frames came
    by ``transport``; over HLS they are late by its nature.
    """

    table_id: str
    round_id: str
    lags_ms: tuple[int, ...]
    matched: int
    mismatched: int
    overdue: int
    transport: Transport
