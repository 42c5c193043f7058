"""``python -m media_sfu origin|edge``: run the SFU until SIGTERM, which lets it drain, or SIGINT.

``worker`` is what the others start for themselves. ``python -m media_sfu ingest`` is a publisher.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
import sys
from pathlib import Path

from baccarat.adapters.settings import ConfigurationError
from media_sfu.fargate import with_task_address
from media_sfu.logs import log_to_stderr
from media_sfu.service import Service, run_worker
from media_sfu.settings import SfuSettings


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="media_sfu", description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("origin", help="takes publishers by WHIP and viewers by WHEP")
    roles.add_parser("edge", help="takes viewers, and their pictures from UPSTREAM_URL")
    worker = roles.add_parser("worker", help="started by the others")
    worker.add_argument("--socket", type=Path, required=True)
    worker.add_argument("--upstream", type=Path, required=True)
    return parser.parse_args(arguments)


async def run(options: argparse.Namespace, settings: SfuSettings) -> None:
    stopped, at_once = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    if options.role == "worker":
        loop.add_signal_handler(signal.SIGINT, lambda: None)  # the terminal's, for the front alone
        await run_worker(settings, options.socket, options.upstream, stopped)
        return

    def interrupt() -> None:
        at_once.set()
        stopped.set()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    service = Service(settings)
    try:
        await service.start()
        sys.stdout.write(json.dumps({"listening": service.port}) + "\n")
        sys.stdout.flush()
        await stopped.wait()
        if not at_once.is_set():
            await service.drain()
    finally:
        await service.close()


def main(arguments: list[str] | None = None) -> int:
    """Return 0 after a signal, 1 when the settings are wrong."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["ingest"]:
        from media_sfu import agent

        return agent.main(given[1:])
    options = parse(given)
    log_to_stderr()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # sockets, two or three a viewer
    try:
        settings = with_task_address(SfuSettings.load())
        if (options.role == "edge") != bool(settings.upstream_url) and options.role != "worker":
            raise ConfigurationError("UPSTREAM_URL is for an edge, and an edge needs it")
        asyncio.run(run(options, settings))
    except ConfigurationError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
