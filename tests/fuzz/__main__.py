"""``make fuzz-api``: requests made from docs/formats/openapi.json against a sandbox's HTTP API.

Each caller asks all routes: a player, a cashier, an operator, the payment provider (whose webhooks
are signed) and somebody who has no sign-in. Every answer is held against the document: status,
content type, schema. Afterwards the books must still be right.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from sandbox.configuration import Options, Run, SandboxError
from sandbox.running import sandbox
from tests.fuzz.callers import CALLERS, Found, fuzz


def main() -> int:
    """Return 0 when no answer was wrong, 1 when one was, 2 when no sandbox could be had."""
    parser = argparse.ArgumentParser(prog="make fuzz-api", description=__doc__)
    parser.add_argument(
        "--port", type=int, required=True, help="of a sandbox, or where to start it"
    )
    parser.add_argument("--page-port", type=int, required=True)
    parser.add_argument("--examples", type=int, default=50, help="for each caller and route")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--callers", nargs="*", default=list(CALLERS), choices=list(CALLERS))
    asked = parser.parse_args()
    options = Options(asked.port, asked.page_port, 15, 900, tables=("bac-1",))
    found: list[Found] = []
    with ExitStack() as stack:
        try:
            run = Run.load(options.folder)
        except SandboxError:
            try:
                run = stack.enter_context(sandbox(options, lambda text: print(f"{text} …")))
            except SandboxError as error:
                print(error, file=sys.stderr)
                return 2
        print(_line("caller", "operations", "requests", "gateway's", "failures"))
        for caller in asked.callers:
            one = fuzz(run, options, caller, examples=asked.examples, seed=asked.seed)
            counts = one.operations, one.requests, one.of_gateway, one.failures
            print(_line(caller, *counts), flush=True)
            found.append(one)
    for one in found:
        if one.failures or one.findings:
            print(f"\n{one.report}")
        for finding in one.findings:
            print(f"the books differ: {finding}")
    return int(any(one.failures or one.findings for one in found))


def _line(caller: str, *columns: object) -> str:
    return f"{caller:<10}" + "".join(f"{column:>12}" for column in columns)


if __name__ == "__main__":
    sys.exit(main())
