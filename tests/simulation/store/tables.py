"""Tables: their schema, their items in the order of the keys, and what they were before."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from tests.simulation.store.capacity import Billed
from tests.simulation.store.errors import KeyMismatch, constraint, invalid, invalid_parameter
from tests.simulation.store.streams import VIEWS, Stream
from tests.simulation.store.values import Item, kind_of, ordered, text_bytes

ACCOUNT: Final = "000000000000"
REGION: Final = "us-east-1"
MAX_HASH_BYTES: Final = 2048
MAX_RANGE_BYTES: Final = 1024
REMEMBERED_WRITES: Final = 1000
"""How far back an eventually consistent read can look."""

_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{3,255}\Z")
_WRONG_PARAMETER: Final = "One or more parameter values were invalid"
_WRONG_KEY: Final = "The provided key element does not match the schema"

Key = tuple[Any, Any]
"""The comparable values of the partition key and of the sort key (None where there is none)."""


@dataclass(frozen=True, slots=True)
class Row:
    item: Item
    size: int


@dataclass(slots=True)
class Partition:
    """The items with one partition key. ``order`` has their sort keys in order."""

    order: list[Any] = field(default_factory=list)
    rows: dict[Any, Row] = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    name: str
    key_types: dict[str, str]
    """The key attributes, the partition's first, and their types."""
    request: Mapping[str, Any]

    @property
    def hash_name(self) -> str:
        return next(iter(self.key_types))

    @property
    def range_name(self) -> str | None:
        return [*self.key_types, None][1]

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Schema:
        """Raises: StoreError: a CreateTable that is wrong, or that asks for indexes."""
        name = read_table_name(params)
        for index in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            if params.get(index):
                raise invalid(f"{index} are not part of this store: it has no indexes")
        if params.get("BillingMode") != "PAY_PER_REQUEST" and not params.get(
            "ProvisionedThroughput"
        ):
            raise invalid_parameter(
                "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode "
                "is PROVISIONED"
            )
        stream = params.get("StreamSpecification") or {}
        if stream.get("StreamEnabled") and stream.get("StreamViewType") not in VIEWS:
            raise invalid_parameter("StreamViewType is required when the stream is enabled")
        return cls(name, _read_key_schema(params), dict(params))

    def key_of(self, key: Mapping[str, Any]) -> Key:
        """Return the place of a request's Key. Its values are canonical.

        Raises:
            KeyMismatch: other attributes or types than those of the table's key.
            StoreError: an empty value or one that is too long.
        """
        if key.keys() != self.key_types.keys() or any(
            kind not in key[name] for name, kind in self.key_types.items()
        ):
            raise KeyMismatch(_WRONG_KEY)
        return self._place(key)

    def key_of_item(self, item: Item) -> Key:
        for name, kind in self.key_types.items():
            if name not in item:
                raise KeyMismatch(f"{_WRONG_PARAMETER}: Missing the key {name} in the item")
            if kind not in item[name]:
                raise KeyMismatch(
                    f"{_WRONG_PARAMETER}: Type mismatch for key {name} "
                    f"expected: {kind} actual: {kind_of(item[name])}"
                )
        return self._place(item)

    def key_attributes(self, item: Item) -> Item:
        return {name: item[name] for name in self.key_types}

    def _place(self, item: Mapping[str, Any]) -> Key:
        hash_name = self.hash_name
        found = []
        for name in self.key_types:
            content = ordered(item[name])
            if isinstance(content, (str, bytes)):
                limit = MAX_HASH_BYTES if name == hash_name else MAX_RANGE_BYTES
                check_key_content(name, content, limit)
            found.append(content)
        return (found[0], found[1] if len(found) == 2 else None)


def check_key_content(name: str, content: str | bytes, limit: int) -> None:
    if not content:
        kind = "string" if isinstance(content, str) else "binary"
        raise invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            f"cannot contain an empty {kind} value. Key: {name}"
        )
    size = text_bytes(content) if isinstance(content, str) else len(content)
    if size > limit:
        which = "hash" if limit == MAX_HASH_BYTES else "range"
        raise invalid_parameter(
            f"Aggregated size of all {which} keys has exceeded the size limit of {limit} bytes"
        )


class Table:
    def __init__(self, schema: Schema, created_ms: int) -> None:
        self.schema = schema
        self.created_ms = created_ms
        self.billed = Billed()
        self.arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{schema.name}"
        self.partitions: dict[Any, Partition] = {}
        # Partitions lie in the order of a digest, as unrelated to their keys as DynamoDB's.
        self.order: list[tuple[bytes, Any]] = []
        self._history: deque[tuple[Key, Row | None]] = deque(maxlen=REMEMBERED_WRITES)
        stream = schema.request.get("StreamSpecification") or {}
        self.stream = (
            Stream(f"{self.arn}/stream/{created_ms}", stream["StreamViewType"], schema.key_types)
            if stream.get("StreamEnabled")
            else None
        )

    def row(self, key: Key, lag: int = 0) -> Row | None:
        """Return what lay at ``key`` ``lag`` writes ago."""
        partition = self.partitions.get(key[0])
        row = None if partition is None else partition.rows.get(key[1])
        for written, before in islice(reversed(self._history), lag):
            if written == key:
                row = before
        return row

    def write(self, key: Key, old: Row | None, new: Row | None, now_ms: int) -> None:
        """Put ``new`` where ``old`` lies; either may be None for nothing."""
        if new is not None:
            self._put(key, new, is_new=old is None)
        elif old is not None:
            self._remove(key)
        self._history.append((key, old))
        if self.stream is not None:
            self.stream.append(
                None if old is None else old.item, None if new is None else new.item, now_ms
            )

    def partition(self, hash_value: Any, lag: int = 0) -> Partition:
        """Return the items with a partition key as of ``lag`` writes ago; it is only to be read."""
        current = self.partitions.get(hash_value, _NOTHING)
        earlier = {
            key[1]: row for key, row in islice(reversed(self._history), lag) if key[0] == hash_value
        }
        if not earlier:
            return current
        rows = {place: row for place, row in {**current.rows, **earlier}.items() if row is not None}
        return Partition(sorted(rows), rows)

    def scan(self, start: Key | None, lag: int = 0) -> Iterator[tuple[Key, Row]]:
        """Yield all items after the place ``start``, partition by partition."""
        order = self.order
        gone = {(digest(key[0]), key[0]) for key, _ in islice(reversed(self._history), lag)}
        if gone:
            order = sorted(gone.union(order))
        first = 0 if start is None else bisect_left(order, (digest(start[0]), start[0]))
        for _, hash_value in order[first:]:
            partition = self.partition(hash_value, lag)
            for place in partition.order:
                if start is None or hash_value != start[0] or _is_after(place, start[1]):
                    yield (hash_value, place), partition.rows[place]

    def count(self) -> int:
        return sum(len(partition.rows) for partition in self.partitions.values())

    def describe(self) -> dict[str, Any]:
        request = self.schema.request
        found: dict[str, Any] = {
            "TableName": self.schema.name,
            "TableStatus": "ACTIVE",
            "TableArn": self.arn,
            "TableId": self.schema.name,
            "CreationDateTime": self.created_ms / 1000,
            "AttributeDefinitions": [dict(one) for one in request["AttributeDefinitions"]],
            "KeySchema": [dict(one) for one in request["KeySchema"]],
            "ItemCount": self.count(),
            "TableSizeBytes": sum(
                row.size for part in self.partitions.values() for row in part.rows.values()
            ),
            "BillingModeSummary": {"BillingMode": request.get("BillingMode", "PROVISIONED")},
            "ProvisionedThroughput": {
                "NumberOfDecreasesToday": 0,
                "ReadCapacityUnits": 0,
                "WriteCapacityUnits": 0,
                **request.get("ProvisionedThroughput", {}),
            },
            "DeletionProtectionEnabled": False,
        }
        if self.stream is not None:
            found["StreamSpecification"] = dict(request["StreamSpecification"])
            found["LatestStreamArn"] = self.stream.arn
            found["LatestStreamLabel"] = self.stream.arn.rpartition("/")[2]
        return found

    def _put(self, key: Key, row: Row, *, is_new: bool) -> None:
        partition = self.partitions.get(key[0])
        if partition is None:
            partition = self.partitions[key[0]] = Partition()
            insort(self.order, (digest(key[0]), key[0]))
        if is_new:
            insort(partition.order, key[1]) if key[1] is not None else partition.order.append(None)
        partition.rows[key[1]] = row

    def _remove(self, key: Key) -> None:
        partition = self.partitions[key[0]]
        del partition.rows[key[1]]
        place = 0 if key[1] is None else bisect_left(partition.order, key[1])
        del partition.order[place]
        if not partition.rows:
            del self.partitions[key[0]]
            del self.order[bisect_left(self.order, (digest(key[0]), key[0]))]


_NOTHING: Final = Partition()


def digest(hash_value: Any) -> bytes:
    content = hash_value if isinstance(hash_value, bytes) else str(hash_value).encode()
    return hashlib.blake2b(content, digest_size=8).digest()


def read_table_name(params: Mapping[str, Any]) -> str:
    name = params.get("TableName")
    if not isinstance(name, str) or not _NAME.match(name):
        raise constraint(
            name, "tableName", "be 3 to 255 characters long and match the pattern [a-zA-Z0-9_.-]+"
        )
    return name


def _is_after(place: Any, start: Any) -> bool:
    return bool(start is not None and place > start)


def _read_key_schema(params: Mapping[str, Any]) -> dict[str, str]:
    definitions = {
        one["AttributeName"]: one["AttributeType"] for one in params["AttributeDefinitions"]
    }
    schema = params["KeySchema"]
    kinds = [one["KeyType"] for one in schema]
    if kinds not in (["HASH"], ["HASH", "RANGE"]):
        raise invalid("1 validation error detected: Invalid KeySchema: HASH, then RANGE")
    names = [one["AttributeName"] for one in schema]
    if set(names) != set(definitions) or len(set(names)) != len(names):
        raise invalid_parameter(
            f"Some index key attributes are not defined, or some are defined and not used. "
            f"Keys: {names}, AttributeDefinitions: {list(definitions)}"
        )
    for name in names:
        if definitions[name] not in ("S", "N", "B"):
            raise constraint(definitions[name], "attributeType", "satisfy enum set: [B, N, S]")
    return {name: definitions[name] for name in names}
