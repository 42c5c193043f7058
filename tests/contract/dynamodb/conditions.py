"""Conditions, each tried as a filter, as the check of a transaction and as a write's condition."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from tests.contract.dynamodb.program import (
    CONDITION_FAILED,
    INVALID,
    Case,
    Raw,
    act,
    cancelled,
    case,
    delete,
    gone,
    holds,
    put,
    scan,
    transact,
    update,
)

ITEM: dict[str, Any] = {
    "s": "apple",
    "blank": "",
    "n": 5,
    "neg": -3,
    "big": Decimal("123456789012345678901234567890.5"),
    "yes": True,
    "nothing": None,
    "b": b"\x01\x02",
    "ss": {"a", "b"},
    "ns": {1, 2},
    "bs": {b"x", b"y"},
    "l": ["x", 2, {"k": "v"}],
    "m": {"k": "v", "n": 7, "deep": {"l": [1, [2, 3]]}},
    "n_too": 5,
    "digits": "5",
    "odd.name": "dot",
    "status": "OPEN",
    "snow": "☃",
}
NAMES = {"status": "status", "odd": "odd.name", "m": "m", "k": "k", "lacking": "missing"}

CONDITIONS: list[tuple[str, str, dict[str, Any], bool | None]] = [
    # what it is called, the expression, its values, whether it holds (None: it is refused)
    ("equal strings", "s = :v", {"v": "apple"}, True),
    ("equal is case-sensitive", "s = :v", {"v": "Apple"}, False),
    ("numbers are equal by value", "n = :v", {"v": Raw({"N": "5.00"})}, True),
    ("numbers are equal in any notation", "n = :v", {"v": Raw({"N": "0.5e1"})}, True),
    ("a number is no string", "n = :v", {"v": "5"}, False),
    ("equal booleans", "yes = :v", {"v": True}, True),
    ("equal NULL", "nothing = :v", {"v": None}, True),
    ("equal binaries", "b = :v", {"v": b"\x01\x02"}, True),
    ("sets are equal in any order", "ss = :v", {"v": Raw({"SS": ["b", "a"]})}, True),
    ("number sets are equal by value", "ns = :v", {"v": Raw({"NS": ["2.0", "1"]})}, True),
    ("lists are equal in order", "l = :v", {"v": ["x", 2, {"k": "v"}]}, True),
    ("lists in another order differ", "l = :v", {"v": [2, "x", {"k": "v"}]}, False),
    ("maps are equal", "m.deep = :v", {"v": {"l": [1, [2, 3]]}}, True),
    ("two attributes", "n = n_too", {}, True),
    ("two attributes of other types", "n = digits", {}, False),
    ("a missing attribute equals nothing", "lacking = :v", {"v": "x"}, False),
    ("unequal", "s <> :v", {"v": "pear"}, True),
    ("unequal types", "n <> :v", {"v": "5"}, True),
    ("a missing attribute is unequal to all", "lacking <> :v", {"v": "x"}, True),
    ("less among numbers, not as text", "n < :v", {"v": 10}, True),
    ("less with a minus", "neg < :v", {"v": -2}, True),
    ("less with 31 digits", "big < :v", {"v": Decimal("123456789012345678901234567890.6")}, True),
    ("at most", "n <= :v", {"v": 5}, True),
    ("greater", "n > :v", {"v": 5}, False),
    ("at least", "n >= :v", {"v": 5}, True),
    ("strings are ordered by bytes", "s > :v", {"v": "Zebra"}, True),
    ("beyond ASCII comes after", "snow > :v", {"v": "zzz"}, True),
    ("binaries are ordered", "b < :v", {"v": b"\x02"}, True),
    ("less between types", "n < :v", {"v": "9"}, False),
    ("less than a missing one", "lacking < :v", {"v": 1}, False),
    ("the value may come first", ":v < n", {"v": 4}, True),
    ("order of a boolean", "yes < :v", {"v": True}, None),
    ("order of a list", "l > :v", {"v": [1]}, None),
    ("between numbers", "n BETWEEN :a AND :b", {"a": 5, "b": 6}, True),
    ("between strings", "s BETWEEN :a AND :b", {"a": "b", "b": "c"}, False),
    ("between attributes", "n BETWEEN neg AND n_too", {}, True),
    ("between and AND", "n BETWEEN :a AND :b AND s = :s", {"a": 1, "b": 9, "s": "x"}, False),
    ("between the wrong way round", "n BETWEEN :a AND :b", {"a": 6, "b": 5}, None),
    ("between bounds of two types", "n BETWEEN :a AND :b", {"a": 1, "b": "9"}, None),
    ("in", "s IN (:a, :b)", {"a": "pear", "b": "apple"}, True),
    ("in is by type", "n IN (:a, :b)", {"a": "5", "b": 6}, False),
    ("in attributes", "n IN (neg, n_too)", {}, True),
    ("a missing attribute is in nothing", "lacking IN (:a)", {"a": 1}, False),
    ("exists", "attribute_exists(s)", {}, True),
    ("exists though it is NULL", "attribute_exists(nothing)", {}, True),
    ("exists though it is blank", "attribute_exists(blank)", {}, True),
    ("exists in a map", "attribute_exists(m.deep.l[1][0])", {}, True),
    ("exists past the end of a list", "attribute_exists(l[3])", {}, False),
    ("exists in what is no map", "attribute_exists(s.k)", {}, False),
    ("does not exist", "attribute_not_exists(lacking)", {}, True),
    ("does not exist in a map", "attribute_not_exists(m.lacking)", {}, True),
    ("exists of a value", "attribute_exists(:v)", {"v": "s"}, None),
    ("type", "attribute_type(ss, :t)", {"t": "SS"}, True),
    ("type of another", "attribute_type(n, :t)", {"t": "S"}, False),
    ("type NULL", "attribute_type(nothing, :t)", {"t": "NULL"}, True),
    ("type that there is not", "attribute_type(n, :t)", {"t": "NUMBER"}, None),
    ("type that is no string", "attribute_type(n, :t)", {"t": 5}, None),
    ("begins with", "begins_with(s, :v)", {"v": "app"}, True),
    ("begins with all of it", "begins_with(s, :v)", {"v": "apple"}, True),
    ("begins with more", "begins_with(s, :v)", {"v": "apples"}, False),
    ("begins with bytes", "begins_with(b, :v)", {"v": b"\x01"}, True),
    ("begins with a number", "begins_with(s, :v)", {"v": 5}, None),
    ("contains text", "contains(s, :v)", {"v": "ppl"}, True),
    ("contains a string of a set", "contains(ss, :v)", {"v": "a"}, True),
    ("contains part of a string of a set", "contains(ss, :v)", {"v": ""}, False),
    ("contains a number of a set", "contains(ns, :v)", {"v": Raw({"N": "1.0"})}, True),
    ("contains a binary of a set", "contains(bs, :v)", {"v": b"x"}, True),
    ("contains an element", "contains(l, :v)", {"v": {"k": "v"}}, True),
    ("contains an element of another type", "contains(l, :v)", {"v": "2"}, False),
    ("a map contains nothing", "contains(m, :v)", {"v": "k"}, False),
    ("size of a string", "size(s) = :v", {"v": 5}, True),
    ("size of nothing", "size(blank) = :v", {"v": 0}, True),
    ("size of bytes", "size(b) = :v", {"v": 2}, True),
    ("size of a set", "size(ns) = :v", {"v": 2}, True),
    ("size of a list", "size(l) > :v", {"v": 2}, True),
    ("size of a map", "size(m) BETWEEN :a AND :b", {"a": 3, "b": 3}, True),
    ("size of a missing one", "size(lacking) >= :v", {"v": 0}, False),
    ("size alone", "size(s)", {}, None),
    ("size by two", "size(s, n) = :v", {"v": 1}, None),
    ("nested map", "m.k = :v", {"v": "v"}, True),
    ("nested list", "m.deep.l[1][1] = :v", {"v": 3}, True),
    ("map in a list", "l[2].k = :v", {"v": "v"}, True),
    ("nested names", "#m.#k = :v", {"v": "v"}, True),
    ("a name with a dot is one name", "#odd = :v", {"v": "dot"}, True),
    ("a reserved word by its name", "#status = :v", {"v": "OPEN"}, True),
    ("a reserved word", "status = :v", {"v": "OPEN"}, None),
    ("a reserved word within", "m.Status = :v", {"v": "OPEN"}, None),
    (
        "AND binds more than OR",
        "s = :x OR n = :n AND yes = :y",
        {"x": "-", "n": 5, "y": True},
        True,
    ),
    ("OR does not bind first", "s = :a OR n = :x AND n = :y", {"a": "apple", "x": 0, "y": 1}, True),
    ("parentheses", "(s = :a OR n = :x) AND n = :y", {"a": "apple", "x": 0, "y": 1}, False),
    ("NOT binds most", "NOT s = :x AND n = :n", {"x": "pear", "n": 5}, True),
    ("NOT of parentheses", "NOT (s = :a AND n = :n)", {"a": "apple", "n": 5}, False),
    ("NOT NOT", "NOT NOT s = :a", {"a": "apple"}, True),
    ("NOT of a missing size", "NOT size(lacking) > :v", {"v": 0}, True),
    (
        "small keywords",
        "s = :x or not n = :z and n between :z and :n",
        {"x": "", "z": 0, "n": 5},
        True,
    ),
    ("parentheses in vain", "((s = :a))", {"a": "apple"}, None),
    ("an open parenthesis", "(s = :a", {"a": "apple"}, None),
    ("two signs", "s == :a", {"a": "apple"}, None),
    ("arithmetic", "n = n_too + :one", {"one": 0}, None),
    ("a function there is not", "begins(s, :a)", {"a": "a"}, None),
    ("functions are small", "BEGINS_WITH(s, :a)", {"a": "a"}, None),
    ("functions of updates", "if_not_exists(s, :a) = :a", {"a": "apple"}, None),
    ("a comparison of one with itself", "s = s", {}, None),
    ("nothing", " ", {}, None),
    ("an undefined value", "s = :other", {}, None),
    ("an undefined name", "#other = :a", {"a": "x"}, None),
    ("an unused value", "attribute_exists(s)", {"a": "x"}, None),
    ("no condition but a path", "s", {}, None),
    ("a hyphen in a name", "odd-name = :a", {"a": "x"}, None),
]


def _case(name: str, text: str, given: dict[str, Any], outcome: bool | None) -> Case:  # noqa: FBT001
    names = {n: NAMES[n] for n in re.findall(r"#(\w+)", text) if n in NAMES}
    bound: dict[str, Any] = {}
    if given:
        bound["v"] = given
    if names:
        bound["names"] = names
    check = act("ConditionCheck", {}, ConditionExpression=text, **bound)
    other = act("Put", {"sk": "other"})
    if outcome is None:
        return case(
            f"condition: {name}",
            put(ITEM),
            scan(INVALID, FilterExpression=text, **bound),
            transact(check, other, expected=INVALID),
            delete(INVALID, ConditionExpression=text, **bound),
            holds(ITEM),
        )
    count = {"Count": int(outcome), "ScannedCount": 1}
    return case(
        f"condition: {name}",
        put(ITEM),
        scan(count, FilterExpression=text, Select="COUNT", **bound),
        transact(check, expected={} if outcome else cancelled("ConditionalCheckFailed")),
        delete({} if outcome else CONDITION_FAILED, ConditionExpression=text, **bound),
        gone() if outcome else holds(ITEM),
    )


CASES: list[Case] = [
    *(_case(*entry) for entry in CONDITIONS),
    case(
        "condition on nothing there",
        put({}, CONDITION_FAILED, ConditionExpression="attribute_exists(pk)"),
        update("SET a = :a", CONDITION_FAILED, ConditionExpression="n = :a", v={"a": 1}),
        put({}, {}, ConditionExpression="attribute_not_exists(pk)"),
        put({}, CONDITION_FAILED, ConditionExpression="attribute_not_exists(pk)"),
    ),
    case(
        "an unused name",
        put({}, INVALID, ConditionExpression="attribute_exists(pk)", names={"a": "b"}),
    ),
    case("names without an expression", put({}, INVALID, names={"a": "b"})),
    case("values without an expression", put({}, INVALID, v={"a": "b"})),
    case(
        "names that are malformed",
        put(
            {},
            INVALID,
            ConditionExpression="a = :a",
            v={"a": 1},
            ExpressionAttributeNames={"a": "b"},
        ),
    ),
    case(
        "no names",
        put({}, INVALID, ConditionExpression="attribute_exists(pk)", ExpressionAttributeNames={}),
    ),
    case(
        "an expression beyond 4 KB",
        put({}, INVALID, ConditionExpression=f"attribute_exists({'a' * 4096})"),
    ),
    case(
        "IN with a hundred and one",
        scan(INVALID, FilterExpression=f"a IN ({', '.join([':a'] * 101)})", v={"a": 1}),
    ),
    case(
        "IN with a hundred",
        put({"a": 1}),
        scan(
            {"Count": 1, "ScannedCount": 1},
            FilterExpression=f"a IN ({', '.join(f':a{n}' for n in range(100))})",
            v={f"a{n}": n for n in range(100)},
            Select="COUNT",
        ),
    ),
]
