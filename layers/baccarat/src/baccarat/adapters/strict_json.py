"""JSON from outside: sizes, duplicate keys, NaN and depth are refused before anything is built."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from baccarat.domain.canonical import Json
from baccarat.domain.errors import MalformedJson


def loads(text: str | bytes) -> Json:
    """Return the value of ``text``.

    Raises:
        MalformedJson: not JSON, a key twice in one object, NaN or infinity, or nested too deep.
    """
    try:
        value: Json = json.loads(
            text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise MalformedJson(f"this is not JSON that is accepted here: {error}") from error
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
