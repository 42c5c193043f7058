"""What all operations work on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.store.errors import StoreError, constraint, invalid, no_such_table
from tests.simulation.store.tables import Schema, Table, read_table_name

Params = Mapping[str, Any]
Answer = dict[str, Any]
Clock = Callable[[], int]
Lag = Callable[[str, str], int]
"""``lag(operation, table)`` says how many of the table's writes an eventually consistent read does
not see yet.
"""


@dataclass(frozen=True, slots=True)
class Done:
    """A transaction that was committed under a token."""

    until_ms: int
    request: bytes
    sizes: dict[str, list[int]]


def up_to_date(operation: str, table: str) -> int:
    return 0


@dataclass
class Database:
    now_ms: Clock
    lag: Lag = up_to_date
    tables: dict[str, Table] = field(default_factory=dict)
    tokens: dict[str, Done] = field(default_factory=dict)

    def table(self, name: object) -> Table:
        table = self.tables.get(name) if isinstance(name, str) else None
        if table is None:
            read_table_name({"TableName": name})
            raise no_such_table()
        return table

    def lag_of(self, operation: str, table: Table, *, consistent: bool) -> int:
        return 0 if consistent else self.lag(operation, table.schema.name)


def create_table(database: Database, params: Params) -> Answer:
    schema = Schema.read(params)
    if schema.name in database.tables:
        raise StoreError("ResourceInUseException", f"Table already exists: {schema.name}")
    table = database.tables[schema.name] = Table(schema, database.now_ms())
    return {"TableDescription": table.describe()}


def describe_table(database: Database, params: Params) -> Answer:
    return {"Table": database.table(params.get("TableName")).describe()}


def delete_table(database: Database, params: Params) -> Answer:
    table = database.table(params.get("TableName"))
    del database.tables[table.schema.name]
    return {"TableDescription": {**table.describe(), "TableStatus": "DELETING"}}


def choice(params: Params, parameter: str, *allowed: str) -> str:
    """Return a parameter's value, the first of ``allowed`` if it is not there."""
    found = params.get(parameter, allowed[0])
    if found not in allowed:
        raise constraint(
            found,
            parameter[0].lower() + parameter[1:],
            f"satisfy enum value set: [{', '.join(allowed)}]",
        )
    return str(found)


def refuse_unknown(params: Params, known: frozenset[str], operation: str) -> None:
    """Raises: StoreError: a parameter that this store does not implement."""
    if not params.keys() <= known:
        unknown = ", ".join(sorted(params.keys() - known))
        raise invalid(f"{operation} of this store does not take {unknown}")
