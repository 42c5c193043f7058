"""What a table offers and pays. Money is integer minor units; fractions are exact."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from baccarat.domain.coup import Coup, Outcome


class Spot(StrEnum):
    """A place on the layout that takes a stake."""

    PLAYER = "PLAYER"
    BANKER = "BANKER"
    TIE = "TIE"


@dataclass(frozen=True, slots=True)
class Paytable:
    """Odds of every offered spot, bound to a deck count. ``version`` is in every bet and event."""

    version: str
    decks: int
    odds: dict[Spot, Fraction]

    def returned(self, spot: Spot, stake_minor: int, coup: Coup) -> int:
        """Return what goes back to the player for ``stake_minor`` on ``spot``: 0 when it lost,
        the stake on a push, stake and winnings otherwise, rounded down (towards the house).

        Stakes in multiples of 20 minor units keep the five per cent commission exact.
        """
        if coup.outcome.value == spot.value:
            return stake_minor + int(stake_minor * self.odds[spot])
        if coup.outcome is Outcome.TIE:
            return stake_minor
        return 0


COMMISSION_8_DECKS: Final = Paytable(
    version="commission-8/1",
    decks=8,
    odds={
        Spot.PLAYER: Fraction(1),
        Spot.BANKER: Fraction(95, 100),
        Spot.TIE: Fraction(8),
    },
)

PAYTABLES: Final[dict[str, Paytable]] = {COMMISSION_8_DECKS.version: COMMISSION_8_DECKS}
"""Every paytable that was ever dealt, by version; old ones stay, so old transcripts verify."""
