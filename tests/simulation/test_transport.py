"""The short way into the store against the whole of botocore: what callers can tell is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError
from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)

from baccarat.adapters import clients
from baccarat.adapters.dynamodb import models
from tests.simulation import transport
from tests.simulation.store import DynamoStore, StoreError
from tests.simulation.store.hook import routed
from tests.simulation.world import ENVIRONMENT

KEY: Final = {"pk": {"S": "ROUND#1"}, "sk": {"S": "HEAD"}}
ITEM: Final = {
    **KEY,
    "version": {"N": "1"},
    "sealed": {"B": b"\x00\xff"},
    "parts": {"L": [{"M": {"open": {"BOOL": True}, "none": {"NULL": True}}}]},
    "names": {"SS": ["a", "b"]},
}
ABSENT: Final = "attribute_not_exists(pk)"
_NOT_COMPARED: Final = frozenset({"ResponseMetadata", "Message", "message"})
IN_FLOOR: Final = {"TableName": "floor"}


def put(**members: Any) -> dict[str, Any]:
    return {"Put": {**IN_FLOOR, "Item": ITEM, "ConditionExpression": ABSENT, **members}}


CALLS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("put_item", {**IN_FLOOR, "Item": ITEM, "ReturnConsumedCapacity": "TOTAL"}),
    ("put_item", {**IN_FLOOR, "Item": ITEM, "ConditionExpression": ABSENT}),
    (
        "put_item",
        {
            **IN_FLOOR,
            "Item": ITEM,
            "ConditionExpression": ABSENT,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    ("get_item", {**IN_FLOOR, "Key": KEY, "ConsistentRead": True}),
    ("get_item", {**IN_FLOOR, "Key": {**KEY, "sk": {"S": "NONE"}}}),
    ("get_item", {"TableName": "nowhere", "Key": KEY}),
    (
        "update_item",
        {
            **IN_FLOOR,
            "Key": KEY,
            "UpdateExpression": "SET version = version + :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
            "ReturnValues": "ALL_NEW",
        },
    ),
    ("update_item", {**IN_FLOOR, "Key": KEY, "UpdateExpression": "SET version ="}),
    (
        "query",
        {
            **IN_FLOOR,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {":pk": {"S": "ROUND#1"}, ":sk": {"S": "H"}},
        },
    ),
    ("scan", {**IN_FLOOR, "Limit": 1}),
    ("batch_get_item", {"RequestItems": {"floor": {"Keys": [KEY]}}}),
    ("transact_write_items", {"TransactItems": [put()], "ReturnConsumedCapacity": "TOTAL"}),
    (
        "transact_write_items",
        {
            "TransactItems": [
                put(Item={**ITEM, "sk": {"S": "NEW"}}),
                put(ReturnValuesOnConditionCheckFailure="ALL_OLD"),
            ]
        },
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [put(Item={**ITEM, "sk": {"S": "NEW"}})],
            "ClientRequestToken": "one-token",
        },
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [put(Item={**ITEM, "sk": {"S": "OTHER"}})],
            "ClientRequestToken": "one-token",
        },
    ),
    ("delete_item", {**IN_FLOOR, "Key": KEY, "ReturnValues": "ALL_OLD"}),
)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def new_store() -> DynamoStore:
    store = DynamoStore(lambda: 1_760_000_000_000)
    store.call(
        "CreateTable",
        {
            "TableName": "floor",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        },
    )
    return store


def short(store: DynamoStore) -> AbstractContextManager[None]:
    def call(client: Any, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        transport.before_call(client, operation, params)
        try:
            answer = store.call(operation, params)
        except StoreError as error:
            raise transport.raised_by(client, operation, error) from None
        transport.after_call(client, operation, answer)
        return answer

    return transport.intercepted(call)


def outcomes(way: Callable[[DynamoStore], AbstractContextManager[None]]) -> Iterator[Any]:
    with way(new_store()):
        client = clients.dynamodb()
        for operation, params in CALLS:
            try:
                answer = getattr(client, operation)(**params)
            except ClientError as error:
                # The wire has the message again beside the error; nobody reads that one.
                told = {k: v for k, v in error.response.items() if k not in _NOT_COMPARED}
                yield operation, type(error).__name__, told
            else:
                told = {k: v for k, v in answer.items() if k not in _NOT_COMPARED}
                yield operation, "answer", told


def test_both_ways_answer_and_refuse_alike() -> None:
    long, cut = list(outcomes(routed)), list(outcomes(short))
    assert len(long) == len(CALLS)
    assert {name for _, name, _ in long} >= {
        "answer",
        "ConditionalCheckFailedException",
        "ResourceNotFoundException",
        "ClientError",
        "TransactionCanceledException",
        "IdempotentParameterMismatchException",
    }
    for one, other in zip(long, cut, strict=True):
        assert one == other


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("RequestLimitExceeded", 400),
        ("TransactionInProgressException", 400),
        ("ConditionalCheckFailedException", 400),
        ("TransactionCanceledException", 400),
        ("ValidationException", 400),
        ("InternalServerError", 500),
        ("ServiceUnavailable", 503),
    ],
)
def test_both_ways_send_again_after_the_same_errors(code: str, status: int) -> None:
    error, sent = StoreError(code, "no", status=status), []

    class Refusing(DynamoStore):
        def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
            sent.append(operation)
            raise error

    with routed(Refusing(lambda: 0), sleep=lambda _: None):
        client = clients.dynamodb()
        with pytest.raises(ClientError):
            client.get_item(TableName="floor", Key=KEY)
    assert len(sent) == (transport.attempts_of(client) if transport.is_retried(error) else 1)


def test_what_is_registered_for_a_call_is_told_of_it_on_both_ways() -> None:
    told: dict[str, list[Any]] = {}
    for way in (routed, short):
        seen = told.setdefault(way.__name__, [])
        with way(new_store()):
            client = clients.dynamodb()
            client.meta.events.register(
                "provide-client-params.dynamodb.GetItem",
                lambda params, seen=seen, **_: seen.append(params["TableName"]),
            )
            client.meta.events.register(
                "after-call.dynamodb.GetItem",
                lambda parsed, http_response, seen=seen, **_: seen.append(
                    (parsed.get("Item"), http_response.status_code)
                ),
            )
            client.get_item(TableName="floor", Key=KEY)
    assert told["routed"] == told["short"] == ["floor", (None, 200)]


ALL_MODELS: Final = tuple(
    one for one in vars(models).values() if isinstance(one, type) and hasattr(one, "sk")
)
_VALUES: Final[dict[type[Attribute[Any]], tuple[Any, ...]]] = {
    UnicodeAttribute: ("text",),
    NumberAttribute: (7, 10**15, -3),
    BooleanAttribute: (True, False),
    JSONAttribute: ({"a": [1, None]},),
    BinaryAttribute: (b"\x00\xff",),
}


def items_of(model: type[Any]) -> Iterator[Any]:
    """Yield items of a model as DynamoDB has them, read and written again."""
    for number in range(3):
        raw = {}
        for attribute in model.get_attributes().values():
            if attribute.null and number == 1:
                continue
            values = _VALUES[type(attribute)]
            value = attribute.serialize(values[number % len(values)])
            raw[attribute.attr_name] = {attribute.attr_type: value}
        item = model()
        item.deserialize(raw)
        read = {name: getattr(item, name) for name in model.get_attributes()}
        yield read, {name: type(value) for name, value in read.items()}, item.serialize()


@pytest.mark.parametrize("model", ALL_MODELS)
def test_pynamodb_reads_and_writes_an_item_alike(model: type[Any]) -> None:
    """The harness reads its attributes by a shorter way."""
    found = list(items_of(model))
    with short(new_store()):
        assert list(items_of(model)) == found
        assert isinstance(model.pk, UnicodeAttribute)
    assert all(read["pk"] == "text" for read, _, _ in found)
