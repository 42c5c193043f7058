"""Pictures through a running SFU to HLS and into the recording."""

import asyncio
import io
import json
import re
from pathlib import Path
from typing import Any

import av
import pytest

from baccarat.adapters.keys import KeySet
from baccarat.adapters.settings import ConfigurationError
from baccarat.application.recordings import segments_of
from baccarat.domain.video.access import VideoRole
from baccarat.domain.video.clip import make_clips, verify_clips
from tests.builders import HouseKey
from tests.support.pictures import TICKS, encoded, mark
from tests.support.recordings import FolderRecordings, LocalStore
from tests.support.video import until

FIRST = 2**32 - 20 * TICKS
"""The timestamp wraps in the midst of it."""
COUNT = 60


async def film(one: Any) -> None:
    """Publish real pictures: round 1, from picture 10 on round 2, from 40 on round 3."""
    camera = await one.publish()
    table = one.service.sfu.table("bac-1")
    for number, (start, round_no) in enumerate(((0, 1), (10, 2), (40, 3))):
        timestamp = (FIRST + start * TICKS) % 2**32
        until_then = (10, 40, COUNT)[number]
        said = mark(round_no, 5 + number)
        await until(lambda at=timestamp, said=said: camera.publication.send_mark(at, said))
        await until(lambda at=timestamp: table._marks.newest and table._marks.newest[0] == at)
        for index in range(start, until_then):
            camera.publication.send_frame(0, (FIRST + index * TICKS) % 2**32, encoded()[index])
        await until(lambda count=until_then: table.frames == count)
    await camera.stop()


def test_what_is_published_is_kept_and_shown_by_hls(stage: Any, tmp_path: Path) -> None:
    recordings = FolderRecordings(tmp_path / "films")

    async def run() -> None:
        async with stage(page_origins="https://play.example") as one:
            one.service._keeping._store = LocalStore(recordings)
            viewing = {"Authorization": f"Bearer {one.tokens.mint('bac-1', VideoRole.VIEW)}"}
            async with one.http.post(f"{one.url}/hls/bac-1", headers=viewing) as answer:
                assert answer.status == 404
                assert (await answer.json())["error"]["code"] == "NOT_LIVE"
            await film(one)
            token = one.tokens.mint("bac-1", VideoRole.VIEW)
            viewing = {"Authorization": f"Bearer {token}", "Origin": "https://play.example"}
            async with one.http.post(f"{one.url}/hls/bac-1", headers=viewing) as answer:
                assert answer.status == 201
                assert answer.headers["Access-Control-Allow-Origin"] == "https://play.example"
                playlist_url = one.url + (await answer.json())["playlist"]
            async with one.http.post(f"{one.url}/hls/bac-1", headers=viewing) as answer:
                assert answer.status == 401  # a token opens one address
            async with one.http.get(playlist_url) as answer:
                playlist = await answer.text()
            base = playlist_url.rpartition("/")[0]
            names = re.findall(r'(?:MAP|PART):.*URI="([^"]+)"', playlist)
            parts = []
            for name in names:
                async with one.http.get(f"{base}/{name}") as answer:
                    parts.append(await answer.read())
            with av.open(io.BytesIO(b"".join(parts))) as container:
                assert sum(1 for _ in container.decode(video=0)) == COUNT

    asyncio.run(run())
    index, clips = make_clips(
        "bac-1.000000002", segments_of("bac-1.000000002", recordings=recordings)
    )
    check = KeySet.from_jwks(json.dumps({"keys": [HouseKey().jwk]})).check
    found = verify_clips(json.loads(json.dumps(index)), clips, check)
    assert (found.frames, found.marked, found.holes) == (30, 30, ())
    assert (found.from_before, found.until_after) == (True, True)
    stamps = [entry["rtpTimestamp"] for entry in index["frames"]]  # type: ignore[union-attr,index,call-overload]
    assert stamps == [(FIRST + at * TICKS) % 2**32 for at in range(10, 40)]


def test_an_edge_keeps_nothing_and_a_bucket_needs_its_function(stage: Any) -> None:
    async def run(**settings: str) -> None:
        async with stage(**settings) as one:
            async with one.http.post(f"{one.url}/hls/bac-1") as answer:
                assert answer.status == 404
            assert one.service._keeping is None

    asyncio.run(run(upstream_url="http://127.0.0.1:9"))
    with pytest.raises(ConfigurationError, match="come together"):
        asyncio.run(run(films_bucket="films"))
