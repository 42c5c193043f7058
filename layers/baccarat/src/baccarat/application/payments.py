"""Deposits and withdrawals as use cases. Each may be repeated; none does anything twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from baccarat.application.bets import player_wallet
from baccarat.application.ports import (
    Clock,
    Ledger,
    PaymentProvider,
    PayoutQueue,
    Permission,
    PlayerPolicy,
    Tasks,
    WithdrawalDriver,
)
from baccarat.application.retry import on_contention
from baccarat.domain import payment as money
from baccarat.domain.errors import (
    IntegrityError,
    InvalidRequest,
    NotPermitted,
    PaymentNotFound,
    ProviderRefused,
    Refused,
)
from baccarat.domain.payment import (
    ENDED,
    Decision,
    DecisionReason,
    Payment,
    PaymentLimits,
    PaymentState,
    Report,
    Verdict,
)
from baccarat.domain.tiers import TIERS, tier_of
from baccarat.domain.wallet import Adjustment, Wallet

LimitsByCurrency = Mapping[str, PaymentLimits]

MAX_LISTED: Final = 100
"""Payments of a player that are shown at once, the newest."""


class EverybodyMay:
    """Implements ``ports.PlayerPolicy``: a house without rules of its own. It stands in until the
    compliance rules (identity, limits, exclusion, suspicion) take its place.
    """

    def may_deposit(self, _player_id: str, _amount_minor: int, _currency: str) -> Permission:
        return Permission()

    def may_withdraw(self, _player_id: str, _amount_minor: int, _currency: str) -> Permission:
        return Permission()


@dataclass(frozen=True, slots=True)
class Change:
    """A payment before and after a step; both are the same where nothing was to be written."""

    before: Payment
    after: Payment

    @property
    def new_flags(self) -> tuple[str, ...]:
        return tuple(flag for flag in self.after.flags if flag not in self.before.flags)

    def has_become(self, state: PaymentState) -> bool:
        return self.after.state is state and self.before.state is not state


def credit_house_deposit(
    player_id: str,
    deposit_id: str,
    amount_minor: int,
    currency: str,
    *,
    ledger: Ledger,
    clock: Clock,
) -> Payment:
    """Credit what the house itself pays in, once per wallet and deposit id.

    Raises:
        IdempotencyConflict: the id was used for another amount.
        Forbidden: the player has no wallet in this currency.
    """

    def attempt() -> Payment:
        wallet = player_wallet(player_id, currency, ledger)
        after, payment = money.house_deposit(wallet, deposit_id, amount_minor, clock.now_ms())
        existing = ledger.open_payment(payment, wallet, after)
        return payment if existing is None else money.same_payment(existing, payment.fingerprint)

    return on_contention(clock, attempt)


def request_deposit(
    player_id: str,
    key: str,
    amount_minor: int,
    currency: str,
    method: str,
    *,
    ledger: Ledger,
    policy: PlayerPolicy,
    limits: LimitsByCurrency,
    clock: Clock,
) -> Payment:
    """Write down that a player wants to pay in, once per player and key; nothing moves yet.

    Raises:
        AmountNotAllowed, NotPermitted: nothing was written.
        IdempotencyConflict: the key was used for something else.
        Forbidden: the player has no wallet in this currency.
    """
    wanted = money.deposit_fingerprint(amount_minor, currency, method)

    def attempt() -> Payment:
        try:
            player_wallet(player_id, currency, ledger)
            _check_permission(policy.may_deposit(player_id, amount_minor, currency))
            payment = money.request_deposit(
                player_id,
                key,
                amount_minor,
                currency,
                method,
                _limits_of(currency, limits),
                clock.now_ms(),
            )
        except Refused:
            # By now the key may stand for what was granted before.
            existing = ledger.payment(money.payment_id_for(player_id, key))
            if existing is None:
                raise
        else:
            existing = ledger.open_payment(payment)
            if existing is None:
                return payment
        return money.same_payment(existing, wanted)

    return on_contention(clock, attempt)


def start_deposit(
    payment_id: str, *, ledger: Ledger, provider: PaymentProvider, clock: Clock
) -> tuple[Change, str | None]:
    """Tell the provider of a deposit, and return where the player pays; None where there is
    nothing left to pay.

    Raises:
        ProviderUnavailable: it may be repeated.
    """
    payment = load_payment(payment_id, ledger)
    if payment.state not in (PaymentState.CREATED, PaymentState.PENDING):
        return Change(payment, payment), None
    try:
        started = provider.create_deposit(payment)
    except ProviderRefused as refused:
        reason = refused.reason
        return _change(
            payment_id,
            lambda now: money.fail_deposit(now, reason, clock.now_ms()),
            ledger,
            clock,
        ), None
    change = _change(
        payment_id,
        lambda now: money.start_deposit(now, started.provider_reference, clock.now_ms()),
        ledger,
        clock,
    )
    return change, started.pay_url


def request_withdrawal(
    player_id: str,
    key: str,
    amount_minor: int,
    currency: str,
    method: str,
    destination: str,
    *,
    ledger: Ledger,
    policy: PlayerPolicy,
    limits: LimitsByCurrency,
    driver: WithdrawalDriver,
    clock: Clock,
) -> Payment:
    """Hold the money of a withdrawal, once per player and key, and start its workflow. Should that
    not start, a repeat or the watchdog starts it.

    Raises:
        AmountNotAllowed, InsufficientFunds, NotPermitted, WalletStopped: nothing was written.
        IdempotencyConflict, Forbidden: as ``request_deposit``.
    """
    wanted = money.withdrawal_fingerprint(amount_minor, currency, method, destination)

    def attempt() -> Payment:
        try:
            wallet = player_wallet(player_id, currency, ledger)
            _check_permission(policy.may_withdraw(player_id, amount_minor, currency))
            after, payment = money.request_withdrawal(
                wallet,
                key,
                amount_minor,
                method,
                destination,
                _limits_of(currency, limits),
                clock.now_ms(),
            )
        except Refused:
            # By now the key may stand for what was granted before.
            existing = ledger.payment(money.payment_id_for(player_id, key))
            if existing is None:
                raise
        else:
            existing = ledger.open_payment(payment, wallet, after)
            if existing is None:
                return payment
        return money.same_payment(existing, wanted)

    payment = on_contention(clock, attempt)
    if payment.state not in ENDED:
        driver.ensure(payment.payment_id)
    return payment


def assess_withdrawal(
    payment_id: str,
    *,
    ledger: Ledger,
    policy: PlayerPolicy,
    limits: LimitsByCurrency,
    clock: Clock,
) -> Payment:
    """Decide whether a withdrawal goes by itself or a person looks at it; once. What the policy
    would now refuse is held already, so that a person decides.
    """

    def step(payment: Payment) -> Payment:
        said = policy.may_withdraw(payment.player_id, payment.amount_minor, payment.currency)
        return money.assess(
            payment,
            _limits_of(payment.currency, limits),
            (*said.refused, *said.review),
            clock.now_ms(),
        )

    return _change(payment_id, step, ledger, clock).after


def await_review(
    payment_id: str, token: str, *, ledger: Ledger, tasks: Tasks, clock: Clock
) -> Payment:
    """Put a withdrawal before the reviewers, whose decision answers ``token``."""
    change = _change(
        payment_id, lambda now: money.await_review(now, token, clock.now_ms()), ledger, clock
    )
    if change.after.state is not PaymentState.IN_REVIEW:
        tasks.succeed(token)
    return change.after


def queue_withdrawal(
    payment_id: str,
    token: str,
    *,
    ledger: Ledger,
    queue: PayoutQueue,
    tasks: Tasks,
    clock: Clock,
) -> Payment:
    """Have an approved withdrawal sent; the provider's answer to it answers ``token``."""
    change = _change(
        payment_id, lambda now: money.await_payout(now, token, clock.now_ms()), ledger, clock
    )
    if change.after.state in (PaymentState.APPROVED, PaymentState.SENT):
        queue.put(change.after)
    else:
        tasks.succeed(token)
    return change.after


def decide_review(
    payment_id: str,
    by: str,
    key: str,
    verdict: Verdict,
    reason: DecisionReason,
    *,
    ledger: Ledger,
    tasks: Tasks,
    clock: Clock,
) -> Payment:
    """Take one person's decision on a payment, once per person and key.

    Raises:
        AlreadyDecided, NeedsAnotherPerson, IdempotencyConflict, PaymentNotFound.
    """

    def attempt() -> Change:
        wallet, payment = _load_both(payment_id, ledger)
        decision = Decision(by, verdict, reason, clock.now_ms(), key)
        wallet_after, after, adjustment = money.decide(wallet, payment, decision)
        _write(payment, after, wallet, wallet_after, ledger, adjustment)
        return Change(payment, after)

    change = on_contention(clock, attempt)
    if change.after.state is not PaymentState.IN_REVIEW:
        wake(change.after, tasks)
    return change.after


def cancel_withdrawal(
    player_id: str, payment_id: str, *, ledger: Ledger, tasks: Tasks, clock: Clock
) -> Payment:
    """Give the money back to a player who asks for it before it was sent; twice is as once.

    Raises:
        PaymentNotFound: it is not his.
        NotCancellable: it was sent, or has ended otherwise.
    """

    def attempt() -> Payment:
        wallet, payment = _load_both(payment_id, ledger)
        if payment.player_id != player_id:
            raise _not_found(payment_id)
        if payment.state is PaymentState.CANCELLED:
            return payment
        wallet_after, after = money.cancel(wallet, payment, clock.now_ms())
        ledger.move_payment(payment, after, wallet, wallet_after)
        return after

    cancelled = on_contention(clock, attempt)
    wake(cancelled, tasks)
    return cancelled


def send_withdrawal(
    payment_id: str,
    *,
    ledger: Ledger,
    provider: PaymentProvider,
    tasks: Tasks,
    clock: Clock,
) -> Change:
    """Tell the provider to pay an approved withdrawal out; one that is not to be sent stays.

    That it is SENT is written before. So a repeat cannot know whether the provider was told, and
    asks it before it tells it again. A wallet that is stopped by then keeps what it has: the
    watchdog asks for the withdrawal to be sent again, and it goes once the wallet works.

    Raises:
        ProviderUnavailable: it stays SENT, and is to be repeated.
    """

    def attempt() -> Change:
        payment = load_payment(payment_id, ledger)
        if payment.state is not PaymentState.APPROVED:
            return Change(payment, payment)
        sent = money.send(payment, clock.now_ms())
        return Change(payment, sent if ledger.send_payment(payment, sent) else payment)

    sent = on_contention(clock, attempt)
    if sent.after.state is not PaymentState.SENT:
        return sent
    repeated = sent.before.state is PaymentState.SENT
    try:
        report = provider.report(sent.after) if repeated else None
        if report is None:
            report = provider.create_payout(sent.after)
    except ProviderRefused as refused:
        reason = refused.reason
        change = _move(
            payment_id,
            lambda wallet, now: money.give_back(wallet, now, reason, clock.now_ms()),
            ledger,
            clock,
        )
        wake(change.after, tasks)
        return Change(sent.before, change.after)
    change = take_report(report, ledger=ledger, tasks=tasks, clock=clock)
    return Change(sent.before, change.after)


def take_report(report: Report, *, ledger: Ledger, tasks: Tasks, clock: Clock) -> Change:
    """Take what the provider says of a payment: credit, pay, give back, or flag it for a person.

    Raises:
        PaymentNotFound: there is no such payment.
    """
    change = _move(
        report.payment_id,
        lambda wallet, payment: money.take(wallet, payment, report, clock.now_ms()),
        ledger,
        clock,
    )
    wake(change.after, tasks)
    return change


def load_payment(payment_id: str, ledger: Ledger) -> Payment:
    """Raises: PaymentNotFound; also for what cannot be the id of a payment."""
    _player_of(payment_id)
    payment = ledger.payment(payment_id)
    if payment is None:
        raise _not_found(payment_id)
    return payment


def own_payment(player_id: str, payment_id: str, ledger: Ledger) -> Payment:
    """Raises: PaymentNotFound; also when it is another player's."""
    payment = load_payment(payment_id, ledger)
    if payment.player_id != player_id:
        raise _not_found(payment_id)
    return payment


def _load_both(payment_id: str, ledger: Ledger) -> tuple[Wallet, Payment]:
    """Return a payment with its wallet as it was before: what moves the wallet in between makes the
    write fail, where the other order would decide on a wallet that has moved already.
    """
    wallets = {wallet.currency: wallet for wallet in ledger.wallets(_player_of(payment_id))}
    payment = load_payment(payment_id, ledger)
    if payment.currency not in wallets:
        raise IntegrityError(f"payment {payment_id} is in {payment.currency}, without a wallet")
    return wallets[payment.currency], payment


def _player_of(payment_id: str) -> str:
    try:
        player_id = money.player_of(payment_id)
    except ValueError as error:
        raise _not_found(payment_id) from error
    if tier_of(player_id) not in TIERS:
        raise _not_found(payment_id)
    return player_id


def _not_found(payment_id: str) -> PaymentNotFound:
    return PaymentNotFound(f"there is no payment {payment_id}", paymentId=payment_id)


def own_payments(player_id: str, ledger: Ledger) -> list[Payment]:
    """Return the newest payments of a player, at most ``MAX_LISTED``."""
    found = ledger.payments_of(player_id)
    return sorted(found, key=lambda p: (-p.created_at_ms, p.payment_id))[:MAX_LISTED]


def wake(payment: Payment, tasks: Tasks) -> None:
    """Answer what waits for a withdrawal, which then reads how far it has come: an answer too many
    does no harm.
    """
    if payment.task_token is not None and payment.state is not PaymentState.SENT:
        tasks.succeed(payment.task_token)


def _change(
    payment_id: str, step: Callable[[Payment], Payment], ledger: Ledger, clock: Clock
) -> Change:
    """Write what ``step`` makes of a payment, with no wallet moved."""

    def attempt() -> Change:
        payment = load_payment(payment_id, ledger)
        after = step(payment)
        _write(payment, after, None, None, ledger)
        return Change(payment, after)

    return on_contention(clock, attempt)


def _move(
    payment_id: str,
    step: Callable[[Wallet, Payment], tuple[Wallet | None, Payment]],
    ledger: Ledger,
    clock: Clock,
) -> Change:
    """Write what ``step`` makes of a payment and its wallet."""

    def attempt() -> Change:
        wallet, payment = _load_both(payment_id, ledger)
        wallet_after, after = step(wallet, payment)
        _write(payment, after, wallet, wallet_after, ledger)
        return Change(payment, after)

    return on_contention(clock, attempt)


def _write(
    payment: Payment,
    after: Payment,
    wallet: Wallet | None,
    wallet_after: Wallet | None,
    ledger: Ledger,
    adjustment: Adjustment | None = None,
) -> None:
    if after is not payment:
        ledger.move_payment(payment, after, wallet, wallet_after, adjustment)


def _check_permission(permission: Permission) -> None:
    if permission.refused:
        raise NotPermitted(
            f"this payment may not be: {', '.join(permission.refused)}",
            reasons=list(permission.refused),
        )


def _limits_of(currency: str, limits: LimitsByCurrency) -> PaymentLimits:
    if currency not in limits:
        raise InvalidRequest(
            f"the house takes no payments in {currency}, but in {', '.join(sorted(limits))}",
            currencies=sorted(limits),
        )
    return limits[currency]
