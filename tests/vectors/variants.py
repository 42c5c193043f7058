"""Rounds of tables with other paytables, in which side bets are won, lost and pushed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from baccarat.domain.book import BookEntry
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.table_config import StakeLimit
from tests.builders import CONFIG, Floor, Played, bet


@dataclass(frozen=True)
class Variant:
    """The first round of a table; ``seed`` was searched for, until the cards were of its name."""

    name: str
    paytable: str
    seed: int

    def play(self) -> Played:
        config = replace(
            CONFIG,
            paytable_version=self.paytable,
            limits={spot: StakeLimit(100, 500_000) for spot in PAYTABLES[self.paytable].odds},
        )
        floor = Floor(self.name, config=config)
        return floor.play(bets_on_everything(self.paytable), seed=self.seed.to_bytes(32, "big"))


def bets_on_everything(paytable: str) -> list[BookEntry]:
    """One player on every spot with stakes that do not divide evenly, one twice on Banker."""
    return [
        *(
            bet("anna", 1 + at, spot, 101 + 2 * at)
            for at, spot in enumerate(PAYTABLES[paytable].odds)
        ),
        bet("bruno", 101, Spot.BANKER, 111),
        bet("bruno", 102, Spot.BANKER, 113),
        bet("bruno", 103, Spot.BIG, 107),
    ]


VARIANTS: Final = (
    Variant("both-perfect-pairs", "commission-6/1", 659),
    Variant("natural-tie-at-nine", "commission-8/3", 108),
    Variant("no-commission-six", "no-commission-8/2", 20),
    Variant("no-commission-lucky-six", "no-commission-6/1", 735),
    Variant("ez-three-card-seven", "ez-8/1", 261),
    Variant("ez-panda", "ez-6/1", 266),
)


@cache
def rounds_of_variants() -> dict[str, Played]:
    """The rounds by name, each of its own table."""
    return {variant.name: variant.play() for variant in VARIANTS}
