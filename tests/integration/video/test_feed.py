"""The feed of a table over a real websocket: sign-in, join, resume, repair, coming back."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from media_sfu import backoff
from media_sfu import feed as feed_module
from media_sfu.feed import Patience, TableFeed
from media_sfu.house import House as Door
from media_sfu.house import HouseUnavailable
from media_sfu.table_log import TableState
from tests.builders import Floor
from tests.support.house import House, open_house

QUICK = Patience(gap=0.02, rejoin=0.05, answer=0.5, ping=60, overdue=60, quiet=60, look=0.01)


class Follower:
    """What a feed has said."""

    def __init__(self) -> None:
        self.states: list[TableState] = []
        self._changed = asyncio.Event()

    def __call__(self, state: TableState) -> None:
        self.states.append(state)
        self._changed.set()

    async def until(self, condition: Callable[[TableState], bool]) -> TableState:
        async with asyncio.timeout(10):
            while not (self.states and condition(self.states[-1])):
                self._changed.clear()
                await self._changed.wait()
        return self.states[-1]

    async def caught_up(self, house: House) -> TableState:
        last = house.log[-1].event
        return await self.until(lambda s: (s.log_epoch, s.log_seq) == (last.epoch, last.seq))


@asynccontextmanager
async def followed(
    patience: Patience = QUICK,
) -> AsyncIterator[tuple[House, Follower, TableFeed]]:
    async with open_house(Floor()) as house, aiohttp.ClientSession() as session:
        house.log += house.floor.play().events
        follower = Follower()
        feed = TableFeed("bac-1", Door(session, house.user), follower, patience)
        task = asyncio.create_task(feed.run())
        try:
            yield house, follower, feed
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "BASE_SECONDS", 0.01)


def test_it_joins_and_follows_the_rounds() -> None:
    async def story() -> None:
        async with followed() as (house, follower, _):
            await follower.caught_up(house)
            played = house.floor.play()
            for event in played.events:
                await house.happen([event])
            state = await follower.caught_up(house)
            assert state.round == played.round
            assert house.joins == [None]
            assert (house.sign_ins, house.tickets) == (1, 1)

    asyncio.run(story())


def test_it_comes_back_with_a_new_ticket_and_its_place() -> None:
    async def story() -> None:
        async with followed() as (house, follower, feed):
            before = await follower.caught_up(house)
            await house.drop()
            await house.until(lambda: not house.sockets)
            played = house.floor.play()
            house.log += played.events
            state = await follower.caught_up(house)
            assert state.round == played.round
            assert house.joins == [None, (before.log_epoch, before.log_seq)]
            assert (house.sign_ins, house.tickets, feed.joins) == (1, 2, 2)

    asyncio.run(story())


def test_what_was_lost_on_the_way_is_fetched() -> None:
    async def story() -> None:
        async with followed() as (house, follower, _):
            before = await follower.caught_up(house)
            played = house.floor.play()
            house.lose = lambda event: event.event.type == "BETS_CLOSED"
            for event in played.events:
                await house.happen([event])
            state = await follower.caught_up(house)
            assert state.round == played.round
            assert house.tickets == 1
            assert len(house.joins) == 2
            assert house.joins[1] is not None
            assert house.joins[1] > (before.log_epoch, before.log_seq)

    asyncio.run(story())


def test_a_lost_last_message_is_asked_for() -> None:
    async def story() -> None:
        async with followed(replace(QUICK, quiet=0.1)) as (house, follower, _):
            await follower.caught_up(house)
            house.lose = lambda _: True
            await house.happen(house.floor.play().events)
            await follower.caught_up(house)
            assert house.tickets == 1

    asyncio.run(story())


def test_news_of_a_running_round_that_are_overdue_are_asked_for() -> None:
    async def story() -> None:
        async with followed(replace(QUICK, overdue=0.1)) as (house, follower, _):
            house.floor.now_ms = round(time.time() * 1000) - 60_000
            await house.happen(house.floor.open_round().events)
            # The feed sets its clock by the house's: it must be as late there.
            house.server_ahead_ms = 120_000
            await follower.caught_up(house)
            await house.until(lambda: len(house.joins) >= 3)
            assert house.tickets == 1

    asyncio.run(story())


def test_a_busy_house_is_asked_again_on_the_same_line() -> None:
    async def story() -> None:
        async with followed() as (house, follower, _):
            house.refuse = ["CONTENTION", "INTERNAL"]
            await follower.caught_up(house)
            assert house.joins == [None, None, None]
            assert house.tickets == 1

    asyncio.run(story())


def test_a_refusal_and_a_dead_line_lead_to_a_new_line(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with followed(replace(QUICK, ping=0.06, answer=0.2)) as (house, follower, _):
            house.refuse = ["FORBIDDEN"]
            await follower.caught_up(house)
            assert house.tickets == 2
            house.mute = True
            await house.until(lambda: house.tickets == 3)
            house.mute = False
            await house.happen(house.floor.play().events)
            await follower.caught_up(house)
            assert house.sign_ins == 1

    with caplog.at_level(logging.WARNING):
        asyncio.run(story())
    assert "FORBIDDEN: not now" in caplog.text
    assert "no answer within 0.2 s" in caplog.text


def test_a_join_that_is_never_answered_is_given_up_with_its_line() -> None:
    async def story() -> None:
        async with followed(replace(QUICK, answer=0.2)) as (house, follower, _):
            house.mute = True
            await house.until(lambda: house.tickets == 2)
            house.mute = False
            await follower.caught_up(house)

    asyncio.run(story())


def test_the_servers_clock_is_measured() -> None:
    async def story() -> None:
        async with followed() as (house, follower, feed):
            ahead = 5_000
            house.floor.now_ms = round(time.time() * 1000)
            house.server_ahead_ms = ahead
            await follower.caught_up(house)
            assert abs(feed.clock_offset_ms - ahead) < 4_000

    asyncio.run(story())


def test_a_wrong_password_is_named_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with open_house(Floor()) as house, aiohttp.ClientSession() as session:
            door = Door(session, replace(house.user, password="wrong-one"))
            with pytest.raises(HouseUnavailable, match=r"answered 400: Incorrect name"):
                await door.post("/tickets")

    asyncio.run(story())
    assert "wrong-one" not in caplog.text


def test_a_house_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        tried = asyncio.Event()
        delays: list[int] = []

        def backoff_seconds(attempt: int) -> float:
            delays.append(attempt)
            if len(delays) == 3:
                tried.set()
            return 0.0

        monkeypatch.setattr(feed_module, "backoff_seconds", backoff_seconds)
        async with aiohttp.ClientSession() as session:
            async with open_house(Floor()) as house:
                user = house.user
            feed = TableFeed("bac-1", Door(session, user), lambda _: None, QUICK)
            task = asyncio.create_task(feed.run())
            async with asyncio.timeout(10):
                await tried.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert delays[:3] == [1, 2, 3]

    asyncio.run(story())
