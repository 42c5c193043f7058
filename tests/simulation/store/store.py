"""DynamoDB in memory: one process, one thread, the same answers for the same calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.simulation.store import database, reads, transactions, writes
from tests.simulation.store.capacity import Billed
from tests.simulation.store.database import Answer, Clock, Database, Lag, refuse_unknown
from tests.simulation.store.errors import StoreError
from tests.simulation.store.streams import Record
from tests.simulation.store.values import Item, copy_item

Interceptor = Callable[[str, dict[str, Any], Callable[[], Answer]], Answer]
"""``interceptor(operation, params, apply)`` answers a call. ``apply()`` carries it out; a fault is
to raise an error of ``errors`` (or one of botocore's) before it or after it, or in its place.
"""

_EXPRESSION: Final = frozenset({"ExpressionAttributeNames", "ExpressionAttributeValues"})
_CAPACITY: Final = frozenset({"ReturnConsumedCapacity"})
_METRICS: Final = frozenset({"ReturnItemCollectionMetrics"})
_CHECKED: Final = frozenset({"ConditionExpression", "ReturnValuesOnConditionCheckFailure"})
_READ: Final = frozenset(
    {"TableName", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"}
)
_PAGED: Final = frozenset({"FilterExpression", "ExclusiveStartKey", "Limit", "Select", "IndexName"})
_WRITE: Final = (
    frozenset({"TableName", "ReturnValues"}) | _EXPRESSION | _CHECKED | _CAPACITY | _METRICS
)
_TABLE: Final = frozenset({"TableName"})

_OPERATIONS: Final[
    dict[str, tuple[Callable[[Database, dict[str, Any]], Answer], frozenset[str]]]
] = {
    "CreateTable": (
        database.create_table,
        _TABLE
        | {
            "AttributeDefinitions",
            "KeySchema",
            "BillingMode",
            "ProvisionedThroughput",
            "StreamSpecification",
            "GlobalSecondaryIndexes",
            "LocalSecondaryIndexes",
        },
    ),
    "DescribeTable": (database.describe_table, _TABLE),
    "DeleteTable": (database.delete_table, _TABLE),
    "PutItem": (writes.put_item, _WRITE | {"Item"}),
    "UpdateItem": (writes.update_item, _WRITE | {"Key", "UpdateExpression"}),
    "DeleteItem": (writes.delete_item, _WRITE | {"Key"}),
    "GetItem": (reads.get_item, _READ | _CAPACITY | {"Key"}),
    "Query": (
        reads.query,
        _READ | _PAGED | _EXPRESSION | _CAPACITY | {"KeyConditionExpression", "ScanIndexForward"},
    ),
    "Scan": (reads.scan, _READ | _PAGED | _EXPRESSION | _CAPACITY),
    "BatchGetItem": (reads.batch_get_item, _CAPACITY | {"RequestItems"}),
    "BatchWriteItem": (writes.batch_write_item, _CAPACITY | _METRICS | {"RequestItems"}),
    "TransactWriteItems": (
        transactions.transact_write_items,
        _CAPACITY | _METRICS | {"TransactItems", "ClientRequestToken"},
    ),
    "TransactGetItems": (transactions.transact_get_items, _CAPACITY | {"TransactItems"}),
}


class DynamoStore:
    """Tables without indexes, and what their streams tell.

    Values go in and come out as in boto3's client, binaries as bytes; nothing is shared with the
    caller. ``now_ms`` is the clock of request tokens, streams and tables. ``lag`` makes eventually
    consistent reads stale; ``interceptor`` sees every call and may fail it. Both may be replaced at
    any time.
    """

    def __init__(
        self, now_ms: Clock, *, interceptor: Interceptor | None = None, lag: Lag | None = None
    ) -> None:
        self._database = Database(now_ms)
        self.interceptor = interceptor
        if lag is not None:
            self.lag = lag

    @property
    def lag(self) -> Lag:
        return self._database.lag

    @lag.setter
    def lag(self, lag: Lag) -> None:
        self._database.lag = lag

    def call(self, operation: str, params: dict[str, Any]) -> Answer:
        """Carry out an operation by the name it has in AWS's API.

        Raises:
            StoreError: what DynamoDB would refuse, or what this store does not implement.
        """
        if self.interceptor is None:
            return self._apply(operation, params)
        return self.interceptor(operation, params, lambda: self._apply(operation, params))

    def stream(self, table: str, after: int = 0) -> list[Record]:
        """Return the change records of a table's stream but the first ``after``.

        Raises:
            StoreError: there is no such table, or it has no stream.
        """
        stream = self._database.table(table).stream
        if stream is None:
            raise StoreError("ResourceNotFoundException", f"table {table} has no stream")
        return stream.records(after)

    def items(self, table: str) -> list[Item]:
        """Return all items as they are now. It is no call: nothing is billed or intercepted."""
        return [copy_item(row.item) for _, row in self._database.table(table).scan(None)]

    def billed(self, table: str) -> Billed:
        return self._database.table(table).billed

    def _apply(self, operation: str, params: dict[str, Any]) -> Answer:
        known = _OPERATIONS.get(operation)
        if known is None:
            raise StoreError(
                "UnknownOperationException", f"{operation} is not an operation of this store"
            )
        carry_out, parameters = known
        refuse_unknown(params, parameters, operation)
        return carry_out(self._database, params)
