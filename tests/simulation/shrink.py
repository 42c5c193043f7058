"""The smallest run that breaks the same rule as a long one: fewer rounds, people and faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tests.simulation.play import Plan, Report, play

MOST_RUNS: Final = 200
"""No more runs than that are made to find it."""


def shortest(broken: Report, most_runs: int = MOST_RUNS) -> Report:
    """Return the smallest run found in which the rule is broken that ``broken`` broke, with its
    trace. Inside ``harness``.
    """
    assert broken.violation is not None
    search = _Search(broken.violation.rule, most_runs)
    plan = search.smaller(broken.plan, broken.faults)
    faults = search.fewer(plan, broken.faults)
    return play(search.smaller(plan, faults), faults, trace=True)


class _Search:
    def __init__(self, rule: str, runs_left: int) -> None:
        self._rule = rule
        self._runs_left = runs_left

    def _breaks(self, plan: Plan, faults: Sequence[str]) -> bool:
        if self._runs_left == 0:
            return False
        self._runs_left -= 1
        violation = play(plan, faults).violation
        return violation is not None and violation.rule == self._rule

    def smaller(self, plan: Plan, faults: Sequence[str]) -> Plan:
        """Return the plan with as little of each of its numbers as still breaks the rule."""
        for name in ("rounds", "tables", "players"):
            plan = next(
                (found for found in _with_less(plan, name) if self._breaks(found, faults)), plan
            )
        return plan

    def fewer(self, plan: Plan, faults: Sequence[str]) -> list[str]:
        """Return the faults that are needed: they are left out in ever smaller parts."""
        kept = list(faults)
        if self._breaks(plan, []):
            return []
        part = len(kept) // 2
        while part:
            start = 0
            while start < len(kept):
                without = kept[:start] + kept[start + part :]
                if self._breaks(plan, without):
                    kept = without
                else:
                    start += part
            part //= 2
        return kept


def _with_less(plan: Plan, name: str) -> Iterator[Plan]:
    """Yield the plan with 1, 2, 4, … of something, while that is less than it has."""
    number = 1
    while number < getattr(plan, name):
        yield replace(plan, **{name: number})
        number *= 2
