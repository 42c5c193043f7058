"""The roads against pictures worked out by hand, and against a second way to say the same rules."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from baccarat.domain.coup import Outcome
from baccarat.domain.roads import (
    COLUMNS_BACK,
    ROWS,
    Colour,
    Run,
    ask,
    big_road,
    derived_road,
    places,
    run_lengths,
    statistics,
)
from tests.vectors.make_roads import FOLDER, OUTPUT, document, outcomes, random_shoe, roads_of

BY_HAND = sorted(path for path in FOLDER.glob("*.json") if path != OUTPUT)


@pytest.mark.parametrize("path", BY_HAND, ids=lambda path: path.stem)
def test_pictures_worked_out_by_hand(path: Path) -> None:
    expected = json.loads(path.read_text())
    del expected["name"], expected["comment"]
    assert roads_of(expected["results"]) == expected


def test_no_picture_is_missing() -> None:
    assert len(BY_HAND) == 9


def test_the_vectors_of_the_page_are_those_of_the_domain() -> None:
    assert OUTPUT.read_text() == document()


def neighbours_walk(letters: str, back: int) -> list[Colour]:
    """Compute a derived road the way a dealer does, cell by cell on the Big Road as it grows.

    Going down: look ``back`` columns to the left, at the cell beside and the cell above that one;
    both there or both empty is red, one alone is blue. A new column: the opposite of what the
    column before would have got, had it gone on. Nothing is counted, only cells are looked at.
    """
    cells: set[tuple[int, int]] = set()
    column, row, winner = -1, 0, ""
    colours: list[Colour] = []

    def going_down(at_column: int, at_row: int) -> Colour | None:
        beside = at_column - back
        if beside < 0:
            return None
        alike = ((beside, at_row) in cells) == ((beside, at_row - 1) in cells)
        return Colour.RED if alike else Colour.BLUE

    for letter in letters.replace("T", ""):
        if letter == winner:
            row += 1
            colour = going_down(column, row)
        else:
            had_it_gone_on = going_down(column, row + 1) if column >= 0 else None
            colour = had_it_gone_on and (
                Colour.BLUE if had_it_gone_on is Colour.RED else Colour.RED
            )
            column, row, winner = column + 1, 0, letter
        cells.add((column, row))
        if colour:
            colours.append(colour)
    return colours


def shoes(count: int) -> list[str]:
    rng = random.Random("two ways")
    return [random_shoe(rng) for _ in range(count)]


def test_two_formulations_agree() -> None:
    compared = 0
    for letters in shoes(3_000):
        depths = big_road(outcomes(letters)).depths
        for back in COLUMNS_BACK.values():
            expected = neighbours_walk(letters, back)
            assert list(derived_road(depths, back)) == expected, letters
            compared += len(expected)
    assert compared > 100_000


def test_the_asked_colour_is_the_one_that_comes() -> None:
    for letters in shoes(300):
        before = big_road(outcomes(letters))
        for winner in (Outcome.PLAYER, Outcome.BANKER):
            after = big_road([*outcomes(letters), winner])
            for name, colour in ask(before, winner).items():
                back = COLUMNS_BACK[name]
                old, new = (derived_road(road.depths, back) for road in (before, after))
                assert new == (old if colour is None else (*old, colour))


def test_a_tie_is_not_asked() -> None:
    with pytest.raises(ValueError, match="ask for Player or Banker"):
        ask(big_road([]), Outcome.TIE)


@pytest.mark.parametrize(("winner", "ties"), [(Outcome.TIE, (0,)), (Outcome.PLAYER, ())])
def test_a_run_is_wins(winner: Outcome, ties: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="one or more wins"):
        Run(winner, ties)


def turns(drawn: Sequence[tuple[int, int]]) -> int:
    """Count how often a run changes between going down and going right."""
    steps = [(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in pairwise(drawn)]
    assert set(steps) <= {(0, 1), (1, 0)}
    return len(run_lengths(steps)) - 1


def test_no_cell_is_drawn_twice_and_a_run_turns_once() -> None:
    rng = random.Random("places")
    for _ in range(500):
        lengths = [rng.randrange(1, 16) for _ in range(rng.randrange(20))]
        drawn = list(places(lengths))
        assert len(set(drawn)) == len(drawn) == sum(lengths)
        assert all(0 <= place.row < ROWS and place.column >= 0 for place in drawn)
        start = -1
        for length in lengths:
            run, drawn = drawn[:length], drawn[length:]
            assert run[0].row == 0
            assert run[0].column > start
            assert turns(run) <= 1
            start = run[0].column


def test_every_result_is_on_the_big_road_once() -> None:
    for letters in shoes(300):
        road = big_road(outcomes(letters))
        ties = road.waiting_ties + sum(sum(run.ties) for run in road.runs)
        numbers = statistics(outcomes(letters))
        assert ties == numbers.count[Outcome.TIE]
        assert sum(road.depths) + ties == numbers.hands == len(letters)
        for winner in (Outcome.PLAYER, Outcome.BANKER):
            depths = [run.depth for run in road.runs if run.winner is winner]
            assert numbers.count[winner] == sum(depths)
            assert numbers.longest[winner] == max(depths, default=0)
