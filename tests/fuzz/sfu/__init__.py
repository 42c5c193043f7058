"""Malformed packets against a running SFU, while others watch on.

The SFU is a process of its own, as in production; whatever is sent to it takes the whole way, over
sockets and through SRTP or DTLS. Four kinds: datagrams of strangers, RTP and RTCP of a publisher
and a viewer that went mad, and SCTP of others that did, marks for the table among it. A third
process publishes and watches another table: it must lose nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from baccarat.domain.video.access import VideoRole
from media_sfu.client import http_session
from tests.fuzz.sfu.attacker import MOST_OF_AN_ASSOCIATION, Peer, Sockets, Where, stranger
from tests.fuzz.sfu.mutator import Mutator
from tests.support.sfu_process import SERVER, Process, started
from tests.support.video import Tokens

GOOD: Final = "good"
BATCH: Final = 60
TURNS: Final = 10
"""Of our own event loop after a batch: our peers answer there, and the next ones connect."""
WARM_UP: Final = 3_000
MAX_GROWTH_MB: Final = 64
PROGRESS: Final = 100_000
_ROLES: Final = (VideoRole.PUBLISH, VideoRole.VIEW)
_WITNESS_SECONDS: Final = 60.0


class Attack:
    """Two peers send RTP and RTCP and stay; two send SCTP, which may end them, and are replaced."""

    def __init__(self, where: Where, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.ended = 0
        """Sessions that SCTP ended: of the peer that sent it, and of nobody else."""
        self.sockets = Sockets()
        self._where = where
        self._seed = seed
        self._stranger = stranger()
        self._mutator = Mutator(seed, [], [])
        self._steady: list[Peer] = []
        self._channels: list[Peer] = []
        self._next: list[asyncio.Task[Peer]] = []
        """Of the channels, when those are of no use any more."""
        self._ports: set[int] = set()

    async def begin(self) -> None:
        for index, role in enumerate(_ROLES):
            self._steady.append(await Peer.connect(self._where, "bad", role, self._seed + index))
            self._channels.append(await self._associated(role))
            self._next.append(asyncio.create_task(self._associated(role)))
        self.sockets.look()

    async def throw(self, packets: int, *, progress: bool = False) -> None:
        """Send ``packets``, of each kind about as many."""
        began, target = time.monotonic(), sum(self.done.values()) + packets
        number, next_line = 0, PROGRESS
        while (sent := sum(self.done.values())) < target:
            await self._one(number)
            number += 1
            if number % BATCH == 0:
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                ports = [one.address[1] for one in self.peers if one.is_up]
                self._ports.update(ports)
                await self.sockets.drained(ports)
                self._look()
            if progress and sent >= next_line:
                rate = sent / (time.monotonic() - began)
                print(f"  {sent:,} packets, {rate:,.0f} a second", flush=True)
                next_line += PROGRESS

    def dropped(self) -> float:
        """Return how many packets the kernel did not let the SFU see."""
        self.sockets.look()
        return float(sum(self.sockets.dropped.get(port, 0) for port in self._ports))

    @property
    def peers(self) -> list[Peer]:
        return [*self._steady, *self._channels]

    async def end(self) -> None:
        self._stranger.close()
        for peer in [*self.peers, *await asyncio.gather(*self._next)]:
            await peer.session.close()

    async def _one(self, number: int) -> None:
        which = number // 4 % 2
        match number % 4:
            case 0:
                await self._steady[which].send_rtp()
                self.done["RTP"] += 1
            case 1:
                await self._steady[which].send_rtcp()
                self.done["RTCP"] += 1
            case 2:
                target = self.peers[number // 4 % 4]
                if target.is_up:
                    self._stranger.sendto(self._mutator.datagram(), target.address)
                    self.done["from strangers"] += 1
            case _:
                await self._send_sctp(which)

    async def _send_sctp(self, which: int) -> None:
        peer = self._channels[which]
        if peer.is_up and peer.sent < MOST_OF_AN_ASSOCIATION:
            with suppress(ConnectionError):  # it ended while this was sent
                self.done["SCTP"] += await peer.send_sctp()
        elif self._next[which].done():
            self.ended += not peer.is_up
            self._channels[which] = self._next[which].result()
            self._next[which] = asyncio.create_task(self._replacement(peer, _ROLES[which]))

    async def _replacement(self, before: Peer, role: VideoRole) -> Peer:
        await before.session.close()
        return await self._associated(role)

    async def _associated(self, role: VideoRole) -> Peer:
        self._seed += 10
        peer = await Peer.connect(self._where, "channels", role, self._seed)
        await peer.associate()
        return peer

    def _look(self) -> None:
        ended = [_ROLES[index] for index, one in enumerate(self._steady) if not one.is_up]
        assert not ended, f"RTP and RTCP ended the session of a mad {ended}"


class Witness:
    """The process that publishes and watches the table that nobody attacks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def begin(self, url: str, tokens: Tokens) -> None:
        assert self._process.stdin is not None
        given = {
            "url": url,
            "table": GOOD,
            "publish": tokens.mint(GOOD, VideoRole.PUBLISH),
            "view": tokens.mint(GOOD, VideoRole.VIEW),
        }
        self._process.stdin.write(json.dumps(given).encode() + b"\n")
        await self._told()

    async def end(self) -> dict[str, float]:
        """Return what it saw."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return await self._told()

    async def _told(self) -> dict[str, float]:
        assert self._process.stdout is not None
        async with asyncio.timeout(_WITNESS_SECONDS):
            line = await self._process.stdout.readline()
        assert line, "the table that nobody attacks stood still"
        told: dict[str, float] = json.loads(line)
        return told


@asynccontextmanager
async def witness() -> AsyncIterator[Witness]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.fuzz.sfu.witness"),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Witness(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def resident_mb(process: Process) -> float:
    pages = int(Path(f"/proc/{process.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def complaints(log: Path) -> list[str]:
    """What the SFU said that is no note. aiortc says as a warning that a packet ended its task."""
    found = []
    for line in log.read_text().splitlines():
        try:
            said = json.loads(line)
            is_note = "_aws" in said or said["level"] in {"INFO", "WARNING"}
            if is_note and "Traceback" not in line:
                continue
        except ValueError:
            pass  # Python itself says it, not as JSON
        found.append(line[:2000])
    return found


async def run(
    *, packets: int, seed: int, progress: bool = True, server: Sequence[str] = SERVER
) -> dict[str, float]:
    """Attack an SFU that is started for it, and return figures.

    Raises:
        AssertionError: something crashed, grew, ended, or the good table lost a picture.
    """
    tokens = Tokens()
    with tempfile.TemporaryDirectory() as folder:
        async with started("origin", Path(folder), tokens, server=server, WORKERS="0") as sfu:
            try:
                return await _attacked(sfu, tokens, packets, seed, progress=progress)
            finally:
                said = complaints(sfu.log)
                assert said == [], "\n".join(said[:3])


async def _attacked(
    sfu: Process, tokens: Tokens, packets: int, seed: int, *, progress: bool
) -> dict[str, float]:
    async with witness() as good, http_session() as http:
        await good.begin(sfu.url, tokens)
        attack = Attack(Where(http, sfu.url, tokens.mint), seed)
        await attack.begin()
        await attack.throw(min(packets, WARM_UP))  # pools fill
        before_mb, began = resident_mb(sfu), time.monotonic()
        attack.done.clear()
        await attack.throw(packets, progress=progress)
        seconds, growth_mb = time.monotonic() - began, resident_mb(sfu) - before_mb
        async with http.get(f"{sfu.url}/stats") as answer:
            stats: dict[str, Any] = await answer.json()
        dropped = attack.dropped()
        await attack.end()
        seen = await good.end()
    assert growth_mb < MAX_GROWTH_MB, f"grew by {growth_mb:.0f} MB"
    assert (seen["lost"], seen["gaps"]) == (0, 0), seen
    assert seen["marks"] >= seen["marks_sent"] - 1, seen  # the last may be on its way
    return {
        "packets": float(sum(attack.done.values())),
        **{f"of these {kind}": float(count) for kind, count in attack.done.items()},
        "seconds": seconds,
        "dropped by the kernel": dropped,
        "MB grown": growth_mb,
        "malformed": stats["datagrams_malformed"],
        "unknown source": stats["datagrams_unexpected"],
        "oversized or empty": stats["datagrams_oversized"],
        "marks refused": stats["marks_refused"],
        "sessions that ended themselves": float(attack.ended),
        "pictures of the good table": seen["pictures"],
        "of these lost": seen["lost"],
        "longest wait for one in ms": seen["longest_wait_ms"],
        "marks of the good table": seen["marks"],
    }
