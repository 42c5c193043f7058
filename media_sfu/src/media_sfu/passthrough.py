"""Publishing frames that are encoded already, under RTP timestamps of the caller's choice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from aiortc.rtcdtlstransport import RTCDtlsTransport

from media_sfu.compat import MediaSender
from media_sfu.h264 import packetise
from media_sfu.limits import TokenBucket
from media_sfu.rtp import random_sequence, sender_report, serialise, serialise_again

HISTORY_PACKETS: Final = 1024
MAX_RESENT_PER_SECOND: Final = 2000
REPORT_SECONDS: Final = 1.0


class PassthroughSender(MediaSender):
    """Sends access units as they come and answers for the packets of the last seconds.

    ``keyframe_wanted`` is called when the receiver asks for a keyframe; the caller sets it, and it
    must not block.
    """

    def __init__(self, track_or_kind: Any, transport: RTCDtlsTransport) -> None:
        super().__init__(track_or_kind, transport)
        self.keyframe_wanted: Callable[[], None] = lambda: None
        self.packets_sent = 0
        self.octets_sent = 0
        self.packets_resent = 0
        self._sequence = random_sequence()
        self._rtx_sequence = random_sequence()
        self._history: dict[int, tuple[int, int, bool, bytes]] = {}
        self._resending = TokenBucket(MAX_RESENT_PER_SECOND)
        self._reported_at = 0.0

    def send_frame(self, rtp_timestamp: int, nals: Sequence[bytes]) -> bool:
        """Send one access unit, its NAL units without start codes.

        Returns False, and sends nothing, while the connection is not up. A keyframe's units begin
        with its parameter sets.
        """
        if self.wire is None or self.outlet is None:
            return False
        timestamp = rtp_timestamp & 0xFFFFFFFF
        payloads = packetise(nals)
        now = time.time()
        for index, payload in enumerate(payloads):
            marker = index == len(payloads) - 1
            self._history[self._sequence % HISTORY_PACKETS] = (
                self._sequence,
                timestamp,
                marker,
                payload,
            )
            packet = serialise(
                self.wire,
                sequence=self._sequence,
                timestamp=timestamp,
                marker=marker,
                payload=payload,
                now=now,
            )
            self.outlet.send_rtp(packet)
            self._sequence = (self._sequence + 1) & 0xFFFF
            self.packets_sent += 1
            self.octets_sent += len(payload)
        if now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            report = sender_report(
                self.wire.ssrc,
                now=now,
                rtp_timestamp=timestamp,
                packets=self.packets_sent,
                octets=self.octets_sent,
                cname=self._stream_id,
            )
            self.outlet.send_rtcp(report)
        return True

    def on_nack(self, sequences: list[int]) -> None:
        if self.wire is None or self.outlet is None:
            return
        for wanted in sequences:
            sequence, timestamp, marker, payload = self._history.get(
                wanted % HISTORY_PACKETS, (-1, 0, False, b"")
            )
            if sequence == wanted and self._resending.take():
                packet = serialise_again(
                    self.wire,
                    original_sequence=sequence,
                    rtx_sequence=self._rtx_sequence,
                    timestamp=timestamp,
                    marker=marker,
                    payload=payload,
                    now=time.time(),
                )
                self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
                self.outlet.send_rtp(packet)
                self.packets_resent += 1

    def on_keyframe_wanted(self) -> None:
        self.keyframe_wanted()
