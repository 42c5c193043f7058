"""Conditions as trees: ``check`` refuses what can never be right, ``holds`` looks at an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, Final, Protocol

from tests.simulation.store.errors import ExpressionError
from tests.simulation.store.values import Item, Value, kind_of, ordered, set_element

_ORDER: Final = {"<": lt, "<=": le, ">": gt, ">=": ge}
_ORDERED_KINDS: Final = frozenset({"S", "N", "B"})
_KINDS: Final = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")
_SIZED: Final = frozenset({"S", "B", "SS", "NS", "BS", "L", "M"})


class Bindings(Protocol):
    """What the placeholders of a request stand for."""

    @property
    def names(self) -> Mapping[str, str]: ...

    @property
    def values(self) -> Mapping[str, Value]: ...


class Operand(Protocol):
    def read(self, item: Item, bound: Bindings) -> Value | None: ...


class Condition(Protocol):
    def check(self, bound: Bindings) -> None:
        """Raises: ExpressionError: an operand can never fit."""

    def holds(self, item: Item, bound: Bindings) -> bool: ...


@dataclass(frozen=True, slots=True)
class Path:
    """A document path; names that start with ``#`` are placeholders, integers places in lists."""

    parts: tuple[str | int, ...]

    def resolve(self, bound: Bindings) -> tuple[str | int, ...]:
        return tuple(
            bound.names[part] if isinstance(part, str) and part[0] == "#" else part
            for part in self.parts
        )

    def read(self, item: Item, bound: Bindings) -> Value | None:
        value: Value = {"M": item}
        for part in self.parts:
            if isinstance(part, int):
                elements = value.get("L")
                if elements is None or part >= len(elements):
                    return None
                value = elements[part]
            else:
                members = value.get("M")
                name = bound.names[part] if part[0] == "#" else part
                if members is None or name not in members:
                    return None
                value = members[name]
        return value


@dataclass(frozen=True, slots=True)
class Literal:
    name: str

    def read(self, item: Item, bound: Bindings) -> Value | None:
        return bound.values[self.name]


@dataclass(frozen=True, slots=True)
class Size:
    of: Operand

    def read(self, item: Item, bound: Bindings) -> Value | None:
        value = self.of.read(item, bound)
        if value is None or kind_of(value) not in _SIZED:
            return None
        return {"N": str(len(value[kind_of(value)]))}


@dataclass(frozen=True, slots=True)
class Comparison:
    sign: str
    left: Operand
    right: Operand

    def check(self, bound: Bindings) -> None:
        _check_operands(self.sign, (self.left, self.right), bound)
        if self.sign in _ORDER:
            for operand in (self.left, self.right):
                _check_kind(self.sign, operand, bound, _ORDERED_KINDS)

    def holds(self, item: Item, bound: Bindings) -> bool:
        left, right = self.left.read(item, bound), self.right.read(item, bound)
        if self.sign == "=":
            return left is not None and left == right
        if self.sign == "<>":
            return left is None or left != right
        return _compare(self.sign, left, right)


@dataclass(frozen=True, slots=True)
class Between:
    operand: Operand
    low: Operand
    high: Operand

    def check(self, bound: Bindings) -> None:
        _check_operands("BETWEEN", (self.operand, self.low, self.high), bound)
        for operand in (self.operand, self.low, self.high):
            _check_kind("BETWEEN", operand, bound, _ORDERED_KINDS)
        if isinstance(self.low, Literal) and isinstance(self.high, Literal):
            low, high = bound.values[self.low.name], bound.values[self.high.name]
            if kind_of(low) != kind_of(high):
                raise ExpressionError(
                    "The BETWEEN operator requires same data type for lower and upper bounds; "
                    f"lower bound operand: {low}, upper bound operand: {high}"
                )
            if ordered(low) > ordered(high):
                raise ExpressionError(
                    "The BETWEEN operator requires upper bound to be greater than or equal to "
                    f"lower bound; lower bound operand: {low}, upper bound operand: {high}"
                )

    def holds(self, item: Item, bound: Bindings) -> bool:
        value = self.operand.read(item, bound)
        low, high = self.low.read(item, bound), self.high.read(item, bound)
        return _compare(">=", value, low) and _compare("<=", value, high)


@dataclass(frozen=True, slots=True)
class In:
    operand: Operand
    members: tuple[Operand, ...]

    def check(self, bound: Bindings) -> None:
        _check_operands("IN", (self.operand, *self.members), bound)

    def holds(self, item: Item, bound: Bindings) -> bool:
        value = self.operand.read(item, bound)
        return value is not None and any(
            member.read(item, bound) == value for member in self.members
        )


@dataclass(frozen=True, slots=True)
class Exists:
    path: Path
    wanted: bool

    def check(self, bound: Bindings) -> None:
        pass

    def holds(self, item: Item, bound: Bindings) -> bool:
        return (self.path.read(item, bound) is not None) == self.wanted


@dataclass(frozen=True, slots=True)
class AttributeType:
    path: Path
    kind: Operand

    def check(self, bound: Bindings) -> None:
        _check_kind("attribute_type", self.kind, bound, frozenset({"S"}))
        if not isinstance(self.kind, Literal) or bound.values[self.kind.name]["S"] not in _KINDS:
            raise ExpressionError(
                "Invalid attribute type name found; valid types: {" + ",".join(_KINDS) + "}"
            )

    def holds(self, item: Item, bound: Bindings) -> bool:
        value, kind = self.path.read(item, bound), self.kind.read(item, bound)
        return value is not None and kind is not None and kind_of(value) == kind["S"]


@dataclass(frozen=True, slots=True)
class BeginsWith:
    operand: Operand
    start: Operand

    def check(self, bound: Bindings) -> None:
        _check_operands("begins_with", (self.operand, self.start), bound)
        for operand in (self.operand, self.start):
            _check_kind("begins_with", operand, bound, frozenset({"S", "B"}))

    def holds(self, item: Item, bound: Bindings) -> bool:
        value, start = self.operand.read(item, bound), self.start.read(item, bound)
        if value is None or start is None:
            return False
        kind = kind_of(value)
        return kind in ("S", "B") and kind in start and value[kind].startswith(start[kind])


@dataclass(frozen=True, slots=True)
class Contains:
    operand: Operand
    wanted: Operand

    def check(self, bound: Bindings) -> None:
        _check_operands("contains", (self.operand, self.wanted), bound)
        _check_kind("contains", self.operand, bound, frozenset({"S", "B", "SS", "NS", "BS", "L"}))

    def holds(self, item: Item, bound: Bindings) -> bool:
        value, wanted = self.operand.read(item, bound), self.wanted.read(item, bound)
        if value is None or wanted is None:
            return False
        kind = kind_of(value)
        if kind == "L":
            return wanted in value["L"]
        if kind in ("S", "B"):
            return kind in wanted and wanted[kind] in value[kind]
        element = set_element(value)
        return element is not None and element in wanted and wanted[element] in value[kind]


@dataclass(frozen=True, slots=True)
class Not:
    inner: Condition

    def check(self, bound: Bindings) -> None:
        self.inner.check(bound)

    def holds(self, item: Item, bound: Bindings) -> bool:
        return not self.inner.holds(item, bound)


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Condition, ...]

    def check(self, bound: Bindings) -> None:
        for part in self.parts:
            part.check(bound)

    def holds(self, item: Item, bound: Bindings) -> bool:
        return all(part.holds(item, bound) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Condition, ...]

    def check(self, bound: Bindings) -> None:
        for part in self.parts:
            part.check(bound)

    def holds(self, item: Item, bound: Bindings) -> bool:
        return any(part.holds(item, bound) for part in self.parts)


def _compare(sign: str, left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return False
    kind = kind_of(left)
    if kind not in _ORDERED_KINDS or kind not in right:
        return False
    return bool(_ORDER[sign](ordered(left), ordered(right)))


def _check_operands(operator: str, operands: tuple[Operand, ...], bound: Bindings) -> None:
    first = operands[0]
    for operand in operands:
        if isinstance(operand, Size):
            _check_kind("size", operand.of, bound, _SIZED)
    if isinstance(first, Path) and any(
        isinstance(other, Path) and other.resolve(bound) == first.resolve(bound)
        for other in operands[1:]
    ):
        raise ExpressionError(
            "The first operand must be distinct from the remaining operands for this operator or "
            f"function; operator: {operator}, first operand: {path_text(first.resolve(bound))}"
        )


def _check_kind(operator: str, operand: Operand, bound: Bindings, allowed: frozenset[str]) -> None:
    if isinstance(operand, Literal):
        kind = kind_of(bound.values[operand.name])
        if kind not in allowed:
            raise ExpressionError(
                "Incorrect operand type for operator or function; "
                f"operator or function: {operator}, operand type: {kind}"
            )


def path_text(parts: tuple[Any, ...]) -> str:
    """Return a path as DynamoDB's messages write it."""
    return "[" + ", ".join(f"[{p}]" if isinstance(p, int) else p for p in parts) + "]"
