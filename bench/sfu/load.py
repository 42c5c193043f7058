"""One server, from few viewers to many: ``python -m bench.sfu.load SERVER VIEWERS…`` prints a line
of JSON for each number of viewers.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import collections
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiortc.rtp import RtpPacket

from bench.sfu import film
from bench.sfu.cores import LOAD_CORE, SERVER_CORE
from bench.sfu.servers import SERVERS, CannotStart, SendPicture, Server, transport_of
from bench.sfu.sieve import Arrival, Sieve, arrivals
from media_sfu.client import SignallingRefused, http_session
from media_sfu.compat import PeerConnection
from media_sfu.h264 import MalformedPayload, begins_keyframe, depacketise

SETTLE_SECONDS: Final = 4.0
"""After the last one joined; its keyframe comes within two."""
JOINING_AT_ONCE: Final = 6
SAMPLES_A_STEP: Final = 4
"""Viewers whose pictures are decoded, spread over those that join in a step."""
ENOUGH: Final = 0.999
FULL: Final = 0.97
"""A core is a little less busy than it could be only by chance."""
AGREEMENT: Final = 0.75
"""Share of the numbers read that must go with the timestamps; a server in need leaves some out."""
AGREEMENT_OF_RELAY: Final = 0.5
"""Its encoder makes other pictures of those that it gets."""
FIRST_TIMESTAMP: Final = 1_000_000


class Sender:
    """Plays the film over and over, and knows when each picture left."""

    def __init__(self, pictures: film.Film, send: SendPicture) -> None:
        self.sent_ns: list[int] = []
        self._film = pictures
        self._send = send
        self._about_to: asyncio.Event = asyncio.Event()

    async def run(self) -> None:
        began = time.monotonic()
        while True:
            ordinal = len(self.sent_ns)
            await asyncio.sleep(began + ordinal / film.FRAMES_PER_SECOND - time.monotonic())
            self._about_to.set()
            await asyncio.sleep(0)  # whoever counts does so between pictures
            self._about_to.clear()
            self.sent_ns.append(time.time_ns())
            timestamp = (FIRST_TIMESTAMP + ordinal * film.TICKS) & 0xFFFFFFFF
            self._send(timestamp, self._film[ordinal % len(self._film)])

    async def between_pictures(self) -> None:
        """Return just before a picture is sent."""
        await self._about_to.wait()


@dataclass(slots=True)
class Step:
    """What was measured at one number of viewers."""

    figures: dict[str, Any]
    captured: bytes


@dataclass(slots=True)
class Load:
    server: Server
    sieve: Sieve
    sender: Sender
    seconds: float
    connections: list[PeerConnection] = field(default_factory=list)
    samples: dict[int, PeerConnection] = field(default_factory=dict)
    """By descriptor: whose pictures are looked at in the end."""

    async def join(self, count: int) -> None:
        """Be ``count`` viewers.

        Raises:
            TimeoutError, SignallingRefused: the server does not take that many.
        """
        new = range(len(self.connections), count)
        sampled = {
            new[len(new) * (2 * one + 1) // (2 * SAMPLES_A_STEP)] for one in range(SAMPLES_A_STEP)
        }
        numbers = iter(new)

        async def some() -> None:
            for number in numbers:
                self._take_over(await self.server.join(), sampled=number in sampled)

        await asyncio.gather(*(some() for _ in range(JOINING_AT_ONCE)))

    def _take_over(self, connection: PeerConnection, *, sampled: bool) -> None:
        """Let the sieve read the viewer's socket instead of the event loop."""
        pair = transport_of(connection).transport._connection._nominated[1]  # noqa: SLF001  # as compat.SrtpOutlet does
        shared = pair.protocol.transport.get_extra_info("socket")
        loop: Any = asyncio.get_running_loop()
        loop._remove_reader(shared.fileno())  # noqa: SLF001  # asyncio lets nobody else do that
        self.connections.append(connection)
        if sampled:
            self.samples[shared.fileno()] = connection
        self.sieve.add(
            shared,
            lambda data: pair.protocol.datagram_received(data, pair.remote_addr),
            sampled=sampled,
        )

    async def measure(self) -> Step:
        """Count for some seconds, from one pause between pictures to another."""
        await asyncio.sleep(SETTLE_SECONDS)
        lost = self.sieve.lost
        self.sieve.capture()
        for one in self.samples.values():
            receiver: Any = one.getReceivers()[0]
            receiver.request_keyframe()  # the relay makes none by itself
        await self.sender.between_pictures()
        began, busy, own = time.monotonic(), _busy_seconds(self.server.pid), time.process_time()
        whole = _core_seconds(SERVER_CORE)
        counts, sent, overflown = self.sieve.counts(), len(self.sender.sent_ns), _overflown()
        await asyncio.sleep(self.seconds)
        await self.sender.between_pictures()
        after, pictures = self.sieve.counts(), len(self.sender.sent_ns) - sent
        wall = time.monotonic() - began
        busy, own = _busy_seconds(self.server.pid) - busy, time.process_time() - own
        whole = _core_seconds(SERVER_CORE) - whole
        await asyncio.sleep(0.2)  # what is on its way is of the sampled, too
        viewers = len(self.connections)
        due = viewers * pictures
        # one picture of each viewer may be on its way at the end
        arrived = min(due, after.pictures - counts.pictures + viewers)
        span = after.span - counts.span
        figures = {
            "viewers": viewers,
            "process": busy / wall,
            "core": whole / wall,
            "load core": own / wall,
            "viewers a core": viewers / (whole / wall),
            "packets": (after.packets - counts.packets) / span if span else 0.0,
            "pictures": arrived / due,
            "overflown": _overflown() - overflown,
            "memory KiB": _memory_kib(self.server.pid),
            "not passed on": self.sieve.lost - lost,
        }
        return Step(figures, self.sieve.captured())


def is_valid(figures: dict[str, Any]) -> bool:
    return figures["packets"] >= ENOUGH and figures["pictures"] >= ENOUGH


class LatencyReader:
    """Finds out which picture a datagram is of by what is burned into it, and how long it took."""

    def __init__(
        self, samples: dict[int, PeerConnection], sent_ns: list[int], agreement: float
    ) -> None:
        self._samples = samples
        self._agreement = agreement
        self._sent_ns = sent_ns
        self._sessions = {
            fd: transport_of(one)._rx_srtp  # noqa: SLF001  # aiortc has no other way to the keys
            for fd, one in samples.items()
        }

    def milliseconds(self, captured: bytes) -> list[float]:
        """Return how long each picture of each sampled viewer took, to its last packet."""
        by_viewer: dict[int, list[Arrival]] = collections.defaultdict(list)
        for one in arrivals(captured):
            by_viewer[one.fd].append(one)
        return [late for fd, some in by_viewer.items() for late in self._of_viewer(fd, some)]

    def _of_viewer(self, fd: int, datagrams: list[Arrival]) -> Iterable[float]:
        pictures: dict[int, list[bytes]] = {}
        done_ns: dict[int, int] = {}
        for one in datagrams:
            packet = RtpPacket.parse(self._sessions[fd].unprotect(one.datagram))
            pictures.setdefault(packet.timestamp, []).append(packet.payload)
            if packet.marker:
                done_ns[packet.timestamp] = one.at_ns
        complete = {stamp: pictures[stamp] for stamp in list(pictures)[1:] if stamp in done_ns}
        first_ns = self._first_sent(complete, done_ns)
        for timestamp, at_ns in done_ns.items():
            if timestamp not in complete:
                continue
            ordinal = first_ns[1] + round(_signed(timestamp - first_ns[0]) / film.TICKS)
            yield (at_ns - self._sent_ns[ordinal]) / 1e6

    def _first_sent(
        self, pictures: dict[int, list[bytes]], done_ns: dict[int, int]
    ) -> tuple[int, int]:
        """Return a timestamp and the ordinal of the picture that had it.

        Raises:
            ValueError: what is burned in does not go with the timestamps.
        """
        units: list[tuple[int, list[bytes]]] = []
        for timestamp, payloads in pictures.items():
            if units or begins_keyframe(payloads):
                try:
                    units.append((timestamp, depacketise(payloads)))
                except MalformedPayload:
                    continue
        votes = collections.Counter(
            self._ordinal(number, done_ns[timestamp])
            - round(_signed(timestamp - units[0][0]) / film.TICKS)
            for timestamp, number in film.numbers(units)
        )
        if not votes:
            raise ValueError("a viewer got no keyframe with all that follows it")
        (ordinal, count), total = votes.most_common(1)[0], votes.total()
        if count < self._agreement * total:
            raise ValueError(f"pictures and timestamps disagree: {votes}")
        return units[0][0], ordinal

    def _ordinal(self, number: int, done_ns: int) -> int:
        """Return which of the pictures with this number was the newest then."""
        newest = bisect.bisect_right(self._sent_ns, done_ns) - 1
        return newest - (newest - number) % film.PICTURES


def _signed(difference: int) -> int:
    return (difference + 0x80000000) % 0x100000000 - 0x80000000


def _busy_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _core_seconds(core: int) -> float:
    """Return how long the core was not idle, the kernel's work for the network included."""
    lines = Path("/proc/stat").read_text().splitlines()
    fields = next(line.split() for line in lines if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _iowait, irq, softirq = map(int, fields[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _memory_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _overflown() -> int:
    """Return how many datagrams found a full socket, on the whole machine."""
    names, values = [
        line.split()
        for line in Path("/proc/net/snmp").read_text().splitlines()
        if line.startswith("Udp:")
    ]
    return int(dict(zip(names, values, strict=True))["RcvbufErrors"])


async def run(name: str, steps: list[int], seconds: float) -> None:
    """Print what was measured at each step, up to the first that the server cannot keep up with."""
    pictures = film.make()
    done: list[Step] = []
    stopped = ""
    with tempfile.TemporaryDirectory() as folder:
        async with http_session() as http:
            server = SERVERS[name](http, Path(folder))
            sieve = Sieve()
            sieve.start()
            sending: asyncio.Task[None] | None = None
            try:
                await server.start()
                sender = Sender(pictures, await server.publish())
                sending = asyncio.create_task(sender.run())
                load = Load(server, sieve, sender, seconds)
                for count in steps:
                    try:
                        await load.join(count)
                    except (TimeoutError, SignallingRefused, CannotStart) as error:
                        stopped = f"{len(load.connections)} of {count} viewers joined: {error!r}"
                        break
                    done.append(await load.measure())
                    if sending.done():
                        sending.result()
                    if not is_valid(done[-1].figures) or done[-1].figures["core"] > FULL:
                        break
            finally:
                if sending is not None:
                    sending.cancel()
                sieve.stop()
                await server.stop()
            reader = LatencyReader(
                load.samples,
                sender.sent_ns,
                AGREEMENT_OF_RELAY if name == "relay" else AGREEMENT,
            )
            for step in done:
                try:
                    late = reader.milliseconds(step.captured)
                    cuts = statistics.quantiles(late, n=100)
                except (ValueError, statistics.StatisticsError) as error:
                    sys.stderr.write(f"latency at {step.figures['viewers']} viewers: {error}\n")
                    late, cuts = [], [float("nan")] * 99
                step.figures |= {
                    "p50 ms": cuts[49],
                    "p95 ms": cuts[94],
                    "pictures timed": len(late),
                }
                sys.stdout.write(
                    json.dumps(step.figures | {"kbit/s": film.kbit_per_second(pictures)}) + "\n"
                )
    if stopped:
        sys.stdout.write(json.dumps({"stopped": stopped}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # hundreds of connections to a server that is gone have nothing to say any more


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.sfu.load", description=__doc__)
    parser.add_argument("server", choices=SERVERS)
    parser.add_argument("viewers", type=int, nargs="+")
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    if SERVER_CORE == LOAD_CORE:
        sys.stderr.write("this takes two cores: one for the server, one for its viewers\n")
        return 1
    os.sched_setaffinity(0, {LOAD_CORE})
    try:
        asyncio.run(run(options.server, options.viewers, options.seconds))
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
