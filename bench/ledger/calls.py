"""What is asked of DynamoDB: every call of boto3 and pynamodb in this process, as it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

from botocore.client import BaseClient

_WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})


@dataclass(frozen=True, slots=True)
class Call:
    """``write_units`` are those that the answer says were consumed."""

    operation: str
    params: dict[str, Any]
    write_units: float

    @property
    def items(self) -> int:
        """How many items it wrote or checked."""
        if self.operation not in _WRITES:
            return 0
        return len(self.params.get("TransactItems", [None]))


@dataclass(slots=True)
class Cost:
    items: int
    units: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.items + other.items, self.units + other.units)


@dataclass
class Calls:
    made: list[Call] = field(default_factory=list)

    def of(self, step: Callable[[], object]) -> list[Call]:
        """Return the calls that ``step`` makes, in all its threads."""
        self.made.clear()
        step()
        return list(self.made)

    def cost(self, step: Callable[[], object]) -> Cost:
        return total(self.of(step))


def total(calls: Iterable[Call]) -> Cost:
    return sum((Cost(call.items, call.write_units) for call in calls), Cost(0, 0.0))


@contextmanager
def watched() -> Iterator[Calls]:
    """Note every DynamoDB call, and have each write say what it consumed."""
    calls = Calls()
    make_call = BaseClient._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001

    def make(self: Any, operation: str, params: dict[str, Any]) -> Any:
        if self.meta.service_model.service_name != "dynamodb":
            return make_call(self, operation, params)
        if operation not in _WRITES:
            calls.made.append(Call(operation, params, 0.0))
            return make_call(self, operation, params)
        answer = make_call(self, operation, {**params, "ReturnConsumedCapacity": "TOTAL"})
        consumed = answer.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        units = sum(table["CapacityUnits"] for table in tables)
        calls.made.append(Call(operation, params, units))
        return answer

    with mock.patch.object(BaseClient, "_make_api_call", make):
        yield calls
