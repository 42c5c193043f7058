"""The machine-readable strip at the bottom of a picture: a mark as black and white blocks.

It survives what SEI messages and timestamps do not: re-encoding, scaling, filming a screen. Two
rows of 80 square blocks span the picture's whole width and end at its last line, so a reader finds
them from the width alone. ``docs/formats/video.md`` specifies it for strangers;
``web/js/video/strip.js`` reads the same.

    row 0   white black | 76 bits | black white
    row 1   black white | 76 bits | white black

A white block is a 1. The 152 bits, most significant first, are version (4), round number (30),
log epoch (20), log seq (24), Unix milliseconds (42), names (16), and CRC-16 of all before (16).
Names do not fit: the strip has CRC-16 of ``tableId`` + "/" + ``dealerId``, which tells one table
and dealer from another when both are known, and does not spell them. Of epoch and seq it has the
low bits.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

from baccarat.domain.errors import InvalidRequest
from baccarat.domain.video.marks import FrameMark

STRIP_VERSION: Final = 1
COLUMNS: Final = 80
ROWS: Final = 2
MIN_WIDTH: Final = 2 * COLUMNS
"""Of a picture, in samples; with less than two a block cannot be told from its neighbours."""

Blocks: TypeAlias = tuple[tuple[bool, ...], ...]

_SYNC: Final = 2
_STARTS: Final = ((True, False), (False, True))
_ENDS: Final = ((False, True), (True, False))
_WIDTHS: Final = (4, 30, 20, 24, 42, 16, 16)
_CRC_START: Final = 0xFFFF
_BODY_BYTES: Final = 17
_MIN_CONTRAST: Final = 48
_PROBES: Final = (0.3, 0.5, 0.7)
"""Where in a block it is looked at, in both directions: away from edges that coding smears."""


@dataclass(frozen=True, slots=True)
class Strip:
    """What a strip says. ``round_no`` is 0 between rounds; ``log_epoch`` and ``log_seq`` are the
    low 20 and 24 bits of the mark's; ``names`` is ``names_crc`` of its table and dealer.
    """

    round_no: int
    log_epoch: int
    log_seq: int
    at_ms: int
    names: int

    @classmethod
    def of(cls, mark: FrameMark) -> Self:
        """Return the strip of a frame with that mark.

        Raises:
            InvalidRequest: the round or the time has no place in a strip.
        """
        number = mark.round_id.rpartition(".")[2] or "0"
        if not (number.isascii() and number.isdigit()) or int(number) >= 1 << 30:
            raise InvalidRequest(
                f"a strip needs a round id that ends in a number below 2^30, not {mark.round_id!r}"
            )
        if mark.at_ms >= 1 << 42:
            raise InvalidRequest(f"a strip's time is below 2^42 ms, not {mark.at_ms}")
        return cls(
            int(number),
            mark.log_epoch % (1 << 20),
            mark.log_seq % (1 << 24),
            mark.at_ms,
            names_crc(mark.table_id, mark.dealer_id),
        )

    def agrees(self, mark: FrameMark) -> bool:
        """Return whether strip and mark name the same round, place in the log, table and dealer.

        The times are for the caller to compare: clocks and rounding may differ by milliseconds.
        """
        expected = Strip.of(mark)
        return (self.round_no, self.log_epoch, self.log_seq, self.names) == (
            expected.round_no,
            expected.log_epoch,
            expected.log_seq,
            expected.names,
        )

    def blocks(self) -> Blocks:
        """Return the rows of blocks, top first, each from the left; True is white."""
        body = 0
        values = (
            *(STRIP_VERSION, self.round_no, self.log_epoch),
            *(self.log_seq, self.at_ms, self.names),
        )
        for value, width in zip(values, _WIDTHS[:-1], strict=True):
            assert 0 <= value < 1 << width
            body = body << width | value
        encoded = body.to_bytes(_BODY_BYTES, "big")
        encoded += crc_hqx(encoded, _CRC_START).to_bytes(2, "big")
        bits = tuple(bool(byte >> place & 1) for byte in encoded for place in range(7, -1, -1))
        half = len(bits) // ROWS
        return tuple(
            (*_STARTS[row], *bits[row * half : (row + 1) * half], *_ENDS[row])
            for row in range(ROWS)
        )

    @classmethod
    def from_blocks(cls, rows: Blocks) -> Self | None:
        """Return the strip, or None when these are not the blocks of one."""
        for row, start, end in zip(rows, _STARTS, _ENDS, strict=True):
            if row[:_SYNC] != start or row[-_SYNC:] != end:
                return None
        number = 0
        for row in rows:
            for bit in row[_SYNC:-_SYNC]:
                number = number << 1 | bit
        encoded = number.to_bytes(_BODY_BYTES + 2, "big")
        if crc_hqx(encoded, _CRC_START) != 0:
            return None
        values = []
        for width in reversed(_WIDTHS):
            values.append(number & ((1 << width) - 1))
            number >>= width
        version, *said, _ = reversed(values)
        return cls(*said) if version == STRIP_VERSION else None


def names_crc(table_id: str, dealer_id: str) -> int:
    """CRC-16 (polynomial 0x1021, start 0xFFFF) over the UTF-8 of ``table_id/dealer_id``."""
    return crc_hqx(f"{table_id}/{dealer_id}".encode(), _CRC_START)


def read_strip(luma: Sequence[int], width: int, height: int, stride: int) -> Strip | None:
    """Return the strip of a picture, or None when none can be read.

    ``luma`` has a picture's brightness, 0 to 255, line after line, each of ``width`` samples and
    ``stride`` from the one before. It may be the whole picture or its lower part, in any size that
    keeps the proportions.

    Raises:
        InvalidRequest: there are fewer samples than width, height and stride tell.
    """
    if stride < width or len(luma) < (height - 1) * stride + width:
        raise InvalidRequest(
            f"{width} by {height} samples with a stride of {stride} are more than {len(luma)}"
        )
    block = width / COLUMNS
    top = height - ROWS * block
    if width < MIN_WIDTH or top < 0:
        return None
    means = [[_mean(luma, stride, block, top, row, at) for at in range(COLUMNS)] for row in (0, 1)]
    white = min(means[0][0], means[1][1], means[0][-1], means[1][-2])
    black = max(means[0][1], means[1][0], means[0][-2], means[1][-1])
    if white - black < _MIN_CONTRAST:
        return None
    limit = (white + black) / 2
    return Strip.from_blocks(tuple(tuple(mean > limit for mean in row) for row in means))


def _mean(
    luma: Sequence[int], stride: int, block: float, top: float, row: int, column: int
) -> float:
    lines = [int(top + (row + probe) * block) * stride for probe in _PROBES]
    places = [int((column + probe) * block) for probe in _PROBES]
    return sum(luma[line + place] for line in lines for place in places) / len(_PROBES) ** 2
