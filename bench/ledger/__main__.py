"""``python -m bench.ledger units``: what the ledger costs."""

from __future__ import annotations

import argparse
import sys

from bench.ledger import growth, processor, units

WHAT = {"units": units.report, "processor": processor.report, "growth": growth.report}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=list(WHAT))
    return WHAT[parser.parse_args().what]()


if __name__ == "__main__":
    sys.exit(main())
