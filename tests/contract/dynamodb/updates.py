"""Update expressions and what they answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.contract.dynamodb.program import (
    INVALID,
    Case,
    Raw,
    case,
    gone,
    holds,
    put,
    update,
    value,
    values,
)

BEFORE: dict[str, Any] = {
    "n": 5,
    "s": "text",
    "l": [1, 2, 3],
    "m": {"a": 1, "in": {"b": 2}},
    "ss": {"a", "b"},
    "ns": {1, 2},
}


def _changed(name: str, text: str, after: dict[str, Any], **given: Any) -> Case:
    """``after`` are the attributes that differ, ``...`` for one that is gone."""
    expected = {k: v for k, v in {**BEFORE, **after}.items() if v is not ...}
    bound = {"v": given} if given else {}
    return case(f"update: {name}", put(BEFORE), update(text, {}, **bound), holds(expected))


def _refused(name: str, text: str, **given: Any) -> Case:
    bound = {"v": given} if given else {}
    return case(
        f"update refused: {name}", put(BEFORE), update(text, INVALID, **bound), holds(BEFORE)
    )


CASES: list[Case] = [
    _changed("SET", "SET n = :v", {"n": 6}, v=6),
    _changed("SET of several", "SET n = :v, x = :w", {"n": 6, "x": "new"}, v=6, w="new"),
    _changed("SET another type", "SET n = :v", {"n": ["x"]}, v=["x"]),
    _changed("plus", "SET n = n + :v", {"n": Decimal("7.5")}, v=Decimal("2.5")),
    _changed("minus", "SET n = :v - n", {"n": -4}, v=1),
    _changed("plus is exact", "SET n = n + :v", {"n": Decimal("5.1")}, v=Decimal("0.1")),
    _changed("right sides are those before", "SET n = :v, x = n", {"n": 6, "x": 5}, v=6),
    _changed("swap", "SET n = s, s = n", {"n": "text", "s": 5}),
    _changed("if_not_exists of what is there", "SET n = if_not_exists(n, :v)", {}, v=1),
    _changed("if_not_exists of what is not", "SET x = if_not_exists(x, :v)", {"x": 1}, v=1),
    _changed("a counter", "SET x = if_not_exists(x, :z) + :o", {"x": 1}, z=0, o=1),
    _changed("list_append", "SET l = list_append(l, :v)", {"l": [1, 2, 3, 4]}, v=[4]),
    _changed("list_append in front", "SET l = list_append(:v, l)", {"l": [0, 1, 2, 3]}, v=[0]),
    _changed(
        "list_append to nothing",
        "SET x = list_append(if_not_exists(x, :e), :v)",
        {"x": [1]},
        e=[],
        v=[1],
    ),
    _changed("an element", "SET l[1] = :v", {"l": [1, "two", 3]}, v="two"),
    _changed("past the end of a list", "SET l[9] = :v", {"l": [1, 2, 3, 4]}, v=4),
    _changed(
        "past the end in order",
        "SET l[9] = :b, l[7] = :a",
        {"l": [1, 2, 3, "a", "b"]},
        a="a",
        b="b",
    ),
    _changed("in a map", "SET m.c = :v", {"m": {"a": 1, "c": 9, "in": {"b": 2}}}, v=9),
    _changed("REMOVE", "REMOVE n, x", {"n": ...}),
    _changed("REMOVE an element", "REMOVE l[0]", {"l": [2, 3]}),
    _changed("REMOVE elements", "REMOVE l[0], l[2]", {"l": [2]}),
    _changed("REMOVE past the end", "REMOVE l[7]", {}),
    _changed("REMOVE of a map", "REMOVE m.a", {"m": {"in": {"b": 2}}}),
    _changed("ADD to a number", "ADD n :v", {"n": 3}, v=-2),
    _changed("ADD a number to nothing", "ADD x :v", {"x": 2}, v=2),
    _changed("ADD to a set", "ADD ss :v", {"ss": {"a", "b", "c"}}, v={"b", "c"}),
    _changed("ADD a set to nothing", "ADD x :v", {"x": {b"1"}}, v={b"1"}),
    _changed("ADD in a map", "ADD m.a :v", {"m": {"a": 3, "in": {"b": 2}}}, v=2),
    _changed("DELETE of a set", "DELETE ss :v", {"ss": {"a"}}, v={"b", "x"}),
    _changed("DELETE all of a set", "DELETE ns :v", {"ns": ...}, v={1, 2}),
    _changed("DELETE of nothing", "DELETE x :v", {}, v={"a"}),
    _changed(
        "all four sections",
        "SET n = :n REMOVE s ADD x :n DELETE ss :d",
        {"n": 1, "s": ..., "x": 1, "ss": {"b"}},
        n=1,
        d={"a"},
    ),
    _changed("small keywords", "set n = :v remove s", {"n": 1, "s": ...}, v=1),
    _changed("parentheses", "SET n = (n + :v)", {"n": 6}, v=1),
    _refused("plus a string", "SET n = n + :v", v="1"),
    _refused("plus to a string", "SET s = s + :v", v=1),
    _refused("a sum of three", "SET n = n + :v + :v", v=1),
    _refused("a product", "SET n = n * :v", v=1),
    _refused("a missing right side", "SET n = x"),
    _refused("plus to nothing", "SET x = x + :v", v=1),
    _refused("list_append to a string", "SET s = list_append(s, :v)", v=[1]),
    _refused("list_append of a string", "SET l = list_append(l, :v)", v="x"),
    _refused("a path into nothing", "SET x.y = :v", v=1),
    _refused("a path into a string", "SET s.y = :v", v=1),
    _refused("an index into a map", "SET m[0] = :v", v=1),
    _refused("REMOVE in nothing", "REMOVE x.y"),
    _refused("ADD a string", "ADD s :v", v="x"),
    _refused("ADD to a string", "ADD s :v", v=1),
    _refused("ADD a set of other members", "ADD ss :v", v={1}),
    _refused("ADD a list", "ADD l :v", v=[4]),
    _refused("ADD a path", "ADD n n"),
    _refused("DELETE a number", "DELETE n :v", v=5),
    _refused("DELETE of a string", "DELETE s :v", v={"a"}),
    _refused("one path twice", "SET n = :v, n = :w", v=1, w=2),
    _refused("a path and one in it", "SET m = :v, m.a = :w", v={"a": 1}, w=2),
    _refused("a path in two sections", "SET n = :v REMOVE n", v=1),
    _refused("a section twice", "SET n = :v SET s = :v", v=1),
    _refused("the partition key", "SET pk = :v", v="p"),
    _refused("the sort key removed", "REMOVE sk"),
    _refused("nothing", ""),
    _refused("no section", "n = :v", v=1),
    _refused("an unknown section", "INSERT n = :v", v=1),
    _refused("a comma too many", "SET n = :v,", v=1),
    _refused("a reserved word", "SET status = :v", v=1),
    _refused("an unused value", "SET n = :v", v=1, w=2),
    _refused("a function of conditions", "SET n = size(s)"),
    _refused("if_not_exists of a value", "SET n = if_not_exists(:v, :v)", v=1),
    _refused("39 digits", "SET n = n + :v", v=Raw({"N": "0." + "0" * 37 + "1"})),
    case("update: an item comes to be", update("SET a = :v", {}, v={"v": 1}), holds({"a": 1})),
    case("update: without an expression", update(None, {}), holds({})),
    case(
        "update: without an expression, there already", put(BEFORE), update(None, {}), holds(BEFORE)
    ),
    case(
        "update: ADD makes an item",
        update(
            "ADD a :v", {"Attributes": values({"a": 1})}, v={"v": 1}, ReturnValues="UPDATED_NEW"
        ),
    ),
    case("update: a missing item has no attributes", update("SET a = b", INVALID), gone()),
    case(
        "returns ALL_OLD of nothing", update("SET a = :v", {}, v={"v": 1}, ReturnValues="ALL_OLD")
    ),
    case(
        "returns ALL_OLD",
        put({"a": 1}),
        update(
            "SET a = :v",
            {"Attributes": values({"pk": "p", "sk": "s", "a": 1})},
            v={"v": 2},
            ReturnValues="ALL_OLD",
        ),
    ),
    case(
        "returns ALL_NEW",
        put({"a": 1}),
        update(
            "SET b = :v",
            {"Attributes": values({"pk": "p", "sk": "s", "a": 1, "b": 2})},
            v={"v": 2},
            ReturnValues="ALL_NEW",
        ),
    ),
    case(
        "returns UPDATED_OLD",
        put({"a": 1, "b": 1}),
        update(
            "SET a = :v, c = :v",
            {"Attributes": {"a": value(1)}},
            v={"v": 2},
            ReturnValues="UPDATED_OLD",
        ),
    ),
    case(
        "returns UPDATED_NEW",
        put({"a": 1, "b": 1}),
        update(
            "SET a = :v REMOVE b",
            {"Attributes": {"a": value(2)}},
            v={"v": 2},
            ReturnValues="UPDATED_NEW",
        ),
    ),
    case(
        "returns UPDATED_NEW within a map",
        put(BEFORE),
        update(
            "SET m.a = :v",
            {"Attributes": {"m": value({"a": 9})}},
            v={"v": 9},
            ReturnValues="UPDATED_NEW",
        ),
    ),
    case(
        "a put returns ALL_OLD",
        put({"a": 1}, {}, ReturnValues="ALL_OLD"),
        put({}, {"Attributes": values({"pk": "p", "sk": "s", "a": 1})}, ReturnValues="ALL_OLD"),
    ),
    case("a put returns nothing new", put({}, INVALID, ReturnValues="ALL_NEW")),
    case("returns what there is not", update(None, INVALID, ReturnValues="SOME")),
]
