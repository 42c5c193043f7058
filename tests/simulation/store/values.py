"""DynamoDB's values: read strictly, kept in one canonical form, measured and ordered.

Canonical: numbers in plain notation without needless zeros, sets sorted. So two values are the same
for DynamoDB exactly if they are equal in Python. What was read is never changed in place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, Final

from tests.simulation.store.errors import StoreError, invalid, invalid_parameter

Value = dict[str, Any]
Item = dict[str, Value]

MAX_ITEM_BYTES: Final = 400 * 1024
MAX_LEVELS: Final = 32
MAX_DIGITS: Final = 38
MAX_EXPONENT: Final = 125
MIN_EXPONENT: Final = -130

EXACT: Final = Context(prec=400)
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,5})?\Z", re.ASCII)
_KINDS_OF_SET: Final = {"SS": "S", "NS": "N", "BS": "B"}
_TYPES: Final = {"S": str, "N": str, "B": bytes, "BOOL": bool, "NULL": bool, "L": list, "M": dict}


@lru_cache(maxsize=65_536)
def canonical_number(text: str) -> str:
    """Raises: StoreError: no number, or one that DynamoDB cannot keep."""
    if not _NUMBER.match(text):
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    value = Decimal(text)
    if value == 0:
        return "0"
    value = value.normalize(EXACT)
    if len(value.as_tuple().digits) > MAX_DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    if value.adjusted() > MAX_EXPONENT:
        raise invalid(
            "Number overflow. Attempting to store a number with magnitude larger than "
            "supported range"
        )
    if value.adjusted() < MIN_EXPONENT:
        raise invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than "
            "supported range"
        )
    return format(value, "f")


@lru_cache(maxsize=65_536)
def number(text: str) -> Decimal:
    return Decimal(text)


def read_value(value: Any, level: int = 1) -> Value:
    """Return a value of a request in canonical form, sharing nothing with it."""
    if level > MAX_LEVELS:
        raise invalid("Nesting Levels have exceeded supported limits")
    if not isinstance(value, dict) or len(value) != 1:
        fault = "has more than one datatypes set" if value else "is empty"
        raise invalid(
            f"Supplied AttributeValue {fault}, must contain exactly one of the supported datatypes"
        )
    ((kind, content),) = value.items()
    if kind == "S" and isinstance(content, str):  # most of them
        return {"S": content}
    if kind in _KINDS_OF_SET:
        return {kind: _read_set(kind, content)}
    if kind not in _TYPES:
        raise invalid(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        )
    _check_type(kind, content)
    if kind == "N":
        return {"N": canonical_number(content)}
    if kind == "M":
        return {"M": read_item(content, level + 1)}
    if kind == "L":
        return {"L": [read_value(element, level + 1) for element in content]}
    if kind == "NULL" and not content:
        raise invalid_parameter("Null attribute value types must have the value of true")
    return {kind: content}


def read_item(item: Mapping[str, Any], level: int = 1) -> Item:
    if level == 1 and "" in item:
        raise invalid("Empty attribute name")
    return {name: read_value(value, level) for name, value in item.items()}


def _check_type(kind: str, content: Any) -> None:
    if not isinstance(content, _TYPES[kind]):
        raise StoreError(
            "SerializationException",
            f"{type(content).__name__} cannot be converted to {_TYPES[kind].__name__} for {kind}",
        )


def _read_set(kind: str, members: Any) -> list[Any]:
    element = _KINDS_OF_SET[kind]
    _check_type("L", members)
    for member in members:
        _check_type(element, member)
    if not members:
        name = {"SS": "An string set ", "NS": "An number set ", "BS": "Binary sets"}[kind]
        raise invalid_parameter(f"{name} may not be empty")
    found = [canonical_number(member) for member in members] if kind == "NS" else members
    if len(set(found)) != len(found):
        raise invalid_parameter(f"Input collection {members} contains duplicates.")
    return sort_set(kind, found)


def sort_set(kind: str, members: Any) -> list[Any]:
    return sorted(members, key=number) if kind == "NS" else sorted(members)


def copy_value(value: Value) -> Value:
    ((kind, content),) = value.items()
    if kind == "M":
        return {"M": copy_item(content)}
    if kind == "L":
        return {"L": [copy_value(element) for element in content]}
    return {kind: list(content)} if kind in _KINDS_OF_SET else {kind: content}


def copy_item(item: Item) -> Item:
    """Return what a caller may keep and change."""
    return {name: copy_value(value) for name, value in item.items()}


def text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


@lru_cache(maxsize=65_536)
def number_bytes(text: str) -> int:
    """A byte, one for each pair of decimal digits aligned on the point, and one for a minus."""
    sign, digits, exponent = number(text).normalize(EXACT).as_tuple()
    assert isinstance(exponent, int)
    if digits == (0,):
        return 1
    count = len(digits) + exponent % 2
    return 1 + (count + 1) // 2 + sign


def value_bytes(value: Value) -> int:
    ((kind, content),) = value.items()
    if kind in _KINDS_OF_SET:
        element = _KINDS_OF_SET[kind]
        return sum(value_bytes({element: member}) for member in content)
    measure = _BYTES_OF.get(kind)
    return 1 if measure is None else measure(content)


def item_bytes(item: Item) -> int:
    size = 0
    for name, value in item.items():
        size += len(name) if name.isascii() else len(name.encode())
        size += value_bytes(value)
    return size


def kind_of(value: Value) -> str:
    return next(iter(value))


def ordered(value: Value) -> Any:
    """Return what orders a string, number or binary among its kind: text by its UTF-8 bytes, which
    is Python's own order of text.
    """
    ((kind, content),) = value.items()
    return number(content) if kind == "N" else content


def set_element(value: Value) -> str | None:
    """Return the kind of a set's members, or None if it is none."""
    return _KINDS_OF_SET.get(kind_of(value))


_BYTES_OF: Final[dict[str, Callable[[Any], int]]] = {
    "S": text_bytes,
    "N": number_bytes,
    "B": len,
    "M": lambda members: 3 + len(members) + item_bytes(members),
    "L": lambda elements: 3 + len(elements) + sum(map(value_bytes, elements)),
}
"""Booleans and NULL are a byte."""
