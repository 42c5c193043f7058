"""``make kill-workers``: mixed commands by processes that are killed at random, on MiniStack.

What is done and what is checked at the end stands in ``tests/races/kill_workers.py``.
"""

from __future__ import annotations

import argparse
import sys

from tests.races.kill_workers import ROUND_KINDS, TABLES, Report, Size, run
from tests.support.crew import tally
from tests.support.ministack import emulated_cloud, emulator


def _print(report: Report, size: Size, seed: int) -> None:
    counts, answers = report.crew.counts, report.crew.answers
    steps = sum(command.kind in ROUND_KINDS for command, _ in answers)
    wallets = size.players * len(TABLES)
    rows = {
        "workers, wallets, rounds": f"{size.workers}, {wallets}, {size.rounds * len(TABLES)}",
        "commands": f"{len(answers) - steps:,} of players and pit, {steps:,} steps of rounds",
        "without a definite answer": "0",
        "workers killed": f"{counts.kills:,} with SIGKILL",
        "  in the middle of a command": f"{counts.lost:,}",
        "    seen to have committed": f"{counts.done:,} (bets and payments)",
        "commands given again": f"{len(counts.repeated):,}",
        "  answered: not yet": f"{counts.not_yet:,} times",
        "races lost and tried again": f"{counts.retries:,} within commands",
        "bets": f"{len(report.bets):,}, none open",
        "versions of wallets": f"{report.versions:,}, dense",
        "findings of the reconciler": f"{len(report.balances.findings)}",
    }
    for name, value in rows.items():
        print(f"{name:<32}{value}")
    for currency, sums in sorted(report.balances.sums.items()):
        print(
            f"{currency}: available {sums.available_minor:,} + house {sums.house_minor:,} = "
            f"deposits {sums.deposits_minor:,} - withdrawals {sums.withdrawals_minor:,}"
        )
    print("answers")
    for kind, codes in sorted(tally(answers).items()):
        listed = ", ".join(f"{code} {count:,}" for code, count in codes.most_common())
        print(f"  {kind:<24}{listed}")
    print(f"seed {seed}, {report.seconds:.1f} seconds")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=Size.workers)
    parser.add_argument("--commands", type=int, default=Size.commands)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    size = Size(options.workers, options.commands)
    with emulator() as running, emulated_cloud(running) as cloud:
        _print(run(cloud, size, options.seed), size, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
