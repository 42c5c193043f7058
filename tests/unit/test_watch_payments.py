"""The payments' watchdog: how often it asks, what it leaves to people, and what it survives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest

from baccarat.application.ports import OpenPayment
from baccarat.application.watch_payments import PaymentWatch, watch_payments
from baccarat.domain.errors import BaccaratError, IntegrityError, ProviderUnavailable
from baccarat.domain.payment import (
    ENDED,
    Payment,
    PaymentKind,
    PaymentState,
)
from baccarat.domain.wallet import Wallet

S = PaymentState
MINUTE = 60_000
NOW = 1_700_000_000_000


@dataclass
class World:
    """Every port of the watchdog at once; ``calls`` is what it did."""

    payments: dict[str, Payment] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    now: int = NOW
    provider_error: BaccaratError | None = None
    tick: int = 0

    def now_ms(self) -> int:
        self.now += self.tick
        return self.now

    def pause(self, at_most_ms: int) -> None: ...

    def listed(self, limit: int) -> list[OpenPayment]:
        found = [OpenPayment(p.payment_id, p.state, 0) for p in self.payments.values()]
        return found[:limit]

    def note(self, payment: Payment) -> None:
        self.calls.append(f"note {payment.payment_id}")

    def payment(self, payment_id: str) -> Payment | None:
        return self.payments.get(payment_id)

    def wallets(self, player_id: str) -> list[Wallet]:
        return [Wallet(player_id, "EUR", 0, 1, held_minor=500)]

    def move_payment(self, before: Payment, after: Payment, *_: Any) -> None:
        assert self.payments[before.payment_id] == before
        self.payments[after.payment_id] = after

    def report(self, payment: Payment) -> None:
        self.calls.append(f"ask {payment.payment_id}")
        if self.provider_error:
            raise self.provider_error

    def put(self, payment: Payment) -> None:
        self.calls.append(f"queue {payment.payment_id}")

    def ensure(self, payment_id: str) -> None:
        self.calls.append(f"ensure {payment_id}")
        if payment_id.endswith("bad"):
            raise IntegrityError("too often")

    def succeed(self, token: str) -> None:
        self.calls.append(f"wake {token}")

    def add(self, name: str, state: PaymentState, age_ms: int, **more: Any) -> None:
        is_deposit = state in (S.CREATED, S.PENDING)
        self.payments[f"anna.{name}"] = replace(
            Payment(
                payment_id=f"anna.{name}",
                player_id="anna",
                currency="EUR",
                kind=PaymentKind.DEPOSIT if is_deposit else PaymentKind.WITHDRAWAL,
                method="bank",
                amount_minor=500,
                state=state,
                created_at_ms=NOW - age_ms,
                updated_at_ms=NOW - age_ms,
                fingerprint="",
            ),
            **more,
        )

    def watch(self, until_ms: int = NOW + MINUTE) -> Any:
        ports: Any = self
        watch = PaymentWatch(
            ledger=ports,
            open_payments=ports,
            provider=ports,
            queue=ports,
            driver=ports,
            tasks=ports,
            clock=ports,
            changed=lambda _: None,
        )
        return watch_payments(watch, until_ms)


@pytest.fixture
def world() -> World:
    return World()


def test_who_is_about_to_do_the_next_step_is_left_alone(world: World) -> None:
    for state in set(S) - ENDED - {S.DISPUTED}:
        world.add(state.lower(), state, 2 * MINUTE - 1)
    watched = world.watch()
    assert (dict(watched.done), world.calls) == ({"WAITING": 6}, [])


def test_it_asks_ever_more_rarely(world: World) -> None:
    asked = []
    for minutes in range(24 * 60):
        world.payments.clear()
        world.calls.clear()
        world.add("x", S.SENT, minutes * MINUTE)
        world.watch()
        if world.calls:
            asked.append(minutes)
    assert asked[:14] == list(range(2, 16))
    assert [m for m in asked if 60 <= m <= 80] == [60, 64, 72, 80]
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 64


def test_each_state_has_its_way_on(world: World) -> None:
    age = 4 * MINUTE
    world.add("held", S.HELD, age)
    world.add("review", S.IN_REVIEW, age, task_token="t1")
    world.add("approved", S.APPROVED, age, task_token="t2")
    world.add("sent", S.SENT, age, task_token="t3")
    world.add("disputed", S.DISPUTED, age)
    world.add("paid", S.PAID, age)
    world.add("pending", S.PENDING, age)
    done = dict(world.watch().done)
    assert done == {
        "ENSURED_HELD": 1,
        "ENSURED_IN_REVIEW": 1,
        "WOKEN": 1,
        "QUEUED_AGAIN": 1,
        "FOR_A_PERSON": 1,
        "ENDED": 1,
        "UNKNOWN_TO_PROVIDER": 1,
    }
    assert sorted(world.calls) == [
        "ask anna.pending",
        "ask anna.sent",
        "ensure anna.approved",
        "ensure anna.held",
        "ensure anna.review",
        "note anna.paid",
        "queue anna.sent",
        "wake t2",
    ]


def test_a_deposit_that_nobody_knows_of_is_given_up_after_a_day(world: World) -> None:
    world.add("old", S.PENDING, 23 * 64 * MINUTE)
    assert dict(world.watch().done) == {"EXPIRED": 1}
    assert world.payments["anna.old"].state is S.FAILED
    assert world.payments["anna.old"].reasons == ("EXPIRED",)


def test_a_provider_that_is_away_is_asked_once_and_the_rest_goes_on(world: World) -> None:
    world.provider_error = ProviderUnavailable("away")
    for number in range(3):
        world.add(f"sent{number}", S.SENT, 4 * MINUTE)
    world.add("held", S.HELD, 4 * MINUTE)
    watched = world.watch()
    assert len(watched.failed) == 1
    assert dict(watched.done) == {"NOT_ASKED": 2, "ENSURED_HELD": 1}


def test_one_payments_trouble_leaves_the_others_watched(world: World) -> None:
    world.add("bad", S.HELD, 4 * MINUTE)
    world.add("good", S.HELD, 4 * MINUTE)
    watched = world.watch()
    assert list(watched.failed) == ["anna.bad"]
    assert dict(watched.done) == {"ENSURED_HELD": 1}


@pytest.mark.parametrize(
    ("state", "minutes"),
    [
        (S.HELD, 15),
        (S.APPROVED, 15),
        (S.IN_REVIEW, 240),
        (S.SENT, 1_440),
        (S.PENDING, 1_440),
        (S.DISPUTED, 0),
    ],
)
def test_what_is_late(world: World, state: PaymentState, minutes: int) -> None:
    world.add("x", state, minutes * MINUTE)
    assert dict(world.watch().late) == {state: 1}
    if minutes:
        world.add("x", state, minutes * MINUTE - 1)
        assert dict(world.watch().late) == {}


def test_a_run_ends_in_time_and_the_next_starts_elsewhere(world: World) -> None:
    for number in range(10):
        world.add(f"{number}", S.HELD, 4 * MINUTE)
    world.tick = 1_000
    assert world.watch(NOW + 12_000).unfinished > 0
    first = world.calls[0]
    world.calls.clear()
    world.now = NOW + MINUTE
    world.watch(NOW + MINUTE + 12_000)
    assert world.calls[0] != first


def test_nothing_is_open(world: World) -> None:
    assert dict(world.watch().done) == {}
