"""A movement: one step of one wallet, from one version to the next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MovementKind(StrEnum):
    """What caused a movement. Each kind has one durable item that says more."""

    STAKE = "STAKE"
    CANCEL = "CANCEL"
    PAYOUT = "PAYOUT"
    REFUND = "REFUND"
    CORRECTION = "CORRECTION"
    DEPOSIT = "DEPOSIT"
    REVERSAL = "REVERSAL"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    WITHDRAWAL = "WITHDRAWAL"
    STOP = "STOP"
    RESUME = "RESUME"


@dataclass(frozen=True, slots=True)
class Movement:
    """Step to ``version``: what was added to the available and to the held money (negative: taken).

    ``reference`` is the round, payment or compensating entry that caused it; for ``STOP`` and
    ``RESUME`` the reason.
    """

    version: int
    kind: MovementKind
    amount_minor: int
    held_minor: int
    at_ms: int
    reference: str
