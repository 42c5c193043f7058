"""``python -m sandbox.studio``: film a drawn table and publish it, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import sys

from media_sfu.agent import add_arguments, publish, studio_of
from media_sfu.logs import log_to_stderr
from sandbox.studio.source import DrawnTable


def main() -> int:
    """Return 0 after SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="sandbox.studio", description=__doc__)
    add_arguments(parser)
    studio = studio_of(parser, parser.parse_args())
    log_to_stderr()
    asyncio.run(publish(studio, DrawnTable))
    return 0


if __name__ == "__main__":
    sys.exit(main())
