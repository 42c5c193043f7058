"""Planted bugs of payments; ``mutations`` has them in its list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, Final
from unittest import mock

from baccarat.adapters import provider, webhooks
from baccarat.adapters.dynamodb import ledger, transact
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.transact import Cancelled, Operation
from baccarat.application import payments, watch_payments
from baccarat.application.retry import on_contention
from baccarat.domain import payment as money
from baccarat.domain.errors import Contention
from baccarat.domain.payment import Decision, Payment, PaymentKind, PaymentState
from baccarat.domain.wallet import Wallet
from functions.send_withdrawal import handler as sender


def _credited_by_every_webhook() -> list[Any]:
    def credit(
        wallet: Wallet, payment: Payment, amount_minor: int, currency: str, now_ms: int
    ) -> Any:
        if (amount_minor, currency) != (payment.amount_minor, payment.currency):
            return None, payment
        return money._credited(wallet, payment, now_ms)

    return [mock.patch.object(money, "_credit", credit)]


def _credited_as_the_webhook_says() -> list[Any]:
    """The amount of a webhook is taken for the truth, whatever was asked for."""
    original = money._credit

    def credit(
        wallet: Wallet, payment: Payment, amount_minor: int, currency: str, now_ms: int
    ) -> Any:
        claimed = replace(payment, amount_minor=amount_minor)
        wallet_after, after = original(wallet, claimed, amount_minor, payment.currency, now_ms)
        return wallet_after, payment if after is claimed else after

    return [mock.patch.object(money, "_credit", credit)]


def _no_key_at_the_provider() -> list[Any]:
    original, numbers = provider._order, count(1)

    def order(payment: Payment) -> Any:
        found = original(payment)
        if payment.kind is PaymentKind.WITHDRAWAL:
            found["paymentId"] = f"{payment.payment_id}-{next(numbers)}"
        return found

    return [mock.patch.object(provider, "_order", order)]


def _given_back_in_any_state() -> list[Any]:
    def give_back(wallet: Wallet, payment: Payment, reason: str, now_ms: int) -> Any:
        if payment.state is PaymentState.RETURNED:
            return None, payment
        failed = replace(payment, reasons=(*payment.reasons, reason))
        return money._given_back(wallet, failed, PaymentState.RETURNED, now_ms)

    return [mock.patch.object(money, "give_back", give_back)]


def _cancelled_though_sent() -> list[Any]:
    states = money.CANCELLABLE | {PaymentState.SENT}
    return [mock.patch.object(money, "CANCELLABLE", states)]


def _told_before_it_is_noted() -> list[Any]:
    def send_withdrawal(payment_id: str, **wired: Any) -> Any:
        payment = payments.load_payment(payment_id, wired["ledger"])
        if payment.state is PaymentState.APPROVED:
            wired["provider"].create_payout(payment)
        return payments.send_withdrawal(payment_id, **wired)

    return [mock.patch.object(sender, "send_withdrawal", send_withdrawal)]


def _whatever_is_queued_is_sent() -> list[Any]:
    """A message in the queue is taken for the leave to send."""

    def send_withdrawal(payment_id: str, **wired: Any) -> Any:
        def attempt() -> None:
            payment = payments.load_payment(payment_id, wired["ledger"])
            if payment.state not in (PaymentState.SENT, PaymentState.PAID, PaymentState.RETURNED):
                sent = payment.become(PaymentState.SENT, wired["clock"].now_ms())
                wired["ledger"].move_payment(payment, sent)

        on_contention(wired["clock"], attempt)
        return payments.send_withdrawal(payment_id, **wired)

    return [mock.patch.object(sender, "send_withdrawal", send_withdrawal)]


def _no_version_on_payments() -> list[Any]:
    original = transact.on_version

    def on_version(item: Any, version: int) -> Operation:
        operation = original(item, version)
        if type(item).__name__ != "PaymentItem":
            return operation
        return replace(operation, condition="attribute_exists(pk)", values={}, names={})

    return [mock.patch.object(ledger, "on_version", on_version)]


def _one_person_is_enough() -> list[Any]:
    return [mock.patch.object(money, "_people_needed", lambda *_: 1)]


def _two_times_the_same_person() -> list[Any]:
    """Whoever comes with another key is taken for another person."""
    original = money.decide

    def named(payment: Payment, name: Callable[[Decision], str]) -> Payment:
        return replace(payment, decisions=tuple(replace(d, by=name(d)) for d in payment.decisions))

    def decide(wallet: Wallet, payment: Payment, decision: Decision) -> Any:
        split = named(payment, lambda d: f"{d.by} {d.key}")
        other = replace(decision, by=f"{decision.by} {decision.key}")
        wallet_after, after, adjustment = original(wallet, split, other)
        if after is split:
            return None, payment, None
        return wallet_after, named(after, lambda d: d.by.partition(" ")[0]), adjustment

    return [mock.patch.object(money, "decide", decide)]


def _old_webhooks_are_taken() -> list[Any]:
    return [mock.patch.object(webhooks, "REPLAY_WINDOW_SECONDS", 10**9)]


def _held_after_it_is_noted() -> list[Any]:
    """Two writes where one would do: first the payment, then the wallet."""
    original = DynamoLedger.open_payment

    def open_payment(
        self: Any, payment: Payment, before: Wallet | None = None, after: Wallet | None = None
    ) -> Payment | None:
        if payment.kind is PaymentKind.DEPOSIT or before is None or after is None:
            return original(self, payment, before, after)
        existing = original(self, payment)
        if existing is None:
            try:
                self._write(before, after, [])
            except Cancelled as error:
                raise Contention("moved") from error
        return existing

    return [mock.patch.object(DynamoLedger, "open_payment", open_payment)]


def _a_key_serves_for_anything() -> list[Any]:
    return [mock.patch.object(money, "same_payment", lambda existing, _: existing)]


def _any_amount_is_paid() -> list[Any]:
    """That the provider paid out is enough, whatever amount."""
    original = money._pay

    def pay(wallet: Wallet, payment: Payment, *said: Any) -> Any:
        return original(wallet, payment, payment.amount_minor, payment.currency, said[-1])

    return [mock.patch.object(money, "_pay", pay)]


def _nobody_asks_the_provider() -> list[Any]:
    return [mock.patch.object(watch_payments, "_ask", lambda *_: "ASKED")]


PAYMENT_BUGS: Final[tuple[tuple[str, Callable[[], list[Any]]], ...]] = (
    ("a deposit credited by every webhook", _credited_by_every_webhook),
    ("a deposit credited as the webhook says", _credited_as_the_webhook_says),
    ("a payout without a key at the provider", _no_key_at_the_provider),
    ("a withdrawal given back in any state", _given_back_in_any_state),
    ("a withdrawal cancelled though it was sent", _cancelled_though_sent),
    ("the provider told before it is noted", _told_before_it_is_noted),
    ("whatever is queued is sent", _whatever_is_queued_is_sent),
    ("no condition on the payment's version", _no_version_on_payments),
    ("one person approves what takes two", _one_person_is_enough),
    ("the same person approves twice", _two_times_the_same_person),
    ("old webhooks are taken", _old_webhooks_are_taken),
    ("payment and hold in two writes", _held_after_it_is_noted),
    ("an idempotency key serves for anything", _a_key_serves_for_anything),
    ("a payout of any amount is taken for paid", _any_amount_is_paid),
    ("nobody asks the provider", _nobody_asks_the_provider),
)
