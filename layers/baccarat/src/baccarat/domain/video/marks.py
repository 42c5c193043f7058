"""The mark of a frame: which place of the log, which round and which dealer the picture shows.

A mark travels as JSON over data channels and as an SEI message inside the H.264 stream;
``docs/formats/video.md`` specifies both for strangers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from baccarat.domain.canonical import Json, JsonObject, canonical
from baccarat.domain.errors import InvalidRequest

MAX_MARK_BYTES: Final = 512
"""A mark's canonical JSON is never longer."""

_FIELDS: Final = {
    "tableId": str,
    "roundId": str,
    "logEpoch": int,
    "logSeq": int,
    "dealerId": str,
    "atMs": int,
}


@dataclass(frozen=True, slots=True)
class FrameMark:
    """What one frame shows.

    ``round_id`` is empty between rounds and ``dealer_id`` at a table without a dealer.
    ``(log_epoch, log_seq)`` is the newest event of the table's log that the picture shows.
    ``at_ms`` is when the picture was taken, in Unix milliseconds of whoever took it.
    """

    table_id: str
    round_id: str
    log_epoch: int
    log_seq: int
    dealer_id: str
    at_ms: int

    def to_json(self) -> JsonObject:
        return {
            "tableId": self.table_id,
            "roundId": self.round_id,
            "logEpoch": self.log_epoch,
            "logSeq": self.log_seq,
            "dealerId": self.dealer_id,
            "atMs": self.at_ms,
        }

    def canonical(self) -> bytes:
        """Return the mark as RFC 8785 JSON, at most ``MAX_MARK_BYTES``.

        Raises:
            InvalidRequest: it would be longer, or has a number or a text that JSON cannot carry.
        """
        try:
            encoded = canonical(self.to_json())
        except ValueError as error:
            raise InvalidRequest(f"a mark that JSON cannot carry: {str(error)[:80]}") from error
        if len(encoded) > MAX_MARK_BYTES:
            raise InvalidRequest(
                f"a mark has at most {MAX_MARK_BYTES} bytes, this one has {len(encoded)}"
            )
        return encoded

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises: InvalidRequest: a field is missing, unknown, or of another type."""
        if not isinstance(value, dict) or value.keys() != _FIELDS.keys():
            raise InvalidRequest(f"a mark is an object of exactly {', '.join(_FIELDS)}")
        for name, kind in _FIELDS.items():
            found = value[name]
            if type(found) is not kind or (isinstance(found, int) and found < 0):
                wanted = "a string" if kind is str else "a whole number, 0 or more"
                raise InvalidRequest(f"{name} of a mark is {wanted}, not {found!r}")
        table_id, round_id, log_epoch, log_seq, dealer_id, at_ms = (value[name] for name in _FIELDS)
        return cls(table_id, round_id, log_epoch, log_seq, dealer_id, at_ms)  # type: ignore[arg-type]  # checked above
