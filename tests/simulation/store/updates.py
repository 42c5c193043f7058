"""Update expressions: every right side is read from the item as it was, then all is written."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from tests.simulation.store.conditions import Bindings, Literal, Path, path_text
from tests.simulation.store.errors import ExpressionError, invalid, invalid_parameter
from tests.simulation.store.values import (
    EXACT,
    Item,
    Value,
    canonical_number,
    kind_of,
    number,
    sort_set,
)

Parts = tuple[str | int, ...]

_WRONG_TYPE: Final = "An operand in the update expression has an incorrect data type"
_NO_SUCH_PATH: Final = "The document path provided in the update expression is invalid for update"
_ALLOWED: Final = {
    "+": frozenset({"N"}),
    "-": frozenset({"N"}),
    "list_append": frozenset({"L"}),
    "ADD": frozenset({"N", "SS", "NS", "BS"}),
    "DELETE": frozenset({"SS", "NS", "BS"}),
}


class Source(Protocol):
    """The right side of SET."""

    def read(self, item: Item, bound: Bindings) -> Value | None: ...


@dataclass(frozen=True, slots=True)
class IfNotExists:
    path: Path
    otherwise: Source

    def read(self, item: Item, bound: Bindings) -> Value | None:
        found = self.path.read(item, bound)
        return self.otherwise.read(item, bound) if found is None else found


@dataclass(frozen=True, slots=True)
class ListAppend:
    left: Source
    right: Source

    def read(self, item: Item, bound: Bindings) -> Value | None:
        left, right = _present(self.left, item, bound), _present(self.right, item, bound)
        if "L" not in left or "L" not in right:
            raise invalid(_WRONG_TYPE)
        return {"L": [*left["L"], *right["L"]]}


@dataclass(frozen=True, slots=True)
class Arithmetic:
    sign: str
    left: Source
    right: Source

    def read(self, item: Item, bound: Bindings) -> Value | None:
        left, right = _present(self.left, item, bound), _present(self.right, item, bound)
        if "N" not in left or "N" not in right:
            raise invalid(_WRONG_TYPE)
        return _added(left["N"], right["N"], self.sign)


@dataclass(frozen=True, slots=True)
class Action:
    section: str
    path: Path
    source: Source | None


def check_update(
    actions: Sequence[Action], keys: Container[str | int], bound: Bindings
) -> list[Parts]:
    """Return the paths that are written.

    Raises:
        ExpressionError: paths overlap, or a value can never fit.
        StoreError: a key attribute would change.
    """
    for action in actions:
        if action.section in ("ADD", "DELETE"):
            _check_literal(action.section, action.source, bound)
        else:
            _check_source(action.source, bound)
    paths = [action.path.resolve(bound) for action in actions]
    check_overlap(paths)
    for path in paths:
        if path[0] in keys:
            raise invalid_parameter(
                f"Cannot update attribute {path[0]}. This attribute is part of the key"
            )
    return paths


def check_overlap(paths: Sequence[Parts]) -> None:
    for place, one in enumerate(paths):
        for two in paths[place + 1 :]:
            for a, b in zip(one, two, strict=False):
                if a != b:
                    if isinstance(a, int) != isinstance(b, int):
                        raise ExpressionError(_clash("conflict", one, two))
                    break
            else:
                raise ExpressionError(_clash("overlap", one, two))


def _clash(how: str, one: Parts, two: Parts) -> str:
    return (
        f"Two document paths {how} with each other; must remove or rewrite one of these paths; "
        f"path one: {path_text(one)}, path two: {path_text(two)}"
    )


def apply_update(actions: Sequence[Action], item: Item, bound: Bindings) -> Item:
    """Return the item as it is afterwards; ``item`` stays as it is, and parts are shared.

    Raises:
        StoreError: a path leads nowhere, or an operand is missing or of another type.
    """
    assigned: list[tuple[Parts, Value]] = []
    removed: list[Parts] = []
    for action in actions:
        path = action.path.resolve(bound)
        if action.section == "REMOVE":
            removed.append(path)
            continue
        assert action.source is not None
        value: Value | None
        if action.section == "SET":
            value = _present(action.source, item, bound)
        else:
            combine = _add if action.section == "ADD" else _delete
            value = combine(action.path.read(item, bound), _present(action.source, item, bound))
        if value is None:
            removed.append(path)
        else:
            assigned.append((path, value))
    root: dict[str, Any] = {"M": item}
    # Places past the end of a list are filled in the order of their numbers, and elements go
    # from the back, so that those before them keep theirs.
    for path, value in sorted(assigned, key=lambda entry: _places(entry[0])):
        root = _assign(root, path, value)
    for path in sorted(removed, key=_places, reverse=True):
        root = _remove(root, path)
    changed: Item = root["M"]
    return changed


def _places(path: Parts) -> list[int]:
    return [part for part in path if isinstance(part, int)]


def _present(source: Source, item: Item, bound: Bindings) -> Value:
    value = source.read(item, bound)
    if value is None:
        raise invalid(
            "The provided expression refers to an attribute that does not exist in the item"
        )
    return value


def _added(left: str, right: str, sign: str) -> Value:
    combine = EXACT.add if sign == "+" else EXACT.subtract
    return {"N": canonical_number(str(combine(number(left), number(right))))}


def _add(current: Value | None, more: Value) -> Value:
    if current is None:
        return more
    kind = kind_of(more)
    if kind not in current:
        raise invalid(_WRONG_TYPE)
    if kind == "N":
        return _added(current["N"], more["N"], "+")
    return {kind: sort_set(kind, {*current[kind], *more[kind]})}


def _delete(current: Value | None, less: Value) -> Value | None:
    kind = kind_of(less)
    if current is None:
        return None
    if kind not in current:
        raise invalid(_WRONG_TYPE)
    left = set(current[kind]) - set(less[kind])
    return {kind: sort_set(kind, left)} if left else None


def _assign(container: Value, path: Parts, value: Value) -> Value:
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        elements = list(_inside(container, "L"))
        if head < len(elements):
            elements[head] = _assign(elements[head], rest, value) if rest else value
        elif rest:
            raise invalid(_NO_SUCH_PATH)
        else:
            elements.append(value)
        return {"L": elements}
    members = _inside(container, "M")
    if not rest:
        return {"M": {**members, head: value}}
    if head not in members:
        raise invalid(_NO_SUCH_PATH)
    return {"M": {**members, head: _assign(members[head], rest, value)}}


def _remove(container: Value, path: Parts) -> Value:
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        elements = list(_inside(container, "L"))
        if head < len(elements):
            elements[head : head + 1] = [_remove(elements[head], rest)] if rest else []
        elif rest:
            raise invalid(_NO_SUCH_PATH)
        return {"L": elements}
    members = dict(_inside(container, "M"))
    if not rest:
        members.pop(head, None)
    elif head in members:
        members[head] = _remove(members[head], rest)
    else:
        raise invalid(_NO_SUCH_PATH)
    return {"M": members}


def _inside(container: Value, kind: str) -> Any:
    if kind not in container:
        raise invalid(_NO_SUCH_PATH)
    return container[kind]


def _check_source(source: Source | None, bound: Bindings) -> None:
    match source:
        case Arithmetic(sign, left, right):
            parts, operator = (left, right), sign
        case ListAppend(left, right):
            parts, operator = (left, right), "list_append"
        case IfNotExists(_, otherwise):
            _check_source(otherwise, bound)
            return
        case _:
            return
    for part in parts:
        _check_literal(operator, part, bound)
        _check_source(part, bound)


def _check_literal(operator: str, source: Source | None, bound: Bindings) -> None:
    if isinstance(source, Literal):
        kind = kind_of(bound.values[source.name])
        if kind not in _ALLOWED[operator]:
            raise ExpressionError(
                "Incorrect operand type for operator or function; "
                f"operator: {operator}, operand type: {kind}"
            )
