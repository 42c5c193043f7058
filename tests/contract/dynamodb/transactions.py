"""Transactions: all or nothing, and the reasons."""

from __future__ import annotations

from typing import Any

from tests.contract.dynamodb.program import (
    INVALID,
    TABLE,
    Case,
    Raw,
    Refused,
    Step,
    act,
    at,
    cancelled,
    case,
    found,
    gone,
    key,
    put,
    scan,
    transact,
    values,
)

FAILED = "ConditionalCheckFailed"
WRONG = "ValidationError"
NONE = "None"
MISMATCH = Refused("IdempotentParameterMismatchException")
ABSENT: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
PRESENT: dict[str, Any] = {"ConditionExpression": "attribute_exists(pk)"}
OLD: dict[str, Any] = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _set(sk: str, text: str, **more: Any) -> dict[str, Any]:
    return act("Update", {"sk": sk}, UpdateExpression=text, **more)


def _get(where: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Get": {"TableName": TABLE, "Key": where, **more}}


CASES: list[Case] = [
    case(
        "transaction: all four kinds",
        put({"sk": "b", "n": 1}),
        put({"sk": "c"}),
        put({"sk": "d"}),
        transact(
            act("Put", {"sk": "a"}, **ABSENT),
            _set("b", "SET n = n + :o", v={"o": 1}),
            act("Delete", {"sk": "c"}, **PRESENT),
            act("ConditionCheck", {"sk": "d"}, **PRESENT),
            expected={},
        ),
        scan(found(at("p", "a"), {**at("p", "b"), "n": 2}, at("p", "d"))),
    ),
    case(
        "transaction: reasons come in the order of the request",
        put({"sk": "b"}),
        put({"sk": "d"}),
        transact(
            act("Put", {"sk": "a"}, **ABSENT),
            act("Put", {"sk": "b"}, **ABSENT),
            act("Delete", {"sk": "c"}, **PRESENT),
            act("ConditionCheck", {"sk": "d"}, **PRESENT),
            expected=cancelled(NONE, FAILED, FAILED, NONE),
        ),
        scan(found(at("p", "b"), at("p", "d"))),
    ),
    case(
        "transaction: reasons are in the order even of other kinds",
        transact(
            act("ConditionCheck", {"sk": "z"}, **PRESENT),
            act("Put", {"sk": "a"}),
            act("Delete", {"sk": "m"}, **PRESENT),
            expected=cancelled(FAILED, NONE, FAILED),
        ),
    ),
    *(
        case(
            f"transaction: ALL_OLD of a failed {kind}",
            put({"n": 1}),
            transact(
                act(kind, {}, ConditionExpression="n = :n", v={"n": 2}, **OLD, **more),
                act("Put", {"sk": "other"}),
                expected=cancelled((FAILED, {**at(), "n": 1}), NONE),
            ),
        )
        for kind, more in {
            "Put": {},
            "Delete": {},
            "ConditionCheck": {},
            "Update": {"UpdateExpression": "REMOVE n"},
        }.items()
    ),
    case(
        "transaction: ALL_OLD of nothing",
        transact(act("Delete", {}, **PRESENT, **OLD), expected=cancelled(FAILED)),
    ),
    case(
        "transaction: an update of another type",
        put({"s": "text"}),
        transact(
            _set("s", "SET s = s + :o", v={"o": 1}),
            act("Put", {"sk": "a"}),
            expected=cancelled(WRONG, NONE),
        ),
        gone(key("p", "a")),
    ),
    case(
        "transaction: an update of what is not there",
        transact(_set("a", "SET n = n + :o", v={"o": 1}), expected=cancelled(WRONG)),
    ),
    case(
        "transaction: an update into nothing",
        put({}),
        transact(_set("s", "SET m.k = :o", v={"o": 1}), expected=cancelled(WRONG)),
    ),
    case(
        "transaction: a failed condition before a wrong update",
        put({"s": "text"}),
        transact(
            _set("s", "SET s = s + :o", v={"o": 1}, ConditionExpression="attribute_exists(x)"),
            expected=cancelled(FAILED),
        ),
    ),
    case(
        "transaction: two reasons at once",
        put({"s": "text"}),
        transact(
            _set("s", "SET s = s + :o", v={"o": 1}),
            act("Put", {"sk": "a"}, **PRESENT),
            expected=cancelled(WRONG, FAILED),
        ),
    ),
    case(
        "transaction: a key of another type",
        transact(
            act("Put", {"sk": "a"}), act("Delete", {"sk": 5}), expected=cancelled(NONE, WRONG)
        ),
        gone(key("p", "a")),
    ),
    case(
        "transaction: an item's key of another type",
        transact(act("Put", {"sk": 5}), expected=cancelled(WRONG)),
    ),
    case("transaction: an empty key", transact(act("Put", {"sk": ""}), expected=INVALID)),
    case(
        "transaction: one item twice",
        transact(act("Put", {}), act("ConditionCheck", {}, **PRESENT), expected=INVALID),
        gone(),
    ),
    case("transaction: nothing", transact(expected=INVALID)),
    case(
        "transaction: a hundred",
        transact(*[act("Put", {"sk": str(n)}) for n in range(100)], expected={}),
        scan({"Count": 100, "ScannedCount": 100}, Select="COUNT"),
    ),
    case(
        "transaction: a hundred and one",
        transact(*[act("Put", {"sk": str(n)}) for n in range(101)], expected=INVALID),
        scan({"Count": 0, "ScannedCount": 0}, Select="COUNT"),
    ),
    case(
        "transaction: four megabytes",
        transact(
            *[act("Put", {"sk": str(n), "x": "x" * 400_000}) for n in range(11)], expected=INVALID
        ),
        scan({"Count": 0, "ScannedCount": 0}, Select="COUNT"),
    ),
    case(
        "transaction: a check of nothing",
        transact(act("ConditionCheck", {}), expected=INVALID),
    ),
    case("transaction: an update of nothing", transact(act("Update", {}), expected=INVALID)),
    case(
        "transaction: a wrong expression",
        transact(act("Put", {}, ConditionExpression="attribute_exists("), expected=INVALID),
    ),
    case(
        "transaction: an unused value",
        transact(act("Put", {}, **ABSENT, v={"a": 1}), expected=INVALID),
    ),
    case(
        "transaction: the key is updated",
        transact(_set("a", "SET sk = :b", v={"b": "b"}), expected=INVALID),
    ),
    case(
        "transaction: an update beyond 400 KB",
        put({"x": "x" * 300_000}),
        transact(_set("s", "SET y = :y", v={"y": "y" * 200_000}), expected=cancelled(WRONG)),
    ),
    case(
        "transaction: no such table",
        transact(
            act("Put", {"sk": "a"}),
            {"Put": {"TableName": "there-is-no-such-table", "Item": key()}},
            expected=Refused("ResourceNotFoundException"),
        ),
        gone(key("p", "a")),
    ),
    case(
        "token: a repeat writes nothing",
        transact(_set("a", "ADD n :o", v={"o": 1}), expected={}, ClientRequestToken="case-repeat"),
        transact(_set("a", "ADD n :o", v={"o": 1}), expected={}, ClientRequestToken="case-repeat"),
        scan(found({**at("p", "a"), "n": 1})),
    ),
    case(
        "token: a repeat succeeds though its condition would not hold now",
        transact(act("Put", {}, **ABSENT), expected={}, ClientRequestToken="case-condition"),
        transact(act("Put", {}, **ABSENT), expected={}, ClientRequestToken="case-condition"),
        transact(act("Put", {}, **ABSENT), expected=cancelled(FAILED)),
    ),
    case(
        "token: another request under it",
        transact(act("Put", {"n": 1}), expected={}, ClientRequestToken="case-mismatch"),
        transact(act("Put", {"n": 2}), expected=MISMATCH, ClientRequestToken="case-mismatch"),
    ),
    case(
        "token: one that was cancelled is free",
        transact(
            act("Delete", {}, **PRESENT), expected=cancelled(FAILED), ClientRequestToken="case-free"
        ),
        put({}),
        transact(act("Delete", {}, **PRESENT), expected={}, ClientRequestToken="case-free"),
        gone(),
    ),
    case(
        "token: too long",
        transact(act("Put", {}), expected=INVALID, ClientRequestToken="x" * 37),
    ),
    case(
        "transactional get",
        put({"sk": "a", "n": 1}),
        Step(
            "TransactGetItems",
            {
                "TransactItems": [
                    _get(key("p", "b")),
                    _get(key("p", "a"), ProjectionExpression="n"),
                ]
            },
            {"Responses": [{}, {"Item": values({"n": 1})}]},
        ),
    ),
    case(
        "transactional get: twice the same",
        Step("TransactGetItems", {"TransactItems": [_get(key()), _get(key())]}, INVALID),
    ),
    case(
        "transactional get: a key of another type",
        put({}),
        Step(
            "TransactGetItems",
            {"TransactItems": [_get(key()), _get(key("p", Raw({"N": "1"})))]},
            cancelled(NONE, WRONG),
        ),
    ),
    case(
        "transactional get: a hundred and one",
        Step(
            "TransactGetItems",
            {"TransactItems": [_get(key("p", str(n))) for n in range(101)]},
            INVALID,
        ),
    ),
]
