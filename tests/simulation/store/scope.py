"""The expressions of one request, bound to the request's names and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from tests.simulation.store.conditions import Condition
from tests.simulation.store.errors import ExpressionError, StoreError, invalid
from tests.simulation.store.parser import (
    Placeholders,
    parse_condition,
    parse_projection,
    parse_update,
)
from tests.simulation.store.updates import (
    Action,
    Parts,
    apply_update,
    check_overlap,
    check_update,
)
from tests.simulation.store.values import Item, Value, read_value

T = TypeVar("T")

_NAMES: Final = "ExpressionAttributeNames"
_VALUES: Final = "ExpressionAttributeValues"
_PLACEHOLDER: Final = re.compile(r"[#:][A-Za-z0-9_]+\Z")


class Scope:
    """Names and values of a request. Take its expressions, then ``finish``.

    ``slots`` are the expressions that the operation may have.

    Raises:
        StoreError: on creation, for malformed names and values; later for a wrong expression.
    """

    def __init__(self, params: Mapping[str, Any], *slots: str) -> None:
        self._params = params
        has_expression = any(params.get(slot) is not None for slot in slots)
        self.names: dict[str, str] = self._declared(_NAMES, "#", has_expression)
        self.values: dict[str, Value] = {
            name: self._value(name, value)
            for name, value in self._declared(_VALUES, ":", has_expression).items()
        }
        self._unused = {*self.names, *self.values}

    def condition(self, slot: str) -> Condition | None:
        return self._taken(slot, parse_condition, self._checked)

    def attributes(self, slot: str) -> set[str]:
        """Return the attributes that a condition looks at."""
        text = self._params.get(slot)
        if text is None:
            return set()
        _, placeholders = parse_condition(text)
        return {self.names.get(name, name) for name in placeholders.attributes}

    def update(self, key_names: Container[str | int]) -> Update | None:
        def bind(actions: tuple[Action, ...]) -> Update:
            return Update(actions, check_update(actions, key_names, self), self)

        return self._taken("UpdateExpression", parse_update, bind)

    def projection(self) -> Projection | None:
        def bind(paths: Sequence[Any]) -> Projection:
            found = [path.resolve(self) for path in paths]
            check_overlap(found)
            return Projection(found)

        return self._taken("ProjectionExpression", parse_projection, bind)

    def finish(self) -> None:
        """Raises: StoreError: a name or a value was not used."""
        for parameter, declared in ((_NAMES, self.names), (_VALUES, self.values)):
            left = sorted(self._unused.intersection(declared))
            if left:
                raise invalid(
                    f"Value provided in {parameter} unused in expressions: "
                    f"keys: {{{', '.join(left)}}}"
                )

    def _declared(self, parameter: str, sign: str, has_expression: bool) -> dict[str, Any]:  # noqa: FBT001
        declared = self._params.get(parameter)
        if declared is None:
            return {}
        if not has_expression:
            raise invalid(f"{parameter} can only be specified when using expressions")
        if not declared:
            raise invalid(f"{parameter} must not be empty")
        for name in declared:
            if not name.startswith(sign) or not _PLACEHOLDER.match(name):
                raise invalid(f'{parameter} contains invalid key: Syntax error; key: "{name}"')
        return dict(declared)

    @staticmethod
    def _value(name: str, value: Any) -> Value:
        try:
            return read_value(value)
        except StoreError as error:
            if error.code != "ValidationException":
                raise
            raise invalid(
                f"{_VALUES} contains invalid value: {error.message} for key {name}"
            ) from error

    def _taken(
        self,
        slot: str,
        parse: Callable[[str], tuple[Any, Placeholders]],
        bind: Callable[[Any], T],
    ) -> T | None:
        text = self._params.get(slot)
        if text is None:
            return None
        try:
            parsed, placeholders = parse(text)
            self._use(placeholders)
            return bind(parsed)
        except ExpressionError as error:
            raise invalid(f"Invalid {slot}: {error}") from error

    def _use(self, placeholders: Placeholders) -> None:
        for name in placeholders.names:
            if name not in self.names:
                raise ExpressionError(
                    "An expression attribute name used in the document path is not defined; "
                    f"attribute name: {name}"
                )
        for name in placeholders.values:
            if name not in self.values:
                raise ExpressionError(
                    "An expression attribute value used in expression is not defined; "
                    f"attribute value: {name}"
                )
        self._unused -= placeholders.names
        self._unused -= placeholders.values

    def _checked(self, condition: Condition) -> Condition:
        condition.check(self)
        return condition


class Update:
    """An update expression and the paths it writes."""

    def __init__(self, actions: Sequence[Action], paths: Sequence[Parts], scope: Scope) -> None:
        self._actions = actions
        self._scope = scope
        self.written = Projection(paths)

    def apply(self, item: Item) -> Item:
        return apply_update(self._actions, item, self._scope)


Tree = dict[Any, Any]
"""The parts of paths, each leading to the next; an end leads to an empty tree."""


class Projection:
    """Some paths of an item. Elements of a list keep their order and close up."""

    def __init__(self, paths: Iterable[Parts]) -> None:
        self._tree: Tree = {}
        for path in paths:
            branch = self._tree
            for part in path:
                branch = branch.setdefault(part, {})

    def of(self, item: Item) -> Item:
        found = _project({"M": item}, self._tree)
        return {} if found is None else found["M"]


def _project(value: Value, tree: Tree) -> Value | None:
    if not tree:
        return value
    if "M" in value:
        members = {
            name: found
            for name, branch in tree.items()
            if name in value["M"] and (found := _project(value["M"][name], branch)) is not None
        }
        return {"M": members} if members else None
    if "L" in value:
        elements = [
            found
            for place in sorted(place for place in tree if isinstance(place, int))
            if place < len(value["L"])
            and (found := _project(value["L"][place], tree[place])) is not None
        ]
        return {"L": elements} if elements else None
    return None
