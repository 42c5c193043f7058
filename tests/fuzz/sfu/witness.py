"""``python -m tests.fuzz.sfu.witness``: publishes and watches a table that nobody attacks.

It reads one line of JSON, ``{"url", "table", "publish", "view"}`` with a token each, says
``{"seen": n}`` when the first pictures are here, goes on until its input ends, and then says what
it saw.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from typing import Any, Final

from baccarat.domain.video.marks import FrameMark
from media_sfu.client import Publication, http_session
from tests.support.video import LOOPBACK, Camera, Watcher, until

MARK_SECONDS: Final = 1.0
STILL_SECONDS: Final = 30.0


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def marks(publication: Publication, table: str, sent: list[int]) -> None:
    """Say once a second what the pictures show; ``sent`` takes what was."""
    for number in itertools.count():
        if publication.send_mark(number, FrameMark(table, "round", 1, number, "", number)):
            sent.append(number)
        await asyncio.sleep(MARK_SECONDS)


async def witness() -> None:
    stdin = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    given = json.loads(await stdin.readline())
    async with http_session() as http:
        camera: Any = None
        publication = await Publication.start(
            http,
            f"{given['url']}/whip/{given['table']}",
            given["publish"],
            keyframe_wanted=lambda quality: camera.keyframe_wanted(quality),  # noqa: PLW0108
            addresses=LOOPBACK,
        )
        camera = Camera(publication)
        watcher = Watcher()
        await watcher.watch(http, f"{given['url']}/whep/{given['table']}", given["view"])
        camera.start()
        marked: list[int] = []
        telling = asyncio.create_task(marks(publication, given["table"], marked))
        await until(lambda: watcher.units and watcher.texts, seconds=STILL_SECONDS)
        say({"seen": len(watcher.units)})
        await stdin.read()
        newest = camera.sent[-1][0]
        await until(lambda: watcher.units[-1].rtp_timestamp > newest, seconds=STILL_SECONDS)
        seen = {unit.rtp_timestamp for unit in watcher.units}
        sent = [at for at, _ in camera.sent]
        due = sent[sent.index(watcher.units[0].rtp_timestamp) : sent.index(newest) + 1]
        arrivals = [unit.received_ms for unit in watcher.units]
        say(
            {
                "pictures": len(due),
                "lost": len(set(due) - seen),
                "gaps": len(watcher.gaps),
                "longest_wait_ms": max(b - a for a, b in itertools.pairwise(arrivals)),
                "marks": len(watcher.texts),
                "marks_sent": len(marked),
            }
        )
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await watcher.close()
        await camera.stop()


if __name__ == "__main__":
    asyncio.run(witness())
