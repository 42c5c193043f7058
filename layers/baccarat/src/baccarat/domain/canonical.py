"""Canonical JSON after RFC 8785, for the values this project signs.

Signed documents hold only objects with string keys, arrays, strings, booleans, null and integers
within ±(2**53 − 1); for those, RFC 8785 is plain JSON with sorted keys. Floats are refused rather
than formatted, so no number can be read in two ways.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final, TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"
JsonObject: TypeAlias = dict[str, Json]

MAX_SAFE_INTEGER: Final = 2**53 - 1
_MAX_DEPTH: Final = 32


def canonical(value: Json) -> bytes:
    """Return the RFC 8785 form of ``value`` as UTF-8.

    Raises:
        ValueError: a float, an integer outside the safe range, a non-string key, a lone surrogate
            or more than 32 levels.
    """
    return json.dumps(
        _ordered(value, depth=0), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode("utf-8")


def digest(value: Json) -> str:
    """Return the SHA-256 of ``canonical(value)`` in lower-case hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _ordered(value: Json, depth: int) -> Json:
    if depth > _MAX_DEPTH:
        raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise ValueError(f"integer {value} is outside ±(2**53 − 1)")
        return value
    if isinstance(value, list):
        return [_ordered(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("object keys must be strings")
        # RFC 8785 §3.2.3 orders keys by UTF-16 code units, not by code points.
        ordered = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _ordered(value[key], depth + 1) for key in ordered}
    raise ValueError(f"{type(value).__name__} has no canonical form")
