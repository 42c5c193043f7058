"""The sandbox's payment provider misbehaves as it is told, and by its own clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from unittest import mock

import pytest

from sandbox.provider import service
from sandbox.provider.behaviour import Behaviour
from sandbox.provider.service import Order, Provider

SECONDS = 30


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds

    def time(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Iterator[Clock]:
    found = Clock()
    with mock.patch.object(service, "time", found):
        yield found


def test_a_delayed_webhook_comes_when_its_time_has_come(clock: Clock) -> None:
    posted: SimpleQueue[str] = SimpleQueue()

    def post(_url: str, _headers: dict[str, str], body: bytes) -> int:
        posted.put(json.loads(body)["paymentId"])
        return 200

    provider = Provider("secret", post)
    provider.webhook_url = "in process"
    provider.behave(Behaviour(delay_ms=5_000), "late")
    for payment_id in ("late", "at-once"):
        order = Order(paymentId=payment_id, amount_minor=500, currency="EUR", method="bank")
        provider.create("payout", order)

    def move_on(seconds: float) -> None:
        clock.seconds += seconds
        with provider._changed:
            provider._changed.notify_all()

    def nothing_comes() -> bool:
        with provider._changed:
            due = provider._is_due()
        with pytest.raises(Empty):
            posted.get_nowait()
        return not due

    provider.start()
    try:
        assert posted.get(timeout=SECONDS) == "at-once"
        move_on(4.999)
        assert nothing_comes()
        move_on(0.001)
        assert posted.get(timeout=SECONDS) == "late"
        assert nothing_comes()
    finally:
        provider.stop()
