"""A small run of ``make kill-workers``."""

from __future__ import annotations

from tests.races.kill_workers import Size, run
from tests.support.cloud import Cloud

SMALL = Size(workers=4, commands=100, players=2, rounds=2, share=0.2)


def test_workers_killed_at_random_leave_everything_in_order(cloud: Cloud) -> None:
    report = run(cloud, SMALL, seed=1)
    counts = report.crew.counts
    # How many hit the middle of a command depends on the machine; that none does is not to be had.
    assert counts.lost > 0
    assert counts.kills >= counts.lost
    assert counts.retries > 0
    accepted = [a for c, a in report.crew.answers if (c.kind, a.code) == ("place", "ACCEPTED")]
    assert len(accepted) > 30
    assert len(report.bets) >= sum(len(answer.value) for answer in accepted)
