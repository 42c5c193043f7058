"""``python -m tests.simulation.store.bench``: calls of the store itself, and through boto3, in a
second of the processor's time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import boto3

from tests.simulation.store.hook import routed
from tests.simulation.store.store import DynamoStore

TABLE = "bench"
SECONDS = 1.0
PLAYERS = 5_000
CREATE: dict[str, Any] = {
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
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}


def key(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"PLAYER#{number % PLAYERS}"}, "sk": {"S": "WALLET"}}


def wallet(number: int) -> dict[str, Any]:
    return {
        **key(number),
        "currency": {"S": "EUR"},
        "available_minor": {"N": str(number)},
        "version": {"N": str(number)},
        "exposure": {"S": "{}"},
    }


def put(number: int) -> dict[str, Any]:
    return {"TableName": TABLE, "Item": wallet(number)}


def get(number: int) -> dict[str, Any]:
    return {"TableName": TABLE, "Key": key(number), "ConsistentRead": True}


def query(number: int) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": key(number)["pk"]},
    }


def bet(number: int) -> dict[str, Any]:
    """A wallet on its version and a bet that must not be there: what a bet of the platform is."""
    wallet_put = {
        **put(number),
        "ConditionExpression": "attribute_not_exists(pk) OR #version <> :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": "-1"}},
    }
    bet_put = {
        "TableName": TABLE,
        "Item": {**wallet(number), "sk": {"S": f"BET#{number}"}},
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return {
        "TransactItems": [{"Put": wallet_put}, {"Put": bet_put}],
        "ClientRequestToken": f"token-{number}",
    }


CALLS: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "put": ("PutItem", put),
    "get": ("GetItem", get),
    "query": ("Query", query),
    "transact (2 puts)": ("TransactWriteItems", bet),
}


def rate(call: Callable[[str, dict[str, Any]], Any], name: str) -> float:
    operation, params = CALLS[name]
    done = 0
    start = time.process_time()
    while time.process_time() - start < SECONDS:
        for _ in range(50):
            call(operation, params(done))
            done += 1
    return done / (time.process_time() - start)


def main() -> None:
    credentials = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    print(f"{'calls a second':<20}{'store':>10}{'boto3':>10}")
    for name in CALLS:
        store = DynamoStore(lambda: int(time.time() * 1000))
        store.call("CreateTable", CREATE)
        for number in range(PLAYERS):
            store.call("PutItem", put(number))
        direct = rate(store.call, name)
        with mock.patch.dict(os.environ, credentials), routed(store):
            client: Any = boto3.client("dynamodb")
            through = rate(client._make_api_call, name)
        print(f"{name:<20}{direct:>10,.0f}{through:>10,.0f}")


if __name__ == "__main__":
    main()
