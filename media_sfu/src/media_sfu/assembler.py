"""Whole pictures for whoever keeps them: NAL units out of packets, and honest gaps."""

from __future__ import annotations

from baccarat.domain.video.marks import FrameMark
from media_sfu.frames import Frame, Gap
from media_sfu.h264 import MalformedPayload, depacketise
from media_sfu.packets import AccessUnit


class FrameAssembler:
    """One epoch of one table; to be given its pictures in their order."""

    def __init__(self, video_epoch: int) -> None:
        self._video_epoch = video_epoch
        self._last_timestamp: int | None = None
        self._is_broken = False

    def frame(self, unit: AccessUnit, sei: bytes | None, mark: FrameMark | None) -> Frame | Gap:
        """Return the picture, ``sei`` first where it was stamped; a gap when its packets are no
        H.264, and then for every picture up to the next keyframe.
        """
        if self._is_broken and not unit.keyframe:
            return self.gap("pictures without the one that they build on")
        try:
            nals = depacketise(unit.payloads)
        except MalformedPayload as error:
            self._is_broken = True
            return self.gap(f"malformed packets: {error}")
        self._is_broken = False
        self._last_timestamp = unit.rtp_timestamp
        return Frame(
            video_epoch=self._video_epoch,
            rtp_timestamp=unit.rtp_timestamp,
            received_ms=unit.received_ms,
            keyframe=unit.keyframe,
            nals=(sei, *nals) if sei is not None else tuple(nals),
            mark=mark,
        )

    def gap(self, reason: str, *, is_end: bool = False) -> Gap:
        return Gap(self._video_epoch, self._last_timestamp, reason, is_end)
