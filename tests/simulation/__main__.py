"""Play many seeds, stop every command everywhere, plant every bug."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from tests.simulation.crash_points import SCENARIOS, Points, enumerate_points
from tests.simulation.faults import Counts, Kind
from tests.simulation.mutations import MUTATIONS, caught, run_scenario
from tests.simulation.play import Plan, Report, play
from tests.simulation.shrink import shortest
from tests.simulation.world import Tallies, harness

ROUNDS_A_SEED = 24
TRACE_LINES = 60
SEEDS_FOR_A_BUG = 12
"""A planted bug is looked for with at most so many seeds."""


@dataclass
class Sum:
    """Of all seeds."""

    counts: Counts = field(default_factory=Counts)
    tallies: Tallies = field(default_factory=Tallies)
    seeds: int = 0
    rounds: int = 0
    bets: int = 0
    payments: int = 0
    ambiguities: int = 0
    ambiguities_left: int = 0
    write_units: float = 0.0
    verified: int = 0
    broken: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> None:
        self.counts.add(report.counts)
        for name in ("operations", "calls", "transactions", "lost_races"):
            setattr(self.tallies, name, getattr(self.tallies, name) + getattr(report.tallies, name))
        self.seeds += 1
        for name in (
            *(
                "rounds",
                "bets",
                "payments",
                "ambiguities",
                "ambiguities_left",
                "write_units",
                "verified",
            ),
        ):
            setattr(self, name, getattr(self, name) + getattr(report, name))
        if report.violation is not None:
            self.broken.append(report)


_stack = ExitStack()


def enter() -> None:
    """Enter the harness for good: once in a process, because that takes as long as some rounds."""
    _stack.enter_context(harness())


def crash_points(place: int, most_pairs: int | None) -> Points:
    return enumerate_points(SCENARIOS[place], most_pairs)


def planted(place: int) -> tuple[str, str | None]:
    """Return the name of a bug, and how it was caught or None."""
    mutation = MUTATIONS[place]
    if mutation.scenario:
        violation = run_scenario(mutation).violation
        return mutation.name, None if violation is None else f"{mutation.scenario}: {violation}"
    report = caught(mutation, range(1, SEEDS_FOR_A_BUG + 1))
    return mutation.name, None if report is None else f"seed {report.plan.seed}: {report.violation}"


def rows(found: Sum, seconds: float) -> Iterator[tuple[str, str]]:
    tallies, counts = found.tallies, found.counts
    cells = f"{len(counts.cells)} of {counts.possible}"
    yield "seeds, rounds", f"{found.seeds}, {found.rounds}"
    yield "bets, payments", f"{found.bets}, {found.payments}"
    yield "operations", f"{tallies.operations}, {tallies.operations / seconds:.0f} a second"
    yield "calls of AWS", str(tallies.calls)
    yield "call sites × faults reached", f"{cells} ({len(counts.cells) / counts.possible:.1%})"
    yield "write units an operation", f"{found.write_units / tallies.operations:.2f}"
    yield "conflict rate", f"{tallies.lost_races / tallies.transactions:.2%} of transactions"
    yield "transcripts verified", str(found.verified)
    yield "ambiguities, left", f"{found.ambiguities}, {found.ambiguities_left}"
    yield "violations", str(len(found.broken))


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="play this one alone")
    parser.add_argument("--plant", metavar="BUG", help="show how this planted bug is caught")
    parser.add_argument("--pairs", type=int, help="most pairs of crash points of a command: all")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.plant is not None:
        return show_planted(options.plant)
    if options.seed is not None:
        enter()
        return show(play(Plan(options.seed, ROUNDS_A_SEED)))
    return simulate(options.rounds, options.pairs, options.workers)


def simulate(rounds: int, most_pairs: int | None, workers: int) -> int:
    plans = [Plan(1 + n, ROUNDS_A_SEED) for n in range(-(-rounds // ROUNDS_A_SEED))]
    with ProcessPoolExecutor(workers, initializer=enter) as pool:
        started = time.monotonic()
        found = Sum()
        for report in pool.map(play, plans):
            found.add(report)
        rounds_seconds = time.monotonic() - started
        table(rows(found, rounds_seconds))
        for report in found.broken:
            print(f"  {report.plan}: {report.violation}")
        print_faults(found.counts)
        started = time.monotonic()
        points = list(pool.map(partial(crash_points, most_pairs=most_pairs), range(len(SCENARIOS))))
        print_points(points, time.monotonic() - started)
        started = time.monotonic()
        bugs = list(pool.map(planted, range(len(MUTATIONS))))
        print_bugs(bugs, time.monotonic() - started)
    if found.broken:
        enter()
        show(found.broken[0])
    whole = not (found.broken or found.ambiguities_left or any(one.failures for one in points))
    return 0 if whole and all(how is not None for _, how in bugs) else 1


def print_faults(counts: Counts) -> None:
    print(f"\n{'fault':<38}{'injected':>10}{'took effect':>13}")
    for kind in Kind:
        print(f"{kind.value:<38}{counts.injected[kind]:>10}{counts.effective[kind]:>13}")


def print_points(points: Sequence[Points], seconds: float) -> None:
    print(f"\n{'stopped after each call':<38}{'points':>10}{'pairs':>13}{'of all pairs':>15}")
    for one in points:
        singles, pairs = f"{one.singles_passed}/{one.singles}", f"{one.pairs_passed}/{one.pairs}"
        print(f"{one.name:<38}{singles:>10}{pairs:>13}{one.all_pairs:>15}")
        for failure in one.failures:
            print(f"    {failure}")
    passed, singles = (
        sum(getattr(one, n) for one in points) for n in ("singles_passed", "singles")
    )
    print(f"crash points passed: {passed}/{singles}")
    passed, pairs = (sum(getattr(one, n) for one in points) for n in ("pairs_passed", "pairs"))
    every = sum(one.all_pairs for one in points)
    print(f"pairs passed: {passed}/{pairs} (of all {every}), in {seconds:.0f} s")


def print_bugs(bugs: Sequence[tuple[str, str | None]], seconds: float) -> None:
    caught = sum(how is not None for _, how in bugs)
    print(f"\nplanted bugs caught: {caught}/{len(bugs)}, in {seconds:.0f} s")
    for name, how in bugs:
        print(f"  {name}: {how or 'NOT CAUGHT'}")


def show_planted(name: str) -> int:
    """Plant a bug, and print the shortest run that catches it."""
    mutation = next((mutation for mutation in MUTATIONS if mutation.name == name), None)
    if mutation is None:
        known = "\n  ".join(mutation.name for mutation in MUTATIONS)
        print(f"no planted bug is named {name!r}; there are\n  {known}", file=sys.stderr)
        return 2
    enter()
    if mutation.scenario:
        found = run_scenario(mutation)
        print(f"{mutation.scenario}: {found.violation}")
        print_lines(found.trace[-TRACE_LINES:])
        return 0 if found.violation is not None else 1
    report = caught(mutation, range(1, SEEDS_FOR_A_BUG + 1))
    if report is None:
        print(f"{name}: not caught with {SEEDS_FOR_A_BUG} seeds")
        return 1
    with mutation.planted():
        show(report)
    return 0


def show(report: Report) -> int:
    """Print what a broken run came to, as short as it gets; return the exit code."""
    if report.violation is None:
        print(
            f"{report.plan}: {report.bets} bets, {report.verified} transcripts verified, in order"
        )
        return 0
    least = shortest(report)
    print(f"\n{report.plan}: {report.violation}")
    print(f"shortest: {least.plan}, {len(least.faults)} faults: {least.violation}")
    print_lines(least.faults)
    print_lines(least.trace[-TRACE_LINES:])
    return 1


def print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        print(f"  {line}")


def table(lines: Iterator[tuple[str, str]]) -> None:
    for name, value in lines:
        print(f"{name:<38}{value}")


if __name__ == "__main__":
    sys.exit(main())
