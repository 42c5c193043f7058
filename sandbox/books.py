"""``make reconcile`` and ``make rebuild-journal``: the commands of ``baccarat``, on a sandbox."""

from __future__ import annotations

import argparse
import os
import sys

from baccarat.adapters import cli
from sandbox.configuration import Options, Run, SandboxError


def main() -> int:
    """Run the command against the sandbox on the port that is given."""
    parser = argparse.ArgumentParser(prog="make", description=__doc__)
    parser.add_argument("command", choices=["reconcile", "rebuild-journal"])
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    options = Options(asked.port, 0, 0, 0)
    try:
        outputs = Run.load(options.folder).outputs
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 2
    os.environ.update(options.environment())
    os.environ["LEDGER_TABLE"] = outputs["LedgerTable"]
    os.environ["WALLET_TABLES"] = outputs["WalletTables"]
    os.environ["JOURNAL_TABLE"] = outputs["JournalTable"]
    return cli.main([asked.command])


if __name__ == "__main__":
    sys.exit(main())
