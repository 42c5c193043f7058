"""Events of the append-only log: their form, their hash chain, what a signature covers.

``docs/formats/transcript.md`` specifies the same for strangers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from baccarat.domain.canonical import Json, JsonObject, canonical, digest

GENESIS: Final = "0" * 64
"""``prev`` of the first event of a table."""

_SIGNING_TAG: Final = "baccarat-log-v1:"


class EventType(StrEnum):
    EPOCH_STARTED = "EPOCH_STARTED"

    TABLE_OPENED = "TABLE_OPENED"
    TABLE_PAUSED = "TABLE_PAUSED"
    TABLE_CLOSED = "TABLE_CLOSED"
    DEALER_SEATED = "DEALER_SEATED"
    SHOE_OPENED = "SHOE_OPENED"
    SHOE_CLOSED = "SHOE_CLOSED"
    CORRECTION_PROPOSED = "CORRECTION_PROPOSED"
    CORRECTION_APPROVED = "CORRECTION_APPROVED"
    CORRECTION_REJECTED = "CORRECTION_REJECTED"
    CORRECTION_APPLIED = "CORRECTION_APPLIED"
    VIDEO_ANCHORED = "VIDEO_ANCHORED"

    ROUND_OPENED = "ROUND_OPENED"
    BETS_CLOSED = "BETS_CLOSED"
    BOOK_SEALED = "BOOK_SEALED"
    DEALING_STARTED = "DEALING_STARTED"
    CARDS_DEALT = "CARDS_DEALT"
    CUT_CARD_OUT = "CUT_CARD_OUT"
    SCAN_UNDONE = "SCAN_UNDONE"
    CARD_BURNED = "CARD_BURNED"
    CARDS_RETRACTED = "CARDS_RETRACTED"
    DEALING_PAUSED = "DEALING_PAUSED"
    DEALING_RESUMED = "DEALING_RESUMED"
    ROUND_RESOLVED = "ROUND_RESOLVED"
    ROUND_SETTLED = "ROUND_SETTLED"
    ROUND_VOIDED = "ROUND_VOIDED"


TABLE_EVENTS: Final = frozenset(
    {
        EventType.EPOCH_STARTED,
        EventType.TABLE_OPENED,
        EventType.TABLE_PAUSED,
        EventType.TABLE_CLOSED,
        EventType.DEALER_SEATED,
        EventType.SHOE_OPENED,
        EventType.SHOE_CLOSED,
        EventType.CORRECTION_PROPOSED,
        EventType.CORRECTION_APPROVED,
        EventType.CORRECTION_REJECTED,
        EventType.CORRECTION_APPLIED,
        EventType.VIDEO_ANCHORED,
    }
)
"""Types of events that belong to no round; their ``round_id`` is empty, also in mid-round."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fact about a table. ``seq`` is dense from 1 within ``epoch``; ``at_ms`` never decreases.

    ``round_id`` is the empty string for an event that belongs to no round.
    """

    table_id: str
    round_id: str
    epoch: int
    seq: int
    type: EventType
    at_ms: int
    data: JsonObject
    prev: str

    def unsigned_json(self) -> JsonObject:
        """Return the members that the hash covers."""
        return {
            "tableId": self.table_id,
            "roundId": self.round_id,
            "epoch": self.epoch,
            "seq": self.seq,
            "type": self.type.value,
            "at_ms": self.at_ms,
            "data": self.data,
            "prev": self.prev,
        }

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical form of everything but hash and signature, in hex."""
        return digest(self.unsigned_json())


@dataclass(frozen=True, slots=True)
class Signature:
    """``kid`` is the RFC 7638 thumbprint of the public key, ``ver`` the key's number in the
    house's rotation, ``val`` the base64url r ‖ s of ECDSA P-256 with SHA-256.
    """

    kid: str
    ver: int
    val: str

    def to_json(self) -> JsonObject:
        return {"kid": self.kid, "ver": self.ver, "val": self.val}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises: ValueError when ``value`` is not a signature."""
        match value:
            case {"kid": str(kid), "ver": int(ver), "val": str(val), **rest} if (
                not rest and not isinstance(ver, bool)
            ):
                return cls(kid, ver, val)
        raise ValueError("a signature has kid, ver and val, and nothing else")


@dataclass(frozen=True, slots=True)
class SignedEvent:
    event: Event
    hash: str
    sig: Signature

    def to_json(self) -> JsonObject:
        return {**self.event.unsigned_json(), "hash": self.hash, "sig": self.sig.to_json()}

    def to_bytes(self) -> bytes:
        return canonical(self.to_json())

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Return the event as it is written; whether its hash and signature hold is not checked.

        Raises:
            ValueError: a member is missing, unknown or of the wrong type.
        """
        match value:
            case {
                "tableId": str(table_id),
                "roundId": str(round_id),
                "epoch": int(epoch),
                "seq": int(seq),
                "type": str(event_type),
                "at_ms": int(at_ms),
                "data": dict(data),
                "prev": str(prev),
                "hash": str(written_hash),
                "sig": sig,
                **rest,
            } if not rest and not any(isinstance(n, bool) for n in (epoch, seq, at_ms)):
                event = Event(
                    table_id, round_id, epoch, seq, EventType(event_type), at_ms, data, prev
                )
                return cls(event, written_hash, Signature.from_json(sig))
        raise ValueError(
            "an event has tableId, roundId, epoch, seq, type, at_ms, data, prev, hash and sig, "
            "and nothing else"
        )


def signing_input(event_hash: str) -> bytes:
    """Return the bytes that are signed for an event (or a transcript) with that hash."""
    return (_SIGNING_TAG + event_hash).encode("ascii")
