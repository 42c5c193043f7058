"""Values and their limits, tables, and what calls cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.contract.dynamodb.program import (
    CONDITION_FAILED,
    INVALID,
    TABLE,
    Case,
    Raw,
    Refused,
    Step,
    act,
    at,
    case,
    delete,
    found,
    get,
    gone,
    holds,
    key,
    put,
    query,
    scan,
    transact,
    update,
    values,
)

COST: dict[str, Any] = {"ReturnConsumedCapacity": "TOTAL"}
NINES = "9" * 38


def _kept(name: str, plain: Any, back: Any = None) -> Case:
    return case(f"value: {name}", put({"x": plain}), holds({"x": plain if back is None else back}))


def _refused(name: str, plain: Any) -> Case:
    return case(f"value refused: {name}", put({"x": plain}, INVALID), gone())


def _raw(kind: str, content: Any) -> Raw:
    return Raw({kind: content})


def _deep(levels: int) -> Any:
    plain: Any = "x"
    for _ in range(levels - 1):
        plain = [plain]
    return plain


def _units(units: float) -> dict[str, Any]:
    return {"ConsumedCapacity": {TABLE: units}}


def _bytes(total: int) -> dict[str, Any]:
    """Return attributes that make the item at the usual key ``total`` bytes large."""
    return {"x": "x" * (total - len("pkpsksx"))}


def _change(kind: str, *images: str) -> dict[str, Any]:
    """An entry of a stream; ``images`` are New=… and Old=… by the value of ``n``."""
    found: dict[str, Any] = {"event": kind, "Keys": key()}
    for image in images:
        name, _, n = image.partition("=")
        found[f"{name}Image"] = values({**at(), "n": int(n)})
    return found


def _table(keys: list[tuple[str, str]], types: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "TableName": "another-table",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": n, "KeyType": kind} for n, kind in keys],
        "AttributeDefinitions": [
            {"AttributeName": n, "AttributeType": kind} for n, kind in types.items()
        ],
        **more,
    }


VALUES: list[Case] = [
    _kept("an empty string", ""),
    _kept("an empty binary", b""),
    _kept("an empty list", []),
    _kept("an empty map", {}),
    _kept("an empty string in a list", ["", {"a": ""}]),
    _kept("a number without needless zeros", _raw("N", "001.500"), Decimal("1.5")),
    _kept("a number in plain notation", _raw("N", "1.5E3"), 1500),
    _kept("minus nought", _raw("N", "-0.0"), 0),
    _kept("38 digits", _raw("N", NINES), int(NINES)),
    _kept("38 digits after the point", _raw("N", "0." + NINES)),
    _kept("the smallest", _raw("N", "1E-130"), Raw({"N": "0." + "0" * 129 + "1"})),
    _kept("the largest", _raw("N", "-9.9E125"), Raw({"N": "-99" + "0" * 124})),
    _refused("39 digits", _raw("N", NINES + "9")),
    _refused("too large", _raw("N", "1E126")),
    _refused("too small", _raw("N", "1E-131")),
    _refused("no number", _raw("N", "five")),
    _refused("an empty number", _raw("N", "")),
    _refused("infinity", _raw("N", "Infinity")),
    _refused("an empty set", _raw("SS", [])),
    _refused("an empty set of numbers", _raw("NS", [])),
    _refused("a set with one twice", _raw("SS", ["a", "a"])),
    _refused("a set with one number twice", _raw("NS", ["1", "1.0"])),
    _refused("NULL that is false", _raw("NULL", False)),  # noqa: FBT003
    _refused("two types", Raw({"S": "a", "N": "1"})),
    _refused("no type", Raw({})),
    _kept("32 levels", _deep(32)),
    _refused("33 levels", _deep(33)),
    case("size: 400 KB", put(_bytes(400 * 1024), {})),
    case("size: a byte more", put(_bytes(400 * 1024 + 1), INVALID), gone()),
    case(
        "size: an update beyond 400 KB",
        put({"x": "x" * 300_000}),
        update("SET y = :y", INVALID, v={"y": "y" * 200_000}),
        holds({"x": "x" * 300_000}),
    ),
    case("size: bytes, not characters", put({"x": "☃" * 140_000}, INVALID)),
    case("key: empty", put({"pk": ""}, INVALID), put({"sk": ""}, INVALID)),
    case(
        "key: missing", Step("PutItem", {"TableName": TABLE, "Item": values({"pk": "p"})}, INVALID)
    ),
    case("key: another type", put({"sk": 1}, INVALID)),
    case("key: NULL", put({"sk": None}, INVALID)),
    case("key: 1,024 bytes", put({"sk": "x" * 1024}, {}), put({"sk": "x" * 1025}, INVALID)),
    case("key: 2,048 bytes", put({"pk": "x" * 2048}, {}), put({"pk": "x" * 2049}, INVALID)),
    case("key: an empty binary", put({"sk": b""}, INVALID), keys="SB"),
    case(
        "key: numbers are one in any notation",
        put({"sk": 1, "n": 1}),
        put({"sk": Raw({"N": "1.00"}), "n": 2}),
        scan(found({**at("p", 1), "n": 2})),
        keys="SN",
    ),
    case(
        "a wrong value in an expression",
        scan(INVALID, FilterExpression="a = :a", v={"a": Raw({"N": "x"})}),
    ),
    case("an empty attribute name", put({"": 1}, INVALID)),
    case(
        "a table name that cannot be", Step("GetItem", {"TableName": "a b!", "Key": key()}, INVALID)
    ),
    case("put: replaces all", put({"a": 1, "b": 2}), put({"a": 3}), holds({"a": 3})),
    case("delete: nothing there", delete({}), gone()),
    case(
        "delete: ALL_OLD",
        put({"a": 1}),
        delete({"Attributes": values({**at(), "a": 1})}, ReturnValues="ALL_OLD"),
        delete({}, ReturnValues="ALL_OLD"),
    ),
    *(
        case(
            f"a failed {name} tells the item",
            put({"a": 1}),
            step,
            holds({"a": 1}),
        )
        for name, step in {
            "put": put(
                {},
                Refused("ConditionalCheckFailedException", item={**at(), "a": 1}),
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            ),
            "update": update(
                "REMOVE a",
                Refused("ConditionalCheckFailedException", item={**at(), "a": 1}),
                ConditionExpression="a = :a",
                v={"a": 2},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            ),
            "delete": delete(
                Refused("ConditionalCheckFailedException", item={**at(), "a": 1}),
                ConditionExpression="a = :a",
                v={"a": 2},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            ),
        }.items()
    ),
    case(
        "a failed put tells nothing unless asked",
        put({"a": 1}),
        put({}, CONDITION_FAILED, ConditionExpression="attribute_not_exists(pk)"),
    ),
]

TABLES: list[Case] = [
    case(
        "table: there already",
        Step(
            "CreateTable",
            {**_table([("pk", "HASH")], {"pk": "S"}), "TableName": TABLE},
            Refused("ResourceInUseException"),
        ),
    ),
    case(
        "table: a key without a type",
        Step("CreateTable", _table([("pk", "HASH")], {"a": "S"}), INVALID),
    ),
    case(
        "table: types without a key",
        Step("CreateTable", _table([("pk", "HASH")], {"pk": "S", "a": "S"}), INVALID),
    ),
    case(
        "table: a sort key alone",
        Step("CreateTable", _table([("pk", "RANGE")], {"pk": "S"}), INVALID),
    ),
    case(
        "table: a key that is a list",
        Step("CreateTable", _table([("pk", "HASH")], {"pk": "L"}), INVALID),
    ),
    case(
        "table: a name too short",
        Step("CreateTable", {**_table([("pk", "HASH")], {"pk": "S"}), "TableName": "ab"}, INVALID),
    ),
    case(
        "table: provisioned without figures",
        Step(
            "CreateTable", _table([("pk", "HASH")], {"pk": "S"}, BillingMode="PROVISIONED"), INVALID
        ),
    ),
]

COSTS: list[Case] = [
    case("cost: a put of a KB", put(_bytes(1024), _units(1.0), **COST)),
    case("cost: a put of a byte more", put(_bytes(1025), _units(2.0), **COST)),
    case("cost: a put over a larger one", put(_bytes(5000)), put({}, _units(5.0), **COST)),
    case("cost: a put over a smaller one", put({}), put(_bytes(5000), _units(5.0), **COST)),
    case(
        "cost: numbers take a byte for two digits",
        put({**_bytes(1018), "n": 12345678}, _units(1.0), **COST),
    ),
    case("cost: and a byte more", put({**_bytes(1018), "n": 123456789}, _units(2.0), **COST)),
    case(
        "cost: lists and maps take three bytes and one each",
        put({**_bytes(1013), "m": {"a": True}, "l": []}, _units(1.0), **COST),
        put({**_bytes(1014), "m": {"a": True}, "l": []}, _units(2.0), **COST),
    ),
    case(
        "cost: a delete",
        put(_bytes(3000)),
        delete(_units(3.0), **COST),
        delete(_units(1.0), **COST),
    ),
    case(
        "cost: an update takes the larger",
        put(_bytes(3000)),
        update("REMOVE x", _units(3.0), **COST),
        update("SET x = :x", _units(3.0), v={"x": "x" * 2500}, **COST),
    ),
    case(
        "cost: a strong get",
        put(_bytes(4096)),
        get({"Item": values({**at(), **_bytes(4096)}), **_units(1.0)}, **COST),
    ),
    case(
        "cost: a strong get beyond 4 KB",
        put(_bytes(4097)),
        get({"Item": key(), **_units(2.0)}, **COST, ProjectionExpression="pk, sk"),
    ),
    case("cost: a get of nothing", get(_units(1.0), **COST)),
    case(
        "cost: an eventual get",
        put({}),
        get({"Item": key(), **_units(0.5)}, **COST, ConsistentRead=False),
    ),
    case(
        "cost: an eventual get beyond 4 KB",
        put(_bytes(4097)),
        get(
            {"Item": key(), **_units(1.0)},
            **COST,
            ConsistentRead=False,
            ProjectionExpression="pk, sk",
        ),
    ),
    case(
        "cost: a query adds up and then rounds",
        *[put({"sk": s, "x": "x" * 2000}) for s in "abc"],
        query(
            "pk = :p",
            {"Count": 3, "ScannedCount": 3, **_units(2.0)},
            v={"p": "p"},
            Select="COUNT",
            ConsistentRead=True,
            **COST,
        ),
    ),
    case(
        "cost: a query pays for what is left out",
        *[put({"sk": s, "x": "x" * 2000}) for s in "abc"],
        query(
            "pk = :p",
            {"Count": 0, "ScannedCount": 3, **_units(1.0)},
            v={"p": "p", "n": 1},
            Select="COUNT",
            FilterExpression="n = :n",
            **COST,
        ),
    ),
    case(
        "cost: a query of nothing",
        query("pk = :p", {**found(), **_units(0.5)}, v={"p": "p"}, **COST),
    ),
    case(
        "cost: a scan",
        put(_bytes(9000)),
        scan(
            {"Count": 1, "ScannedCount": 1, **_units(3.0)},
            Select="COUNT",
            ConsistentRead=True,
            **COST,
        ),
    ),
    case(
        "cost: a transaction is twice",
        put(_bytes(3000)),
        transact(
            act("Put", {"sk": "a"}),
            act("ConditionCheck", {}, ConditionExpression="attribute_exists(pk)"),
            expected=_units(8.0),
            **COST,
        ),
    ),
    case(
        "cost: a repeated token reads",
        transact(act("Put", {}), expected=_units(2.0), ClientRequestToken="case-cost", **COST),
        transact(act("Put", {}), expected=_units(2.0), ClientRequestToken="case-cost", **COST),
        keys="SS",
    ),
    case(
        "cost: a transactional get is twice",
        put(_bytes(5000)),
        Step(
            "TransactGetItems",
            {
                "TransactItems": [
                    {"Get": {"TableName": TABLE, "Key": key(), "ProjectionExpression": "pk"}},
                    {"Get": {"TableName": TABLE, "Key": key("p", "b")}},
                ],
                **COST,
            },
            {"Responses": [{"Item": values({"pk": "p"})}, {}], **_units(6.0)},
        ),
    ),
    case(
        "cost: a batch of writes",
        Step(
            "BatchWriteItem",
            {
                "RequestItems": {
                    TABLE: [
                        {"PutRequest": {"Item": values({**at(), **_bytes(2000)})}},
                        {"DeleteRequest": {"Key": key("p", "b")}},
                    ]
                },
                **COST,
            },
            {"UnprocessedItems": {}, **_units(3.0)},
        ),
    ),
    case(
        "cost: a batch of reads rounds each",
        put({**_bytes(5000)}),
        Step(
            "BatchGetItem",
            {
                "RequestItems": {
                    TABLE: {
                        "Keys": [key(), key("p", "b")],
                        "ProjectionExpression": "pk",
                        "ConsistentRead": True,
                    }
                },
                **COST,
            },
            {"Responses": {TABLE: [values({"pk": "p"})]}, "UnprocessedKeys": {}, **_units(3.0)},
        ),
    ),
    case("cost: not told", put({}, {}, ReturnConsumedCapacity="NONE")),
    case("cost: told in an unknown way", put({}, INVALID, ReturnConsumedCapacity="ALL")),
]

WRITTEN = (
    put({"n": 1}),
    put({"n": 1}),
    put({"n": 2}),
    update("SET n = :n", {}, v={"n": 2}),
    delete(),
    delete(),
)
STREAMS: list[Case] = [
    case(
        f"stream: {view}",
        *WRITTEN,
        Step("Stream", {"TableName": TABLE}, changes),
        view=view,
    )
    for view, changes in {
        "NEW_AND_OLD_IMAGES": [
            _change("INSERT", "New=1"),
            _change("MODIFY", "Old=1", "New=2"),
            _change("REMOVE", "Old=2"),
        ],
        "NEW_IMAGE": [_change("INSERT", "New=1"), _change("MODIFY", "New=2"), _change("REMOVE")],
        "OLD_IMAGE": [_change("INSERT"), _change("MODIFY", "Old=1"), _change("REMOVE", "Old=2")],
        "KEYS_ONLY": [_change("INSERT"), _change("MODIFY"), _change("REMOVE")],
    }.items()
]
STREAMS += [
    case(
        "stream: a transaction tells each item, a cancelled one nothing",
        transact(act("Put", {"n": 1}), expected={}),
        transact(
            act("Put", {"n": 2}),
            act("ConditionCheck", {"sk": "x"}, ConditionExpression="attribute_exists(pk)"),
            expected=Refused("TransactionCanceledException", ("None", "ConditionalCheckFailed")),
        ),
        transact(
            act("Update", {}, UpdateExpression="SET n = :n", v={"n": 3}),
            act("Delete", {"sk": "x"}),
            expected={},
        ),
        Step(
            "Stream",
            {"TableName": TABLE},
            [_change("INSERT", "New=1"), _change("MODIFY", "Old=1", "New=3")],
        ),
        view="NEW_AND_OLD_IMAGES",
    ),
    case(
        "stream: a failed write tells nothing",
        put({"n": 1}, CONDITION_FAILED, ConditionExpression="attribute_exists(pk)"),
        Step("Stream", {"TableName": TABLE}, []),
        view="NEW_IMAGE",
    ),
]

CASES = [*VALUES, *TABLES, *COSTS, *STREAMS]
