"""A cancel against the sending, reviewers at once, one report many times: threads on MiniStack."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from baccarat.application.payments import (
    EverybodyMay,
    assess_withdrawal,
    await_review,
    cancel_withdrawal,
    decide_review,
    load_payment,
    request_deposit,
    request_withdrawal,
    send_withdrawal,
    take_report,
)
from baccarat.domain.errors import AlreadyDecided, NotCancellable, Refused
from baccarat.domain.payment import (
    DecisionReason,
    PaymentKind,
    PaymentState,
    Verdict,
)
from baccarat.domain.wallet import resume, stop
from tests.support.cloud import Cloud
from tests.support.payouts import LIMITS, Nobody, Provider, paid

WITHDRAWALS = 12


def withdrawal(cloud: Cloud, number: int, amount_minor: int = 1_000) -> str:
    payment = request_withdrawal(
        "anna",
        f"key-{number:016d}",
        amount_minor,
        "EUR",
        "bank",
        "iban-1",
        ledger=cloud.ledger,
        policy=EverybodyMay(),
        limits=LIMITS,
        driver=Nobody(),
        clock=cloud.clock,
    )
    assess_withdrawal(
        payment.payment_id,
        ledger=cloud.ledger,
        policy=EverybodyMay(),
        limits=LIMITS,
        clock=cloud.clock,
    )
    return payment.payment_id


def at_once(*runs: Callable[[], Any]) -> list[Any]:
    """Let all go at the same moment; return what each gave or raised."""
    gate = threading.Barrier(len(runs))

    def one(run: Callable[[], Any]) -> Any:
        gate.wait(30)
        try:
            return run()
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(one, runs))


def test_a_cancel_and_the_sending_never_both_win(cloud: Cloud) -> None:
    cloud.fund("anna", 50_000)
    provider, tasks = Provider(), Nobody()
    ended: Counter[PaymentState] = Counter()
    for number in range(WITHDRAWALS):
        id_ = withdrawal(cloud, number)

        def send(id_: str = id_) -> Any:
            return send_withdrawal(
                id_, ledger=cloud.ledger, provider=provider, tasks=tasks, clock=cloud.clock
            )

        def cancel(id_: str = id_) -> Any:
            return cancel_withdrawal(
                "anna", id_, ledger=cloud.ledger, tasks=tasks, clock=cloud.clock
            )

        answers = at_once(send, cancel, send, cancel)
        state = load_payment(id_, cloud.ledger).state
        ended[state] += 1
        if state is PaymentState.CANCELLED:
            assert provider.told[id_] == 0
        else:
            assert state is PaymentState.PAID
            assert provider.told[id_] >= 1
            assert all(isinstance(answers[n], NotCancellable) for n in (1, 3))
    assert sum(ended.values()) == WITHDRAWALS
    assert cloud.balances().findings == ()
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert wallet.held_minor == 0
    assert wallet.available_minor == 50_000 - 1_000 * ended[PaymentState.PAID]


def test_a_report_that_comes_eight_times_at_once_is_credited_once(cloud: Cloud) -> None:
    cloud.fund("anna", 1_000)
    payment = request_deposit(
        "anna",
        "key-of-one-deposit",
        5_000,
        "EUR",
        "card",
        ledger=cloud.ledger,
        policy=EverybodyMay(),
        limits=LIMITS,
        clock=cloud.clock,
    )

    def report() -> Any:
        return take_report(paid(payment), ledger=cloud.ledger, tasks=Nobody(), clock=cloud.clock)

    changes = at_once(*[report] * 8)
    assert sum(change.has_become(PaymentState.CREDITED) for change in changes) == 1
    assert payment.kind is PaymentKind.DEPOSIT
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert (wallet.available_minor, wallet.version) == (6_000, 2)
    assert cloud.balances().findings == ()


def test_one_key_at_once_is_one_withdrawal(cloud: Cloud) -> None:
    # Each leaves less than one more would need: a twin that comes late finds the money gone.
    cloud.fund("anna", 1_500)
    for number in range(10):
        assert len(set(at_once(*[lambda n=number: withdrawal(cloud, n)] * 6))) == 1
        cancel_withdrawal(
            "anna",
            withdrawal(cloud, number),
            ledger=cloud.ledger,
            tasks=Nobody(),
            clock=cloud.clock,
        )
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert (wallet.available_minor, wallet.held_minor) == (1_500, 0)
    assert cloud.balances().findings == ()


def test_two_reviewers_at_once_are_two_and_one_who_clicks_twice_is_one(cloud: Cloud) -> None:
    cloud.fund("anna", 90_000)
    for number, people in enumerate((("carl", "dora"), ("carl", "carl"))):
        id_ = withdrawal(cloud, number, 30_000)
        await_review(id_, "token", ledger=cloud.ledger, tasks=Nobody(), clock=cloud.clock)

        def approve(by: str, key: str, id_: str = id_) -> Any:
            return decide_review(
                id_,
                by,
                key,
                Verdict.APPROVE,
                DecisionReason.IN_ORDER,
                ledger=cloud.ledger,
                tasks=Nobody(),
                clock=cloud.clock,
            )

        answers = at_once(*[lambda by=by, n=n: approve(by, f"k{n}") for n, by in enumerate(people)])
        payment = load_payment(id_, cloud.ledger)
        assert {d.by for d in payment.decisions} == set(people)
        if len(set(people)) == 2:
            assert payment.state is PaymentState.APPROVED
            assert not any(isinstance(answer, AlreadyDecided) for answer in answers)
        else:
            assert payment.state is PaymentState.IN_REVIEW
    assert cloud.balances().findings == ()


class Interrupted:
    """A clock that lets something happen the first time it is read: in ``send_withdrawal`` that is
    after everything was read and before anything is written.
    """

    def __init__(self, cloud: Cloud, happens: Callable[[], None]) -> None:
        self._clock, self._happens = cloud.clock, [happens]

    def now_ms(self) -> int:
        if self._happens:
            self._happens.pop()()
        return self._clock.now_ms()

    def pause(self, at_most_ms: int) -> None:
        self._clock.pause(at_most_ms)


def test_a_wallet_that_is_stopped_in_the_last_moment_sends_nothing(cloud: Cloud) -> None:
    cloud.fund("anna", 50_000)
    provider, id_ = Provider(), withdrawal(cloud, 0)

    def halt() -> None:
        wallet = cloud.ledger.wallet("anna", "EUR")
        assert wallet is not None
        after, record = stop(wallet, "CHECKED", "ops", cloud.clock.now_ms())
        cloud.ledger.stop(wallet, after, record)

    def send(clock: Any) -> PaymentState:
        return send_withdrawal(
            id_, ledger=cloud.ledger, provider=provider, tasks=Nobody(), clock=clock
        ).after.state

    assert send(Interrupted(cloud, halt)) is PaymentState.APPROVED
    assert send(cloud.clock) is PaymentState.APPROVED
    assert provider.told[id_] == 0
    stopped = cloud.ledger.wallet("anna", "EUR")
    assert stopped is not None
    works, record = resume(stopped, "FINE", "ops", cloud.clock.now_ms())
    cloud.ledger.stop(stopped, works, record)
    assert send(cloud.clock) is PaymentState.PAID
    assert cloud.balances().findings == ()
