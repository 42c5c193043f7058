"""Key conditions: one partition, and a run of its sort keys."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.store.conditions import (
    And,
    BeginsWith,
    Between,
    Bindings,
    Comparison,
    Condition,
    Literal,
    Operand,
    Path,
)
from tests.simulation.store.database import Params
from tests.simulation.store.errors import invalid, invalid_parameter
from tests.simulation.store.scope import Scope
from tests.simulation.store.tables import (
    MAX_HASH_BYTES,
    MAX_RANGE_BYTES,
    Key,
    Schema,
    check_key_content,
)
from tests.simulation.store.values import ordered

_NOT_SUPPORTED: Final = "Query key condition not supported"


@dataclass(frozen=True, slots=True)
class KeyRange:
    """``bounds`` are one value of the sort key, or the two of BETWEEN."""

    hash_value: Any
    operator: str = ""
    bounds: tuple[Any, ...] = ()

    def within(self, order: list[Any]) -> list[Any]:
        """Return the sort keys of ``order`` that the condition allows."""
        match self.operator:
            case "":
                return list(order)
            case "=":
                low, high = bisect_left(order, self.bounds[0]), bisect_right(order, self.bounds[0])
            case "<":
                low, high = 0, bisect_left(order, self.bounds[0])
            case "<=":
                low, high = 0, bisect_right(order, self.bounds[0])
            case ">":
                low, high = bisect_right(order, self.bounds[0]), len(order)
            case ">=":
                low, high = bisect_left(order, self.bounds[0]), len(order)
            case "BETWEEN":
                low, high = bisect_left(order, self.bounds[0]), bisect_right(order, self.bounds[1])
            case _:
                start = self.bounds[0]
                low = bisect_left(order, start)
                high = bisect_left(order, 1, low, key=lambda place: not place.startswith(start))
        return order[low:high]

    def has(self, key: Key) -> bool:
        return bool(key[0] == self.hash_value and (not self.operator or self.within([key[1]])))


def read_key_condition(scope: Scope, schema: Schema, params: Params) -> KeyRange:
    """Raises: StoreError: no condition that a Query may have on these keys."""
    if params.get("KeyConditionExpression") is None:
        raise invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified "
            "in the request."
        )
    condition = scope.condition("KeyConditionExpression")
    assert condition is not None
    found: dict[str, tuple[str, tuple[Any, ...]]] = {}
    for part in _parts(condition):
        name, operator, operands = _read_part(part, scope)
        if name in found:
            raise invalid(
                "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one "
                "condition per key"
            )
        found[name] = (operator, tuple(_value(name, one, schema, scope) for one in operands))
    if schema.hash_name not in found:
        raise invalid(f"Query condition missed key schema element: {schema.hash_name}")
    operator, (hash_value, *_) = found.pop(schema.hash_name)
    if operator != "=":
        raise invalid(_NOT_SUPPORTED)
    if not found:
        return KeyRange(hash_value)
    if found.keys() != {schema.range_name}:
        raise invalid(f"Query condition missed key schema element: {schema.range_name}")
    ((operator, bounds),) = found.values()
    return KeyRange(hash_value, operator, bounds)


def _parts(condition: Condition) -> list[Condition]:
    if isinstance(condition, And):
        return [part for inner in condition.parts for part in _parts(inner)]
    return [condition]


def _read_part(part: Condition, bound: Bindings) -> tuple[str, str, tuple[Operand, ...]]:
    operator: str
    operands: tuple[Operand, ...]
    match part:
        case Comparison("=" | "<" | "<=" | ">" | ">=" as sign, left, right):
            operator, path, operands = sign, left, (right,)
        case Between(operand, low, high):
            operator, path, operands = "BETWEEN", operand, (low, high)
        case BeginsWith(operand, start):
            operator, path, operands = "begins_with", operand, (start,)
        case _:
            raise invalid(
                "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression"
            )
    if not isinstance(path, Path) or len(path.parts) != 1:
        raise invalid("Invalid KeyConditionExpression: a key attribute must come first")
    return str(path.resolve(bound)[0]), operator, operands


def _value(name: str, operand: Operand, schema: Schema, scope: Scope) -> Any:
    if not isinstance(operand, Literal):
        raise invalid("Invalid KeyConditionExpression: a key is compared with a value only")
    kind = schema.key_types.get(name)
    if kind is None:
        missed = schema.range_name or schema.hash_name
        raise invalid(f"Query condition missed key schema element: {missed}")
    value = scope.values[operand.name]
    if kind not in value:
        raise invalid_parameter("Condition parameter type does not match schema type")
    content = ordered(value)
    if isinstance(content, (str, bytes)):
        is_hash = name == schema.hash_name
        check_key_content(name, content, MAX_HASH_BYTES if is_hash else MAX_RANGE_BYTES)
    return content
