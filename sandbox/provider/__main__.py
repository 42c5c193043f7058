"""``python -m sandbox.provider``: the payment provider of the one-machine run.

It prints its address and serves until it is ended. Key and webhook secret come in the environment,
as SANDBOX_PROVIDER_KEY and SANDBOX_PROVIDER_SECRET: a command line shows them to everybody.
"""

from __future__ import annotations

import os

from sandbox.provider.server import ProviderServer, post
from sandbox.provider.service import Provider


def main() -> None:
    provider = Provider(os.environ["SANDBOX_PROVIDER_SECRET"], post)
    provider.start()
    server = ProviderServer(provider, os.environ["SANDBOX_PROVIDER_KEY"])
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
