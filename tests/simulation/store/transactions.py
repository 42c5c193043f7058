"""Transactions: all of several writes or none, and reads of one moment."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from tests.simulation.store.capacity import (
    TRANSACTIONAL,
    consumed,
    level_of,
    read_units,
    write_units,
)
from tests.simulation.store.database import (
    Answer,
    Database,
    Done,
    Params,
    choice,
    refuse_unknown,
)
from tests.simulation.store.errors import (
    CONDITION_FAILED,
    NOTHING_WRONG,
    KeyMismatch,
    StoreError,
    cancelled,
    constraint,
    invalid,
)
from tests.simulation.store.scope import Projection, Scope
from tests.simulation.store.tables import Key, Row, Table
from tests.simulation.store.values import Item, copy_item, read_item
from tests.simulation.store.writes import ACTIONS, Write, read_write

MAX_ACTIONS: Final = 100
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_TOKEN: Final = 36
TOKEN_MS: Final = 10 * 60 * 1000

_GET: Final = frozenset({"TableName", "Key", "ProjectionExpression", "ExpressionAttributeNames"})
_DUPLICATE: Final = "Transaction request cannot include multiple operations on one item"
_TOO_LARGE: Final = "Transaction request exceeds the 4MB transaction size limit"

Reason = dict[str, Any]


def transact_write_items(database: Database, params: Params) -> Answer:
    level = level_of(params)
    choice(params, "ReturnItemCollectionMetrics", "NONE", "SIZE")
    writes = [_read_action(database, action) for action in _actions(params)]
    token = _token(params)
    request = _fingerprint(params) if token else b""
    done = _known(database, token)
    if done is not None:
        if done.request != request:
            raise StoreError(
                "IdempotentParameterMismatchException",
                "Request token already in use for another request with a different payload",
            )
        return _answer_again(database, level, done)
    _locate(writes)
    rows = [write.table.row(write.key) for write in writes]
    results = _decide(writes, rows)
    sizes = _commit(database, writes, rows, results)
    if token:
        until_ms = database.now_ms() + TOKEN_MS
        database.tokens[token] = Done(until_ms, request, sizes)
    units = {name: TRANSACTIONAL * sum(map(write_units, found)) for name, found in sizes.items()}
    return _with_units({}, level, units, "Write")


def _actions(params: Params) -> list[dict[str, Any]]:
    actions = params.get("TransactItems") or []
    if not 0 < len(actions) <= MAX_ACTIONS:
        raise constraint(actions, "transactItems", f"have length from 1 to {MAX_ACTIONS}")
    return list(actions)


def _read_action(database: Database, action: dict[str, Any]) -> Write:
    if len(action) != 1 or not action.keys() <= set(ACTIONS):
        raise invalid("TransactItems can only contain one of ConditionCheck, Put, Update or Delete")
    ((kind, request),) = action.items()
    if kind == "Update" and request.get("UpdateExpression") is None:
        raise constraint(None, "transactItems.update.updateExpression", "not be null")
    return read_write(database, kind, request, frozenset())


def _token(params: Params) -> str | None:
    token = params.get("ClientRequestToken")
    if token is not None and not 0 < len(token) <= MAX_TOKEN:
        raise constraint(token, "clientRequestToken", f"have length from 1 to {MAX_TOKEN}")
    return token


def _fingerprint(params: Params) -> bytes:
    others = {name: value for name, value in params.items() if name != "ClientRequestToken"}
    text = json.dumps(others, sort_keys=True, default=bytes.hex)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _known(database: Database, token: str | None) -> Done | None:
    now_ms = database.now_ms()
    # The oldest are the first, so those that ended stand in front.
    for oldest in list(database.tokens):
        if database.tokens[oldest].until_ms > now_ms:
            break
        del database.tokens[oldest]
    return None if token is None else database.tokens.get(token)


def _answer_again(database: Database, level: str, done: Done) -> Answer:
    """A repeat writes nothing; what it costs is reading what was written."""
    units = {}
    for name, sizes in done.sizes.items():
        units[name] = TRANSACTIONAL * sum(read_units(size, consistent=True) for size in sizes)
        database.table(name).billed.read_units += units[name]
    return _with_units({}, level, units, "Read")


def _locate(writes: list[Write]) -> None:
    """Find every item's place.

    Raises:
        StoreError: a key does not fit (the transaction is cancelled), or two are the same.
    """
    reasons: list[Reason] = []
    for write in writes:
        try:
            write.locate()
        except KeyMismatch as error:
            reasons.append(_validation(error))
        else:
            reasons.append(NOTHING_WRONG)
    if any(reason is not NOTHING_WRONG for reason in reasons):
        raise cancelled([dict(reason) for reason in reasons])
    _refuse_duplicates([(write.table, write.key) for write in writes])


def _refuse_duplicates(targets: list[tuple[Table, Key]]) -> None:
    if len({(table.schema.name, key) for table, key in targets}) != len(targets):
        raise invalid(_DUPLICATE)


def _decide(writes: list[Write], rows: list[Row | None]) -> list[Row | None]:
    """Return what will lie in every place.

    Raises:
        StoreError: a condition failed or an update is impossible; nothing was written.
    """
    reasons: list[Reason] = []
    results: list[Row | None] = []
    for write, row in zip(writes, rows, strict=True):
        reason: Reason = NOTHING_WRONG
        try:
            if write.holds(row):
                results.append(write.result(row))
            else:
                reason = {"Code": "ConditionalCheckFailed", "Message": CONDITION_FAILED}
                told = write.told_on_failure(row)
                if told is not None:
                    reason["Item"] = told
        except StoreError as error:
            reason = _validation(error)
        reasons.append(reason)
    if len(results) != len(writes):
        for write, row in zip(writes, rows, strict=True):
            write.table.billed.write_units += TRANSACTIONAL * write.units(row)
        raise cancelled([dict(reason) for reason in reasons])
    return results


def _validation(error: StoreError) -> Reason:
    return {"Code": "ValidationError", "Message": error.message}


def _commit(
    database: Database, writes: list[Write], rows: list[Row | None], results: list[Row | None]
) -> dict[str, list[int]]:
    """Write all items; return the billed sizes by table."""
    now_ms = database.now_ms()
    put = sum(
        new.size
        for write, new in zip(writes, results, strict=True)
        if new is not None and write.kind != "ConditionCheck"
    )
    if put > MAX_BYTES:
        raise invalid(_TOO_LARGE)
    sizes: dict[str, list[int]] = {}
    for write, old, new in zip(writes, rows, results, strict=True):
        if write.kind != "ConditionCheck":
            write.table.write(write.key, old, new, now_ms)
        size = max(old.size if old else 0, new.size if new else 0)
        sizes.setdefault(write.table.schema.name, []).append(size)
        write.table.billed.write_units += TRANSACTIONAL * write_units(size)
    return sizes


def transact_get_items(database: Database, params: Params) -> Answer:
    level = level_of(params)
    gets: list[tuple[Table, Item, Projection | None]] = []
    for action in _actions(params):
        if action.keys() != {"Get"}:
            raise invalid("TransactItems can only contain Get")
        get = action["Get"]
        refuse_unknown(get, _GET, "Get")
        scope = Scope(get, "ProjectionExpression")
        projection = scope.projection()
        scope.finish()
        key = read_item(get.get("Key") or {})
        gets.append((database.table(get.get("TableName")), key, projection))
    rows = [table.row(place) for table, place in _places(gets)]
    if sum(row.size for row in rows if row) > MAX_BYTES:
        raise invalid(_TOO_LARGE)
    units: dict[str, float] = {}
    responses: list[Answer] = []
    for (table, _, projection), row in zip(gets, rows, strict=True):
        cost = TRANSACTIONAL * read_units(row.size if row else 0, consistent=True)
        table.billed.read_units += cost
        units[table.schema.name] = units.get(table.schema.name, 0.0) + cost
        item: Item = {} if row is None else projection.of(row.item) if projection else row.item
        responses.append({"Item": copy_item(item)} if item else {})
    return _with_units({"Responses": responses}, level, units, "Read")


def _places(gets: list[tuple[Table, Item, Projection | None]]) -> list[tuple[Table, Key]]:
    found: list[tuple[Table, Key]] = []
    reasons: list[Reason] = []
    for table, key, _ in gets:
        try:
            found.append((table, table.schema.key_of(key)))
            reasons.append(NOTHING_WRONG)
        except KeyMismatch as error:
            reasons.append(_validation(error))
    if len(found) != len(gets):
        raise cancelled([dict(reason) for reason in reasons])
    _refuse_duplicates(found)
    return found


def _with_units(answer: Answer, level: str, units: dict[str, float], kind: str) -> Answer:
    if level != "NONE":
        answer["ConsumedCapacity"] = [
            consumed(level, name, cost, kind) for name, cost in units.items()
        ]
    return answer
