"""A UDP relay that loses and delays, between one peer and the others."""

from __future__ import annotations

import asyncio
import math
import random
import re
from typing import Any, Final

from media_sfu.client import Publication, Subscription

MAX_QUEUE_SECONDS: Final = 0.3
HEADER_BYTES: Final = 28
"""Of IPv4 and UDP."""


class LossyRelay(asyncio.DatagramProtocol):
    """Stands for one address of the SFU: whoever sends here is passed on, and answered from here.

    ``loss``, ``jitter_seconds`` and ``bits_per_second`` hold for both ways, each by itself.
    """

    def __init__(self, target: tuple[str, int], *, seed: int) -> None:
        self.loss = 0.0
        self.jitter_seconds = 0.0
        self.bits_per_second = math.inf
        """What finds more than ``MAX_QUEUE_SECONDS`` before it in the queue is lost."""
        self.passed = 0
        self.lost = 0
        self.port = 0
        self._target = target
        self._random = random.Random(seed)
        self._transport: Any = None
        self._peer: Any = None
        self._free_at: dict[bool, float] = {True: 0.0, False: 0.0}
        """By whether it is the way from the target: when all that queues there has left."""

    @classmethod
    async def between(cls, target: tuple[str, int], *, seed: int) -> LossyRelay:
        loop = asyncio.get_running_loop()
        transport, relay = await loop.create_datagram_endpoint(
            lambda: cls(target, seed=seed), local_addr=("127.0.0.1", 0)
        )
        relay.port = transport.get_extra_info("sockname")[1]
        return relay

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if addr == self._target:
            to = self._peer
        else:
            self._peer, to = addr, self._target
        now = asyncio.get_running_loop().time()
        queued = max(0.0, self._free_at[addr == self._target] - now)
        if to is None or self._random.random() < self.loss or queued > MAX_QUEUE_SECONDS:
            self.lost += 1
            return
        self.passed += 1
        queued += (len(data) + HEADER_BYTES) * 8 / self.bits_per_second
        self._free_at[addr == self._target] = now + queued
        delay = queued + self._random.uniform(0, self.jitter_seconds)
        if delay:
            asyncio.get_running_loop().call_later(delay, self._pass_on, data, to)
        else:
            self._pass_on(data, to)

    def _pass_on(self, data: bytes, to: Any) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, to)

    def close(self) -> None:
        self._transport.close()


_CANDIDATE = re.compile(r"(a=candidate:\S+ 1 udp \d+ )(\S+) (\d+)( typ host)")


class Relayed:
    """Mixed into a session of the client: its media goes through a relay, and no other way."""

    relay: LossyRelay
    seed = 1

    def offered(self, offer: str) -> str:
        return "".join(
            line for line in offer.splitlines(keepends=True) if not line.startswith("a=candidate")
        )

    async def take_answer(self, answer: str) -> None:
        found = _CANDIDATE.search(answer)
        assert found is not None
        self.relay = await LossyRelay.between((found[2], int(found[3])), seed=self.seed)
        relayed = _CANDIDATE.sub(rf"\g<1>127.0.0.1 {self.relay.port}\g<4>", answer)
        await super().take_answer(relayed)  # type: ignore[misc]


class RelayedSubscription(Relayed, Subscription):
    """A viewer behind the relay."""


class RelayedPublication(Relayed, Publication):
    """A publisher behind the relay."""
