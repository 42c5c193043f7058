"""What tables show, for frames whose publisher does not say: a browser's, or OBS's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from baccarat.domain.video.marks import FrameMark
from media_sfu.feed import TableFeed
from media_sfu.house import House, ServiceUser
from media_sfu.table_log import TableState
from media_sfu.tables import MarkFeed


@dataclass(frozen=True, slots=True)
class _Followed:
    feed: TableFeed
    task: asyncio.Task[None]


class Feeds:
    """The feeds of a server's tables. Each begins when it is first asked for a mark."""

    def __init__(self, user: ServiceUser) -> None:
        self._user = user
        self._http: aiohttp.ClientSession | None = None
        self._house: House | None = None
        self._followed: dict[str, _Followed] = {}

    def of(self, table_id: str) -> MarkFeed:
        """Return what gives the mark of a picture taken now, None until the table is known."""

        def mark(at_ms: int) -> FrameMark | None:
            followed = self._followed.get(table_id)
            if followed is None:
                followed = self._followed[table_id] = self._follow(table_id)
            return followed.feed.state.mark(at_ms) if followed.feed.joins else None

        return mark

    async def close(self) -> None:
        for followed in self._followed.values():
            followed.task.cancel()
        tasks = [followed.task for followed in self._followed.values()]
        ended: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
        for error in ended:
            if not isinstance(error, asyncio.CancelledError):
                raise error

    def _follow(self, table_id: str) -> _Followed:
        if self._house is None:
            self._http = aiohttp.ClientSession()
            self._house = House(self._http, self._user)
        feed = TableFeed(table_id, self._house, _unheard)
        return _Followed(feed, asyncio.create_task(feed.run()))


def _unheard(_: TableState) -> None:
    """Nobody waits for a change: every picture asks."""
