"""Seats: the places at a table's felt, and the names that others see there.

Anyone who watches a table may bet; a seat only shows that somebody is there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

SEATS: Final = 7
"""Places at every table, numbered from 1."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A taken place."""

    table_id: str
    number: int
    player_id: str
    since_ms: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= SEATS:
            raise ValueError(f"seats are numbered 1 to {SEATS}, not {self.number}")


def nickname(player_id: str) -> str:
    """Return the name that other players see: always the same, and it does not tell the id."""
    return f"Player {hashlib.sha256(f'nickname|{player_id}'.encode()).hexdigest()[:4].upper()}"
