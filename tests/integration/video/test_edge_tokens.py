"""An edge as a process: it asks the house for each session's token, as a service user."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from baccarat.domain.video.access import VideoRole
from tests.builders import Floor
from tests.support.house import PASSWORD, House, open_house
from tests.support.sfu_process import started
from tests.support.video import Watcher, until


@asynccontextmanager
async def watched_over_an_edge(
    one: Any, house: House, folder: Path, *, user: str = "sfu"
) -> AsyncIterator[tuple[Watcher, Path]]:
    """Somebody who watches at an edge of ``one``, and the edge's log."""
    settings = {
        "UPSTREAM_URL": one.url,
        "PAGE_URL": house.url,
        "SERVICE_USER": user,
        "SERVICE_PASSWORD": PASSWORD,
        "WORKERS": "0",
    }
    async with started("edge", folder, one.tokens, **settings) as edge:
        watcher = Watcher()
        token = one.tokens.mint("bac-1", VideoRole.VIEW)
        await watcher.watch(one.http, f"{edge.url}/whep/bac-1", token)
        try:
            yield watcher, edge.log
        finally:
            await watcher.close()


def test_every_session_has_a_token_of_its_own_from_the_house(stage: Any, tmp_path: Path) -> None:
    async def story() -> None:
        async with open_house(Floor()) as house, stage() as one:
            minted: list[str] = []

            def mint(_: int) -> str:
                minted.append(one.tokens.mint("bac-1", VideoRole.EDGE))
                return minted[-1]

            house.mint = mint
            (await one.publish()).start()
            async with watched_over_an_edge(one, house, tmp_path) as (watcher, log):
                await until(lambda: len(watcher.units) >= 5)
                sfu = one.service.sfu
                for number in (1, 2):
                    assert (house.video_tokens, house.sign_ins) == (number, 1)
                    (session,) = (
                        other for other in sfu.sessions.values() if hasattr(other, "is_edge")
                    )
                    assert session.is_edge
                    sfu._session_ended(session)
                    await until(lambda number=number: house.video_tokens == number + 1)
                    seen = len(watcher.units)
                    await until(lambda seen=seen: len(watcher.units) >= seen + 5)
            assert len(set(minted)) == 3
            said = log.read_text()
            assert PASSWORD not in said
            assert not any(token in said for token in minted)

    asyncio.run(story())


def test_a_token_that_is_no_edges_is_refused_and_the_next_one_is_tried(
    stage: Any, tmp_path: Path
) -> None:
    async def story() -> None:
        async with open_house(Floor()) as house, stage() as one:
            wrong = [
                ("bac-1", VideoRole.VIEW),
                ("bac-1", VideoRole.PUBLISH),
                ("bac-2", VideoRole.EDGE),
            ]
            given = iter([*wrong, ("bac-1", VideoRole.EDGE)])
            house.mint = lambda _: one.tokens.mint(*next(given))
            (await one.publish()).start()
            async with watched_over_an_edge(one, house, tmp_path) as (watcher, log):
                await until(lambda: len(watcher.units) >= 5, seconds=20)
            assert house.video_tokens == 4
            said = log.read_text()
            assert "watch by 1 line of video" in said
            assert said.count("VIDEO_TOKEN_FOR_ANOTHER") == 2

    asyncio.run(story())


def test_a_user_who_is_no_video_server_gets_no_token(stage: Any, tmp_path: Path) -> None:
    async def story() -> None:
        async with open_house(Floor()) as house, stage() as one:
            (await one.publish()).start()
            async with watched_over_an_edge(one, house, tmp_path, user="studio") as (watcher, log):
                await until(lambda: log.read_text().count("a studio may not") >= 2)
                assert watcher.units == []
            assert house.video_tokens == 0
            assert one.service.sfu.viewer_count == 0

    asyncio.run(story())
