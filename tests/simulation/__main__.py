"""Play many seeds, stop every command everywhere, plant every bug."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.simulation.crash_points import SCENARIOS, enumerate_points
from tests.simulation.faults import Counts, Kind
from tests.simulation.mutations import MUTATIONS
from tests.simulation.play import Plan, Report, play
from tests.simulation.world import Tallies, harness

ROUNDS_A_SEED = 24
TRACE_LINES = 60
SEEDS_FOR_A_BUG = 40
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


def one_seed(plan: Plan) -> Report:
    with harness():
        return play(plan)


def shortest(plan: Plan, faults: Sequence[str]) -> Report:
    """Return the run with the fewest of ``faults`` that still breaks something, with its trace.

    Faults are left out in ever smaller parts, as long as the violation stays (delta debugging).
    """
    kept, part = list(faults), max(1, len(faults) // 2)
    with harness():
        while kept and part:
            for start in range(0, len(kept), part):
                fewer = kept[:start] + kept[start + part :]
                if play(plan, fewer).violation is not None:
                    kept = fewer
                    break
            else:
                part //= 2
        return play(plan, kept, trace=True)


def crash_points(place: int) -> tuple[str, int, int, int, int, list[str]]:
    with harness():
        found = enumerate_points(SCENARIOS[place])
    counted = (found.singles_passed, found.singles, found.pairs_passed, found.pairs)
    return (SCENARIOS[place].name, *counted, found.failures)


def planted(place: int) -> tuple[str, str | None]:
    """Return the name of a bug, and how it was caught or None."""
    mutation = MUTATIONS[place]
    with harness(), mutation.planted():
        for seed in range(1, SEEDS_FOR_A_BUG + 1):
            report = play(Plan(seed))
            if report.violation is not None:
                return mutation.name, f"seed {seed}: {report.violation}"
    return mutation.name, None


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
    parser.add_argument("--seed", type=int, help="play this one alone, and print its trace")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.seed is not None:
        return show(one_seed(Plan(options.seed, ROUNDS_A_SEED)))
    seeds = range(1, max(1, options.rounds // ROUNDS_A_SEED) + 2)
    started = time.monotonic()
    found = Sum()
    with ProcessPoolExecutor(options.workers) as pool:
        for report in pool.map(one_seed, (Plan(s, ROUNDS_A_SEED) for s in seeds), chunksize=4):
            found.add(report)
        seconds = time.monotonic() - started
        table(rows(found, seconds))
        print(f"\n{'fault':<34}{'injected':>10}{'took effect':>13}")
        for kind in Kind:
            injected, effective = found.counts.injected[kind], found.counts.effective[kind]
            print(f"{kind.value:<34}{injected:>10}{effective:>13}")
        points = list(pool.map(crash_points, range(len(SCENARIOS))))
        bugs = list(pool.map(planted, range(len(MUTATIONS))))
    print(f"\n{'stopped after each call':<34}{'points':>12}{'pairs':>14}")
    for name, passed, singles, pairs_passed, pairs, failures in points:
        print(f"{name:<34}{f'{passed}/{singles}':>12}{f'{pairs_passed}/{pairs}':>14}")
        for failure in failures:
            print(f"    {failure}")
    caught = sum(how is not None for _, how in bugs)
    print(f"\nplanted bugs caught: {caught}/{len(bugs)}")
    for name, how in bugs:
        print(f"  {name}: {how or 'NOT CAUGHT'}")
    print(f"\n{time.monotonic() - started:.0f} s in all")
    for report in found.broken[:1]:
        show(report)
    whole = not found.broken and not any(failures for *_, failures in points)
    return 0 if whole and caught == len(bugs) and not found.ambiguities_left else 1


def show(report: Report) -> int:
    """Print what a broken run came to, as short as it gets; return the exit code."""
    if report.violation is None:
        print(
            f"{report.plan}: {report.bets} bets, {report.verified} transcripts verified, in order"
        )
        return 0
    least = shortest(report.plan, report.faults)
    print(f"\n{report.plan}: {report.violation}\nwith {len(least.faults)} faults:")
    print("\n".join(f"  {line}" for line in [*least.faults, *least.trace[-TRACE_LINES:]]))
    return 1


def table(lines: Iterator[tuple[str, str]]) -> None:
    for name, value in lines:
        print(f"{name:<34}{value}")


if __name__ == "__main__":
    sys.exit(main())
