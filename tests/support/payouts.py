"""The outside world of payments where it is not what a test is about."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final

from baccarat.application.ports import StartedDeposit
from baccarat.domain.payment import Outcome, Payment, PaymentLimits, Report

LIMITS: Final = {
    currency: PaymentLimits(100, 100_000, 100, 100_000, 10_000, 20_000)
    for currency in ("EUR", "USD")
}


class Provider:
    """Pays at once, and counts what it was told."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        self._lock = threading.Lock()

    def create_deposit(self, payment: Payment) -> StartedDeposit:
        raise NotImplementedError(payment.payment_id)

    def create_payout(self, payment: Payment) -> Report:
        with self._lock:
            self.told[payment.payment_id] += 1
        return paid(payment)

    def report(self, payment: Payment) -> Report | None:
        with self._lock:
            return paid(payment) if self.told[payment.payment_id] else None


class Nobody:
    """No workflow runs here."""

    def ensure(self, payment_id: str) -> None: ...

    def succeed(self, token: str) -> None: ...

    def fail(self, token: str, error: str) -> None: ...

    def beat(self, token: str) -> None: ...


def paid(payment: Payment) -> Report:
    return Report(
        payment.payment_id,
        payment.kind,
        "psp-1",
        Outcome.PAID,
        payment.amount_minor,
        payment.currency,
    )
