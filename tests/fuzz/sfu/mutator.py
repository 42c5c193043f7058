"""Packets that are wrong in one way or another, from a seed."""

from __future__ import annotations

import json
import random
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from google_crc32c import value as crc32c

MAX_RTP_BYTES: Final = 1300
MAX_SCTP_BYTES: Final = 1150
ENDING: Final = 0.05
"""The share of odd data that may end its sender's session, and with it what can be tried of it."""
STRANGERS: Final = 200
"""Sources that nobody announced; far more than a connection may have."""
MAX_STREAM: Final = 0xFFFF

_HEADER: Final = struct.Struct("!BBHLL")
_DATA, _INIT, _SACK, _HEARTBEAT, _ABORT, _SHUTDOWN, _ERROR = 0, 1, 3, 4, 6, 7, 9
_COOKIE_ECHO, _COOKIE_ACK, _RECONFIG, _FORWARD = 10, 11, 130, 192
_FIRST, _LAST = 2, 1
_OPEN_CHANNEL, _TEXT, _BINARY = 50, 51, 53
_MARK: Final = {
    "tableId": "marks",
    "roundId": "r",
    "logEpoch": 1,
    "logSeq": 2,
    "dealerId": "",
    "atMs": 3,
}


@dataclass(slots=True)
class Association:
    """What an attacker knows of an association of SCTP that is up."""

    source_port: int
    target_port: int
    tag: int
    tsn: int
    stream: int
    cookie: bytes = b""
    sequence: dict[int, int] = field(default_factory=dict)
    """The next number of a message, by stream."""


class Mutator:
    """Makes packets that are wrong in one way or another, from a seed."""

    def __init__(self, seed: int, payload_types: list[int], ssrcs: list[int]) -> None:
        self._random = random.Random(seed)
        self._payload_types = payload_types
        self._ssrcs = ssrcs
        self._strangers = [self._random.getrandbits(32) for _ in range(STRANGERS)]
        self._sequences: Counter[int] = Counter()

    def _bytes(self, most: int) -> bytes:
        return self._random.randbytes(self._random.randint(0, most))

    def _jump(self) -> int:
        return self._random.choice((40, 600, self._random.randint(0, 30_000)))

    def rtp(self) -> bytes:
        """Mostly a packet that reaches the receiver, with a payload or extension that is odd."""
        chance = self._random
        ssrc = chance.choice([*self._ssrcs, chance.choice(self._strangers)])
        # no further on at once than SRTP can follow: what is not authentic goes no further
        self._sequences[ssrc] += chance.choice((1, 1, 1, 1, 1, 2, 3, -1, -5, 0, self._jump()))
        sequence = self._sequences[ssrc]
        payload = chance.choice(
            (
                self._bytes(300),
                b"",
                b"\x7c" + self._bytes(40),
                b"\x18" + self._bytes(40),
                b"\x67" + self._bytes(20),
                b"\x06\x05" + self._bytes(60),
                b"\x65" + self._bytes(1200),
            )
        )
        first = 0x80 | chance.choice((0, 0, 0, 0x10, 0x20, 0x0F, chance.randint(0, 0x3F)))
        extension = self._bytes(24) if first & 0x10 else b""
        if extension and chance.random() < 0.7:
            profile = chance.choice((0xBEDE, 0x1000))
            extension = struct.pack("!HH", profile, len(extension) // 4) + extension
        data = (
            _HEADER.pack(
                first,
                chance.choice((0, 0x80)) | chance.choice([*self._payload_types, 33, 127]),
                sequence & 0xFFFF,
                chance.choice((1000, sequence * 3600)) & 0xFFFFFFFF,
                ssrc,
            )
            + extension
            + payload
        )
        return self._damaged(data)[:MAX_RTP_BYTES]

    def rtcp(self) -> bytes:
        """Feedback and reports, whole and damaged."""
        chance = self._random
        kind = chance.choice((200, 201, 202, 203, 205, 206, 206, 207, 192))
        count = chance.choice((0, 1, 1, 4, 15, chance.randint(0, 31)))
        ssrc = chance.choice([*self._ssrcs, 0, chance.choice(self._strangers)])
        sender = chance.choice([*self._ssrcs, chance.choice(self._strangers)])
        body = struct.pack("!LL", sender, ssrc)
        body += chance.choice(
            (
                b"",
                b"REMB" + self._bytes(24),
                struct.pack("!HH", chance.randint(0, 65535), 0xFFFF) * chance.randint(0, 200),
                self._bytes(80),
                struct.pack("!LL", ssrc, 0),
            )
        )
        body += bytes(-len(body) % 4)
        data = struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body
        if chance.random() < 0.2:
            data += data
        return self._damaged(data)

    def datagram(self) -> bytes:
        """What a stranger may send to an open port."""
        chance = self._random
        return chance.choice(
            (
                b"",
                self._bytes(1500),
                b"\x00\x01" + self._bytes(60),
                b"\x00\x01\x00\x08\x21\x12\xa4\x42" + chance.randbytes(12) + self._bytes(40),
                b"\x01\x01\x00\x0c\x21\x12\xa4\x42"
                + chance.randbytes(12)
                + b"\x00\x20\x00\x08"
                + self._bytes(8),
                b"\x16\xfe\xfd" + self._bytes(200),
                b"\x80\x66" + self._bytes(1300),
                b"\x90" + bytes(2000),
            )
        )

    def marks(self) -> bytes:
        """What may come over the channel for marks: seldom a mark."""
        chance = self._random
        timestamp = chance.choice((0, 90_000, -1, 1 << 32, 1.5, "1", None, True))
        odd = chance.choice((*_MARK.values(), "\ud800", "d" * 900, 1 << 60, -1, None, [], {}))
        mark = {**_MARK, chance.choice([*_MARK, "more"]): odd}
        whole = json.dumps({"rtpTimestamp": timestamp, "mark": mark})
        return chance.choice(
            (
                json.dumps({"rtpTimestamp": 1, "mark": _MARK}).encode(),
                whole.encode(),
                whole[: chance.randint(1, len(whole))].encode(),
                json.dumps({"rtpTimestamp": 1, "mark": 10 ** chance.randint(1, 1500)}).encode(),
                b"[" * chance.randint(1, 9000),
                b'{"mark":' * chance.randint(1, 240),
                b'{"rtpTimestamp":1,"mark":' + b"[" * chance.randint(1, 2020),
                b"x" * chance.randint(1, 60_000),
            )
        )

    def sctp(self, to: Association) -> list[bytes]:
        """Packets for an association. What is in its row of numbers is whole, so that the row goes
        on; a damaged copy may come before it.
        """
        chance = self._random
        kind = chance.random()
        if kind < 0.25:
            packets = self._message(to, self.marks())
        elif kind < 0.5:
            packets = [self._packet(to, self._odd_data(to))]
        elif kind < 0.502:
            packets = [self._packet(to, self._init(), tag=0)]
        else:
            count = chance.choice((1, 1, 1, 2, 3, 20))
            packets = [self._packet(to, b"".join(self._chunk(to) for _ in range(count)))]
        if chance.random() < 0.3:
            packets.insert(0, self._hurt(chance.choice(packets)))
        return packets

    def _hurt(self, packet: bytes) -> bytes:
        """The packet with something wrong in it, mostly behind a checksum that is right."""
        chance = self._random
        at = chance.choice((4, 12, 13, 14, 15, chance.randrange(len(packet))))
        hurt = bytearray(packet)
        if at < len(hurt):
            hurt[at] = chance.choice((0, 1, 3, 255, hurt[at] ^ 1 << chance.randrange(8)))
        if chance.random() < 0.3:
            del hurt[chance.randrange(12, len(hurt) + 1) :]
        right = crc32c(bytes(hurt[:8]) + bytes(4) + bytes(hurt[12:]))
        hurt[8:12] = struct.pack("<L", right ^ (chance.random() < 0.05))
        return bytes(hurt)

    def _message(self, to: Association, text: bytes) -> list[bytes]:
        """A text in as many fragments as it takes, whole and in order."""
        parts = [text[at : at + 1100] for at in range(0, len(text), 1100)]
        packets = []
        for index, part in enumerate(parts):
            flags = _FIRST * (index == 0) | _LAST * (index == len(parts) - 1)
            packets.append(self._packet(to, self._data(to, to.stream, flags, _TEXT, part)))
        to.sequence[to.stream] = (to.sequence.get(to.stream, 0) + 1) & 0xFFFF
        return packets

    def _data(self, to: Association, stream: int, flags: int, protocol: int, text: bytes) -> bytes:
        body = struct.pack("!LHHL", to.tsn, stream, to.sequence.get(stream, 0), protocol)
        to.tsn = (to.tsn + 1) & 0xFFFFFFFF
        return self._framed(_DATA, flags, body + text)

    def _chunk(self, to: Association) -> bytes:
        """A chunk of a kind that is known, or of any."""
        chance = self._random
        kind = chance.choice((_DATA, _SACK, _SACK, _HEARTBEAT, _RECONFIG, _FORWARD, -1, -2))
        if kind == _DATA:
            stream = chance.choice((to.stream, 63, 64, MAX_STREAM))
            ahead = chance.choice((-5, 3, 200, 255, 300, 1 << 31, 70_000))
            number = (to.tsn + ahead) & 0xFFFFFFFF
            head = struct.pack("!LHHL", number, stream, chance.randint(0, 65535), _TEXT)
            return self._framed(_DATA, chance.randint(0, 7), head + self._bytes(60))
        flags, body = 0, self._bytes(60)
        if kind == _SACK:
            body = self._acknowledgement()
        elif kind == _HEARTBEAT:
            kind = chance.choice((_HEARTBEAT, 5, _ERROR))
            body = self._parameters((1, 3, chance.randint(0, 65535)))
        elif kind == _RECONFIG:
            body = self._parameters((13, 13, 16, 17))
        elif kind == _FORWARD:
            tsn = (to.tsn - 1 + chance.choice((0,) * 20 + (1, 200, 5000, 1 << 31))) & 0xFFFFFFFF
            body = struct.pack("!L", tsn) + self._bytes(600)
        elif kind == -1:
            kind = chance.choice((_COOKIE_ECHO, _COOKIE_ACK, 2, 8, 14))
            body = chance.choice((to.cookie, self._bytes(24), bytes(24)))
        else:
            kind, flags = chance.randint(0, 255), chance.randint(0, 255)
            if kind in {_ABORT, _SHUTDOWN} and chance.random() < 0.9:
                kind = 63  # these end an association, and with it what can be tried of it
        return self._framed(kind, flags, body)

    def _odd_data(self, to: Association) -> bytes:
        chance = self._random
        stream = chance.choice((to.stream, to.stream + 2, 1, 63))
        protocol = chance.choice((_TEXT, _BINARY, 56, 57, chance.getrandbits(32)))
        text = self._bytes(60).hex().encode()
        if chance.random() < ENDING:
            protocol = chance.choice((_OPEN_CHANNEL, _TEXT))
            text = self._bytes(60)
            if protocol == _OPEN_CHANNEL:
                label = chance.choice((b"marks", self._bytes(30)))
                lengths = chance.choice(((len(label), 0), (0xFFFF, 0xFFFF)))
                kind = chance.choice((0, 0, 0x81, 255))
                opening = struct.pack("!BBHLHH", 3, kind, 0, 9, *lengths) + label
                text = chance.choice((opening, opening, b"\x02", b"\x03", text))
        flags = 3 if stream == to.stream else chance.choice((3,) * 20 + (0, 1, 2, 4, 7))
        data = self._data(to, stream, flags, protocol, text or b"?")
        if flags == _FIRST | _LAST:
            to.sequence[stream] = (to.sequence.get(stream, 0) + 1) & 0xFFFF
        return data

    def _acknowledgement(self) -> bytes:
        chance = self._random
        count = chance.choice((0, 1, 2, 250))
        gaps = b"".join(
            struct.pack("!HH", *chance.choice(((1, 65535), (9, 3), (index * 2 + 2,) * 2, (0, 0))))
            for index in range(count)
        )
        told = chance.choice((count, count, 65535))
        tsn = chance.choice((0, chance.getrandbits(32)))
        return struct.pack("!LLHH", tsn, chance.getrandbits(32), told, 0) + gaps

    def _parameters(self, kinds: tuple[int, ...]) -> bytes:
        chance = self._random
        body = b""
        for _ in range(chance.choice((0, 1, 1, 2, 9))):
            value = self._bytes(40)
            length = chance.choice((len(value) + 4,) * 4 + (0, 3, 65535))
            body += (
                struct.pack("!HH", chance.choice(kinds), length) + value + bytes(-len(value) % 4)
            )
        return body

    def _init(self) -> bytes:
        chance = self._random
        body = struct.pack(
            "!LLHHL",
            chance.getrandbits(32),
            chance.choice((0, 65536, 0xFFFFFFFF)),
            chance.choice((0, 1, 65535)),
            chance.choice((0, 1, 65535)),
            chance.getrandbits(32),
        )
        return self._framed(_INIT, 0, body + self._parameters((0xC000, 0x8008, 7)))

    @staticmethod
    def _framed(kind: int, flags: int, body: bytes) -> bytes:
        return struct.pack("!BBH", kind, flags, len(body) + 4) + body + bytes(-len(body) % 4)

    @staticmethod
    def _packet(to: Association, chunks: bytes, *, tag: int | None = None) -> bytes:
        head = struct.pack("!HHL", to.source_port, to.target_port, to.tag if tag is None else tag)
        chunks = chunks[: MAX_SCTP_BYTES - 12]
        return head + struct.pack("<L", crc32c(head + bytes(4) + chunks)) + chunks

    def _damaged(self, data: bytes) -> bytes:
        chance = self._random
        if chance.random() < 0.3:
            data = data[: chance.randint(0, len(data))]
        if data and chance.random() < 0.3:
            at = chance.randrange(len(data))
            data = data[:at] + bytes([chance.randint(0, 255)]) + data[at + 1 :]
        return data
