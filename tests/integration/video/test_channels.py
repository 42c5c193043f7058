"""Data channels whose peers do not keep to SCTP: what costs without end is dropped, what breaks the
association ends its own session, and nobody else notices.
"""

import asyncio
from typing import Any

import pytest
from aiortc.rtcsctptransport import DataChunk, HeartbeatChunk, SackChunk, serialize_packet

from baccarat.domain.video.marks import FrameMark
from media_sfu.compat import counters
from tests.support.video import until

MARK = FrameMark("bac-1", "round-1", 3, 14, "dealer-7", 1_700_000_000_000)


async def send(publication: Any, packet: bytes) -> None:
    await publication.connection.sctp.transport._send_data(packet)


def framed(publication: Any, chunk: Any) -> bytes:
    sctp = publication.connection.sctp
    ports = sctp._local_port, sctp._remote_port
    return serialize_packet(*ports, sctp._remote_verification_tag, chunk)


class EmptyParameter(HeartbeatChunk):
    """Says that its parameter has no bytes at all, not even those that say so."""

    body = b"\x00\x01\x00\x00"  # type: ignore[assignment]


def everything_acknowledged() -> SackChunk:
    chunk = SackChunk()
    chunk.gaps = [(1, 65_535)] * 200
    return chunk


@pytest.mark.parametrize("chunk", [EmptyParameter(), everything_acknowledged()])
def test_what_would_cost_without_end_is_dropped_and_the_channel_goes_on(
    stage: Any, chunk: Any
) -> None:
    async def run() -> None:
        async with stage() as one:
            camera = await one.publish()
            watcher = await one.watch()
            await until(lambda: camera.publication.send_mark(1, MARK))
            await until(lambda: watcher.texts)
            before = counters.malformed
            await send(camera.publication, framed(camera.publication, chunk))
            await until(lambda: counters.malformed == before + 1)
            assert camera.publication.send_mark(2, MARK)
            await until(lambda: len(watcher.texts) == 2)

    asyncio.run(run())


def test_what_breaks_the_association_ends_that_session_and_says_so(stage: Any) -> None:
    async def run() -> None:
        async with stage() as one:
            good = await one.publish("bac-2")
            watcher = await one.watch("bac-2")
            good.start()
            camera = await one.publish("bac-1")
            await until(lambda: camera.publication.send_mark(1, MARK))
            sctp = camera.publication.connection.sctp
            chunk = DataChunk(flags=3)
            chunk.tsn, chunk.stream_id, chunk.protocol = sctp._local_tsn, 1, 51
            chunk.stream_seq = sctp._outbound_stream_seq[1]
            chunk.user_data = b"no text \xff"
            await send(camera.publication, framed(camera.publication, chunk))
            await until(camera.publication.ended.is_set)
            await until(lambda: list(one.service.sfu.publishers) == ["bac-2"])
            seen = len(watcher.units)
            await until(lambda: len(watcher.units) >= seen + 3)
            assert watcher.gaps == []

    asyncio.run(run())
