"""Fragmented MP4 of one H.264 track: writing it, and reading what was written (ISO/IEC 14496-12).

Timescale is RTP's 90 kHz and nothing is moved: a sample's decode time modulo 2**32 is the RTP
timestamp of its frame, and its bytes are the frame's NAL units, each after its length.
``docs/formats/video-recording.md`` specifies the boxes for strangers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from baccarat.domain.video.sps import picture_size

TIMESCALE: Final = 90_000
MAX_SAMPLE_BYTES: Final = 4 * 1024 * 1024
MAX_SAMPLES: Final = 100_000
"""More samples than that are in no file of ours; a reader stops there."""

_KEYFRAME: Final = 0x02000000  # depends on no other sample
_NOT_KEYFRAME: Final = 0x01010000  # depends on others, is no sync sample
_TFHD_FLAGS: Final = 0x020000  # default-base-is-moof
_TRUN_FLAGS: Final = 0x000701  # data offset; duration, size and flags of each sample
_TRUN_ENTRY: Final = struct.Struct(">III")
_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame. Times are in units of 1/90,000 s."""

    decode_time: int
    duration: int
    keyframe: bool
    data: bytes


def sample_of(nals: Sequence[bytes]) -> bytes:
    """Return a frame's NAL units as the bytes of a sample."""
    return b"".join(struct.pack(">I", len(nal)) + nal for nal in nals)


def nals_of(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units of a sample.

    Raises:
        ValueError: lengths that do not add up.
    """
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if at + size > len(data):
            raise ValueError(f"a NAL unit of {size} bytes does not fit into its sample")
        yield data[at : at + size]
        at += size


def init_segment(sps: bytes, pps: bytes) -> bytes:
    """Return the ``ftyp`` and ``moov`` of a stream with these parameter sets.

    Raises:
        ValueError: ``sps`` is no sequence parameter set.
    """
    width, height = picture_size(sps)
    avcc = (
        bytes([1, *sps[1:4], 0xFF, 0xE1])
        + struct.pack(">H", len(sps))
        + sps
        + b"\x01"
        + struct.pack(">H", len(pps))
        + pps
    )
    entry = _box(
        b"avc1",
        bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", width, height),
        struct.pack(">III", 0x480000, 0x480000, 0),
        struct.pack(">H", 1) + bytes(32) + struct.pack(">Hh", 24, -1),
        _box(b"avcC", avcc),
    )
    table = _box(
        b"stbl",
        _full(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        _full(b"stts", 0, 0, bytes(4)),
        _full(b"stsc", 0, 0, bytes(4)),
        _full(b"stsz", 0, 0, bytes(8)),
        _full(b"stco", 0, 0, bytes(4)),
    )
    media = _box(
        b"minf",
        _full(b"vmhd", 0, 1, bytes(8)),
        _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1))),
        table,
    )
    track = _box(
        b"trak",
        _full(
            b"tkhd",
            0,
            3,
            struct.pack(">IIIII", 0, 0, 1, 0, 0) + bytes(8) + bytes(8) + _MATRIX,
            struct.pack(">II", width << 16, height << 16),
        ),
        _box(
            b"mdia",
            _full(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, TIMESCALE, 0, 0x55C4, 0)),
            _full(b"hdlr", 0, 0, bytes(4) + b"vide" + bytes(12) + b"\x00"),
            media,
        ),
    )
    movie = _full(
        b"mvhd",
        0,
        0,
        struct.pack(">IIIIIH", 0, 0, TIMESCALE, 0, 0x10000, 0x100) + bytes(10) + _MATRIX,
        bytes(24) + struct.pack(">I", 2),
    )
    extends = _box(b"mvex", _full(b"trex", 0, 0, struct.pack(">IIIII", 1, 1, 0, 0, 0)))
    brands = _box(b"ftyp", b"iso6" + struct.pack(">I", 0) + b"iso6cmfcmp41")
    return brands + _box(b"moov", movie, track, extends)


def fragment(sequence: int, samples: Sequence[Sample]) -> bytes:
    """Return the ``moof`` and ``mdat`` of samples that follow each other."""
    entries = b"".join(
        _TRUN_ENTRY.pack(
            sample.duration, len(sample.data), _KEYFRAME if sample.keyframe else _NOT_KEYFRAME
        )
        for sample in samples
    )
    moof = _moof(sequence, samples, entries, 0)
    moof = _moof(sequence, samples, entries, len(moof) + 8)
    return moof + _box(b"mdat", *(sample.data for sample in samples))


def _moof(sequence: int, samples: Sequence[Sample], entries: bytes, offset: int) -> bytes:
    return _box(
        b"moof",
        _full(b"mfhd", 0, 0, struct.pack(">I", sequence)),
        _box(
            b"traf",
            _full(b"tfhd", 0, _TFHD_FLAGS, struct.pack(">I", 1)),
            _full(b"tfdt", 1, 0, struct.pack(">Q", samples[0].decode_time)),
            _full(b"trun", 0, _TRUN_FLAGS, struct.pack(">Ii", len(samples), offset), entries),
        ),
    )


def read(file: bytes) -> tuple[bytes, list[Sample]]:
    """Return the ``ftyp`` and ``moov`` of a file, as they are, and the samples of its fragments.

    Raises:
        ValueError: the file is not of the form that this module writes.
    """
    boxes = list(_boxes(file, 0, len(file)))
    kinds = [kind for kind, _, _ in boxes]
    if kinds[:2] != [b"ftyp", b"moov"] or len(kinds) % 2:
        raise ValueError("a file is ftyp, moov and then pairs of moof and mdat")
    samples: list[Sample] = []
    for place in range(2, len(boxes), 2):
        if kinds[place : place + 2] != [b"moof", b"mdat"]:
            raise ValueError(f"box {place + 1} is no moof with its mdat")
        samples += _samples(file, boxes[place], boxes[place + 1])
        if len(samples) > MAX_SAMPLES:
            raise ValueError(f"more than {MAX_SAMPLES} frames")
    return file[: boxes[1][2]], samples


_Place = tuple[bytes, int, int]
"""Type of a box, where its content starts and where it ends."""


def _samples(file: bytes, moof: _Place, mdat: _Place) -> Iterator[Sample]:
    _, number_of_track, time, run = _headers(file, moof)
    if number_of_track != struct.pack(">II", _TFHD_FLAGS, 1):
        raise ValueError("tfhd is not that of track 1 without defaults")
    if len(time) != 12 or time[:4] != b"\x01\x00\x00\x00":
        raise ValueError("tfdt has no 64-bit decode time")
    decode_time = int.from_bytes(time[4:], "big")
    at, end = mdat[1], mdat[2]
    for duration, size, flags in _entries(run, at - (moof[1] - 8)):
        if at + size > end or flags not in (_KEYFRAME, _NOT_KEYFRAME):
            raise ValueError("a sample is longer than its mdat or has other flags than ours")
        yield Sample(decode_time, duration, flags == _KEYFRAME, file[at : at + size])
        at += size
        decode_time += duration
    if at != end:
        raise ValueError("an mdat has bytes of no sample")


def _headers(file: bytes, moof: _Place) -> list[bytes]:
    """Return the contents of mfhd, tfhd, tfdt and trun."""
    inner = list(_boxes(file, moof[1], moof[2]))
    if [kind for kind, _, _ in inner] != [b"mfhd", b"traf"]:
        raise ValueError("a moof holds mfhd and one traf")
    run = list(_boxes(file, inner[1][1], inner[1][2]))
    if [kind for kind, _, _ in run] != [b"tfhd", b"tfdt", b"trun"]:
        raise ValueError("a traf holds tfhd, tfdt and one trun")
    return [file[start:end] for _, start, end in (inner[0], *run)]


def _entries(run: bytes, offset: int) -> Iterator[tuple[int, int, int]]:
    """Yield duration, size and flags of each sample; they start ``offset`` bytes after the moof's
    own start.
    """
    if len(run) < 12 or int.from_bytes(run[:4], "big") != _TRUN_FLAGS:
        raise ValueError("trun has other members than duration, size and flags of each sample")
    count, written_offset = struct.unpack(">Ii", run[4:12])
    if len(run) != 12 + count * _TRUN_ENTRY.size or not count:
        raise ValueError("trun has not as many entries as it says")
    if written_offset != offset:
        raise ValueError("the samples do not start where their mdat does")
    return _TRUN_ENTRY.iter_unpack(run[12:])


def _boxes(file: bytes, at: int, end: int) -> Iterator[_Place]:
    while at < end:
        size = int.from_bytes(file[at : at + 4], "big") if at + 8 <= end else 0
        if size < 8 or at + size > end:
            raise ValueError(f"a box at byte {at} does not fit")
        yield file[at + 4 : at + 8], at + 8, at + size
        at += size


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *content)
