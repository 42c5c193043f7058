"""The same film to the same viewers by this SFU, by Janus and by aiortc's MediaRelay."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any, Final

STEPS: Final = {
    "janus": (10, 50, 100, 200, 300, 400),
    "accelerated": (10, 50, 100, 200, 300, 400),
    "pure": (10, 50, 100, 200, 300, 400),
    "relay": (1, 2, 3, 4, 6),
}
"""The relay decodes and encodes: it is full before the others notice that somebody is there."""
NEEDED: Final = {"accelerated": 1.3, "pure": 0.8}
"""Of what Janus carries."""
TIMEOUT_SECONDS: Final = 600
ENOUGH: Final = 0.999
COLUMNS: Final = (
    ("server", 11, ""),
    ("viewers", 7, ""),
    ("process", 7, ".0%"),
    ("core", 5, ".0%"),
    ("viewers a core", 14, ".0f"),
    ("to Janus", 8, ".2f"),
    ("p50 ms", 6, ".1f"),
    ("p95 ms", 6, ".1f"),
    ("packets", 7, ".2%"),
    ("pictures", 8, ".2%"),
    ("KiB a viewer", 12, ".0f"),
    ("load core", 9, ".0%"),
    ("", 0, ""),
)
Line = dict[str, Any]


def measured(name: str, seconds: float) -> list[Line]:
    """Return the figures of each number of viewers; none when the server is not there."""
    command = [sys.executable, "-m", "bench.sfu.load", name, *map(str, STEPS[name])]
    try:
        done = subprocess.run(
            [*command, "--seconds", str(seconds)],
            check=True,
            timeout=TIMEOUT_SECONDS,
            stdout=subprocess.PIPE,
            text=True,
        )
    except subprocess.CalledProcessError:
        print(f"{name}: was not measured", flush=True)
        return []
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        if "stopped" in line:
            print(f"{name}: {line['stopped']}", flush=True)
    return [line for line in lines if "stopped" not in line]


def is_valid(line: Line) -> bool:
    return bool(line["packets"] >= ENOUGH and line["pictures"] >= ENOUGH)


def said_of(line: Line) -> str:
    """Return what is to be known about a line beside its figures."""
    said = []
    if not is_valid(line):
        said.append("invalid: not everything arrived")
    if line["overflown"] or line["not passed on"] or line["load core"] > 0.95:
        said.append("the viewers were the limit")
    return ", ".join(said)


def show(name: str, lines: list[Line], janus: list[Line]) -> None:
    base = {line["viewers"]: line["viewers a core"] for line in janus if is_valid(line)}
    fewest = lines[0]
    for line in lines:
        more = line["viewers"] - fewest["viewers"]
        row = {
            **line,
            "server": name,
            "to Janus": line["viewers a core"] / base[line["viewers"]]
            if line["viewers"] in base
            else float("nan"),
            "KiB a viewer": (line["memory KiB"] - fewest["memory KiB"]) / more
            if more
            else float("nan"),
            "": said_of(line),
        }
        cells = [f"{row[title]:>{width}{form}}" for title, width, form in COLUMNS]
        print("  ".join(cells).replace("nan", "  –").rstrip(), flush=True)


def summary(results: dict[str, list[Line]]) -> bool:
    """Print the ratios at the most viewers that both carried; return whether they suffice."""
    valid = {
        name: {line["viewers"]: line for line in lines if is_valid(line)}
        for name, lines in results.items()
    }
    good = True
    for name, needed in NEEDED.items():
        both = valid.get(name, {}).keys() & valid.get("janus", {}).keys()
        if not both:
            print(f"{name}: nothing to compare with Janus")
            good = good and not {name, "janus"} <= results.keys()
            continue
        viewers = max(both)
        mine, other = (valid[one][viewers]["viewers a core"] for one in (name, "janus"))
        good = good and mine >= needed * other
        print(
            f"{name}: {mine:.0f} viewers a core at {viewers}, {mine / other:.2f} of Janus's "
            f"{other:.0f}; needed {needed}"
        )
    return good


def main() -> int:
    """Return 1 when a ratio to Janus is too low, or a server could not be measured."""
    parser = argparse.ArgumentParser(prog="bench.sfu", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each line of the table")
    parser.add_argument("servers", nargs="*", help=f"of {', '.join(STEPS)}; all if none is named")
    options = parser.parse_args()
    print("  ".join(f"{title:>{width}}" for title, width, _ in COLUMNS).rstrip(), flush=True)
    results: dict[str, list[Line]] = {}
    for name in options.servers or STEPS:
        results[name] = measured(name, options.seconds)
        if results[name]:
            show(name, results[name], results.get("janus", []))
    good = summary(results)
    return 0 if good and all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
