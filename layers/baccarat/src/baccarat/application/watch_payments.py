"""The payments' watchdog: what a lost message, a lost execution or a crash left behind goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from baccarat.application.payments import (
    Change,
    load_payment,
    start_deposit,
    take_report,
    wake,
)
from baccarat.application.ports import (
    Clock,
    Ledger,
    OpenPayments,
    PaymentProvider,
    PayoutQueue,
    Tasks,
    WithdrawalDriver,
)
from baccarat.application.retry import on_contention
from baccarat.domain import payment as money
from baccarat.domain.errors import BaccaratError, ProviderUnavailable
from baccarat.domain.payment import ENDED, Payment, PaymentKind, PaymentState

MAX_WATCHED: Final = 10_000
"""Open payments looked at in one run; more of them are an alarm of their own."""

_MINUTE_MS: Final = 60_000
_GRACE_MS: Final = 2 * _MINUTE_MS
"""Whoever is about to do the next step has done it by then."""
_RAREST_MINUTES: Final = 64
_DEPOSIT_LIFE_MS: Final = 24 * 60 * _MINUTE_MS
"""A deposit that the provider knows nothing of is given up after this."""
EXPIRED: Final = "EXPIRED"

LATE_AFTER_MS: Final = {
    PaymentState.HELD: 15 * _MINUTE_MS,
    PaymentState.APPROVED: 15 * _MINUTE_MS,
    PaymentState.IN_REVIEW: 4 * 60 * _MINUTE_MS,
    PaymentState.SENT: 24 * 60 * _MINUTE_MS,
    PaymentState.CREATED: 24 * 60 * _MINUTE_MS,
    PaymentState.PENDING: 24 * 60 * _MINUTE_MS,
    PaymentState.DISPUTED: 0,
}
"""From when a payment that stays in a state is a person's business."""


@dataclass(slots=True)
class Watched:
    """What one run did, how many payments wait too long in each state, and what failed."""

    done: Counter[str] = field(default_factory=Counter)
    late: Counter[PaymentState] = field(default_factory=Counter)
    failed: dict[str, BaccaratError] = field(default_factory=dict)
    unfinished: int = 0


@dataclass(frozen=True, slots=True)
class PaymentWatch:
    """What the watchdog works with. ``changed`` hears of every change that it made."""

    ledger: Ledger
    open_payments: OpenPayments
    provider: PaymentProvider
    queue: PayoutQueue
    driver: WithdrawalDriver
    tasks: Tasks
    clock: Clock
    changed: Callable[[Change], None]


def watch_payments(watch: PaymentWatch, until_ms: int) -> Watched:
    """Look after every open payment, until the clock says ``until_ms``; the next run goes on.

    One payment's trouble leaves the others watched. When the provider does not answer it is not
    asked again in this run.
    """
    watched = Watched()
    found = watch.open_payments.listed(MAX_WATCHED)
    # Another start each minute, so that a run that is cut short leaves out others than the last.
    start = watch.clock.now_ms() // _MINUTE_MS % len(found) if found else 0
    ordered = found[start:] + found[:start]
    may_ask = True
    for number, listed in enumerate(ordered):
        if watch.clock.now_ms() >= until_ms:
            watched.unfinished = len(ordered) - number
            break
        try:
            payment = load_payment(listed.payment_id, watch.ledger)
            _count_late(payment, watch.clock.now_ms(), watched)
            watched.done[_look_after(payment, watch, may_ask=may_ask)] += 1
        except ProviderUnavailable as error:
            may_ask = False
            watched.failed[listed.payment_id] = error
        except BaccaratError as error:
            watched.failed[listed.payment_id] = error
    return watched


def _count_late(payment: Payment, now_ms: int, watched: Watched) -> None:
    after_ms = LATE_AFTER_MS.get(payment.state)
    if after_ms is not None and now_ms - payment.updated_at_ms >= after_ms:
        watched.late[payment.state] += 1


def _look_after(  # noqa: PLR0911  one answer for each state
    payment: Payment, watch: PaymentWatch, *, may_ask: bool
) -> str:
    """Return what was done, for the watchdog's log."""
    if payment.state in ENDED:
        watch.open_payments.note(payment)
        return "ENDED"
    if not _is_due(watch.clock.now_ms() - payment.updated_at_ms):
        return "WAITING"
    match payment.state:
        case PaymentState.DISPUTED:
            return "FOR_A_PERSON"
        case PaymentState.HELD | PaymentState.IN_REVIEW | PaymentState.APPROVED:
            return _keep_going(payment, watch)
        case _ if not may_ask:
            return "NOT_ASKED"
        case PaymentState.CREATED:
            return _tell_again(payment, watch)
        case _:
            return _ask(payment, watch)


def _is_due(waiting_ms: int) -> bool:
    """Return True ever more rarely: each minute at first, after an hour every eighth, after
    a night about once an hour.
    """
    minutes = waiting_ms // _MINUTE_MS
    # The largest power of two that is within an eighth of the time waited.
    step = 1 << max(0, (minutes // 8).bit_length() - 1)
    return waiting_ms >= _GRACE_MS and minutes % min(step, _RAREST_MINUTES) == 0


def _keep_going(payment: Payment, watch: PaymentWatch) -> str:
    watch.driver.ensure(payment.payment_id)
    if payment.state is PaymentState.IN_REVIEW or payment.task_token is None:
        return f"ENSURED_{payment.state}"
    # Its workflow waits for something that has happened, or for a wallet that was stopped.
    wake(payment, watch.tasks)
    return "WOKEN"


def _tell_again(payment: Payment, watch: PaymentWatch) -> str:
    change, _ = start_deposit(
        payment.payment_id, ledger=watch.ledger, provider=watch.provider, clock=watch.clock
    )
    watch.changed(change)
    return f"DEPOSIT_{change.after.state}"


def _ask(payment: Payment, watch: PaymentWatch) -> str:
    report = watch.provider.report(payment)
    if report is not None:
        change = take_report(report, ledger=watch.ledger, tasks=watch.tasks, clock=watch.clock)
        watch.changed(change)
        return f"ASKED_{change.after.state}"
    if payment.kind is PaymentKind.WITHDRAWAL:
        watch.queue.put(payment)
        return "QUEUED_AGAIN"
    if watch.clock.now_ms() - payment.created_at_ms < _DEPOSIT_LIFE_MS:
        return "UNKNOWN_TO_PROVIDER"
    return _expire(payment, watch)


def _expire(payment: Payment, watch: PaymentWatch) -> str:
    def attempt() -> Change:
        now = load_payment(payment.payment_id, watch.ledger)
        after = money.fail_deposit(now, EXPIRED, watch.clock.now_ms())
        if after is not now:
            watch.ledger.move_payment(now, after)
        return Change(now, after)

    watch.changed(on_contention(watch.clock, attempt))
    return EXPIRED
