"""The roads: what a shoe's results look like on a scoreboard.

    results ──► bead plate                      every hand, six rows, filled by column
        └─────► Big Road ──► Big Eye Boy (k = 1), Small Road (k = 2), Cockroach Pig (k = 3)

The Big Road has *logical* columns, one for each run of the same winner, as deep as the run is long.
The derived roads are computed from these depths only. A screen has six rows, so a run is *drawn*
downwards and turns right where it can go no deeper; that is `places`, and no rule reads it back.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple

from baccarat.domain.coup import Outcome

ROWS: Final = 6
"""Rows of every drawn road."""


class Place(NamedTuple):
    """A cell of a drawn road, both counted from zero at the top left."""

    column: int
    row: int


class Colour(StrEnum):
    """What a derived road says: red for a shoe that repeats itself, blue for one that does not."""

    RED = "RED"
    BLUE = "BLUE"


class DerivedRoad(StrEnum):
    BIG_EYE_BOY = "BIG_EYE_BOY"
    SMALL_ROAD = "SMALL_ROAD"
    COCKROACH_PIG = "COCKROACH_PIG"


COLUMNS_BACK: Final[dict[DerivedRoad, int]] = {
    DerivedRoad.BIG_EYE_BOY: 1,
    DerivedRoad.SMALL_ROAD: 2,
    DerivedRoad.COCKROACH_PIG: 3,
}
"""How many columns of the Big Road each derived road looks back."""


@dataclass(frozen=True, slots=True)
class Run:
    """A logical column of the Big Road. ``ties`` holds the ties counted on each of its cells."""

    winner: Outcome
    ties: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.winner is Outcome.TIE or not self.ties:
            raise ValueError("a run is one or more wins of Player or Banker")

    @property
    def depth(self) -> int:
        return len(self.ties)


@dataclass(frozen=True, slots=True)
class BigRoad:
    """The runs of a shoe, oldest first.

    A tie is counted on the cell before it. Ties before the first win have none: they wait, and are
    counted on the first cell when it comes. ``waiting_ties`` is 0 from then on.
    """

    runs: tuple[Run, ...]
    waiting_ties: int

    @property
    def depths(self) -> tuple[int, ...]:
        return tuple(run.depth for run in self.runs)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of a shoe. A tie does not end a run of wins; ``longest[TIE]`` are ties in a row."""

    hands: int
    count: dict[Outcome, int]
    longest: dict[Outcome, int]


def bead_plate(hands: int) -> tuple[Place, ...]:
    """Return where the beads of so many hands lie, oldest first."""
    return tuple(Place(*divmod(hand, ROWS)) for hand in range(hands))


def big_road(results: Iterable[Outcome]) -> BigRoad:
    runs: list[tuple[Outcome, list[int]]] = []
    waiting = 0
    for result in results:
        if result is Outcome.TIE and not runs:
            waiting += 1
        elif result is Outcome.TIE:
            runs[-1][1][-1] += 1
        elif runs and runs[-1][0] is result:
            runs[-1][1].append(0)
        else:
            runs.append((result, [waiting]))
            waiting = 0
    return BigRoad(tuple(Run(winner, tuple(ties)) for winner, ties in runs), waiting)


def derived_road(depths: Sequence[int], columns_back: int) -> tuple[Colour, ...]:
    """Return the colours of the derived road that looks ``columns_back``, oldest first.

    ``depths`` are those of the Big Road's logical columns; its first cells have nothing to be
    compared with and get no colour.
    """
    colours = (
        _colour(depths, columns_back, column, row)
        for column, depth in enumerate(depths)
        for row in range(depth)
    )
    return tuple(colour for colour in colours if colour is not None)


def _colour(depths: Sequence[int], back: int, column: int, row: int) -> Colour | None:
    """Return what a cell of the Big Road says as the newest; later columns are not looked at."""
    if row == 0:
        if column < back + 1:
            return None
        return Colour.RED if depths[column - 1] == depths[column - 1 - back] else Colour.BLUE
    if column < back:
        return None
    return Colour.BLUE if depths[column - back] == row else Colour.RED


def ask(road: BigRoad, winner: Outcome) -> dict[DerivedRoad, Colour | None]:
    """Return what each derived road would get next if ``winner`` won; ``None`` for nothing yet.

    Raises:
        ValueError: ``winner`` is a tie, which changes no derived road.
    """
    if winner is Outcome.TIE:
        raise ValueError("a tie adds nothing to a derived road: ask for Player or Banker")
    depths = road.depths
    same = bool(road.runs) and road.runs[-1].winner is winner
    column, row = (len(depths) - 1, depths[-1]) if same else (len(depths), 0)
    return {name: _colour(depths, back, column, row) for name, back in COLUMNS_BACK.items()}


def run_lengths(cells: Iterable[Hashable]) -> tuple[int, ...]:
    """Return how long each run of equal neighbours is."""
    return tuple(sum(1 for _ in run) for _, run in groupby(cells))


def places(lengths: Iterable[int]) -> tuple[Place, ...]:
    """Return where the cells of runs of these lengths are drawn, oldest first; no two share one.

    A run starts in the first free cell of the top row after the start of the run before it and goes
    down. When the cell below is taken, or there is none, it turns right and stays in its row. That
    row is free: whatever lies to the right came from a run further left, straight through this
    column, and would have stopped this run a row higher.
    """
    taken: set[Place] = set()
    drawn: list[Place] = []
    start = -1
    for length in lengths:
        start += 1
        while Place(start, 0) in taken:
            start += 1
        at, turned = Place(start, 0), False
        for cell in range(length):
            if cell:
                below = Place(at.column, at.row + 1)
                turned = turned or below.row == ROWS or below in taken
                at = Place(at.column + 1, at.row) if turned else below
            taken.add(at)
            drawn.append(at)
    return tuple(drawn)


def statistics(results: Sequence[Outcome]) -> Statistics:
    wins = [result for result in results if result is not Outcome.TIE]
    return Statistics(
        hands=len(results),
        count={outcome: results.count(outcome) for outcome in Outcome},
        longest={
            outcome: max(
                (
                    sum(1 for _ in run)
                    for value, run in groupby(results if outcome is Outcome.TIE else wins)
                    if value is outcome
                ),
                default=0,
            )
            for outcome in Outcome
        },
    )
