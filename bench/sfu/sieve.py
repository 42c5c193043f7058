"""The viewers' sockets, read by a loop in C: one in Python is busy before the SFU is."""

from __future__ import annotations

import asyncio
import select
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cffi import FFI

SOURCE: Final = Path(__file__).with_name("sieve.c")
FLAGS: Final = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
CAPTURE_BYTES: Final = 64 << 20
MAX_FD: Final = 8192
_SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h; not in Python's socket module
_HEAD_BYTES: Final = 16
_PASSED_ON_AT_ONCE: Final = 64

_ffi: Final = FFI()
_ffi.cdef(
    """
    struct line {
        int64_t packets;
        int64_t pictures;
        int64_t span;
        uint32_t ssrc;
        uint16_t newest;
        uint16_t sampled;
    };
    struct sieve {
        int32_t ready;
        int32_t others;
        volatile int32_t stopped;
        volatile int32_t capturing;
        volatile int64_t captured;
        int64_t capacity;
        int64_t lost;
        uint8_t *capture;
        struct line lines[8192];
    };
    void sieve_run(struct sieve *sieve);
    """
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of all viewers since they joined."""

    packets: int
    span: int
    """Packets that were sent, by their numbers."""
    pictures: int


@dataclass(frozen=True, slots=True)
class Arrival:
    fd: int
    at_ns: int
    datagram: bytes


class Sieve:
    """Reads sockets that were given to it in a thread of its own."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "sieve.so"
            subprocess.run(["cc", *FLAGS, "-o", str(library), str(SOURCE)], check=True)
            self._library: Any = _ffi.dlopen(str(library))
        self._capture = _ffi.new("uint8_t[]", CAPTURE_BYTES)
        self._sieve = _ffi.new("struct sieve *")
        self._epoll = select.epoll()
        self._here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._there = there
        for one in (self._here, there):
            one.setblocking(False)  # noqa: FBT003  # the socket's own signature
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        self._sieve.ready = self._epoll.fileno()
        self._sieve.others = there.fileno()
        self._sieve.capture = self._capture
        self._sieve.capacity = CAPTURE_BYTES
        self._handlers: dict[int, Callable[[bytes], None]] = {}
        self._thread = threading.Thread(target=self._library.sieve_run, args=(self._sieve,))

    @property
    def lost(self) -> int:
        """Datagrams that had to go on to a viewer, or to be kept, and could not."""
        return int(self._sieve.lost)

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._here, self._pass_on)
        self._thread.start()

    def stop(self) -> None:
        self._sieve.stopped = 1
        self._thread.join()

    def add(self, one: socket.socket, handler: Callable[[bytes], None], *, sampled: bool) -> None:
        """Read this socket from now on; ``handler`` gets what is not media."""
        fd = one.fileno()
        if fd >= MAX_FD:
            raise ValueError(f"descriptor {fd} is too high for the sieve")
        if sampled:
            one.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._sieve.lines[fd].sampled = sampled
        self._handlers[fd] = handler
        self._epoll.register(fd, select.EPOLLIN)

    def packets_of(self, fd: int) -> int:
        return int(self._sieve.lines[fd].packets)

    def counts(self) -> Counts:
        lines = [self._sieve.lines[fd] for fd in self._handlers]
        return Counts(
            sum(one.packets for one in lines),
            sum(one.span for one in lines),
            sum(one.pictures for one in lines),
        )

    def capture(self) -> None:
        """Keep what sampled viewers get, until ``captured``."""
        self._sieve.captured = 0
        self._sieve.capturing = 1

    def captured(self) -> bytes:
        """Return what was kept, for ``arrivals``."""
        self._sieve.capturing = 0
        return bytes(_ffi.buffer(self._capture, self._sieve.captured))

    def _pass_on(self) -> None:
        for _ in range(_PASSED_ON_AT_ONCE):
            try:
                message = self._here.recv(4096)
            except BlockingIOError:
                return
            self._handlers[int.from_bytes(message[:4], "little")](message[4:])


def arrivals(captured: bytes) -> Iterator[Arrival]:
    at = 0
    while at < len(captured):
        at_ns = int.from_bytes(captured[at : at + 8], "little")
        fd = int.from_bytes(captured[at + 8 : at + 12], "little")
        size = int.from_bytes(captured[at + 12 : at + 16], "little")
        at += _HEAD_BYTES
        yield Arrival(fd, at_ns, captured[at : at + size])
        at += size
