"""The same programs on the strict store, on MiniStack and on ``DYNAMODB_ENDPOINT``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.configuration import Options
from tests.contract.conftest import STORES
from tests.contract.dynamodb import conditions, limits, reads, transactions, updates
from tests.contract.dynamodb.differences import EMULATOR_DIFFERS
from tests.contract.dynamodb.program import TABLE, Case, Refused, Step, values
from tests.simulation.store import DynamoStore
from tests.simulation.store.hook import routed

CASES = [
    *conditions.CASES,
    *updates.CASES,
    *reads.CASES,
    *transactions.CASES,
    *limits.CASES,
]
NAMES = [case.name for case in CASES]
BACKENDS = [store for store in STORES if store != "moto"]
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}
NOW_MS = 1_700_000_000_000


class Backend:
    """Runs steps; answers come in the form of the programs' expectations."""

    def __init__(self, endpoint: str | None = None, store: DynamoStore | None = None) -> None:
        # What botocore would refuse itself has to reach the store.
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        self._client: Any = boto3.client("dynamodb", endpoint_url=endpoint, config=config)
        self._streams: Any = boto3.client("dynamodbstreams", endpoint_url=endpoint, config=config)
        self._store = store
        self._numbers = count(1)

    def create_table(self, case: Case) -> str:
        name = f"case-{os.getpid()}-{next(self._numbers)}"
        names = ("pk", "sk")[: len(case.keys)]
        stream = {"StreamEnabled": True, "StreamViewType": case.view}
        more = {"StreamSpecification": stream} if case.view else {}
        self._client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": kind}
                for key, kind in zip(names, case.keys, strict=True)
            ],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(names, ("HASH", "RANGE"), strict=False)
            ],
            **more,
        )
        return name

    def drop_table(self, name: str) -> None:
        self._client.delete_table(TableName=name)

    def outcome(self, step: Step, table: str) -> Any:
        """Return the normal form of what the call answers, or ``Refused``."""
        params = _renamed(step.params, TABLE, table)
        try:
            if step.operation == "Stream":
                return self._changes(table)
            if step.operation.endswith("*"):
                return normal(self._pages(step.operation[:-1], params), step, table)
            answer = self._client._make_api_call(step.operation, params)
        except ClientError as error:
            return refusal(error)
        return normal(answer, step, table)

    def _pages(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        items: list[Any] = []
        start: dict[str, Any] = {}
        for number in range(1, 100):
            page = self._client._make_api_call(operation, {**params, **start})
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return {"Items": items, "Pages": number}
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        raise AssertionError("the pages do not end")

    def _changes(self, table: str) -> list[dict[str, Any]]:
        records = self._store.stream(table) if self._store else self._records(table)
        found = []
        for record in records:
            told = record["dynamodb"]
            images = ("Keys", "NewImage", "OldImage")
            change = {name: sorted_sets(told[name]) for name in images if name in told}
            found.append({"event": record["eventName"], **change})
        return found

    def _records(self, table: str) -> list[Any]:
        arn = self._client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        shards = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        found: list[Any] = []
        for shard in shards:
            iterator = self._streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found += self._streams.get_records(ShardIterator=iterator)["Records"]
        return found


def refusal(error: ClientError) -> Refused:
    answer: dict[str, Any] = dict(error.response)
    reasons = tuple(
        (reason["Code"], sorted_sets(reason["Item"])) if "Item" in reason else reason["Code"]
        for reason in answer.get("CancellationReasons", [])
    )
    item = answer.get("Item")
    return Refused(answer["Error"]["Code"], reasons, None if item is None else sorted_sets(item))


def normal(answer: dict[str, Any], step: Step, table: str) -> Any:
    """Return an answer without what differs from run to run, with sets in order."""
    found = _renamed({k: v for k, v in answer.items() if k != "ResponseMetadata"}, table, TABLE)
    if "ConsumedCapacity" in found:
        consumed = found["ConsumedCapacity"]
        listed = consumed if isinstance(consumed, list) else [consumed]
        found["ConsumedCapacity"] = {one["TableName"]: one["CapacityUnits"] for one in listed}
    return in_order(found, step)


def in_order(found: dict[str, Any], step: Step) -> Any:
    if step.operation.startswith("Scan") and "Items" in found:
        found["Items"] = sorted(found["Items"], key=repr)
    if step.operation == "BatchGetItem":
        for items in found["Responses"].values():
            items.sort(key=repr)
    return sorted_sets(found)


def expectation(step: Step, expected: Any) -> Any:
    """Return an expected answer in the form that ``outcome`` has."""
    if isinstance(expected, Refused):
        reasons = tuple(
            (reason[0], sorted_sets(values(reason[1]))) if isinstance(reason, tuple) else reason
            for reason in expected.reasons
        )
        item = None if expected.item is None else sorted_sets(values(expected.item))
        return Refused(expected.code, reasons, item)
    return in_order(dict(expected), step) if isinstance(expected, dict) else expected


def sorted_sets(node: Any) -> Any:
    if isinstance(node, list):
        return [sorted_sets(element) for element in node]
    if not isinstance(node, dict):
        return node
    return {
        name: sorted(inner)
        if name in ("SS", "NS", "BS") and _is_plain(inner)
        else sorted_sets(inner)
        for name, inner in node.items()
    }


def _is_plain(inner: Any) -> bool:
    return isinstance(inner, list) and all(isinstance(member, (str, bytes)) for member in inner)


def _renamed(node: Any, old: str, new: str) -> Any:
    if isinstance(node, dict):
        return {_renamed(k, old, new): _renamed(v, old, new) for k, v in node.items()}
    if isinstance(node, list):
        return [_renamed(element, old, new) for element in node]
    return new if node == old and isinstance(node, str) else node


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[tuple[str, Backend]]:
    with mock.patch.dict(os.environ, CREDENTIALS):
        if request.param == "store":
            store = DynamoStore(lambda: NOW_MS)
            with routed(store):
                yield "store", Backend(store=store)
        elif request.param == "ministack":
            options: Options = request.getfixturevalue("running_emulator")
            yield "ministack", Backend(options.endpoint)
        else:
            yield "endpoint", Backend(os.environ["DYNAMODB_ENDPOINT"])


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_dynamodb(backend: tuple[str, Backend], case: Case) -> None:
    name, runner = backend
    answers = EMULATOR_DIFFERS.get(case.name, ("", {}))[1] if name == "ministack" else {}
    table = runner.create_table(case)
    try:
        for number, step in enumerate(case.steps):
            found = runner.outcome(step, table)
            expected = expectation(step, answers.get(number, step.expected))
            if expected is None:
                assert not isinstance(found, Refused), (number, step.operation, found)
            else:
                assert found == expected, (number, step.operation)
    finally:
        runner.drop_table(table)


def test_every_case_has_a_name_of_its_own_and_every_difference_a_case() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert EMULATOR_DIFFERS.keys() <= set(NAMES)
