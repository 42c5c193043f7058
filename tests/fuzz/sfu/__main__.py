"""``python -m tests.fuzz.sfu``; see the package."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from tests.fuzz.sfu import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz.sfu", description=__doc__)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    figures = asyncio.run(run(packets=options.packets, seed=options.seed))
    for name, value in figures.items():
        print(f"{name:>32}  {value:,.1f}".removesuffix(".0"))
    print("no crash, no other session ended, the other table lost nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
