"""Projections, key conditions, pages and batches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.contract.dynamodb.program import (
    INVALID,
    TABLE,
    Case,
    Raw,
    Refused,
    Step,
    at,
    case,
    found,
    get,
    key,
    put,
    query,
    scan,
    value,
    values,
)

ITEM: dict[str, Any] = {
    "a": 1,
    "m": {"x": 1, "y": {"z": 2}},
    "l": ["p", "q", {"r": 3}],
    "status": "OPEN",
}


def _projected(name: str, text: str, after: dict[str, Any] | None, **more: Any) -> Case:
    """``after`` are the attributes that are told; None if the projection is refused."""
    expected: Any = INVALID if after is None else {"Item": values(after)}
    page: Any = INVALID if after is None else found(after)
    return case(
        f"projection: {name}",
        put(ITEM),
        get(expected, ProjectionExpression=text, **more),
        scan(page, ProjectionExpression=text, **more),
    )


SORTED = ["a", "a#1", "a#2", "b", "é", "☃"]


def _filled(*sorts: Any) -> list[Step]:
    return [put(at("p", sort)) for sort in sorts]


def _run(name: str, text: str, expected: list[str], **given: Any) -> Case:
    return case(
        f"key condition: {name}",
        *_filled(*reversed(SORTED)),
        query(
            f"pk = :p AND {text}",
            found(*[at("p", sort) for sort in expected]),
            v={"p": "p", **given},
        ),
    )


def _wrong_key(name: str, text: str, **given: Any) -> Case:
    return case(f"key condition refused: {name}", query(text, INVALID, v=given))


def _batch(*keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"RequestItems": {TABLE: {"Keys": list(keys), **more}}}


def _writes(*requests: dict[str, Any]) -> dict[str, Any]:
    return {"RequestItems": {TABLE: list(requests)}}


def _put_request(item: dict[str, Any]) -> dict[str, Any]:
    return {"PutRequest": {"Item": values(item)}}


def _delete_request(where: dict[str, Any]) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": where}}


MISSING_TABLE = {"TableName": "there-is-no-such-table"}
NO_TABLE = Refused("ResourceNotFoundException")

CASES: list[Case] = [
    _projected("attributes", "a, sk", {"a": 1, "sk": "s"}),
    _projected("a missing one", "a, lacking", {"a": 1}),
    _projected("nothing that is there", "lacking", {}),
    _projected("in a map", "m.y", {"m": {"y": {"z": 2}}}),
    _projected("two in a map", "m.x, m.y.z", {"m": {"x": 1, "y": {"z": 2}}}),
    _projected("an element", "l[1]", {"l": ["q"]}),
    _projected("elements close up", "l[2].r, l[0]", {"l": ["p", {"r": 3}]}),
    _projected("past the end", "l[7], a", {"a": 1}),
    _projected(
        "names", "#s, #m.x", {"status": "OPEN", "m": {"x": 1}}, names={"s": "status", "m": "m"}
    ),
    _projected("overlap", "m, m.x", None),
    _projected("twice the same", "a, a", None),
    _projected("a reserved word", "status", None),
    _projected("an empty one", "", None),
    _projected("an undefined name", "#x", None),
    _projected("an unused name", "a", None, names={"x": "y"}),
    _projected("a value", ":a", None),
    _run("equal", "sk = :s", ["b"], s="b"),
    _run("less", "sk < :s", ["a", "a#1"], s="a#2"),
    _run("at most", "sk <= :s", ["a", "a#1"], s="a#1"),
    _run("greater", "sk > :s", ["é", "☃"], s="b"),
    _run("at least", "sk >= :s", ["b", "é", "☃"], s="b"),
    _run("between", "sk BETWEEN :s AND :t", ["a#1", "a#2", "b"], s="a#1", t="b"),
    _run("begins with", "begins_with(sk, :s)", ["a#1", "a#2"], s="a#"),
    _run("begins with what is not there", "begins_with(sk, :s)", [], s="c"),
    case(
        "key condition: in parentheses and turned round",
        *_filled("a", "b"),
        query("(sk = :s) AND (pk = :p)", found(at("p", "b")), v={"p": "p", "s": "b"}),
    ),
    case(
        "key condition: names",
        *_filled("a"),
        query("#p = :p", found(at("p", "a")), v={"p": "p"}, names={"p": "pk"}),
    ),
    case(
        "query: one partition only",
        put(at("p", "a")),
        put(at("q", "a")),
        query("pk = :p", found(at("q", "a")), v={"p": "q"}),
        query("pk = :p", found(), v={"p": "r"}),
    ),
    case(
        "query: numbers in order",
        *[put(at("p", n)) for n in (10, 9, -1, Decimal("9.5"))],
        query(
            "pk = :p AND sk >= :s",
            found(at("p", 9), at("p", Decimal("9.5")), at("p", 10)),
            v={"p": "p", "s": 0},
        ),
        keys="SN",
    ),
    case(
        "query: binaries in order",
        *[put(at("p", b)) for b in (b"\xff", b"\x00", b"a")],
        query("pk = :p", found(at("p", b"\x00"), at("p", b"a"), at("p", b"\xff")), v={"p": "p"}),
        keys="SB",
    ),
    case(
        "query: backwards",
        *_filled("a", "b", "c"),
        query(
            "pk = :p AND sk < :s",
            found(at("p", "b"), at("p", "a")),
            v={"p": "p", "s": "c"},
            ScanIndexForward=False,
        ),
    ),
    _wrong_key("no partition", "sk = :s", s="x"),
    _wrong_key("a partition that is less", "pk < :p", p="x"),
    _wrong_key("the sort key unequal", "pk = :p AND sk <> :s", p="x", s="y"),
    _wrong_key("OR", "pk = :p OR sk = :s", p="x", s="y"),
    _wrong_key("NOT", "NOT pk = :p", p="x"),
    _wrong_key("contains", "pk = :p AND contains(sk, :s)", p="x", s="y"),
    _wrong_key("another attribute", "pk = :p AND a = :s", p="x", s="y"),
    _wrong_key("the sort key twice", "pk = :p AND sk > :s AND sk < :t", p="x", s="y", t="z"),
    _wrong_key("another type", "pk = :p", p=1),
    _wrong_key("an empty key", "pk = :p", p=""),
    _wrong_key(
        "between the wrong way round", "pk = :p AND sk BETWEEN :s AND :t", p="p", s="b", t="a"
    ),
    _wrong_key("an unused value", "pk = :p", p="p", s="s"),
    case(
        "key condition refused: none",
        Step("Query", {"TableName": TABLE}, INVALID),
    ),
    case(
        "filter: counts what was read",
        *[put({"sk": sort, "n": n}) for n, sort in enumerate("abc")],
        query(
            "pk = :p",
            found({**at("p", "b"), "n": 1}, scanned=3),
            FilterExpression="n = :n",
            v={"p": "p", "n": 1},
        ),
    ),
    case(
        "filter: on a key of a query",
        query("pk = :p", INVALID, FilterExpression="sk = :s", v={"p": "p", "s": "s"}),
    ),
    case(
        "filter: on a key of a scan",
        *_filled("a", "b"),
        scan(found(at("p", "b"), scanned=2), FilterExpression="sk = :s", v={"s": "b"}),
    ),
    case(
        "pages: the key of the last item",
        *_filled("a", "b", "c"),
        query(
            "pk = :p", found(at("p", "a"), at("p", "b"), last=key("p", "b")), v={"p": "p"}, Limit=2
        ),
        query(
            "pk = :p", found(at("p", "c")), v={"p": "p"}, Limit=2, ExclusiveStartKey=key("p", "b")
        ),
    ),
    case(
        "pages: a limit that is just reached",
        *_filled("a", "b"),
        query(
            "pk = :p", found(at("p", "a"), at("p", "b"), last=key("p", "b")), v={"p": "p"}, Limit=2
        ),
        query("pk = :p", found(), v={"p": "p"}, Limit=2, ExclusiveStartKey=key("p", "b")),
    ),
    case(
        "pages: the limit is of what is read, not of what is found",
        *[put({"sk": sort, "n": n}) for n, sort in enumerate("abc")],
        query(
            "pk = :p",
            found(scanned=2, last=key("p", "b")),
            FilterExpression="n = :n",
            v={"p": "p", "n": 2},
            Limit=2,
        ),
    ),
    case(
        "pages: backwards",
        *_filled("a", "b", "c"),
        query(
            "pk = :p",
            found(at("p", "b"), last=key("p", "b")),
            v={"p": "p"},
            Limit=1,
            ScanIndexForward=False,
            ExclusiveStartKey=key("p", "c"),
        ),
    ),
    case(
        "pages: a start that is not there any more",
        *_filled("a", "c"),
        query("pk = :p", found(at("p", "c")), v={"p": "p"}, ExclusiveStartKey=key("p", "b")),
    ),
    case(
        "pages: a start in another partition",
        query("pk = :p", INVALID, v={"p": "p"}, ExclusiveStartKey=key("q", "b")),
    ),
    case(
        "pages: a start that is no key",
        query("pk = :p", INVALID, v={"p": "p"}, ExclusiveStartKey=values({"pk": "p"})),
        scan(INVALID, ExclusiveStartKey=values({**at(), "more": 1})),
    ),
    case("pages: no item at all", query("pk = :p", INVALID, v={"p": "p"}, Limit=0)),
    case(
        "pages: all of a scan",
        *[put(at(f"p{n}", sort)) for n in range(4) for sort in "ab"],
        scan(
            {"Items": [key(f"p{n}", sort) for n in range(4) for sort in "ab"], "Pages": 3},
            pages=True,
            Limit=3,
        ),
    ),
    case(
        "pages: all of a query",
        *_filled("a", "b", "c"),
        query(
            "pk = :p",
            {"Items": [key("p", s) for s in "abc"], "Pages": 4},
            pages=True,
            v={"p": "p"},
            Limit=1,
        ),
    ),
    case(
        "pages: a megabyte",
        *[put({"sk": sort, "x": "x" * 300_000}) for sort in "abcde"],
        query(
            "pk = :p",
            found(*[at("p", sort) for sort in "abc"], last=key("p", "c")),
            v={"p": "p"},
            ProjectionExpression="pk, sk",
        ),
        scan(
            {"Items": [key("p", sort) for sort in "abcde"], "Pages": 2},
            pages=True,
            ProjectionExpression="pk, sk",
        ),
    ),
    case(
        "count only",
        *_filled("a", "b"),
        query("pk = :p", {"Count": 2, "ScannedCount": 2}, v={"p": "p"}, Select="COUNT"),
    ),
    case("count and projection", scan(INVALID, Select="COUNT", ProjectionExpression="pk")),
    case("specific attributes of none", scan(INVALID, Select="SPECIFIC_ATTRIBUTES")),
    case("an index there is not", query("pk = :p", INVALID, v={"p": "p"}, IndexName="other")),
    case("get: nothing", get({})),
    case("get: a key of another type", get(INVALID, where=key(1))),
    case("get: half a key", get(INVALID, where=values({"pk": "p"}))),
    case("get: more than the key", get(INVALID, where=values({**at(), "more": 1}))),
    case("get: an empty key", get(INVALID, where=key(""))),
    case(
        "get: a table with one key",
        Step("PutItem", {"TableName": TABLE, "Item": values({"pk": 1, "a": 2})}, {}),
        get({"Item": values({"pk": 1, "a": 2})}, where={"pk": value(Raw({"N": "1.0"}))}),
        keys="N",
    ),
    *(
        case(f"no such table: {operation}", Step(operation, {**MISSING_TABLE, **more}, NO_TABLE))
        for operation, more in {
            "GetItem": {"Key": key()},
            "PutItem": {"Item": key()},
            "DeleteItem": {"Key": key()},
            "UpdateItem": {"Key": key()},
            "Scan": {},
            "DescribeTable": {},
            "DeleteTable": {},
        }.items()
    ),
    case(
        "batch get",
        put({"sk": "a", "n": 1}),
        put({"sk": "b", "n": 2}),
        Step(
            "BatchGetItem",
            _batch(key("p", "a"), key("p", "b"), key("p", "c"), ProjectionExpression="n"),
            {"Responses": {TABLE: [values({"n": 1}), values({"n": 2})]}, "UnprocessedKeys": {}},
        ),
    ),
    case("batch get: twice the same", Step("BatchGetItem", _batch(key(), key()), INVALID)),
    case(
        "batch get: a hundred and one",
        Step("BatchGetItem", _batch(*[key("p", str(n)) for n in range(101)]), INVALID),
    ),
    case("batch get: none", Step("BatchGetItem", _batch(), INVALID)),
    case("batch get: a wrong key", Step("BatchGetItem", _batch(values({"pk": "p"})), INVALID)),
    case(
        "batch get: no such table",
        Step(
            "BatchGetItem",
            {"RequestItems": {"there-is-no-such-table": {"Keys": [key()]}}},
            NO_TABLE,
        ),
    ),
    case(
        "batch write",
        put(at("p", "a")),
        Step(
            "BatchWriteItem",
            _writes(_put_request(at("p", "b")), _delete_request(key("p", "a"))),
            {"UnprocessedItems": {}},
        ),
        scan(found(at("p", "b"))),
    ),
    case(
        "batch write: one item twice",
        Step("BatchWriteItem", _writes(_put_request(at()), _delete_request(key())), INVALID),
        scan(found()),
    ),
    case(
        "batch write: twenty-six",
        Step(
            "BatchWriteItem", _writes(*[_put_request(at("p", str(n))) for n in range(26)]), INVALID
        ),
    ),
    case("batch write: none", Step("BatchWriteItem", {"RequestItems": {}}, INVALID)),
    case(
        "batch write: a wrong item refuses all",
        Step("BatchWriteItem", _writes(_put_request(at()), _put_request({"pk": "p"})), INVALID),
        scan(found()),
    ),
]
