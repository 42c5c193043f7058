"""``python -m sandbox.provider``: the payment provider of the one-machine run.

Key and webhook secret come in the environment, as SANDBOX_PROVIDER_KEY and
SANDBOX_PROVIDER_SECRET: a command line would show them to everybody on the machine.
"""

from __future__ import annotations

import argparse
import os

from sandbox.provider.server import ProviderServer, post
from sandbox.provider.service import Provider


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.provider", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    provider = Provider(os.environ["SANDBOX_PROVIDER_SECRET"], post)
    provider.start()
    server = ProviderServer(provider, os.environ["SANDBOX_PROVIDER_KEY"], options.port)
    try:
        server.serve_forever()
    finally:
        provider.stop()


if __name__ == "__main__":
    main()
