"""The receiving end of one quality: packets in, whole pictures out, in order."""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol

from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtp import RtpPacket

from media_sfu.compat import MediaReceiver
from media_sfu.keyframes import KeyframeRequests
from media_sfu.packets import AccessUnit, AccessUnits, Lost, MediaPacket, PacketOrder

LOOK_AFTER_SECONDS: Final = 0.01


class UnitSink(Protocol):
    """Takes what a receiver has put together; called in the event loop, must not block."""

    def unit(self, unit: AccessUnit) -> None: ...

    def gap(self, reason: str) -> None: ...


class _Nobody:
    def unit(self, unit: AccessUnit) -> None:
        """Nobody is there yet."""

    def gap(self, reason: str) -> None:
        """Nobody is there yet."""


class IngestReceiver(MediaReceiver):
    """Gives ``sink`` every picture that can be decoded, and a gap where some cannot."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self.sink: UnitSink = _Nobody()
        self.order = PacketOrder()
        self.keyframes = KeyframeRequests(self.request_keyframe)
        self.units_left_out = 0
        self.has_started = asyncio.Event()
        self._units = AccessUnits()
        self._needs_keyframe = True
        self._timer: asyncio.TimerHandle | None = None

    def forget_sink(self) -> None:
        """What still comes is nobody's any more."""
        self.sink = _Nobody()
        self.keyframes.close()

    def on_started(self) -> None:
        self.has_started.set()

    def on_stopped(self) -> None:
        self.keyframes.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def on_packet(self, sequence: int, packet: RtpPacket) -> None:
        media = MediaPacket(sequence, packet.timestamp, bool(packet.marker), packet.payload)
        self._take(self.order.push(media, _now_ms()))
        if self.order.is_waiting and self._timer is None:
            self._look_after_missing()

    def _look_after_missing(self) -> None:
        self._timer = None
        ready, ask = self.order.due(_now_ms())
        self._take(ready)
        if ask:
            self.request_packets(ask)
        if self.order.is_waiting:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(LOOK_AFTER_SECONDS, self._look_after_missing)

    def _take(self, ordered: list[MediaPacket | Lost]) -> None:
        for one in ordered:
            if isinstance(one, Lost):
                self._units.lost()
                self._broken("packets were lost")
            else:
                for unit in self._units.push(one, time.time_ns() // 1_000_000):
                    self._deliver(unit)

    def _broken(self, reason: str) -> None:
        if not self._needs_keyframe:
            self._needs_keyframe = True
            self.sink.gap(reason)
        self.keyframes.want()

    def _deliver(self, unit: AccessUnit) -> None:
        if unit.keyframe:
            self._needs_keyframe = False
            self.keyframes.arrived()
        elif self._needs_keyframe:
            if self.units_left_out == 0:
                self.keyframes.want()  # joined in the middle of a group of pictures
            self.units_left_out += 1
            return
        self.sink.unit(unit)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
