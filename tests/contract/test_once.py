"""What every store must do for what may happen once."""

from __future__ import annotations

import time

from baccarat.adapters.dynamodb.once import DynamoOnce
from tests.support.cloud import Cloud


def test_a_key_is_used_once_whoever_asks(cloud: Cloud) -> None:
    assert cloud
    until = int(time.time()) + 60
    assert DynamoOnce().consume("TOKEN#a", until)
    assert not DynamoOnce().consume("TOKEN#a", until)
    assert DynamoOnce().consume("TOKEN#b", until)
