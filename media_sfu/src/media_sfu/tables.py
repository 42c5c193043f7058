"""A table in this process: its publisher or upstream on one side, its viewers on the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from aiortc import RTCDataChannel

from baccarat.domain.errors import InvalidRequest
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.sei import encode_sei
from media_sfu.assembler import FrameAssembler
from media_sfu.forwarding.fan_out import FanOut, Tally
from media_sfu.forwarding.viewers import QUALITIES, Audience
from media_sfu.frames import Frame, Tap
from media_sfu.limits import TokenBucket
from media_sfu.marks import MOVE, MarkTrack, publisher_mark, viewer_mark, viewer_message
from media_sfu.packets import AccessUnit

_log = logging.getLogger(__name__)

MAX_BUFFERED_BYTES: Final = 16_384
"""Of marks for one viewer; one that takes none is left alone, and later gets the newest."""
MARKS_PER_SECOND: Final = 20
REPEAT_MARK_SECONDS: Final = 1.0

MarkFeed = Callable[[int], FrameMark | None]
"""What the table shows at a Unix time in ms, for publishers that send no marks."""


class Table:
    """Everything about one table. ``feed`` stamps frames whose publisher does not."""

    def __init__(
        self, name: str, *, make_fan_out: Callable[[Tally], FanOut], feed: MarkFeed | None = None
    ) -> None:
        self.name = name
        self.video_epoch = 0
        """0: there was no publisher yet."""
        self.taps: list[Tap] = []
        self.audience = Audience(make_fan_out=make_fan_out, want_keyframe=self._want_keyframe)
        self.feed = feed
        self.frames = 0
        self.frames_without_mark = 0
        self.marks_refused = 0
        self.marks_not_sent = 0
        self.receivers: dict[int, Any] = {}
        """Of the publisher or upstream, by quality: who is asked for keyframes."""
        self._stamps = True
        self._marks = MarkTrack()
        self._mark_bucket = TokenBucket(MARKS_PER_SECOND)
        self._assembler = FrameAssembler(0)
        self._channels: dict[RTCDataChannel, None] = {}
        self._told: tuple[FrameMark, float] | None = None
        self._is_moving = False

    def begin_epoch(self, video_epoch: int, *, stamps: bool) -> None:
        """A publisher takes the table over. ``stamps``: its frames get our SEI; frames of an
        upstream have it already.
        """
        self.video_epoch = video_epoch
        self._stamps = stamps
        self._marks = MarkTrack()
        self._told = None
        self._assembler = FrameAssembler(video_epoch)
        self.audience.new_epoch()

    def unit(self, quality: int, unit: AccessUnit) -> None:
        """A picture arrived whole: stamp it, keep it, send it on."""
        mark = self._mark_of(unit)
        sei = self._sei(mark)
        self.frames += 1
        self.frames_without_mark += mark is None
        if quality == 0 and self.taps:
            self._tap(self._assembler.frame(unit, sei, mark))
        self.audience.unit(quality, unit, sei)

    def gap(self, quality: int, reason: str) -> None:
        """Pictures of this quality are missing before the next one."""
        if quality == 0 and self.video_epoch:
            self._tap(self._assembler.gap(reason))

    def publisher_left(self, reason: str) -> None:
        """No picture of this epoch comes any more."""
        if self.video_epoch:
            self._tap(self._assembler.gap(reason, is_end=True))

    def publisher_says(self, text: str) -> None:
        """A message of the publisher's channel; a wrong or a hurried one is counted, no more."""
        if not self._mark_bucket.take():
            self.marks_refused += 1
            return
        try:
            rtp_timestamp, mark = publisher_mark(text)
        except InvalidRequest as error:
            self._refuse_mark(error)
            return
        if self._marks.add(rtp_timestamp, mark):
            self._tell(viewer_message(self.video_epoch, rtp_timestamp, mark))

    def upstream_says(self, text: str) -> bool:
        """A message of the upstream's channel; returns whether it asks to move."""
        if text == MOVE:
            return True
        try:
            video_epoch, rtp_timestamp, mark = viewer_mark(text)
        except InvalidRequest as error:
            self._refuse_mark(error)
            return False
        if video_epoch != self.video_epoch:
            self.gap(0, "the publisher was replaced")
            self.begin_epoch(video_epoch, stamps=False)
        if self._marks.add(rtp_timestamp, mark):
            self._tell(text)
        return False

    def add_channel(self, channel: RTCDataChannel) -> None:
        """A viewer's channel for marks; what is shown goes out when it opens."""
        self._channels[channel] = None

        def opened() -> None:
            for since, mark in self._marks.recent:
                self._send(channel, viewer_message(self.video_epoch, since, mark))
            if self._is_moving:
                self._send(channel, MOVE)

        channel.on("open", opened)

    def remove_channel(self, channel: RTCDataChannel) -> None:
        self._channels.pop(channel, None)

    def ask_to_move(self) -> None:
        """Tell every viewer, also those that are just coming, to make a new session elsewhere."""
        self._is_moving = True
        self._tell(MOVE)

    def _mark_of(self, unit: AccessUnit) -> FrameMark | None:
        mark = self._marks.at(unit.rtp_timestamp)
        if mark is not None or self.feed is None or not self._stamps:
            return mark
        mark = self.feed(unit.received_ms)
        if mark is not None:
            self._tell_of_feed(unit.rtp_timestamp, mark)
        return mark

    def _tell_of_feed(self, rtp_timestamp: int, mark: FrameMark) -> None:
        now = time.monotonic()
        if self._told is not None:
            before, at = self._told
            if replace(before, at_ms=mark.at_ms) == mark and now - at < REPEAT_MARK_SECONDS:
                return
        self._told = (mark, now)
        self._tell(viewer_message(self.video_epoch, rtp_timestamp, mark))

    def _sei(self, mark: FrameMark | None) -> bytes | None:
        if mark is None or not self._stamps:
            return None
        try:
            return encode_sei(mark)
        except InvalidRequest as error:
            self._refuse_mark(error)
            return None

    def _refuse_mark(self, error: InvalidRequest) -> None:
        self.marks_refused += 1
        if self.marks_refused == 1:
            _log.warning("table %s: a mark was refused: %s", self.name, error.message)

    def _tap(self, one: Any) -> None:
        for tap in self.taps:
            try:
                if isinstance(one, Frame):
                    tap.frame(one)
                else:
                    tap.gap(one)
            except Exception:  # noqa: BLE001  # whoever keeps pictures must not stop those who watch
                _log.exception("table %s: a tap failed", self.name)

    def _tell(self, text: str) -> None:
        for channel in self._channels:
            self._send(channel, text)

    def _send(self, channel: RTCDataChannel, text: str) -> None:
        if channel.readyState == "open" and channel.bufferedAmount <= MAX_BUFFERED_BYTES:
            channel.send(text)
        else:
            self.marks_not_sent += 1

    def _want_keyframe(self, quality: int) -> None:
        receiver = self.receivers.get(quality)
        if receiver is not None:
            receiver.keyframes.want()


class QualitySink:
    """Implements ``ingest.UnitSink`` for one quality of a table."""

    def __init__(self, table: Table, quality: int) -> None:
        if not 0 <= quality < QUALITIES:
            raise ValueError(f"a table has at most {QUALITIES} qualities")
        self._table = table
        self._quality = quality

    def unit(self, unit: AccessUnit) -> None:
        self._table.unit(self._quality, unit)

    def gap(self, reason: str) -> None:
        self._table.gap(self._quality, reason)
