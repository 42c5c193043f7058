"""What a table offers and pays. Money is integer minor units; fractions are exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from baccarat.domain.bets import WAYS, Spot, Way, way
from baccarat.domain.coup import Coup, Outcome

__all__ = ["COMMISSION_8_DECKS", "PAYTABLES", "Paytable", "Spot", "Variant"]


class Variant(StrEnum):
    """How the house earns on Banker."""

    COMMISSION = "commission"
    NO_COMMISSION = "no-commission"
    EZ = "ez"


@dataclass(frozen=True, slots=True)
class Paytable:
    """What every offered spot pays, bound to a deck count. ``version`` is in every bet and event.

    ``odds`` holds for each offered spot the ways that do not lose: winnings for a stake of one,
    where 0 is a push. A way that is not there loses.
    """

    version: str
    decks: int
    variant: Variant
    odds: Mapping[Spot, Mapping[Way, Fraction]]

    def returned(self, spot: Spot, stake_minor: int, coup: Coup) -> int:
        """Return what goes back to the player for ``stake_minor`` on ``spot``: 0 when it lost,
        the stake on a push, stake and winnings otherwise, rounded down (towards the house).

        Exact are stakes in multiples of 20 minor units for the five per cent commission, of 2 for
        odds of 1:2 and 1.5:1, of 50 for 0.54:1; so a chip step of 100 keeps every bet exact.

        Raises:
            ValueError: the coup is not complete, or the table does not offer ``spot``.
        """
        return self.returning(spot, coup)(stake_minor)

    def returning(self, spot: Spot, coup: Coup) -> Callable[[int], int]:
        """Return ``returned`` of one spot and coup, for many stakes. Raises: as it does."""
        if spot not in self.odds:
            raise ValueError(f"paytable {self.version} does not offer {spot}")
        odds = self.odds[spot].get(way(spot, coup))
        return lambda stake_minor: _back(stake_minor, odds)

    def most_returned(self, stakes: Mapping[Spot, int]) -> int:
        """Return a bound for what one player gets back in a round for his ``stakes`` in minor
        units: at the outcome that is worst for the house, every spot ends in the best way that
        this outcome leaves it. A single spot can reach it; several may have no coup in common.
        """
        return max(
            sum(
                max(
                    (
                        _back(stake_minor, self.odds[spot].get(ending))
                        for ending in WAYS[spot].get(outcome, ())
                    ),
                    default=0,
                )
                for spot, stake_minor in stakes.items()
            )
            for outcome in Outcome
        )


def _back(stake_minor: int, odds: Fraction | None) -> int:
    if odds is None:
        return 0
    return stake_minor + stake_minor * odds.numerator // odds.denominator


_PUSH: Final = Fraction(0)
_EVEN: Final = Fraction(1)


def _win(odds: Fraction | int) -> dict[Way, Fraction]:
    return {Way.WIN: Fraction(odds)}


def _banker(odds: Fraction, **others: Fraction) -> dict[Way, Fraction]:
    """Return the odds of Banker: ``odds`` for every win but ``others``; a tie pushes."""
    return {
        Way.WIN: odds,
        Way.WIN_ON_SIX: odds,
        Way.WIN_ON_THREE_CARD_SEVEN: odds,
        Way.TIE: _PUSH,
        **{Way(name): value for name, value in others.items()},
    }


_PLAYER: Final = {Way.WIN: _EVEN, Way.TIE: _PUSH}
_BONUS: Final = {
    Way.BY_NINE: Fraction(30),
    Way.BY_EIGHT: Fraction(10),
    Way.BY_SEVEN: Fraction(6),
    Way.BY_SIX: Fraction(4),
    Way.BY_FIVE: Fraction(2),
    Way.BY_FOUR: Fraction(1),
    Way.NATURAL: _EVEN,
    Way.NATURAL_TIE: _PUSH,
}

_BANKER: Final = {
    Variant.COMMISSION: _banker(Fraction(95, 100)),
    Variant.NO_COMMISSION: _banker(_EVEN, WIN_ON_SIX=Fraction(1, 2)),
    Variant.EZ: _banker(_EVEN, WIN_ON_THREE_CARD_SEVEN=_PUSH),
}

_SIDE_BETS: Final[dict[Spot, dict[Way, Fraction]]] = {
    Spot.PLAYER_PAIR: _win(11),
    Spot.BANKER_PAIR: _win(11),
    Spot.EITHER_PAIR: _win(5),
    Spot.PERFECT_PAIR: {Way.ONE: Fraction(25), Way.BOTH: Fraction(200)},
    Spot.PLAYER_BONUS: _BONUS,
    Spot.BANKER_BONUS: _BONUS,
    Spot.SMALL: _win(Fraction(3, 2)),
    Spot.BIG: _win(Fraction(54, 100)),
}
"""Side bets of every variant."""

_LUCKY_6: Final = {Way.TWO_CARDS: Fraction(12), Way.THREE_CARDS: Fraction(20)}

_OWN_SIDE_BETS: Final[dict[Variant, dict[Spot, dict[Way, Fraction]]]] = {
    Variant.COMMISSION: {Spot.LUCKY_6: _LUCKY_6},
    Variant.NO_COMMISSION: {Spot.SUPER_6: _win(12), Spot.LUCKY_6: _LUCKY_6},
    Variant.EZ: {Spot.DRAGON_7: _win(40), Spot.PANDA_8: _win(25)},
}


def _main(variant: Variant) -> dict[Spot, dict[Way, Fraction]]:
    return {Spot.PLAYER: _PLAYER, Spot.BANKER: _BANKER[variant], Spot.TIE: _win(8)}


def _full(variant: Variant, decks: int, number: int = 1, **others: dict[Way, Fraction]) -> Paytable:
    """Return the table with all side bets of ``variant``, ``others`` in place of the usual odds."""
    return Paytable(
        version=f"{variant}-{decks}/{number}",
        decks=decks,
        variant=variant,
        odds={
            **_main(variant),
            **_SIDE_BETS,
            **_OWN_SIDE_BETS[variant],
            **{Spot(name): odds for name, odds in others.items()},
        },
    )


COMMISSION_8_DECKS: Final = Paytable(
    version="commission-8/1",
    decks=8,
    variant=Variant.COMMISSION,
    odds=_main(Variant.COMMISSION),
)

PAYTABLES: Final[dict[str, Paytable]] = {
    paytable.version: paytable
    for paytable in (
        COMMISSION_8_DECKS,
        _full(Variant.COMMISSION, 8, 2),
        _full(Variant.COMMISSION, 8, 3, TIE=_win(9)),
        _full(Variant.NO_COMMISSION, 8),
        _full(Variant.NO_COMMISSION, 8, 2, SUPER_6=_win(15)),
        _full(Variant.EZ, 8),
        _full(Variant.COMMISSION, 6),
        _full(Variant.NO_COMMISSION, 6),
        _full(Variant.EZ, 6),
    )
}
"""Every paytable that was ever dealt, by version; old ones stay, so old transcripts verify."""
