"""The programs' form: calls with plain Python values, and what each has to answer."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

TABLE = "the-table"
"""Stands for the case's own table in every call and answer."""

OK: dict[str, Any] = {}


@dataclass(frozen=True)
class Refused:
    """An error: its code, the cancellation reasons (a code, or code and old item), the old item."""

    code: str
    reasons: tuple[Any, ...] = ()
    item: Any = None


INVALID = Refused("ValidationException")
CONDITION_FAILED = Refused("ConditionalCheckFailedException")


@dataclass(frozen=True)
class Step:
    """A call. ``Scan*`` and ``Query*`` go through all pages, ``Stream`` reads the stream."""

    operation: str
    params: dict[str, Any]
    expected: Any = None
    """The whole answer, or ``Refused``; None for whatever it is that succeeds."""


@dataclass(frozen=True)
class Case:
    name: str
    steps: tuple[Step, ...]
    keys: str = "SS"
    """The types of partition and sort key."""
    view: str = ""
    """The stream's view, if there is one."""


def cancelled(*reasons: Any) -> Refused:
    return Refused("TransactionCanceledException", reasons)


def value(plain: Any) -> dict[str, Any]:  # noqa: PLR0911  a table of types
    """Return DynamoDB's value. What is a dict with a type as its only key is taken as it is."""
    match plain:
        case bool():
            return {"BOOL": plain}
        case None:
            return {"NULL": True}
        case str():
            return {"S": plain}
        case int() | Decimal():
            return {"N": str(plain)}
        case bytes():
            return {"B": plain}
        case list():
            return {"L": [value(element) for element in plain]}
        case set() | frozenset():
            kinds = {str: "SS", bytes: "BS"}
            kind = kinds.get(type(next(iter(plain))), "NS")
            return {kind: [str(member) if kind == "NS" else member for member in plain]}
        case Raw(content):
            return content
        case dict():
            return {"M": values(plain)}
    raise TypeError(f"{plain!r} is no value of DynamoDB")


@dataclass(frozen=True)
class Raw:
    """A value as it goes over the wire, right or wrong."""

    content: dict[str, Any]


def values(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: value(content) for name, content in plain.items()}


def at(pk: Any = "p", sk: Any = "s") -> dict[str, Any]:
    return {"pk": pk, "sk": sk}


def key(pk: Any = "p", sk: Any = "s") -> dict[str, Any]:
    return values(at(pk, sk))


def expression(**parts: Any) -> dict[str, Any]:
    """Return a call's expressions; ``names`` and ``v`` are the placeholders, without their sign."""
    found = dict(parts)
    if "names" in found:
        names = found.pop("names")
        found["ExpressionAttributeNames"] = {f"#{name}": other for name, other in names.items()}
    if "v" in found:
        found["ExpressionAttributeValues"] = {
            f":{name}": value(plain) for name, plain in found.pop("v").items()
        }
    return found


def put(item: dict[str, Any], expected: Any = None, **more: Any) -> Step:
    params = {"TableName": TABLE, "Item": values({**at(), **item}), **expression(**more)}
    return Step("PutItem", params, expected)


def update(text: str | None, expected: Any = None, *, where: Any = None, **more: Any) -> Step:
    params = {"TableName": TABLE, "Key": where or key(), **expression(**more)}
    if text is not None:
        params["UpdateExpression"] = text
    return Step("UpdateItem", params, expected)


def delete(expected: Any = None, *, where: Any = None, **more: Any) -> Step:
    params = {"TableName": TABLE, "Key": where or key(), **expression(**more)}
    return Step("DeleteItem", params, expected)


def get(expected: Any = None, *, where: Any = None, **more: Any) -> Step:
    params = {"TableName": TABLE, "Key": where or key(), "ConsistentRead": True}
    return Step("GetItem", {**params, **expression(**more)}, expected)


def holds(item: dict[str, Any]) -> Step:
    """Read the item at the usual key; it has to be this."""
    return get({"Item": values({**at(), **item})})


def gone(where: Any = None) -> Step:
    return get({}, where=where)


def query(text: str, expected: Any = None, *, pages: bool = False, **more: Any) -> Step:
    params = {"TableName": TABLE, "KeyConditionExpression": text, **expression(**more)}
    return Step("Query*" if pages else "Query", params, expected)


def scan(expected: Any = None, *, pages: bool = False, **more: Any) -> Step:
    params = {"TableName": TABLE, **expression(**more)}
    return Step("Scan*" if pages else "Scan", params, expected)


def transact(*actions: dict[str, Any], expected: Any = None, **more: Any) -> Step:
    return Step("TransactWriteItems", {"TransactItems": list(actions), **more}, expected)


def act(kind: str, subject: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an action of a transaction. ``subject`` is the item of a Put, else the key."""
    name = "Item" if kind == "Put" else "Key"
    return {kind: {"TableName": TABLE, name: values({**at(), **subject}), **expression(**more)}}


def found(*items: dict[str, Any], scanned: int | None = None, last: Any = None) -> dict[str, Any]:
    """Return a page's answer."""
    page: dict[str, Any] = {
        "Items": [values(item) for item in items],
        "Count": len(items),
        "ScannedCount": len(items) if scanned is None else scanned,
    }
    return page if last is None else {**page, "LastEvaluatedKey": last}


def case(name: str, *steps: Step, keys: str = "SS", view: str = "") -> Case:
    return Case(name, steps, keys, view)
