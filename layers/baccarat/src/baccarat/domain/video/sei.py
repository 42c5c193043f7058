"""A mark as an H.264 SEI message "user data unregistered" (ITU-T H.264, 7.3.2.3 and D.1.7)."""

from __future__ import annotations

import json
from typing import Final

from baccarat.domain.errors import InvalidRequest
from baccarat.domain.video.marks import MAX_MARK_BYTES, FrameMark

MARK_UUID: Final = bytes.fromhex("6c697665624d41528b1d0f2e7a5c4d93")
"""uuid_iso_iec_11578 of our messages; other SEI messages in a stream are left alone."""

NAL_SEI: Final = 6
_NAL_HEADER: Final = 0x06  # nal_ref_idc 0: nobody's reference
_USER_DATA_UNREGISTERED: Final = 5
_STOP_BIT: Final = 0x80
_MAX_NAL_BYTES: Final = 2 * (MAX_MARK_BYTES + 64)


def encode_sei(mark: FrameMark) -> bytes:
    """Return the NAL unit, without start code, that carries the mark.

    Raises:
        InvalidRequest: the mark is too long.
    """
    payload = MARK_UUID + mark.canonical()
    size = b"\xff" * (len(payload) // 255) + bytes([len(payload) % 255])
    body = bytes([_USER_DATA_UNREGISTERED]) + size + payload + bytes([_STOP_BIT])
    return bytes([_NAL_HEADER]) + _with_emulation_prevention(body)


def decode_sei(nal: bytes) -> FrameMark | None:
    """Return the mark in a NAL unit, or None when the unit is no SEI or has none of ours.

    Raises:
        InvalidRequest: a message with our UUID does not hold a mark.
    """
    if not nal or nal[0] & 0x1F != NAL_SEI or len(nal) > _MAX_NAL_BYTES:
        return None
    body = nal[1:].replace(b"\x00\x00\x03", b"\x00\x00")
    at = 0
    while at + 2 <= len(body) and body[at:] != bytes([_STOP_BIT]):
        kind, at = _variable_length(body, at)
        size, at = _variable_length(body, at)
        payload = body[at : at + size]
        at += size
        if kind == _USER_DATA_UNREGISTERED and payload[:16] == MARK_UUID:
            try:
                return FrameMark.from_json(json.loads(payload[16:]))
            except ValueError as error:
                raise InvalidRequest("a frame's mark is not JSON") from error
    return None


def _variable_length(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(body) and body[at] == 0xFF:
        value += 255
        at += 1
    if at < len(body):
        value += body[at]
    return value, at + 1


def _with_emulation_prevention(body: bytes) -> bytes:
    out = bytearray()
    zeros = 0
    for byte in body:
        if zeros == 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)
