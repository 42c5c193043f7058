"""What the sandbox provider knows and does, with no HTTP of its own."""

from __future__ import annotations

import heapq
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from baccarat.adapters import webhooks
from sandbox.provider.behaviour import Behaviour, Outcome

Post = Callable[[str, dict[str, str], bytes], int]
"""Post a body with headers to an address; return the status of the answer, 0 for none."""

_ATTEMPTS: Final = 5
_FIRST_PAUSE_MS: Final = 500
_MAX_PAYMENTS: Final = 100_000
_STALE_SECONDS: Final = 3_600


class Order(BaseModel):
    """What a house asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    paymentId: str = Field(min_length=1, max_length=200)  # noqa: N815  wire name
    amount_minor: int = Field(gt=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    method: str = Field(min_length=1, max_length=20)
    destination: str | None = None


@dataclass(slots=True)
class Known:
    """A deposit or payout, for ever under the house's id."""

    kind: Literal["deposit", "payout"]
    order: Order
    reference: str
    outcome: Literal["PENDING", "PAID", "FAILED"] = "PENDING"
    reason: str = ""
    refused: bool = False


class Refused(Exception):
    """The provider will not do it, now or later."""


class Conflict(Exception):
    """The id was used for something else."""


class Unavailable(Exception):
    """The provider claims to be out of order, and has done nothing."""


@dataclass(order=True)
class _Message:
    due: float
    number: int
    payment_id: str = field(compare=False)
    outcome: str = field(compare=False)
    attempt: int = field(compare=False, default=1)


class Provider:
    """Thread-safe. ``run`` delivers webhooks until ``stop``."""

    def __init__(self, secret: str, post: Post) -> None:
        self.secret = secret
        self.webhook_url = ""
        self._post = post
        self._changed = threading.Condition()
        self._payments: dict[str, Known] = {}
        self._of_all = Behaviour()
        self._of_one: dict[str, Behaviour] = {}
        self._due: list[_Message] = []
        self._held: list[_Message] = []
        self._numbers = count()
        self._stopped = False

    # ── what a house asks for ──

    def create(self, kind: Literal["deposit", "payout"], order: Order) -> Known:
        """Take an order on, once for its id; what it was refused stays refused.

        Raises:
            Refused, Conflict, Unavailable.
        """
        behaviour = self.behaviour_of(order.paymentId)
        if behaviour.create == "unavailable":
            raise Unavailable
        with self._changed:
            known = self._payments.get(order.paymentId)
            if known is None:
                if len(self._payments) >= _MAX_PAYMENTS:
                    raise Unavailable
                known = Known(kind, order, f"psp_{secrets.token_hex(8)}")
                known.refused = behaviour.create == "refuse"
                self._payments[order.paymentId] = known
                if kind == "payout" and behaviour.payout != "SILENT" and not known.refused:
                    self._end(known, behaviour.payout)
            if (known.kind, known.order) != (kind, order):
                raise Conflict
        if behaviour.answer_late_ms:
            time.sleep(behaviour.answer_late_ms / 1000)
        if known.refused:
            raise Refused
        return known

    def known(self, payment_id: str) -> Known | None:
        with self._changed:
            return self._payments.get(payment_id)

    def by_reference(self, reference: str) -> Known | None:
        with self._changed:
            found = (k for k in self._payments.values() if k.reference == reference)
            return next(found, None)

    # ── what a person or a test tells it ──

    def end(self, payment_id: str, outcome: Outcome) -> None:
        """A player pays or fails, or a payout ends. The first end stands.

        Raises:
            KeyError: there is no such payment.
        """
        with self._changed:
            known = self._payments[payment_id]
            if known.outcome == "PENDING":
                self._end(known, outcome)

    def report(self, payment_id: str, outcome: Outcome) -> None:
        """Send a webhook that says so, whatever is true; also of a payment that nobody knows."""
        with self._changed:
            self._queue(payment_id, outcome)

    def behave(self, behaviour: Behaviour, payment_id: str | None = None) -> None:
        with self._changed:
            if payment_id is None:
                self._of_all = behaviour
            else:
                self._of_one[payment_id] = behaviour

    def behaviour_of(self, payment_id: str) -> Behaviour:
        with self._changed:
            return self._of_one.get(payment_id, self._of_all)

    def _end(self, known: Known, outcome: Outcome) -> None:
        known.outcome = outcome
        known.reason = "DECLINED" if outcome == "FAILED" else ""
        self._queue(known.order.paymentId, outcome)
        then = self.behaviour_of(known.order.paymentId).then
        if then is not None:
            self._queue(known.order.paymentId, then)

    # ── webhooks ──

    def _queue(self, payment_id: str, outcome: Outcome) -> None:
        behaviour = self._of_one.get(payment_id, self._of_all)
        if behaviour.lose:
            return
        due = time.monotonic() + behaviour.delay_ms / 1000
        messages = [
            _Message(due, next(self._numbers), payment_id, outcome) for _ in range(behaviour.repeat)
        ]
        if behaviour.hold:
            self._held += messages
            if len(self._held) < behaviour.hold:
                return
            messages, self._held = self._held, []
            for message in messages:
                message.number = -next(self._numbers)
                message.due = due
        for message in messages:
            heapq.heappush(self._due, message)
        self._changed.notify_all()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="webhooks").start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and not self._is_due():
                    self._changed.wait(self._pause())
                if self._stopped:
                    return
                message = heapq.heappop(self._due)
            self._deliver(message)

    def _is_due(self) -> bool:
        return bool(self.webhook_url and self._due and self._due[0].due <= time.monotonic())

    def _pause(self) -> float | None:
        if not self._due or not self.webhook_url:
            return None
        return max(0.0, self._due[0].due - time.monotonic())

    def _deliver(self, message: _Message) -> None:
        """Send one webhook; one that is not taken comes again, later and later, a few times."""
        body, headers = self.webhook(message.payment_id, message.outcome)
        status = self._post(self.webhook_url, headers, body)
        if 200 <= status < 300:
            return
        print(f"webhook of {message.payment_id}: answer {status}", file=sys.stderr, flush=True)
        if message.attempt < _ATTEMPTS:
            message.attempt += 1
            message.due = time.monotonic() + _FIRST_PAUSE_MS * 2**message.attempt / 1000
            with self._changed:
                heapq.heappush(self._due, message)

    def webhook(self, payment_id: str, outcome: str) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of a webhook, as its behaviour wants them now."""
        behaviour, known = self.behaviour_of(payment_id), self.known(payment_id)
        report = report_of(known) if known else _invented(payment_id)
        report["outcome"] = outcome
        report["reason"] = "DECLINED" if outcome == "FAILED" else ""
        if behaviour.amount_minor is not None:
            report["amount_minor"] = behaviour.amount_minor
        if behaviour.currency is not None:
            report["currency"] = behaviour.currency
        body = json.dumps(report).encode()
        at_seconds = int(time.time()) - (_STALE_SECONDS if behaviour.sign == "stale" else 0)
        secret = secrets.token_hex(16) if behaviour.sign == "wrong" else self.secret
        headers = {"Content-Type": "application/json"}
        if behaviour.sign != "none":
            headers[webhooks.HEADER] = webhooks.sign(body, secret, at_seconds)
        return body, headers


def report_of(known: Known) -> dict[str, Any]:
    return {
        "paymentId": known.order.paymentId,
        "kind": known.kind,
        "providerReference": known.reference,
        "outcome": known.outcome,
        "amount_minor": known.order.amount_minor,
        "currency": known.order.currency,
        "reason": known.reason,
    }


def _invented(payment_id: str) -> dict[str, Any]:
    order = Order(paymentId=payment_id, amount_minor=1_000, currency="EUR", method="bank")
    return report_of(Known("deposit", order, "psp_invented"))
