"""Reads of items by key, and of many in the order of their keys, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from tests.simulation.store.capacity import consumed, level_of, read_units
from tests.simulation.store.conditions import Condition
from tests.simulation.store.database import Answer, Database, Params, choice
from tests.simulation.store.errors import KeyMismatch, constraint, invalid
from tests.simulation.store.keys import KeyRange, read_key_condition
from tests.simulation.store.scope import Projection, Scope
from tests.simulation.store.tables import Key, Row, Table
from tests.simulation.store.values import Item, copy_item, read_item

MAX_PAGE_BYTES: Final = 1024 * 1024
MAX_BATCH_BYTES: Final = 16 * 1024 * 1024
MAX_BATCH: Final = 100


def get_item(database: Database, params: Params) -> Answer:
    level = level_of(params)
    scope = Scope(params, "ProjectionExpression")
    projection = scope.projection()
    scope.finish()
    if params.get("Key") is None:
        raise constraint(None, "key", "not be null")
    key = read_item(params["Key"])
    table = database.table(params.get("TableName"))
    consistent = bool(params.get("ConsistentRead"))
    place = table.schema.key_of(key)
    row = table.row(place, database.lag_of("GetItem", table, consistent=consistent))
    units = read_units(row.size if row else 0, consistent=consistent)
    table.billed.read_units += units
    answer: Answer = {}
    if row is not None:
        answer["Item"] = _told(row.item, projection)
    if level != "NONE":
        answer["ConsumedCapacity"] = consumed(level, table.schema.name, units)
    return answer


def batch_get_item(database: Database, params: Params) -> Answer:
    level = level_of(params)
    requests = params.get("RequestItems") or {}
    count = sum(len(request["Keys"]) for request in requests.values())
    if not 0 < count <= MAX_BATCH or not all(request["Keys"] for request in requests.values()):
        raise constraint(requests, "requestItems", f"have 1 to {MAX_BATCH} keys")
    answer: Answer = {"Responses": {}, "UnprocessedKeys": {}}
    costs = []
    room = MAX_BATCH_BYTES
    for name, request in requests.items():
        scope = Scope(request, "ProjectionExpression")
        projection = scope.projection()
        scope.finish()
        table = database.table(name)
        consistent = bool(request.get("ConsistentRead"))
        keys = [read_item(key) for key in request["Keys"]]
        places = [table.schema.key_of(key) for key in keys]
        if len(set(places)) != len(places):
            raise invalid("Provided list of item keys contains duplicates")
        lag = database.lag_of("BatchGetItem", table, consistent=consistent)
        found: list[Item] = []
        left: list[Item] = []
        units = 0.0
        for key, place in zip(keys, places, strict=True):
            row = table.row(place, lag)
            size = row.size if row else 0
            if left or size > room:
                left.append(key)
                continue
            room -= size
            units += read_units(size, consistent=consistent)
            if row is not None:
                found.append(_told(row.item, projection))
        table.billed.read_units += units
        answer["Responses"][name] = found
        costs.append(consumed(level, name, units))
        if left:
            answer["UnprocessedKeys"][name] = {**request, "Keys": left}
    if level != "NONE":
        answer["ConsumedCapacity"] = costs
    return answer


def query(database: Database, params: Params) -> Answer:
    table, scope = _open(database, params, "KeyConditionExpression", "FilterExpression")
    key_range = read_key_condition(scope, table.schema, params)
    page = _Page(params, table, scope, "Query")
    for name in sorted(scope.attributes("FilterExpression") & table.schema.key_types.keys()):
        raise invalid(
            "Filter Expression can only contain non-primary key attributes: "
            f"Primary key attribute: {name}"
        )
    if page.start is not None and not key_range.has(page.start):
        raise invalid(
            "The provided starting key is outside query boundaries based on provided conditions"
        )
    lag = database.lag_of("Query", table, consistent=page.consistent)
    forward = params.get("ScanIndexForward", True)
    return page.answer(_in_range(table, key_range, page.start, forward=forward, lag=lag))


def scan(database: Database, params: Params) -> Answer:
    table, scope = _open(database, params, "FilterExpression")
    page = _Page(params, table, scope, "Scan")
    lag = database.lag_of("Scan", table, consistent=page.consistent)
    return page.answer(table.scan(page.start, lag))


def _open(database: Database, params: Params, *slots: str) -> tuple[Table, Scope]:
    table = database.table(params.get("TableName"))
    if params.get("IndexName") is not None:
        raise invalid(f"The table does not have the specified index: {params['IndexName']}")
    return table, Scope(params, *slots, "ProjectionExpression")


def _in_range(
    table: Table, key_range: KeyRange, start: Key | None, *, forward: bool, lag: int
) -> Iterator[tuple[Key, Row]]:
    partition = table.partition(key_range.hash_value, lag)
    places = key_range.within(partition.order)
    if not forward:
        places.reverse()
    for place in places:
        passed = start is None or (place > start[1] if forward else place < start[1])
        if passed:
            yield (key_range.hash_value, place), partition.rows[place]


class _Page:
    """One page of a Query or a Scan."""

    def __init__(self, params: Params, table: Table, scope: Scope, operation: str) -> None:
        self._table = table
        self._scope = scope
        self._level = level_of(params)
        self._filter: Condition | None = scope.condition("FilterExpression")
        self._projection: Projection | None = scope.projection()
        scope.finish()
        self._limit: int | None = params.get("Limit")
        if self._limit is not None and self._limit < 1:
            raise constraint(self._limit, "limit", "have value greater than or equal to 1")
        self._counts = _read_select(params, operation, projected=self._projection is not None)
        self.consistent = bool(params.get("ConsistentRead"))
        self.start = _read_start(params, table)

    def answer(self, entries: Iterable[tuple[Key, Row]]) -> Answer:
        found: list[Item] = []
        size = scanned = matched = 0
        last: Row | None = None
        more = False
        for _, row in entries:
            if scanned and size + row.size > MAX_PAGE_BYTES:
                more = True
                break
            scanned += 1
            size += row.size
            last = row
            if self._filter is None or self._filter.holds(row.item, self._scope):
                matched += 1
                if not self._counts:
                    found.append(_told(row.item, self._projection))
            if scanned == self._limit or size >= MAX_PAGE_BYTES:
                more = True
                break
        units = read_units(size, consistent=self.consistent)
        self._table.billed.read_units += units
        answer: Answer = {"Count": matched, "ScannedCount": scanned}
        if not self._counts:
            answer["Items"] = found
        if more and last is not None:
            answer["LastEvaluatedKey"] = copy_item(self._table.schema.key_attributes(last.item))
        if self._level != "NONE":
            answer["ConsumedCapacity"] = consumed(self._level, self._table.schema.name, units)
        return answer


def _read_select(params: Params, operation: str, *, projected: bool) -> bool:
    """Return whether items are only counted."""
    usual = "SPECIFIC_ATTRIBUTES" if projected else "ALL_ATTRIBUTES"
    select = params.get("Select", usual)
    if select == "ALL_PROJECTED_ATTRIBUTES":
        raise invalid(f"{select} can be used only when {operation} is of an index")
    choice(params, "Select", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT")
    if projected and select != "SPECIFIC_ATTRIBUTES":
        raise invalid(f"Cannot specify the ProjectionExpression when choosing to get {select}")
    if not projected and select == "SPECIFIC_ATTRIBUTES":
        raise invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
            "SPECIFIC_ATTRIBUTES"
        )
    return bool(select == "COUNT")


def _read_start(params: Params, table: Table) -> Key | None:
    start: dict[str, Any] | None = params.get("ExclusiveStartKey")
    if start is None:
        return None
    try:
        return table.schema.key_of(read_item(start))
    except KeyMismatch as error:
        raise invalid(f"The provided starting key is invalid: {error.message}") from error


def _told(item: Item, projection: Projection | None) -> Item:
    return copy_item(projection.of(item) if projection else item)
