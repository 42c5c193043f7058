"""``python -m sandbox``: run the platform on this machine until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time

from sandbox.configuration import Options, Run, SandboxError
from sandbox.running import sandbox
from sandbox.seeding import USERS


def parse(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="of the AWS emulator")
    parser.add_argument("--page-port", type=int, default=8080, help="of the web pages")
    parser.add_argument("--bet-seconds", type=int, default=15, help="how long bets are taken")
    parser.add_argument("--card-ms", type=int, default=900, help="time between two cards")
    parser.add_argument(
        "--heartbeat-seconds", type=int, default=30, help="how long a dealer's desk may be silent"
    )
    parser.add_argument("--tables", nargs="*", default=[], help="tables to open; all by default")
    parser.add_argument(
        "--video-tables", nargs="*", default=[], help="tables to film; without any, no video"
    )
    parser.add_argument("--video-port", type=int, default=8090, help="of the video server")
    options = parser.parse_args(arguments)
    options.tables, options.video_tables = tuple(options.tables), tuple(options.video_tables)
    return Options(**vars(options))


def announce(run: Run, options: Options) -> None:
    """Print addresses and log-ins."""
    video = (
        f"{options.video_url}   (films {', '.join(options.video_tables)})"
        if options.video_tables
        else "none; name tables with VIDEO_TABLES"
    )
    lines = [
        "",
        "  Live Baccarat is running.",
        "",
        f"  players      {run.page_url}/   (lobby of all tables)",
        f"  dealer       {run.page_url}/desk.html#table=bac-5   (physical shoe; bac-6: shuffler)",
        f"  pit          {run.page_url}/pit.html#table=bac-5",
        f"  video        {video}",
        f"  payments     {run.outputs['ProviderUrl']}   (a provider that can misbehave)",
        f"  AWS API      {run.endpoint}   (any credentials, region us-east-1)",
        f"  logs         {options.folder}",
        f"  transcripts  s3://{run.outputs['RecordsBucket']}/transcripts/",
        f"  films        s3://{run.outputs['FilmsBucket']}/   (baccarat video --round ID)",
        "",
        f"  {'log-in':<12} {'role':<9} {'password':<16} balance",
    ]
    for user in USERS:
        balance = f"{user.balance_minor / 100:,.2f} EUR" if user.balance_minor else "–"
        lines.append(f"  {user.name:<12} {user.role:<9} {user.password:<16} {balance}")
    lines += [
        "",
        "  Headless players: make rounds N=20 PLAYERS=5",
        "  Headless dealer:  make deal TABLE=bac-5 SHOES=1",
        "  Check the rounds: make verify",
        "  Ctrl-C stops everything.",
        "",
    ]
    print("\n".join(lines), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Return 0 after Ctrl-C, 1 when the run could not start."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    started = time.monotonic()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {text} …", flush=True)

    try:
        with sandbox(options, say) as run:
            announce(run, options)
            stopped.wait()
    except SandboxError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
