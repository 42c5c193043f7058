"""Pictures over a line that loses and delays, on the way in and on the way out."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from baccarat.domain.video.access import VideoRole
from media_sfu.client import Publication, Subscription, http_session
from media_sfu.keyframes import MIN_INTERVAL_SECONDS
from media_sfu.service import Service
from media_sfu.settings import SfuSettings
from tests.support.relay import RelayedPublication, RelayedSubscription
from tests.support.video import LOOPBACK, Camera, Tokens, Watcher, until

FRAME_SECONDS: Final = 0.04
RTP_CLOCK: Final = 90_000
MAX_FREEZE_SECONDS: Final = 1.0
COLUMNS: Final = (
    ("lossy side", 10, ""),
    ("loss", 5, ".0%"),
    ("jitter ms", 9, ".0f"),
    ("sent", 5, ""),
    ("seen", 5, ""),
    ("longest freeze ms", 17, ".0f"),
    ("longest wait ms", 15, ""),
    ("packets lost", 12, ""),
    ("recovered", 9, ""),
    ("keyframes asked", 15, ""),
    ("at most", 7, ".0f"),
)


async def measure(
    service: Service,
    tokens: Tokens,
    http: Any,
    *,
    side: str,
    loss: float,
    jitter: float,
    count: int,
) -> dict[str, Any]:
    """Publish ``count`` pictures over a lossy line and return what came of them."""
    url = f"http://127.0.0.1:{service.port}"
    table = f"{side}-{loss:.2f}"
    camera: Any = None
    publication = await (RelayedPublication if side == "publisher" else Publication).start(
        http,
        f"{url}/whip/{table}",
        tokens.mint(table, VideoRole.PUBLISH),
        keyframe_wanted=lambda quality: camera.keyframe_wanted(quality),  # noqa: PLW0108
        addresses=LOOPBACK,
    )
    camera = Camera(publication, every=10**9)  # a keyframe only when one is asked for
    watcher = Watcher()
    kind = RelayedSubscription if side == "viewer" else Subscription
    token = tokens.mint(table, VideoRole.VIEW)
    await watcher.watch(http, f"{url}/whep/{table}", token, kind=kind)
    camera.start()
    await until(lambda: watcher.units)
    session: Any = watcher.session
    relay = session.relay if side == "viewer" else publication.relay  # type: ignore[attr-defined]
    relay.loss, relay.jitter_seconds = loss, jitter
    asked, lost, sent = camera.keyframes_asked, relay.lost, len(camera.sent)
    seen = len(watcher.units)
    await until(lambda: len(camera.sent) >= sent + count, seconds=count * FRAME_SECONDS * 10)
    newest = camera.sent[-1][0]
    await until(lambda: watcher.units[-1].rtp_timestamp >= newest)
    stamps = [unit.rtp_timestamp for unit in watcher.units[max(0, seen - 1) :]]
    receivers = session.receivers if side == "viewer" else service.sfu.publishers[table].receivers
    seconds = (len(camera.sent) - sent) * FRAME_SECONDS
    freeze = max(later - sooner for sooner, later in itertools.pairwise(stamps)) / RTP_CLOCK
    arrivals = [unit.received_ms for unit in watcher.units[max(0, seen - 1) :]]
    figures = {
        "lossy side": side,
        "loss": loss,
        "jitter ms": jitter * 1000,
        "sent": len(camera.sent) - sent,
        "seen": len(watcher.units) - seen,
        "longest freeze ms": freeze * 1000,
        "longest wait ms": max(later - sooner for sooner, later in itertools.pairwise(arrivals)),
        "packets lost": relay.lost - lost,
        "recovered": receivers[0].order.packets_recovered,
        "keyframes asked": camera.keyframes_asked - asked,
        "at most": seconds / MIN_INTERVAL_SECONDS + 1,
    }
    await watcher.close()
    await camera.stop()
    return figures


async def run(count: int) -> bool:
    """Print the table and return whether every line is as it must be."""
    tokens = Tokens()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        keys.write_text(json.dumps(tokens.jwk_set))  # nothing runs yet
        service = Service(
            SfuSettings.model_validate(
                {"listen_port": 0, "media_addresses": "127.0.0.1", "video_keys": str(keys)}
            )
        )
        await service.start()
        print("  ".join(f"{name:>{width}}" for name, width, _ in COLUMNS))
        async with http_session() as http:
            for side in ("viewer", "publisher"):
                for loss, jitter in ((0.0, 0.0), (0.01, 0.03), (0.05, 0.03), (0.1, 0.03)):
                    line = await measure(
                        service, tokens, http, side=side, loss=loss, jitter=jitter, count=count
                    )
                    print(
                        "  ".join(f"{line[name]:>{width}{form}}" for name, width, form in COLUMNS),
                        flush=True,
                    )
                    good = good and line["longest freeze ms"] <= MAX_FREEZE_SECONDS * 1000
                    good = good and line["longest wait ms"] <= MAX_FREEZE_SECONDS * 1000
                    good = good and line["keyframes asked"] <= line["at most"]
        await service.close()
    return good


def main() -> int:
    """Return 1 when a picture froze too long, or keyframes were asked for too often."""
    parser = argparse.ArgumentParser(prog="bench.sfu_loss", description=__doc__)
    parser.add_argument("--pictures", type=int, default=500, help="of each line of the table")
    return 0 if asyncio.run(run(parser.parse_args().pictures)) else 1


if __name__ == "__main__":
    sys.exit(main())
