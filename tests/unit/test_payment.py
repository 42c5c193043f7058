"""Deposits and withdrawals: what each may become, and that no path makes or loses money."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baccarat.application.reconcile import Items, reconcile
from baccarat.domain import payment as money
from baccarat.domain.errors import (
    AlreadyDecided,
    AmountNotAllowed,
    IdempotencyConflict,
    InsufficientFunds,
    NeedsAnotherPerson,
    NotCancellable,
    PaymentRefused,
    Refused,
    WalletStopped,
)
from baccarat.domain.payment import (
    ENDED,
    Decision,
    DecisionReason,
    Outcome,
    Payment,
    PaymentKind,
    PaymentLimits,
    PaymentState,
    Report,
    Verdict,
)
from baccarat.domain.wallet import Adjustment, Wallet, resume, stop

NOW = 1_700_000_000_000
KEY = "key-0123456789abcdef"
LIMITS = PaymentLimits(100, 100_000, 200, 90_000, 10_000, 50_000)
IN_ORDER = DecisionReason.IN_ORDER


def funded(amount_minor: int = 80_000) -> tuple[Wallet, Payment]:
    return money.house_deposit(Wallet("anna", "EUR", 0, 0), "seed", amount_minor, NOW)


def deposit(amount_minor: int = 5_000) -> Payment:
    return money.request_deposit("anna", KEY, amount_minor, "EUR", "card", LIMITS, NOW)


def withdrawal(amount_minor: int = 5_000) -> tuple[Wallet, Payment]:
    wallet, _ = funded()
    return money.request_withdrawal(wallet, KEY, amount_minor, "bank", "iban-1", LIMITS, NOW)


def sent(amount_minor: int = 5_000) -> tuple[Wallet, Payment]:
    wallet, payment = withdrawal(amount_minor)
    return wallet, replace(payment, state=PaymentState.SENT)


def report(payment: Payment, outcome: Outcome = Outcome.PAID, **changes: Any) -> Report:
    values: dict[str, Any] = {
        "payment_id": payment.payment_id,
        "kind": payment.kind,
        "provider_reference": "psp-1",
        "outcome": outcome,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "reason": "" if outcome is not Outcome.FAILED else "DECLINED",
    }
    return Report(**{**values, **changes})


def said(verdict: Verdict, by: str = "carl", key: str = "k1", **changes: Any) -> Decision:
    return replace(Decision(by, verdict, IN_ORDER, NOW, key), **changes)


# ── requests ──


def test_limits_make_sense() -> None:
    for wrong in (
        (0, 1, 1, 1, 1, 1),
        (2, 1, 1, 1, 1, 1),
        (1, 1, 0, 1, 1, 1),
        (1, 1, 2, 1, 1, 1),
        (1, 1, 1, 1, 2, 1),
        (1, 1, 1, 1, -1, 1),
    ):
        with pytest.raises(ValueError, match="must hold"):
            PaymentLimits(*wrong)


@pytest.mark.parametrize("amount", [99, 100_001])
def test_a_deposit_has_bounds(amount: int) -> None:
    with pytest.raises(AmountNotAllowed) as refused:
        deposit(amount)
    assert refused.value.details == {"min_minor": 100, "max_minor": 100_000}


def test_the_key_stands_for_one_payment_of_one_player() -> None:
    first = deposit()
    assert money.same_payment(first, deposit().fingerprint) is first
    assert money.player_of(first.payment_id) == "anna"
    assert money.payment_id_for("bert", KEY) != first.payment_id
    with pytest.raises(IdempotencyConflict):
        money.same_payment(first, deposit(5_001).fingerprint)
    with pytest.raises(IdempotencyConflict):
        money.same_payment(first, withdrawal()[1].fingerprint)
    for wrong in ("", "anna", ".x", "anna."):
        with pytest.raises(ValueError, match="no payment id"):
            money.player_of(wrong)
    assert money.player_of("vip.anna.00ff") == "vip.anna"


def test_a_withdrawal_holds_its_money() -> None:
    wallet, payment = withdrawal(5_000)
    assert (wallet.available_minor, wallet.held_minor, wallet.version) == (75_000, 5_000, 2)
    assert payment.state is PaymentState.HELD
    assert payment.opened_version == 2


@pytest.mark.parametrize(
    ("amount", "error"),
    [(199, AmountNotAllowed), (90_001, AmountNotAllowed), (80_001, InsufficientFunds)],
)
def test_a_withdrawal_has_bounds(amount: int, error: type[Refused]) -> None:
    with pytest.raises(error):
        withdrawal(amount)


def test_nothing_leaves_a_stopped_wallet_but_what_is_due_comes_in() -> None:
    stopped, _ = stop(funded()[0], "CHECKED", "ops", NOW)
    with pytest.raises(WalletStopped):
        money.request_withdrawal(stopped, KEY, 500, "bank", "iban-1", LIMITS, NOW)
    after, credited = money.take(stopped, deposit(), report(deposit()), NOW)
    assert after is not None
    assert credited.state is PaymentState.CREDITED
    assert resume(after, "FINE", "ops", NOW)[0].available_minor == 85_000


# ── deposits ──


def test_a_deposit_is_credited_once() -> None:
    wallet, _ = funded()
    pending = money.start_deposit(deposit(), "psp-1", NOW)
    assert (pending.state, pending.provider_reference) == (PaymentState.PENDING, "psp-1")
    assert money.take(wallet, pending, report(pending, Outcome.PENDING), NOW) == (None, pending)
    after, credited = money.take(wallet, pending, report(pending), NOW + 5)
    assert after is not None
    assert (after.available_minor, after.version) == (85_000, 2)
    assert (credited.state, credited.closed_version, credited.version) == (
        PaymentState.CREDITED,
        2,
        3,
    )
    assert money.take(after, credited, report(credited), NOW) == (None, credited)
    assert money.start_deposit(credited, "psp-1", NOW) is credited


def test_an_early_report_is_taken_before_the_provider_has_answered_us() -> None:
    after, credited = money.take(funded()[0], deposit(), report(deposit()), NOW)
    assert after is not None
    assert (credited.state, credited.provider_reference) == (PaymentState.CREDITED, "psp-1")


@pytest.mark.parametrize("lie", [{"amount_minor": 5_001}, {"amount_minor": 0}, {"currency": "USD"}])
def test_another_amount_is_for_a_person(lie: dict[str, Any]) -> None:
    pending = money.start_deposit(deposit(), "psp-1", NOW)
    wallet, disputed = money.take(funded()[0], pending, report(pending, **lie), NOW)
    assert wallet is None
    assert disputed.state is PaymentState.DISPUTED
    assert len(disputed.flags) == 1
    assert money.take(funded()[0], disputed, report(pending, **lie), NOW) == (None, disputed)
    # The right amount later does not end what a person must look at.
    wallet, noted = money.take(funded()[0], disputed, report(pending), NOW)
    assert (wallet, noted.state, len(noted.flags)) == (None, PaymentState.DISPUTED, 2)
    # A credited one stays so.
    _, credited = money.take(funded()[0], pending, report(pending), NOW)
    wallet, noted = money.take(funded()[0], credited, report(pending, **lie), NOW)
    assert (wallet, noted.state, len(noted.flags)) == (None, PaymentState.CREDITED, 1)


def test_money_that_comes_after_a_failure_is_credited_and_flagged() -> None:
    _, failed = money.take(funded()[0], deposit(), report(deposit(), Outcome.FAILED), NOW)
    assert (failed.state, failed.reasons) == (PaymentState.FAILED, ("DECLINED",))
    again = report(deposit(), Outcome.FAILED)
    assert money.take(funded()[0], failed, again, NOW) == (None, failed)
    after, credited = money.take(funded()[0], failed, report(deposit()), NOW)
    assert after is not None
    assert (credited.state, len(credited.flags)) == (PaymentState.CREDITED, 1)
    wallet, noted = money.take(after, credited, again, NOW)
    assert (wallet, noted.state, len(noted.flags)) == (None, PaymentState.CREDITED, 2)


def test_a_report_of_something_else_is_flagged_and_moves_nothing() -> None:
    pending = money.start_deposit(deposit(), "psp-1", NOW)
    for wrong in ({"kind": PaymentKind.WITHDRAWAL}, {"provider_reference": "psp-2"}):
        wallet, noted = money.take(funded()[0], pending, report(pending, **wrong), NOW)
        assert (wallet, noted.state, len(noted.flags)) == (None, PaymentState.PENDING, 1)


# ── withdrawals ──


@pytest.mark.parametrize(
    ("amount", "policy", "state", "needed", "reasons"),
    [
        (9_999, (), PaymentState.APPROVED, 0, ()),
        (10_000, (), PaymentState.HELD, 1, ("ABOVE_AUTOMATIC",)),
        (9_999, ("NEW_DESTINATION",), PaymentState.HELD, 1, ("NEW_DESTINATION",)),
        (50_000, (), PaymentState.HELD, 2, ("ABOVE_TWO_PEOPLE",)),
    ],
)
def test_who_looks_at_a_withdrawal(
    amount: int,
    policy: tuple[str, ...],
    state: PaymentState,
    needed: int,
    reasons: tuple[str, ...],
) -> None:
    _, payment = withdrawal(amount)
    assessed = money.assess(payment, LIMITS, policy, NOW)
    assert (assessed.state, assessed.approvals_needed, assessed.reasons) == (state, needed, reasons)
    assert assessed.version == payment.version + 1
    assert money.assess(assessed, LIMITS, ("LATER",), NOW) is assessed


def in_review(amount_minor: int) -> tuple[Wallet, Payment]:
    wallet, payment = withdrawal(amount_minor)
    assessed = money.assess(payment, LIMITS, (), NOW)
    return wallet, money.await_review(assessed, "token", NOW)


def test_a_newer_token_takes_the_place_of_an_older_one() -> None:
    _, payment = in_review(10_000)
    assert money.await_review(payment, "token", NOW) is payment
    assert money.await_review(payment, "newer", NOW).task_token == "newer"
    approved = replace(payment, state=PaymentState.APPROVED)
    assert money.await_review(approved, "newer", NOW) is approved
    assert money.await_payout(approved, "newer", NOW).task_token == "newer"
    assert money.await_payout(approved, "token", NOW) is approved
    assert money.await_payout(payment, "newer", NOW) is payment


def test_one_reviewer_is_enough_below_the_higher_threshold() -> None:
    wallet, payment = in_review(10_000)
    nothing, approved, _ = money.decide(wallet, payment, said(Verdict.APPROVE))
    assert (nothing, approved.state) == (None, PaymentState.APPROVED)
    with pytest.raises(AlreadyDecided):
        money.decide(wallet, approved, said(Verdict.REJECT, "dora"))


def test_two_people_are_two_people() -> None:
    wallet, payment = in_review(50_000)
    _, once, _ = money.decide(wallet, payment, said(Verdict.APPROVE))
    assert once.state is PaymentState.IN_REVIEW
    with pytest.raises(NeedsAnotherPerson):
        money.decide(wallet, once, said(Verdict.APPROVE, key="k2"))
    _, approved, _ = money.decide(wallet, once, said(Verdict.APPROVE, "dora"))
    assert approved.state is PaymentState.APPROVED
    assert [d.by for d in approved.decisions] == ["carl", "dora"]


def test_a_decision_is_its_own_idempotency_record() -> None:
    wallet, payment = in_review(50_000)
    _, once, _ = money.decide(wallet, payment, said(Verdict.APPROVE))
    assert money.decide(wallet, once, said(Verdict.APPROVE, at_ms=NOW + 9)) == (None, once, None)
    with pytest.raises(IdempotencyConflict):
        money.decide(wallet, once, said(Verdict.REJECT))
    # Another person's key may look the same.
    _, approved, _ = money.decide(wallet, once, said(Verdict.APPROVE, "dora"))
    assert money.decide(wallet, approved, said(Verdict.APPROVE)) == (None, approved, None)


def test_a_rejection_takes_one_person_and_gives_back() -> None:
    wallet, payment = in_review(50_000)
    after, rejected, _ = money.decide(wallet, payment, said(Verdict.REJECT))
    assert after is not None
    assert (after.available_minor, after.held_minor) == (80_000, 0)
    assert rejected.state is PaymentState.REJECTED


def test_a_player_takes_back_what_was_not_sent() -> None:
    for state in PaymentState:
        wallet, payment = withdrawal()
        payment = replace(payment, state=state)
        if state in (PaymentState.HELD, PaymentState.IN_REVIEW, PaymentState.APPROVED):
            after, cancelled = money.cancel(wallet, payment, NOW)
            assert (after.available_minor, after.held_minor) == (80_000, 0)
            assert cancelled.state is PaymentState.CANCELLED
        else:
            with pytest.raises(NotCancellable):
                money.cancel(wallet, payment, NOW)
    with pytest.raises(NotCancellable):
        money.cancel(funded()[0], deposit(), NOW)


def test_only_what_is_approved_is_sent_and_sending_twice_is_once() -> None:
    for state in PaymentState:
        payment = replace(withdrawal()[1], state=state)
        if state is PaymentState.APPROVED:
            assert money.send(payment, NOW).state is PaymentState.SENT
        elif state is PaymentState.SENT:
            assert money.send(payment, NOW) is payment
        else:
            with pytest.raises(AlreadyDecided):
                money.send(payment, NOW)


def test_a_payout_is_paid_or_given_back_once() -> None:
    wallet, payment = sent()
    after, paid = money.take(wallet, payment, report(payment), NOW)
    assert after is not None
    assert (after.available_minor, after.held_minor, paid.state) == (75_000, 0, PaymentState.PAID)
    assert money.take(after, paid, report(payment), NOW) == (None, paid)
    failed = report(payment, Outcome.FAILED)
    after, returned = money.take(wallet, payment, failed, NOW)
    assert after is not None
    assert (after.available_minor, after.held_minor) == (80_000, 0)
    assert (returned.state, returned.reasons) == (PaymentState.RETURNED, ("DECLINED",))
    assert money.take(after, returned, failed, NOW) == (None, returned)


def test_an_end_that_the_provider_takes_back_stands_and_is_flagged() -> None:
    wallet, payment = sent()
    _, paid = money.take(wallet, payment, report(payment), NOW)
    _, returned = money.take(wallet, payment, report(payment, Outcome.FAILED), NOW)
    for ended, outcome in ((paid, Outcome.FAILED), (returned, Outcome.PAID)):
        nothing, noted = money.take(wallet, ended, report(payment, outcome), NOW)
        assert (nothing, noted.state, len(noted.flags)) == (None, ended.state, 1)
        assert money.take(wallet, noted, report(payment, outcome), NOW) == (None, noted)


@pytest.mark.parametrize("lie", [{"amount_minor": 4_999}, {"currency": "USD"}])
def test_another_amount_paid_out_is_for_a_person(lie: dict[str, Any]) -> None:
    wallet, payment = sent()
    nothing, disputed = money.take(wallet, payment, report(payment, **lie), NOW)
    assert (nothing, disputed.state) == (None, PaymentState.DISPUTED)


@pytest.mark.parametrize(
    "state", [PaymentState.HELD, PaymentState.IN_REVIEW, PaymentState.APPROVED]
)
def test_what_the_provider_says_it_paid_before_it_was_told_is_not_sent(state: PaymentState) -> None:
    wallet, payment = withdrawal()
    payment = replace(payment, state=state)
    nothing, disputed = money.take(wallet, payment, report(payment), NOW)
    assert (nothing, disputed.state) == (None, PaymentState.DISPUTED)
    with pytest.raises(AlreadyDecided):
        money.send(disputed, NOW)
    nothing, noted = money.take(wallet, payment, report(payment, Outcome.FAILED), NOW)
    assert (nothing, noted.state, len(noted.flags)) == (None, state, 1)


# ── two people settle what is disputed, or undo what ended ──


def decided_by_two(
    wallet: Wallet, payment: Payment, verdict: Verdict
) -> tuple[Wallet | None, Payment, Adjustment | None]:
    nothing, once, none = money.decide(wallet, payment, said(verdict))
    assert (nothing, none, once.state) == (None, None, payment.state)
    with pytest.raises(NeedsAnotherPerson):
        money.decide(wallet, once, said(verdict, key="k2"))
    return money.decide(wallet, once, said(verdict, "dora"))


@pytest.mark.parametrize(
    ("kind", "verdict", "state", "available"),
    [
        (PaymentKind.DEPOSIT, Verdict.CONFIRM, PaymentState.CREDITED, 85_000),
        (PaymentKind.DEPOSIT, Verdict.DENY, PaymentState.FAILED, 80_000),
        (PaymentKind.WITHDRAWAL, Verdict.CONFIRM, PaymentState.PAID, 75_000),
        (PaymentKind.WITHDRAWAL, Verdict.DENY, PaymentState.RETURNED, 80_000),
    ],
)
def test_a_dispute_is_settled_by_two(
    kind: PaymentKind, verdict: Verdict, state: PaymentState, available: int
) -> None:
    wallet, payment = sent() if kind is PaymentKind.WITHDRAWAL else (funded()[0], deposit())
    _, disputed = money.take(wallet, payment, report(payment, amount_minor=1), NOW)
    after, settled, none = decided_by_two(wallet, disputed, verdict)
    assert (settled.state, none) == (state, None)
    assert (after or wallet).available_minor == available
    assert (after or wallet).held_minor == 0


def test_a_credited_deposit_is_reversed_as_far_as_the_balance_reaches() -> None:
    wallet, credited = money.take(Wallet("anna", "EUR", 0, 0), deposit(), report(deposit()), NOW)
    assert wallet is not None
    spent = replace(wallet, available_minor=3_000)
    after, reversed_, adjustment = decided_by_two(spent, credited, Verdict.REVERSE)
    assert after is not None
    assert adjustment is not None
    assert (after.available_minor, reversed_.state) == (0, PaymentState.REVERSED)
    assert (adjustment.amount_minor, adjustment.wanted_minor) == (-3_000, -5_000)
    with pytest.raises(AlreadyDecided):
        money.decide(after, reversed_, said(Verdict.REVERSE, "eve"))


@pytest.mark.parametrize(
    ("ended", "contradicted", "state", "available"),
    [
        (Outcome.PAID, Outcome.FAILED, PaymentState.REVERSED, 80_000),
        (Outcome.FAILED, Outcome.PAID, PaymentState.RETURNED, 75_000),
    ],
)
def test_the_end_of_a_withdrawal_is_undone_only_if_the_provider_contradicts_it(
    ended: Outcome, contradicted: Outcome, state: PaymentState, available: int
) -> None:
    wallet, payment = sent()
    after, closed = money.take(wallet, payment, report(payment, ended), NOW)
    assert after is not None
    with pytest.raises(AlreadyDecided):
        money.decide(after, closed, said(Verdict.REVERSE))
    _, flagged = money.take(after, closed, report(payment, contradicted), NOW)
    last, undone, adjustment = decided_by_two(after, flagged, Verdict.REVERSE)
    assert last is not None
    assert adjustment is not None
    assert (last.available_minor, undone.state) == (available, state)
    with pytest.raises(AlreadyDecided):
        money.decide(last, undone, said(Verdict.REVERSE, "eve"))


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_needs_a_payment_that_waits_for_it(verdict: Verdict) -> None:
    for state in PaymentState:
        wallet, payment = sent()
        payment = replace(payment, state=state, approvals_needed=2, flags=("said otherwise",))
        allowed = {
            PaymentState.IN_REVIEW: {Verdict.APPROVE, Verdict.REJECT},
            PaymentState.DISPUTED: {Verdict.CONFIRM, Verdict.DENY},
            PaymentState.CREDITED: {Verdict.REVERSE},
            PaymentState.PAID: {Verdict.REVERSE},
            PaymentState.RETURNED: {Verdict.REVERSE},
        }
        if verdict in allowed.get(state, set()):
            money.decide(wallet, payment, said(verdict))
        else:
            with pytest.raises(AlreadyDecided):
                money.decide(wallet, payment, said(verdict))


# ── any order of anything ──


class Books:
    """A wallet and its payments; ``step`` writes as the ledger does, or nothing."""

    def __init__(self) -> None:
        self.wallet, seed = funded(60_000)
        self.payments = {seed.payment_id: seed}
        self.adjustments: list[Adjustment] = []
        self.seen: set[PaymentState] = set()

    def write(
        self,
        payment: Payment,
        wallet: Wallet | None = None,
        adjustment: Adjustment | None = None,
    ) -> None:
        before = self.payments.get(payment.payment_id)
        if before is payment:
            assert wallet is None
            return
        if before is not None:
            assert payment.version == before.version + 1
            self.check_end(before, payment)
        if wallet is not None:
            assert wallet.version == self.wallet.version + 1
            self.wallet = wallet
        if adjustment is not None:
            self.adjustments.append(adjustment)
        self.payments[payment.payment_id] = payment
        self.seen.add(payment.state)

    @staticmethod
    def check_end(before: Payment, after: Payment) -> None:
        if before.state not in ENDED or after.state is before.state:
            return
        reversals = {PaymentState.CREDITED, PaymentState.PAID}
        late = (PaymentState.CREDITED, PaymentState.DISPUTED)
        assert (before.state in reversals and after.state is PaymentState.REVERSED) or (
            before.state is PaymentState.FAILED and after.state in late
        )

    def check(self) -> None:
        found = reconcile(
            Items(
                wallets=[self.wallet],
                payments=list(self.payments.values()),
                adjustments=self.adjustments,
            )
        )
        assert found.findings == ()
        assert self.wallet.available_minor >= 0
        assert self.wallet.held_minor == sum(
            p.amount_minor
            for p in self.payments.values()
            if p.opened_version is not None and p.closed_version is None
        )


Step = Callable[[Books, str, int], None]


def _report(outcome: Outcome, **lie: Any) -> Step:
    def step(books: Books, id_: str, now_ms: int) -> None:
        payment = books.payments[id_]
        wallet, after = money.take(books.wallet, payment, report(payment, outcome, **lie), now_ms)
        books.write(after, wallet)

    return step


def _say(verdict: Verdict, by: str) -> Step:
    def step(books: Books, id_: str, now_ms: int) -> None:
        decision = Decision(by, verdict, IN_ORDER, now_ms, f"{now_ms}")
        wallet, after, adjustment = money.decide(books.wallet, books.payments[id_], decision)
        books.write(after, wallet, adjustment)

    return step


def _cancel(books: Books, id_: str, now_ms: int) -> None:
    wallet, after = money.cancel(books.wallet, books.payments[id_], now_ms)
    books.write(after, wallet)


def _plain(change: Callable[[Payment, int], Payment]) -> Step:
    return lambda books, id_, now_ms: books.write(change(books.payments[id_], now_ms))


def _fail(books: Books, id_: str, now_ms: int) -> None:
    if books.payments[id_].kind is PaymentKind.DEPOSIT:
        books.write(money.fail_deposit(books.payments[id_], "EXPIRED", now_ms))


STEPS: tuple[Step, ...] = (
    *(_report(outcome) for outcome in Outcome),
    _report(Outcome.PAID, amount_minor=1),
    _report(Outcome.PAID, currency="USD"),
    _report(Outcome.PAID, provider_reference="psp-2"),
    *(_say(verdict, by) for verdict in Verdict for by in ("carl", "dora")),
    _cancel,
    _fail,
    _plain(lambda p, now: money.start_deposit(p, "psp-1", now)),
    _plain(lambda p, now: money.assess(p, LIMITS, (), now)),
    _plain(lambda p, now: money.await_review(p, f"t{now}", now)),
    _plain(lambda p, now: money.await_payout(p, f"t{now}", now)),
    _plain(money.send),
)


def play(numbers: list[tuple[int, int]]) -> Books:
    books = Books()
    books.write(deposit(7_000))
    ids = [deposit(7_000).payment_id]
    for key, amount in (("small", 5_000), ("medium", 12_000), ("large", 30_000)):
        limits = replace(LIMITS, two_people_from_minor=25_000)
        wallet, payment = money.request_withdrawal(
            books.wallet, key, amount, "bank", "iban", limits, NOW
        )
        books.write(payment, wallet)
        ids.append(payment.payment_id)
    for at, (which, step) in enumerate(numbers):
        with suppress(PaymentRefused, NeedsAnotherPerson):
            STEPS[step % len(STEPS)](books, ids[which % len(ids)], NOW + at)
        books.check()
    return books


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, len(STEPS) - 1)), max_size=60))
def test_no_order_of_anything_makes_or_loses_money(numbers: list[tuple[int, int]]) -> None:
    play(numbers)


def test_every_state_is_reached_by_chance() -> None:
    seen: set[PaymentState] = set()
    for seed in range(60):
        dice = random.Random(seed)
        seen |= play([(dice.randrange(4), dice.randrange(len(STEPS))) for _ in range(80)]).seen
    assert seen == set(PaymentState)
