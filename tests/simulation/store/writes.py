"""Writes of one item: alone, in a batch, or as a part of a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.store.capacity import consumed, level_of, write_units
from tests.simulation.store.conditions import Condition
from tests.simulation.store.database import (
    Answer,
    Database,
    Params,
    choice,
    refuse_unknown,
)
from tests.simulation.store.errors import condition_failed, constraint, invalid
from tests.simulation.store.scope import Scope, Update
from tests.simulation.store.tables import Key, Row, Table
from tests.simulation.store.values import (
    MAX_ITEM_BYTES,
    MAX_LEVELS,
    Item,
    Value,
    copy_item,
    item_bytes,
    read_item,
)

MAX_BATCH: Final = 25

_EXPRESSIONS: Final = frozenset(
    {
        "TableName",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValuesOnConditionCheckFailure",
    }
)
_ALONE: Final = frozenset({"ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"})
_SUBJECT: Final = {
    "Put": frozenset({"Item"}),
    "Update": frozenset({"Key", "UpdateExpression"}),
    "Delete": frozenset({"Key"}),
    "ConditionCheck": frozenset({"Key"}),
}
ACTIONS: Final = tuple(_SUBJECT)


@dataclass(slots=True)
class Write:
    """A write that was read and found well-formed; ``locate`` comes before the rest."""

    kind: str
    table: Table
    subject: Item
    """The item of a Put, the key of others."""
    scope: Scope
    condition: Condition | None
    update: Update | None
    tells_old: bool
    size: int
    """The bytes of ``subject``."""
    key: Key = (None, None)

    def locate(self) -> None:
        """Raises: StoreError: KeyMismatch, or an empty or too long key."""
        schema = self.table.schema
        self.key = (
            schema.key_of_item(self.subject) if self.kind == "Put" else schema.key_of(self.subject)
        )

    def holds(self, row: Row | None) -> bool:
        item: Item = {} if row is None else row.item
        return self.condition is None or self.condition.holds(item, self.scope)

    def result(self, row: Row | None) -> Row | None:
        """Return what lies there after the write, None for nothing. Raises: StoreError."""
        if self.kind == "Put":
            return Row(self.subject, self.size)
        if self.kind == "Delete":
            return None
        if self.kind == "ConditionCheck":
            return row
        old = Row(self.subject, self.size) if row is None else row
        if self.update is None:
            return old
        item = self.update.apply(old.item)
        size = item_bytes(item)
        if size > MAX_ITEM_BYTES:
            raise invalid("Item size to update has exceeded the maximum allowed size")
        if any(_levels(value) > MAX_LEVELS for value in item.values()):
            raise invalid("Nesting Levels have exceeded supported limits")
        return Row(item, size)

    def told_on_failure(self, row: Row | None) -> Item | None:
        return copy_item(row.item) if self.tells_old and row is not None else None

    def units(self, row: Row | None) -> float:
        """Return the units of the write if it is refused: those of what it met or would put."""
        met = 0 if row is None else row.size
        return write_units(met, self.size if self.kind == "Put" else 0)


def read_write(database: Database, kind: str, params: Params, more: frozenset[str]) -> Write:
    """Return the write that a request asks for; ``more`` are further parameters it may have.

    Raises:
        StoreError: it is malformed, or there is no such table.
    """
    refuse_unknown(params, _EXPRESSIONS | _SUBJECT[kind] | more, kind)
    returns = choice(params, "ReturnValuesOnConditionCheckFailure", "NONE", "ALL_OLD")
    slots = ("ConditionExpression", "UpdateExpression")
    scope = Scope(params, *(slots if kind == "Update" else slots[:1]))
    condition = scope.condition("ConditionExpression")
    if kind == "ConditionCheck" and condition is None:
        raise constraint(None, "conditionExpression", "not be null")
    name = "Item" if kind == "Put" else "Key"
    if params.get(name) is None:
        raise constraint(None, name.lower(), "not be null")
    subject = read_item(params[name])
    table = database.table(params.get("TableName"))
    update = scope.update({*table.schema.key_types}) if kind == "Update" else None
    scope.finish()
    size = item_bytes(subject)
    if kind == "Put" and size > MAX_ITEM_BYTES:
        raise invalid("Item size has exceeded the maximum allowed size")
    return Write(kind, table, subject, scope, condition, update, returns == "ALL_OLD", size)


def put_item(database: Database, params: Params) -> Answer:
    return _write_alone(database, "Put", params)


def update_item(database: Database, params: Params) -> Answer:
    return _write_alone(database, "Update", params)


def delete_item(database: Database, params: Params) -> Answer:
    return _write_alone(database, "Delete", params)


def _write_alone(database: Database, kind: str, params: Params) -> Answer:
    level = level_of(params)
    returned = _return_values(kind, params)
    write = read_write(database, kind, params, _ALONE)
    write.locate()
    table = write.table
    old = table.row(write.key)
    if not write.holds(old):
        table.billed.write_units += write.units(old)
        raise condition_failed(write.told_on_failure(old))
    new = write.result(old)
    table.write(write.key, old, new, database.now_ms())
    units = write_units(old.size if old else 0, new.size if new else 0)
    table.billed.write_units += units
    answer: Answer = {}
    attributes = _returned(returned, write, old, new)
    if attributes:
        answer["Attributes"] = copy_item(attributes)
    if level != "NONE":
        answer["ConsumedCapacity"] = consumed(level, table.schema.name, units)
    return answer


def _return_values(kind: str, params: Params) -> str:
    found = choice(
        params, "ReturnValues", "NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"
    )
    if kind != "Update" and found not in ("NONE", "ALL_OLD"):
        raise invalid("ReturnValues can only be ALL_OLD or NONE")
    return found


def _returned(returned: str, write: Write, old: Row | None, new: Row | None) -> Item | None:
    row = old if returned.endswith("OLD") else new
    if returned == "NONE" or row is None:
        return None
    if returned.startswith("ALL"):
        return row.item
    return None if write.update is None else write.update.written.of(row.item)


def _levels(value: Value) -> int:
    ((kind, content),) = value.items()
    if kind == "M":
        return 1 + max(map(_levels, content.values()), default=0)
    if kind == "L":
        return 1 + max(map(_levels, content), default=0)
    return 1


def batch_write_item(database: Database, params: Params) -> Answer:
    level = level_of(params)
    requests = params.get("RequestItems") or {}
    if not 0 < sum(map(len, requests.values())) <= MAX_BATCH or not all(requests.values()):
        raise constraint(requests, "requestItems", f"have 1 to {MAX_BATCH} requests")
    writes: list[Write] = []
    for name, entries in requests.items():
        writes.extend(_read_batch_entry(database, name, entry) for entry in entries)
    targets = [(write.table.schema.name, write.key) for write in writes]
    if len(set(targets)) != len(targets):
        raise invalid("Provided list of item keys contains duplicates")
    units: dict[str, float] = {}
    for write in writes:
        old = write.table.row(write.key)
        new = write.result(old)
        write.table.write(write.key, old, new, database.now_ms())
        cost = write_units(old.size if old else 0, new.size if new else 0)
        write.table.billed.write_units += cost
        name = write.table.schema.name
        units[name] = units.get(name, 0.0) + cost
    answer: Answer = {"UnprocessedItems": {}}
    if level != "NONE":
        answer["ConsumedCapacity"] = [consumed(level, name, cost) for name, cost in units.items()]
    return answer


def _read_batch_entry(database: Database, table: str, entry: dict[str, Any]) -> Write:
    kinds = {"PutRequest": "Put", "DeleteRequest": "Delete"}
    if len(entry) != 1 or not entry.keys() <= kinds.keys():
        raise invalid("Supplied AttributeValue has more than one PutRequest or DeleteRequest")
    ((request, subject),) = entry.items()
    write = read_write(database, kinds[request], {"TableName": table, **subject}, frozenset())
    write.locate()
    return write
