"""Write ``roads/random.json``: the roads of seeded random shoes, for the page's twin of the domain.

Run from the root of the repository with the package on the path:

    PYTHONPATH=layers/baccarat/src python -m tests.vectors.make_roads

The other files beside it are worked out by hand and are written by no program.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

from baccarat.domain.coup import Outcome
from baccarat.domain.roads import (
    COLUMNS_BACK,
    ROWS,
    Place,
    ask,
    bead_plate,
    big_road,
    derived_road,
    places,
    run_lengths,
    statistics,
)

FOLDER = Path(__file__).with_name("roads")
OUTPUT = FOLDER / "random.json"
SHOES = 50
_LETTERS = {outcome.value[0]: outcome for outcome in Outcome}


def outcomes(letters: str) -> list[Outcome]:
    return [_LETTERS[letter] for letter in letters]


def random_shoe(rng: random.Random) -> str:
    """Return up to 90 results; some shoes stick to a side, so that tails meet, and some chop."""
    repeats = rng.choice((0.15, 0.5, 0.5, 0.75, 0.9))
    letters, winner = [], rng.choice("PB")
    for _ in range(rng.randrange(91)):
        if rng.random() < 0.095:
            letters.append("T")
            continue
        if rng.random() >= repeats:
            winner = "B" if winner == "P" else "P"
        letters.append(winner)
    return "".join(letters)


def picture(cells: Sequence[tuple[Place, str]]) -> list[str]:
    """Return the six rows as text, a dot for an empty cell."""
    width = max((place.column for place, _ in cells), default=-1) + 1
    rows = [["."] * width for _ in range(ROWS)]
    for place, letter in cells:
        rows[place.row][place.column] = letter
    return ["".join(row) for row in rows]


def drawn(letters: str, lengths: Sequence[int]) -> list[str]:
    return picture(list(zip(places(lengths), letters, strict=True)))


def roads_of(letters: str) -> dict[str, object]:
    """Return everything the domain computes from ``letters``, in the form of the files."""
    results = outcomes(letters)
    road = big_road(results)
    columns = [run.winner.value[0] * run.depth for run in road.runs]
    value: dict[str, object] = {
        "results": letters,
        "bead_plate": picture(list(zip(bead_plate(len(letters)), letters, strict=True))),
        "big_road": {
            "columns": columns,
            "ties": [
                [column, row, ties]
                for column, run in enumerate(road.runs)
                for row, ties in enumerate(run.ties)
                if ties
            ],
            "waiting_ties": road.waiting_ties,
            "drawn": drawn("".join(columns), road.depths),
        },
    }
    for name, back in COLUMNS_BACK.items():
        colours = "".join(colour.value[0] for colour in derived_road(road.depths, back))
        value[name.value.lower()] = {
            "colours": colours,
            "drawn": drawn(colours, run_lengths(colours)),
        }
    value["ask"] = {
        letter: "".join(
            colour.value[0] if colour else "-" for colour in ask(road, _LETTERS[letter]).values()
        )
        for letter in "BP"
    }
    numbers = statistics(results)
    value["statistics"] = {
        "hands": numbers.hands,
        "count": {outcome.value[0]: count for outcome, count in numbers.count.items()},
        "longest": {outcome.value[0]: length for outcome, length in numbers.longest.items()},
    }
    return value


def document() -> str:
    rng = random.Random("roads")  # the same shoes every time
    shoes = ",\n".join(
        json.dumps(roads_of(random_shoe(rng)), separators=(",", ":")) for _ in range(SHOES)
    )
    return f"[\n{shoes}\n]\n"


if __name__ == "__main__":
    OUTPUT.write_text(document())
