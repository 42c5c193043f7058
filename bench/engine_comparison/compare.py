"""Deal random hands with our ``Coup`` and with the published npm package baccarat-engine.

Both get the same six cards in the same order; compared are who drew, both totals, the outcome and
the natural. The package names the natural of the winner only, so a tie of naturals is "none" there.
Its pairs are not compared: it sees none in a hand that drew a third card.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from baccarat.domain.cards import Card
from baccarat.domain.coup import Coup, Outcome, deal
from baccarat.domain.shoe import Shoe

HERE: Final = Path(__file__).resolve().parent
BATCH: Final = 100_000
MAX_SHOWN: Final = 10


def ours(cards: Sequence[Card]) -> str:
    """Return what ``engine.cjs`` prints for a hand, made from our own coup."""
    coming = iter(cards)
    coup, _ = deal(lambda: next(coming))
    outcome = coup.outcome.value.lower()
    return (
        f"{len(coup.player)} {len(coup.banker)} {coup.player_total} {coup.banker_total} "
        f"{outcome} {_natural(coup, outcome)}"
    )


def _natural(coup: Coup, outcome: str) -> str:
    if not coup.is_natural or coup.outcome is Outcome.TIE:
        return "none"
    return f"{outcome}{max(coup.player_total, coup.banker_total)}"


def theirs(hands: Sequence[Sequence[Card]]) -> list[str]:
    lines = "\n".join(" ".join(cards) for cards in hands)
    run = subprocess.run(
        ["node", str(HERE / "engine.cjs")], input=lines, capture_output=True, text=True, check=True
    )
    return run.stdout.splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hands", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    package = json.loads((HERE / "package.json").read_text())["dependencies"]["baccarat-engine"]
    entropy = random.Random(options.seed)  # noqa: S311  repeatable hands, nothing secret
    pool = Shoe.full("comparison", 8).pool()
    seen: dict[str, int] = {}
    different = 0
    started = time.monotonic()
    for first in range(0, options.hands, BATCH):
        count = min(BATCH, options.hands - first)
        hands = [entropy.sample(pool, 6) for _ in range(count)]
        for cards, other in zip(hands, theirs(hands), strict=True):
            own = ours(cards)
            seen[own] = seen.get(own, 0) + 1
            if own != other:
                different += 1
                if different <= MAX_SHOWN:
                    print(f"DIFFERENT {' '.join(cards)}: ours {own}, theirs {other}")
    print(f"hands dealt              {options.hands:>11,}  (8 decks, seed {options.seed})")
    print(f"compared with            baccarat-engine {package}")
    print(f"kinds of result          {len(seen):>11,}")
    for outcome in Outcome:
        count = sum(n for line, n in seen.items() if line.split()[4] == outcome.value.lower())
        print(f"  {outcome.value.lower():<22} {count:>11,}  {count / options.hands:.4%}")
    naturals = sum(n for line, n in seen.items() if line.split()[5] != "none")
    print(f"  won by a natural       {naturals:>11,}  {naturals / options.hands:.4%}")
    print(f"hands that differ        {different:>11,}")
    print(f"seconds                  {time.monotonic() - started:>11.1f}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
