from __future__ import annotations

import hashlib
from typing import Any

import pytest
import rfc8785

from baccarat.domain.canonical import MAX_SAFE_INTEGER, canonical, digest

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    MAX_SAFE_INTEGER,
    -MAX_SAFE_INTEGER,
    "",
    "plain",
    "€ and 😀 and \u2028",
    "".join(map(chr, range(0x21))) + '"\\/\x7f\x80',
    [],
    {},
    [1, [2, [3, {}]], "x"],
    {"b": 1, "a": {"z": None, "A": True}, "": 0},
    {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_as_the_reference_implementation(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_keys_are_ordered_by_utf_16_units() -> None:
    """RFC 8785 §3.2.3: the emoji is a surrogate pair and comes before U+FB33."""
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert canonical(value) == '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'.encode()


def test_digest_is_sha_256_of_the_canonical_form() -> None:
    assert digest({"b": 1, "a": "é"}) == hashlib.sha256('{"a":"é","b":1}'.encode()).hexdigest()


def test_order_of_building_does_not_matter() -> None:
    assert canonical({"a": 1, "b": {"c": 1, "d": 2}}) == canonical({"b": {"d": 2, "c": 1}, "a": 1})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.0, "float has no canonical form"),
        (float("nan"), "float"),
        ({"a": [0.5]}, "float"),
        (MAX_SAFE_INTEGER + 1, "outside"),
        (-MAX_SAFE_INTEGER - 1, "outside"),
        ({1: 2}, "keys must be strings"),
        ({None: 2}, "keys must be strings"),
        (b"bytes", "bytes has no canonical form"),
        ((1, 2), "tuple has no canonical form"),
        ({"a": {1}}, "set has no canonical form"),
        ("\ud800", "surrogates"),
        ({"\udfff": 1}, "surrogates"),
    ],
)
def test_refusals(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        canonical(value)


def test_thirty_two_levels_and_no_more() -> None:
    value: Any = 1
    for _ in range(32):
        value = [value]
    assert canonical(value) == b"[" * 32 + b"1" + b"]" * 32
    with pytest.raises(ValueError, match="nested deeper than 32 levels"):
        canonical([value])
    with pytest.raises(ValueError, match="nested deeper than 32 levels"):
        canonical({"a": value})
