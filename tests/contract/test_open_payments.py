"""The list of open payments, on every store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baccarat.adapters.dynamodb.open_payments import DynamoOpenPayments
from baccarat.application.ports import OpenPayment
from baccarat.domain.payment import ENDED, Payment, PaymentKind, PaymentState

pytestmark = pytest.mark.usefixtures("cloud")


def payment(number: int, state: PaymentState) -> Payment:
    return Payment(
        payment_id=f"anna.{number:032x}",
        player_id="anna",
        currency="EUR",
        kind=PaymentKind.WITHDRAWAL,
        method="bank",
        amount_minor=1_000,
        state=state,
        created_at_ms=number,
        updated_at_ms=number,
        fingerprint="",
    )


def test_open_payments_are_listed_until_they_end() -> None:
    listed = DynamoOpenPayments()
    first, second = payment(1, PaymentState.HELD), payment(2, PaymentState.SENT)
    for noted in (second, first, first, replace(first, state=PaymentState.IN_REVIEW)):
        listed.note(noted)
    assert listed.listed(10) == [
        OpenPayment(first.payment_id, PaymentState.IN_REVIEW, 1),
        OpenPayment(second.payment_id, PaymentState.SENT, 2),
    ]
    assert [found.payment_id for found in listed.listed(1)] == [first.payment_id]
    listed.note(replace(first, state=PaymentState.PAID))
    listed.note(replace(first, state=PaymentState.PAID))
    assert [found.payment_id for found in listed.listed(10)] == [second.payment_id]


@pytest.mark.parametrize("state", PaymentState)
def test_what_waits_for_a_person_is_open(state: PaymentState) -> None:
    listed = DynamoOpenPayments()
    listed.note(payment(1, state))
    assert bool(listed.listed(10)) == (state not in ENDED)
