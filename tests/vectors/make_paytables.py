"""Write ``paytables.json``: every paytable, and what stakes get back, for the page's twin of it.

Run from the root of the repository with the package on the path:

    PYTHONPATH=layers/baccarat/src python -m tests.vectors.make_paytables
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from baccarat.domain.bets import RULES, Way, way
from baccarat.domain.cards import Card
from baccarat.domain.coup import Hand, deal
from baccarat.domain.paytable import PAYTABLES, Paytable
from baccarat.domain.shoe import Shoe

OUTPUT: Final = Path(__file__).with_name("paytables.json")
COUPS: Final = 300
STAKE_MINOR: Final = 137
"""No commission and no half odds divide it evenly, so every rounding shows."""


def cards_of_coups() -> Iterator[tuple[tuple[Hand, Card], ...]]:
    """Yield seeded coups; half are of three kinds of cards, so that rare results are frequent."""
    rng = random.Random("odds")  # the same coups every time
    shoe = Shoe.full("vectors", 8).pool()
    for place in range(COUPS):
        cards = shoe if place % 2 else rng.sample(shoe, 3) * 6
        yield deal(iter(rng.sample(cards, 6)).__next__)[1]


def odds_of(paytable: Paytable) -> dict[str, dict[str, list[int]]]:
    return {
        spot: {way: [odds.numerator, odds.denominator] for way, odds in ways.items()}
        for spot, ways in paytable.odds.items()
    }


def coup_case(order: tuple[tuple[Hand, Card], ...]) -> dict[str, object]:
    """Return how every bet ends and what each paytable gives back, in the order of its spots.

    Spots without a way lose.
    """
    coup = deal(iter([card for _, card in order]).__next__)[0]
    return {
        "cards": [[hand, card] for hand, card in order],
        "ways": {spot: end for spot in RULES if (end := way(spot, coup)) is not Way.LOSE},
        "returned": {
            version: [paytable.returned(spot, STAKE_MINOR, coup) for spot in paytable.odds]
            for version, paytable in PAYTABLES.items()
        },
    }


def document() -> str:
    """Return the file: one paytable and one coup a line."""

    def line(value: object) -> str:
        return json.dumps(value, separators=(",", ":"))

    paytables = ",\n".join(
        f"{line(version)}:"
        + line({"decks": table.decks, "variant": table.variant, "odds": odds_of(table)})
        for version, table in PAYTABLES.items()
    )
    coups = ",\n".join(line(coup_case(order)) for order in cards_of_coups())
    return (
        f'{{"about":"made by make_paytables.py; do not edit",\n"stake_minor":{STAKE_MINOR},\n'
        f'"paytables":{{\n{paytables}\n}},\n"coups":[\n{coups}\n]}}\n'
    )


if __name__ == "__main__":
    OUTPUT.write_text(document(), encoding="ascii")
