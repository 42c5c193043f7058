"""The inner loop in C, used where it was built (``make accelerator``); the datagrams are the same.

The library is plain C, loaded by cffi: neither Python's nor libsrtp's headers are needed.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from cffi import FFI

from media_sfu.compat import SrtpOutlet, session_address, srtp_protect_address
from media_sfu.forwarding.fan_out import (
    MAX_BURST_BYTES,
    MAX_BURST_PACKETS,
    SRTP_TRAILER_BYTES,
    FanOut,
    Member,
    PythonFanOut,
    Tally,
    bursts,
    kernel_segments,
)

SOURCE: Final = Path(__file__).with_name("fan_out.c")
LIBRARY: Final = Path(__file__).with_name("fan_out.so")
FLAGS: Final = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
BUILD_SECONDS: Final = 60

_ffi: Final = FFI()
_ffi.cdef(
    """
    struct member {
        void *session;
        int32_t fd;
        uint32_t sequence_offset;
        uint32_t address_bytes;
        uint8_t address[28];
    };
    struct result {
        int64_t sent;
        int64_t dropped;
        int32_t cannot_segment;
    };
    void fan_out(void *protect, const struct member *members, int32_t member_count,
                 const uint8_t *packets, const int32_t *sizes, int32_t count,
                 int32_t segmenting, uint8_t *workspace, struct result *result);
    """
)
_IPV4: Final = struct.Struct("=H2s4s8x")
_IPV6: Final = struct.Struct("=H2s4x16s4x")


class AcceleratorMissing(RuntimeError):
    """The library is not built, or this machine has no compiler to build it."""


def build() -> Path:
    """Compile the loop and return the library.

    Raises:
        AcceleratorMissing: there is no C compiler, or it failed.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise AcceleratorMissing("no C compiler: install gcc or clang, or go without")
    made = LIBRARY.with_suffix(f".{os.getpid()}.new")  # two may build at once
    try:
        subprocess.run(  # noqa: S603  # the compiler found above, our own file
            [compiler, *FLAGS, "-o", str(made), str(SOURCE)],
            check=True,
            timeout=BUILD_SECONDS,
            capture_output=True,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        raise AcceleratorMissing(f"{compiler} failed: {error.stderr}") from error
    made.replace(LIBRARY)
    return LIBRARY


class AcceleratedFanOut:
    """The loop in C; see ``FanOut``."""

    def __init__(self, tally: Tally, *, segmenting: bool | None = None) -> None:
        """Raises: AcceleratorMissing: the library is not there or cannot be loaded."""
        try:
            self._library: Any = _ffi.dlopen(str(LIBRARY))
        except OSError as error:
            raise AcceleratorMissing(f"{LIBRARY.name} is not built: make accelerator") from error
        self.tally = tally
        self._segmenting = kernel_segments() if segmenting is None else segmenting
        self._protect = _ffi.cast("void *", srtp_protect_address)
        self._members: dict[SrtpOutlet, Member] = {}
        self._table: Any = None
        self._result = _ffi.new("struct result *")
        self._workspace = _ffi.new(
            "uint8_t[]", MAX_BURST_BYTES + MAX_BURST_PACKETS * SRTP_TRAILER_BYTES
        )

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: Member) -> None:
        self._members[member.outlet] = member
        self._table = None

    def remove(self, outlet: SrtpOutlet) -> None:
        self._members.pop(outlet, None)
        self._table = None

    def send(self, packets: Sequence[bytes]) -> None:
        if not self._members:
            return
        if self._table is None:
            self._table = self._new_table()
        for burst in bursts(packets):
            self._send(burst)

    def _send(self, packets: Sequence[bytes]) -> None:
        result = self._result
        result.sent = result.dropped = result.cannot_segment = 0
        self._library.fan_out(
            self._protect,
            self._table,
            len(self._members),
            _ffi.from_buffer(b"".join(packets)),
            _ffi.new("int32_t[]", [len(one) for one in packets]),
            len(packets),
            self._segmenting,
            self._workspace,
            result,
        )
        self.tally.add(result.sent, result.dropped)
        if result.cannot_segment:
            self._segmenting = False  # this network card cannot; from the next burst on

    def _new_table(self) -> Any:
        table = _ffi.new("struct member[]", len(self._members))
        for row, member in zip(table, self._members.values(), strict=True):
            address = _socket_address(member.outlet.address)
            row.session = _ffi.cast("void *", session_address(member.outlet.session))
            row.fd = member.outlet.socket.fileno()
            row.sequence_offset = member.sequence_offset
            row.address_bytes = len(address)
            _ffi.memmove(row.address, address, len(address))
        return table


def _socket_address(address: tuple[str, int]) -> bytes:
    host, port = address
    network_port = port.to_bytes(2, "big")
    if ":" in host:
        return _IPV6.pack(socket.AF_INET6, network_port, socket.inet_pton(socket.AF_INET6, host))
    return _IPV4.pack(socket.AF_INET, network_port, socket.inet_aton(host))


def fastest_fan_out() -> Callable[[Tally], FanOut]:
    """Return how to make the loop: in C where that was built, else in Python."""
    try:
        AcceleratedFanOut(Tally())
    except AcceleratorMissing:
        return PythonFanOut
    return AcceleratedFanOut
