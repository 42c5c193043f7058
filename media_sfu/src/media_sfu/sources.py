"""Where pictures come from: a camera, an RTSP address, a file, or whoever draws them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import av
from av.bitstream import BitStreamFilterContext

from baccarat.domain.errors import BaccaratError
from media_sfu.encoder import split_nals
from media_sfu.h264 import NAL_IDR, NAL_SPS

OPEN_SECONDS: Final = 10
READ_SECONDS: Final = 10
MAX_LAG_MS: Final = 300
"""A live picture that is later than this behind the quickest is passed over."""
_FORGET_MS: Final = 0.1
"""By picture: how quickly the quickest is forgotten, so that two clocks may drift apart."""

_NAL_TYPE: Final = 0x1F

_log = logging.getLogger(__name__)


class SourceLost(BaccaratError):
    """The camera, address or file gives no pictures; it may come back."""

    code = "SOURCE_LOST"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture taken at ``at_ms`` of the asker's clock."""

    at_ms: int
    frame: av.VideoFrame


@dataclass(frozen=True, slots=True)
class Coded:
    """A picture that the source has coded itself, as constrained baseline."""

    at_ms: int
    nals: tuple[bytes, ...]


Shot: TypeAlias = Picture | Coded


class Source(Protocol):
    """Gives pictures at their own pace, their times rising; a new iterator starts anew."""

    @property
    def frames_per_second(self) -> int: ...

    def shots(self, now_ms: Callable[[], int]) -> AsyncGenerator[Shot, None]:
        """Raises: SourceLost: there are none, or no more."""
        ...


class MediaSource:
    """A camera (``/dev/video0``), an ``rtsp://`` address, or a file, which is played in a loop.

    With ``untouched``, H.264 that is constrained baseline already is not coded again; its keyframes
    come when the source sends them.
    """

    def __init__(self, address: str, frames_per_second: int, *, untouched: bool) -> None:
        self.frames_per_second = frames_per_second
        self._address = address
        self._untouched = untouched
        self._is_file = "://" not in address and not address.startswith("/dev/")

    async def shots(self, now_ms: Callable[[], int]) -> AsyncGenerator[Shot, None]:
        reader = await asyncio.to_thread(self._open)
        try:
            pace = _FilePace(now_ms) if self._is_file else _LivePace(now_ms)
            last_ms = 0
            while True:
                found = await asyncio.to_thread(reader.read)
                at_ms, is_late = await pace.time_of(found.source_ms)
                last_ms = max(at_ms, last_ms + 1)
                if isinstance(found.content, tuple):
                    # The pictures after it need it, late or not.
                    yield Coded(last_ms, found.content)
                elif not is_late:
                    yield Picture(last_ms, found.content)
        finally:
            await asyncio.to_thread(reader.close)

    def _open(self) -> _Reader:
        options: dict[str, str] = {}
        kind = None
        if self._address.startswith("/dev/"):
            kind, options = "v4l2", {"framerate": str(self.frames_per_second)}
        elif self._address.startswith("rtsp"):
            options = {"rtsp_transport": "tcp"}
        try:
            container = av.open(
                self._address, format=kind, options=options, timeout=(OPEN_SECONDS, READ_SECONDS)
            )
        except (av.FFmpegError, OSError) as error:
            raise SourceLost(f"{self._address} cannot be opened: {error}") from error
        if not container.streams.video:
            container.close()
            raise SourceLost(f"{self._address} has no video")
        return _Reader(self._address, container, untouched=self._untouched, loop=self._is_file)


@dataclass(frozen=True, slots=True)
class _Read:
    source_ms: float
    content: av.VideoFrame | tuple[bytes, ...]


class _Reader:
    """Reads a container in whatever thread asks, one picture a call."""

    def __init__(self, name: str, container: Any, *, untouched: bool, loop: bool) -> None:
        self._name = name
        self._container = container
        self._stream = container.streams.video[0]
        self._loop = loop
        profile = (self._stream.codec_context.profile or "").lower()
        self._coded = untouched and profile == "constrained baseline"
        if untouched and not self._coded:
            _log.warning(
                "%s is %s %s, not constrained baseline: it is coded anew",
                *(name, self._stream.codec_context.name, profile or "without a profile"),
            )
        self._passed = 0.0
        self._last_ms = 0.0
        self._content = self._contents()
        # Whoever closes does not wait for the thread that reads.
        self._lock = threading.Lock()

    def read(self) -> _Read:
        """Return the next picture. Raises: SourceLost: there is none."""
        with self._lock:
            return self._read()

    def _read(self) -> _Read:
        for start in (False, True):
            if start:
                self._rewind()
            try:
                found = next(self._content, None)
            except (av.FFmpegError, OSError) as error:
                raise SourceLost(f"{self._name} stopped: {error}") from error
            if found is not None:
                self._last_ms = self._passed + found.source_ms
                return _Read(self._last_ms, found.content)
        raise SourceLost(f"{self._name} has no pictures")

    def close(self) -> None:
        with self._lock:
            self._container.close()

    def _rewind(self) -> None:
        if not self._loop:
            raise SourceLost(f"{self._name} has ended")
        rate = self._stream.average_rate or 25
        self._passed = self._last_ms + 1000 / float(rate)
        self._container.seek(0)
        self._content = self._contents()

    def _contents(self) -> Iterator[_Read]:
        return self._coded_contents() if self._coded else self._decoded_contents()

    def _decoded_contents(self) -> Iterator[_Read]:
        for frame in self._container.decode(self._stream):
            yield _Read((frame.time or 0) * 1000, frame)

    def _coded_contents(self) -> Iterator[_Read]:
        in_band = BitStreamFilterContext("h264_mp4toannexb", self._stream)
        pts = 0
        for packet in self._container.demux(self._stream):
            for out in in_band.filter(packet):
                # The first picture of an RTSP address, a keyframe, comes without a time.
                pts = pts if out.pts is None else out.pts
                nals = self._with_parameter_sets(split_nals(bytes(out)))
                if nals:
                    yield _Read(float(pts * self._stream.time_base * 1000), nals)

    def _with_parameter_sets(self, nals: list[bytes]) -> tuple[bytes, ...]:
        """A camera may tell them once for all; a viewer needs them with each keyframe."""
        kinds = {nal[0] & _NAL_TYPE for nal in nals}
        if NAL_IDR in kinds and NAL_SPS not in kinds:
            nals = [*split_nals(self._stream.codec_context.extradata or b""), *nals]
        return tuple(nals)


class _FilePace:
    """A file's pictures come as far apart as they were taken."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._start_ms: float | None = None

    async def time_of(self, source_ms: float) -> tuple[int, bool]:
        now_ms = self._now_ms()
        if self._start_ms is None or now_ms - self._start_ms - source_ms > MAX_LAG_MS:
            self._start_ms = now_ms - source_ms
        due_ms = self._start_ms + source_ms
        await asyncio.sleep(max(0.0, due_ms - now_ms) / 1000)
        return int(due_ms), False


class _LivePace:
    """A camera's pictures are taken when they come; those that waited somewhere are left out."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._quickest_ms: float | None = None

    async def time_of(self, source_ms: float) -> tuple[int, bool]:
        now_ms = self._now_ms()
        behind = now_ms - source_ms
        if self._quickest_ms is None or behind < self._quickest_ms:
            self._quickest_ms = behind
        self._quickest_ms += _FORGET_MS
        return now_ms, behind - self._quickest_ms > MAX_LAG_MS
