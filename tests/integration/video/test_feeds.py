"""A publisher that says nothing of its pictures: the server's own feed does."""

import asyncio
from typing import Any

import pytest

from baccarat.adapters.settings import ConfigurationError
from media_sfu.marks import viewer_mark
from tests.builders import Floor
from tests.support.house import PASSWORD, open_house
from tests.support.video import until


def test_pictures_without_marks_are_stamped_from_the_tables_own_log(stage: Any) -> None:
    async def story() -> None:
        async with open_house(Floor()) as house:
            await house.happen(house.floor.play().events)
            user = {"service_user": "studio", "service_password": PASSWORD}
            async with stage(page_url=house.url, **user) as one:
                (await one.publish("bac-1")).start()
                watcher = await one.watch("bac-1")
                await until(lambda: watcher.texts)
                opened = house.floor.open_round()
                await house.happen(opened.events)
                newest = opened.events[-1].event

                def told() -> bool:
                    _, _, mark = viewer_mark(watcher.texts[-1])
                    return (mark.round_id, mark.log_seq) == (opened.round_id, newest.seq)

                await until(told)
                assert house.joins == [None]

    asyncio.run(story())


def test_a_service_user_without_a_password_is_named(stage: Any) -> None:
    async def story() -> None:
        async with stage(service_user="studio", page_url="http://127.0.0.1:1"):
            pytest.fail("it started")

    with pytest.raises(ConfigurationError, match="SERVICE_USER needs PAGE_URL and SERVICE_PASSWO"):
        asyncio.run(story())
