"""What the frames of a table show, by RTP timestamp, and the messages that say so."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace
from typing import Final

from baccarat.domain.canonical import Json
from baccarat.domain.errors import InvalidRequest
from baccarat.domain.video.marks import FrameMark

MARKS_KEPT: Final = 64
MAX_MESSAGE_BYTES: Final = 2048
RTP_CLOCK_PER_MS: Final = 90
_RECENT_TICKS: Final = 90_000
_WRAP: Final = 0xFFFFFFFF
MOVE: Final = '{"move":true}'
"""To viewers and publishers of an SFU that is about to leave: make a new session elsewhere."""


def newer(one: int, other: int) -> bool:
    """Whether an RTP timestamp or 32-bit count comes after another, over its wrap."""
    return 0 < ((one - other) & _WRAP) < 0x80000000


class MarkTrack:
    """The newest marks of one epoch, in the order of their timestamps."""

    def __init__(self) -> None:
        self._marks: deque[tuple[int, FrameMark]] = deque(maxlen=MARKS_KEPT)

    @property
    def newest(self) -> tuple[int, FrameMark] | None:
        return self._marks[-1] if self._marks else None

    @property
    def recent(self) -> list[tuple[int, FrameMark]]:
        """What frames of the last second show, oldest first: for who gets some of them late."""
        found: list[tuple[int, FrameMark]] = []
        for since, mark in reversed(self._marks):
            found.append((since, mark))
            if not newer(since, (self._marks[-1][0] - _RECENT_TICKS) & _WRAP):
                break
        return found[::-1]

    def add(self, rtp_timestamp: int, mark: FrameMark) -> bool:
        """Frames from ``rtp_timestamp`` on show ``mark``; False: a newer mark is known."""
        if self._marks and not newer(rtp_timestamp, self._marks[-1][0]):
            return False
        self._marks.append((rtp_timestamp, mark))
        return True

    def at(self, rtp_timestamp: int) -> FrameMark | None:
        """Return what the frame shows, its time advanced by the RTP clock; None: not known."""
        for since, mark in reversed(self._marks):
            if not newer(since, rtp_timestamp):
                passed_ms = ((rtp_timestamp - since) & _WRAP) // RTP_CLOCK_PER_MS
                return replace(mark, at_ms=mark.at_ms + passed_ms)
        return None


def publisher_mark(text: str) -> tuple[int, FrameMark]:
    """Read ``{"rtpTimestamp", "mark"}``.

    Raises:
        InvalidRequest: the message is something else.
    """
    message = _object(text, {"rtpTimestamp", "mark"})
    return _count(message["rtpTimestamp"], _WRAP), _mark(message["mark"])


def viewer_mark(text: str) -> tuple[int, int, FrameMark]:
    """Read ``{"videoEpoch", "rtpTimestamp", "mark"}``.

    Raises:
        InvalidRequest: the message is something else.
    """
    message = _object(text, {"videoEpoch", "rtpTimestamp", "mark"})
    return (
        _count(message["videoEpoch"], 1 << 53),
        _count(message["rtpTimestamp"], _WRAP),
        _mark(message["mark"]),
    )


def viewer_message(video_epoch: int, rtp_timestamp: int, mark: FrameMark) -> str:
    return json.dumps(
        {"videoEpoch": video_epoch, "rtpTimestamp": rtp_timestamp, "mark": mark.to_json()},
        separators=(",", ":"),
    )


def _object(text: str, names: set[str]) -> dict[str, Json]:
    if len(text) > MAX_MESSAGE_BYTES:
        raise InvalidRequest(f"a message about marks has at most {MAX_MESSAGE_BYTES} characters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("a message about marks is JSON, of few levels") from error
    if not isinstance(message, dict) or message.keys() != names:
        raise InvalidRequest(f"a message about marks is an object of {', '.join(sorted(names))}")
    return message


def _mark(value: Json) -> FrameMark:
    """Return a mark that every frame can be stamped with."""
    mark = FrameMark.from_json(value)
    mark.canonical()
    return mark


def _count(value: Json, largest: int) -> int:
    if type(value) is not int or not 0 <= value <= largest:
        raise InvalidRequest(f"a number between 0 and {largest} is wanted, not {str(value)[:40]!r}")
    return value
