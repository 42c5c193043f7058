"""The same suite on the strict store, on moto, on MiniStack and on any DynamoDB endpoint
(``DYNAMODB_ENDPOINT``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from baccarat.adapters.clock import SystemClock
from sandbox.configuration import Options
from tests.simulation.store import DynamoStore
from tests.simulation.store.hook import routed
from tests.support.cloud import Cloud, moto_cloud
from tests.support.ministack import emulated_cloud, emulator

STORES = [
    "store",
    "moto",
    "ministack",
    *(["endpoint"] if "DYNAMODB_ENDPOINT" in os.environ else []),
]


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Options]:
    with emulator() as options:
        yield options


@pytest.fixture(params=STORES)
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """A fresh platform on each store in turn."""
    if request.param == "store":
        store = DynamoStore(SystemClock().now_ms)
        with routed(store), moto_cloud(without=("dynamodb",)) as found:
            yield found
        return
    if request.param == "moto":
        with moto_cloud() as found:
            yield found
        return
    options: Options = request.getfixturevalue("running_emulator")
    more = (
        {"AWS_ENDPOINT_URL_DYNAMODB": os.environ["DYNAMODB_ENDPOINT"]}
        if request.param == "endpoint"
        else {}
    )
    with emulated_cloud(options, **more) as found:
        yield found
