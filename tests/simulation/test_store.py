"""What the strict store has beyond DynamoDB: its clock, its hooks, its stream, its route."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import moto.dynamodb.parsing
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from tests.simulation.store import DynamoStore, StoreError, errors
from tests.simulation.store.hook import routed
from tests.simulation.store.parser import RESERVED

TABLE = "things"
KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
TEN_MINUTES_MS = 600_000


class Clock:
    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> DynamoStore:
    return new_store(clock.now_ms)


@pytest.fixture
def client(store: DynamoStore) -> Iterator[Any]:
    credentials = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with mock.patch.dict(os.environ, credentials), routed(store, sleep=lambda _: None):
        yield clients.dynamodb()


def new_store(now_ms: Callable[[], int]) -> DynamoStore:
    store = DynamoStore(now_ms)
    store.call(
        "CreateTable",
        {
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "StreamSpecification": {
                "StreamEnabled": True,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        },
    )
    return store


def item(n: int, sk: str = "s", pk: str = "p") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}, "n": {"N": str(n)}}


def put(store: DynamoStore, n: int, sk: str = "s", pk: str = "p") -> None:
    store.call("PutItem", {"TableName": TABLE, "Item": item(n, sk, pk)})


def add_one() -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "Key": KEY,
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def get(store: DynamoStore, **more: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = store.call(
        "GetItem", {"TableName": TABLE, "Key": KEY, **more}
    ).get("Item")
    return found


def test_a_token_is_known_for_ten_minutes_of_the_clock(store: DynamoStore, clock: Clock) -> None:
    request = {"TransactItems": [{"Update": add_one()}], "ClientRequestToken": "one"}
    store.call("TransactWriteItems", request)
    clock.ms += TEN_MINUTES_MS - 1
    store.call("TransactWriteItems", request)
    assert get(store) == item(1)
    clock.ms += 1
    store.call("TransactWriteItems", request)
    assert get(store) == item(2)


def test_nothing_is_shared_with_the_caller(store: DynamoStore) -> None:
    given: dict[str, Any] = {**KEY, "m": {"M": {"l": {"L": [{"N": "1"}]}}}}
    store.call("PutItem", {"TableName": TABLE, "Item": given})
    given["m"]["M"]["l"]["L"].append({"N": "2"})
    first = get(store)
    assert first is not None
    first["m"]["M"]["l"]["L"].clear()
    [record] = store.stream(TABLE)
    record["dynamodb"]["NewImage"]["m"]["M"].clear()
    assert get(store) == {**KEY, "m": {"M": {"l": {"L": [{"N": "1"}]}}}}
    assert store.stream(TABLE)[0]["dynamodb"]["NewImage"] == get(store)


def test_an_interceptor_fails_a_call_before_or_after_it_is_carried_out(store: DynamoStore) -> None:
    seen = []

    def before(operation: str, params: dict[str, Any], apply: Callable[[], Any]) -> Any:
        seen.append((operation, params["Item"]["n"]["N"]))
        raise errors.internal()

    def after(operation: str, params: dict[str, Any], apply: Callable[[], Any]) -> Any:
        apply()
        raise errors.internal()

    store.interceptor = before
    with pytest.raises(StoreError, match="InternalServerError"):
        put(store, 1)
    assert store.items(TABLE) == []
    store.interceptor = after
    with pytest.raises(StoreError):
        put(store, 2)
    assert store.items(TABLE) == [item(2)]
    assert seen == [("PutItem", "1")]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (errors.conflict(), "TransactionConflictException"),
        (errors.throttled(), "ProvisionedThroughputExceededException"),
        (errors.internal(), "InternalServerError"),
        (errors.condition_failed(item(1)), "ConditionalCheckFailedException"),
        (errors.no_such_table(), "ResourceNotFoundException"),
    ],
)
def test_boto3_raises_its_modelled_exceptions(
    store: DynamoStore, client: Any, error: StoreError, name: str
) -> None:
    def fail(operation: str, params: dict[str, Any], apply: Callable[[], Any]) -> Any:
        raise error

    store.interceptor = fail
    with pytest.raises(getattr(client.exceptions, name)) as raised:
        client.put_item(TableName=TABLE, Item=item(1))
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == error.status
    assert raised.value.response.get("Item") == error.body.get("Item")


def test_boto3_gets_the_reasons_of_a_cancellation(store: DynamoStore, client: Any) -> None:
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "ongoing"}]

    def fail(operation: str, params: dict[str, Any], apply: Callable[[], Any]) -> Any:
        raise errors.cancelled(reasons)

    store.interceptor = fail
    with pytest.raises(client.exceptions.TransactionCanceledException) as raised:
        client.transact_write_items(TransactItems=[{"Update": add_one()}])
    assert raised.value.response["CancellationReasons"] == reasons


def test_boto3_sends_again_after_a_time_out_so_an_add_counts_twice(
    store: DynamoStore, client: Any
) -> None:
    calls = []

    def lose_the_first_answer(
        operation: str,
        params: dict[str, Any],
        apply: Callable[[], Any],
    ) -> Any:
        calls.append(operation)
        answer = apply()
        if len(calls) == 1:
            raise ReadTimeoutError(endpoint_url="")
        return answer

    store.interceptor = lose_the_first_answer
    client.update_item(**add_one())
    assert calls == ["UpdateItem", "UpdateItem"]
    store.interceptor = None
    assert get(store) == item(2)


def test_pauses_between_attempts_are_the_callers(store: DynamoStore) -> None:
    def fail(operation: str, params: dict[str, Any], apply: Callable[[], Any]) -> Any:
        raise errors.throttled()

    pauses: list[float] = []
    store.interceptor = fail
    with routed(store, sleep=pauses.append):
        client: Any = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        with pytest.raises(ClientError):
            client.put_item(TableName=TABLE, Item=item(1))
    assert len(pauses) > 1


def test_binaries_and_write_units_pass_through_boto3(store: DynamoStore, client: Any) -> None:
    units = WriteUnits()
    units.watch(client)
    given = {**KEY, "b": {"B": b"\x00\xff"}, "bs": {"BS": [b"a", b"b"]}, "B": {"S": "b"}}
    client.transact_write_items(TransactItems=[{"Put": {"TableName": TABLE, "Item": given}}])
    assert units.take() == 2
    assert client.get_item(TableName=TABLE, Key=KEY)["Item"] == given
    assert store.items(TABLE) == [given]


def test_eventual_reads_lag_as_many_writes_as_they_are_told_to(store: DynamoStore) -> None:
    put(store, 1)
    put(store, 2)
    store.call("DeleteItem", {"TableName": TABLE, "Key": KEY})
    put(store, 3)
    seen = []
    for lag in range(6):
        store.lag = lambda operation, table, lag=lag: lag  # type: ignore[misc]
        seen.append(get(store))
    assert seen == [item(3), None, item(2), item(1), None, None]


def test_strong_and_transactional_reads_do_not_lag(store: DynamoStore) -> None:
    asked = []

    def lag(operation: str, table: str) -> int:
        asked.append((operation, table))
        return 1

    store.lag = lag
    put(store, 1)
    assert get(store, ConsistentRead=True) == item(1)
    found = store.call(
        "TransactGetItems", {"TransactItems": [{"Get": {"TableName": TABLE, "Key": KEY}}]}
    )
    assert found["Responses"] == [{"Item": item(1)}]
    assert asked == []
    assert store.call("Scan", {"TableName": TABLE})["Items"] == []
    keys = {"RequestItems": {TABLE: {"Keys": [KEY]}}}
    assert store.call("BatchGetItem", keys)["Responses"] == {TABLE: []}
    assert asked == [("Scan", TABLE), ("BatchGetItem", TABLE)]


def test_a_read_that_lags_sees_exactly_the_table_of_that_time(store: DynamoStore) -> None:
    chance = random.Random(7)
    states = [store.items(TABLE)]
    for number in range(200):
        pk, sk = chance.choice("abc"), chance.choice("xyz")
        if chance.random() < 0.4 or (pk == "c" and number > 150):
            key = {"pk": {"S": pk}, "sk": {"S": sk}}
            store.call("DeleteItem", {"TableName": TABLE, "Key": key})
        else:
            put(store, number, sk, pk)
        states.append(store.items(TABLE))
    table = store._database.tables[TABLE]
    assert {key for _, key in table.order} == {one["pk"]["S"] for one in states[-1]}
    for lag in range(len(states)):
        store.lag = lambda operation, table, lag=lag: lag  # type: ignore[misc]
        then = states[-1 - lag]
        assert store.call("Scan", {"TableName": TABLE})["Items"] == then
        for pk in "abc":
            query = {
                "TableName": TABLE,
                "KeyConditionExpression": "pk = :pk",
                "ExpressionAttributeValues": {":pk": {"S": pk}},
            }
            found = store.call("Query", query)["Items"]
            assert found == [one for one in then if one["pk"] == {"S": pk}]


def test_a_stream_tells_every_change_in_order(store: DynamoStore, clock: Clock) -> None:
    put(store, 1)
    put(store, 1)
    clock.ms += 5_000
    put(store, 2)
    store.call("DeleteItem", {"TableName": TABLE, "Key": KEY})
    records = store.stream(TABLE)
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    assert numbers == sorted(set(numbers))
    assert len({record["eventID"] for record in records}) == 3
    arn = store.call("DescribeTable", {"TableName": TABLE})["Table"]["LatestStreamArn"]
    assert records[1] == {
        "eventID": records[1]["eventID"],
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
        "dynamodb": {
            "ApproximateCreationDateTime": clock.ms // 1000,
            "Keys": KEY,
            "OldImage": item(1),
            "NewImage": item(2),
            "SequenceNumber": numbers[1],
            "SizeBytes": 6 + 2 * 9,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
    assert store.stream(TABLE, after=2) == records[2:]


def test_what_is_refused_is_billed_too(store: DynamoStore) -> None:
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    large = {**item(1), "x": {"S": "x" * 2_500}}
    store.call("PutItem", {"TableName": TABLE, "Item": large})
    assert store.billed(TABLE).write_units == 3
    with pytest.raises(StoreError):
        store.call("PutItem", {"TableName": TABLE, "Item": item(1), **condition})
    assert store.billed(TABLE).write_units == 6
    put_again = {"Put": {"TableName": TABLE, "Item": item(1), **condition}}
    other = {"Put": {"TableName": TABLE, "Item": item(1, "other")}}
    with pytest.raises(StoreError):
        store.call("TransactWriteItems", {"TransactItems": [put_again, other]})
    assert store.billed(TABLE).write_units == 6 + 6 + 2
    get(store, ConsistentRead=True)
    get(store)
    assert store.billed(TABLE).read_units == 1.5


def test_a_batch_of_reads_ends_at_sixteen_megabytes(store: DynamoStore) -> None:
    names = [str(number) for number in range(45)]
    for name in names:
        filler = {"x": {"S": "x" * 400_000}}
        store.call("PutItem", {"TableName": TABLE, "Item": {**item(1, name), **filler}})
    keys = [{"pk": {"S": "p"}, "sk": {"S": name}} for name in names]
    request = {"Keys": keys, "ConsistentRead": True}
    answer = store.call("BatchGetItem", {"RequestItems": {TABLE: request}})
    assert len(answer["Responses"][TABLE]) == 41
    assert answer["UnprocessedKeys"] == {TABLE: {"Keys": keys[41:], "ConsistentRead": True}}


def test_two_stores_scan_in_the_same_order_whatever_came_first() -> None:
    stores = [new_store(Clock().now_ms), new_store(Clock().now_ms)]
    names = [f"p{number}" for number in range(20)]
    for name, other in zip(names, reversed(names), strict=True):
        put(stores[0], 1, pk=name)
        put(stores[1], 1, pk=other)
    assert stores[0].items(TABLE) == stores[1].items(TABLE)
    assert [one["pk"]["S"] for one in stores[0].items(TABLE)] != names


@pytest.mark.parametrize(
    ("operation", "params", "told"),
    [
        ("PutItem", {"TableName": TABLE, "Item": item(1), "Expected": {}}, "Expected"),
        ("Query", {"TableName": TABLE, "KeyConditions": {}}, "KeyConditions"),
        ("Scan", {"TableName": TABLE, "Segment": 0, "TotalSegments": 2}, "Segment"),
        ("ListTables", {}, "ListTables"),
        (
            "CreateTable",
            {"TableName": "other", "GlobalSecondaryIndexes": [{"IndexName": "by"}]},
            "no indexes",
        ),
    ],
)
def test_what_is_not_built_is_refused_by_name(
    store: DynamoStore, operation: str, params: dict[str, Any], told: str
) -> None:
    with pytest.raises(StoreError, match=told):
        store.call(operation, params)


def test_reserved_words_are_those_that_moto_knows() -> None:
    words = Path(moto.dynamodb.parsing.__file__).with_name("reserved_keywords.txt")
    assert frozenset(words.read_text(encoding="ascii").split()) == RESERVED
