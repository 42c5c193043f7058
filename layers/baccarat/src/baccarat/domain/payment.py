"""Deposits and withdrawals: what each may become, and what that does to a wallet.

A payment is apart from the wallet it moves: the wallet says what a player has, the payment how far
the money has come to or from an outside provider. Each function returns new values; the adapter
writes a wallet and its payment together or not at all.

A deposit:    CREATED → PENDING → CREDITED (→ REVERSED), or FAILED, or DISPUTED
A withdrawal: HELD → (IN_REVIEW →) APPROVED → SENT → PAID, or back to the player as
              CANCELLED, REJECTED or RETURNED; DISPUTED where the provider contradicts itself
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from baccarat.domain.canonical import JsonObject, canonical
from baccarat.domain.errors import (
    AlreadyDecided,
    AmountNotAllowed,
    IdempotencyConflict,
    InsufficientFunds,
    IntegrityError,
    NeedsAnotherPerson,
    NotCancellable,
)
from baccarat.domain.movement import MovementKind
from baccarat.domain.wallet import Adjustment, Wallet, adjust

HOUSE_METHOD: Final = "house"
"""Money that the house itself pays in; no provider has a part in it."""


class PaymentKind(StrEnum):
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"


class PaymentState(StrEnum):
    CREATED = "CREATED"
    PENDING = "PENDING"
    CREDITED = "CREDITED"
    REVERSED = "REVERSED"
    FAILED = "FAILED"
    DISPUTED = "DISPUTED"
    HELD = "HELD"
    IN_REVIEW = "IN_REVIEW"
    APPROVED = "APPROVED"
    SENT = "SENT"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    RETURNED = "RETURNED"


CANCELLABLE: Final = frozenset({PaymentState.HELD, PaymentState.IN_REVIEW, PaymentState.APPROVED})
"""A withdrawal in one of these has not been sent."""

ENDED: Final = frozenset(
    {
        PaymentState.CREDITED,
        PaymentState.REVERSED,
        PaymentState.FAILED,
        PaymentState.PAID,
        PaymentState.CANCELLED,
        PaymentState.REJECTED,
        PaymentState.RETURNED,
    }
)
"""Nothing more is to be done; DISPUTED waits for a person."""


class ReviewReason(StrEnum):
    """Why a withdrawal waits for a person."""

    ABOVE_AUTOMATIC = "ABOVE_AUTOMATIC"
    ABOVE_TWO_PEOPLE = "ABOVE_TWO_PEOPLE"
    POLICY = "POLICY"
    RECENT_DEPOSIT_DISPUTED = "RECENT_DEPOSIT_DISPUTED"


class DecisionReason(StrEnum):
    """Why a reviewer decided as he did."""

    IN_ORDER = "IN_ORDER"
    DOCUMENTS_MISSING = "DOCUMENTS_MISSING"
    DESTINATION_NOT_OWN = "DESTINATION_NOT_OWN"
    SUSPICION = "SUSPICION"
    PLAYER_ASKED = "PLAYER_ASKED"


@dataclass(frozen=True, slots=True)
class Decision:
    """What one reviewer said."""

    by: str
    reason: DecisionReason
    at_ms: int
    approved: bool = True


@dataclass(frozen=True, slots=True)
class PaymentLimits:
    """Smallest and largest amounts in minor units, and from where people look at a withdrawal."""

    min_deposit_minor: int
    max_deposit_minor: int
    min_withdrawal_minor: int
    max_withdrawal_minor: int
    automatic_below_minor: int
    two_people_from_minor: int

    def __post_init__(self) -> None:
        if not 0 < self.min_deposit_minor <= self.max_deposit_minor:
            raise ValueError("0 < min_deposit_minor <= max_deposit_minor must hold")
        if not 0 < self.min_withdrawal_minor <= self.max_withdrawal_minor:
            raise ValueError("0 < min_withdrawal_minor <= max_withdrawal_minor must hold")
        if not 0 <= self.automatic_below_minor <= self.two_people_from_minor:
            raise ValueError("0 <= automatic_below_minor <= two_people_from_minor must hold")


@dataclass(frozen=True, slots=True)
class Payment:
    """``version`` counts the writes of the item. ``fingerprint`` is that of the request, so that a
    repeated idempotency key is told from a misused one. ``opened_version`` and ``closed_version``
    are the wallet's: the hold of a withdrawal, and what credited, released or took the money.
    ``task_token`` is what the workflow waits for. ``flags`` are contradictions of the provider's,
    in words that a person can act on.
    """

    payment_id: str
    player_id: str
    currency: str
    kind: PaymentKind
    method: str
    amount_minor: int
    state: PaymentState
    created_at_ms: int
    updated_at_ms: int
    fingerprint: str
    version: int = 1
    destination: str | None = None
    provider_reference: str | None = None
    opened_version: int | None = None
    opened_at_ms: int | None = None
    closed_version: int | None = None
    closed_at_ms: int | None = None
    approvals_needed: int = 0
    reasons: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    task_token: str | None = None
    flags: tuple[str, ...] = ()

    def become(self, state: PaymentState, now_ms: int) -> Payment:
        return replace(self, state=state, updated_at_ms=now_ms, version=self.version + 1)

    def noted(self, now_ms: int) -> Payment:
        """Return it as written once more in the same state."""
        return replace(self, updated_at_ms=now_ms, version=self.version + 1)

    def flagged(self, flag: str, now_ms: int) -> Payment:
        """Return it with a contradiction noted; one that is noted already changes nothing."""
        if flag in self.flags:
            return self
        return replace(self.noted(now_ms), flags=(*self.flags, flag))


def payment_id_for(player_id: str, idempotency_key: str) -> str:
    """Return the id that a player's idempotency key stands for: the same key, the same payment.

    It starts with the player's id, so that a provider's message leads to the wallet.
    """
    digest = hashlib.sha256(f"{player_id}\0{idempotency_key}".encode()).hexdigest()
    return f"{player_id}.{digest[:32]}"


def player_of(payment_id: str) -> str:
    """Raises: ValueError when ``payment_id`` is none."""
    player_id, dot, rest = payment_id.rpartition(".")
    if not (player_id and dot and rest):
        raise ValueError(f"{payment_id!r} is no payment id")
    return player_id


def fingerprint(request: JsonObject) -> str:
    return hashlib.sha256(canonical(request)).hexdigest()


def same_payment(existing: Payment, wanted: Payment) -> Payment:
    """Return ``existing`` if it came from the same request as ``wanted``.

    Raises:
        IdempotencyConflict: the key was used for something else.
    """
    if existing.fingerprint != wanted.fingerprint:
        raise IdempotencyConflict(
            f"this idempotency key was used for a {existing.kind.lower()} of "
            f"{existing.amount_minor} {existing.currency}; use a new key for another payment",
            paymentId=existing.payment_id,
        )
    return existing


def request_deposit(
    player_id: str,
    idempotency_key: str,
    amount_minor: int,
    currency: str,
    method: str,
    limits: PaymentLimits,
    now_ms: int,
) -> Payment:
    """Raises: AmountNotAllowed."""
    _check_amount(amount_minor, limits.min_deposit_minor, limits.max_deposit_minor)
    request: JsonObject = {
        "kind": PaymentKind.DEPOSIT.value,
        "amount_minor": amount_minor,
        "currency": currency,
        "method": method,
    }
    return Payment(
        payment_id_for(player_id, idempotency_key),
        player_id,
        currency,
        PaymentKind.DEPOSIT,
        method,
        amount_minor,
        PaymentState.CREATED,
        now_ms,
        now_ms,
        fingerprint(request),
    )


def _check_amount(amount_minor: int, min_minor: int, max_minor: int) -> None:
    if not min_minor <= amount_minor <= max_minor:
        raise AmountNotAllowed(
            f"between {min_minor} and {max_minor} minor units can be paid, not {amount_minor}",
            min_minor=min_minor,
            max_minor=max_minor,
        )


def house_deposit(
    wallet: Wallet, deposit_id: str, amount_minor: int, now_ms: int
) -> tuple[Wallet, Payment]:
    """Credit what the house itself pays in, at once.

    Raises:
        ValueError: the amount is not positive.
    """
    if amount_minor <= 0:
        raise ValueError("a deposit is positive")
    request: JsonObject = {"house": deposit_id, "amount_minor": amount_minor}
    payment = Payment(
        payment_id_for(wallet.player_id, f"{HOUSE_METHOD}:{wallet.currency}:{deposit_id}"),
        wallet.player_id,
        wallet.currency,
        PaymentKind.DEPOSIT,
        HOUSE_METHOD,
        amount_minor,
        PaymentState.PENDING,
        now_ms,
        now_ms,
        fingerprint(request),
        version=0,
    )
    after, credited = _credited(wallet, payment, now_ms)
    return after, credited


def start_deposit(payment: Payment, provider_reference: str, now_ms: int) -> Payment:
    """The provider has taken the deposit on. Whoever has come further stays there."""
    if payment.state is not PaymentState.CREATED:
        return payment
    return replace(
        payment.become(PaymentState.PENDING, now_ms), provider_reference=provider_reference
    )


def credit(
    wallet: Wallet, payment: Payment, amount_minor: int, currency: str, now_ms: int
) -> tuple[Wallet | None, Payment]:
    """The provider says that the deposit's money is there.

    Return no wallet when none is to be written: it was credited before, or the provider names
    another amount than the player asked for, which a person must look at. Money that comes after
    the deposit was given up is credited all the same.

    Raises:
        IntegrityError: it is no deposit.
    """
    if payment.kind is not PaymentKind.DEPOSIT:
        raise IntegrityError(f"payment {payment.payment_id} is no deposit")
    if (amount_minor, currency) != (payment.amount_minor, payment.currency):
        flag = (
            f"the provider took {amount_minor} {currency} where "
            f"{payment.amount_minor} {payment.currency} was asked for"
        )
        flagged = payment.flagged(flag, now_ms)
        if flagged is payment or payment.state in (PaymentState.CREDITED, PaymentState.REVERSED):
            return None, flagged
        return None, replace(flagged, state=PaymentState.DISPUTED)
    if payment.state in (PaymentState.CREDITED, PaymentState.REVERSED, PaymentState.DISPUTED):
        return None, payment
    return _credited(wallet, payment, now_ms)


def _credited(wallet: Wallet, payment: Payment, now_ms: int) -> tuple[Wallet, Payment]:
    after = wallet.moved(MovementKind.DEPOSIT, payment.amount_minor, now_ms, payment.payment_id)
    return after, replace(
        payment.become(PaymentState.CREDITED, now_ms),
        closed_version=after.version,
        closed_at_ms=now_ms,
    )


def fail_deposit(payment: Payment, reason: str, now_ms: int) -> Payment:
    """The provider says that no money comes. A deposit that was credited is flagged instead: the
    provider contradicts itself.
    """
    if payment.state in (PaymentState.CREATED, PaymentState.PENDING):
        return replace(payment.become(PaymentState.FAILED, now_ms), reasons=(reason,))
    if payment.state is PaymentState.FAILED:
        return payment
    return payment.flagged(f"the provider reports a failure ({reason}) after it paid", now_ms)


def reverse_deposit(
    wallet: Wallet, payment: Payment, now_ms: int
) -> tuple[Wallet, Payment, Adjustment]:
    """Take a credited deposit back (a chargeback), as far as the balance reaches, by an entry of
    its own.

    Raises:
        AlreadyDecided: it is not credited.
    """
    if payment.state is not PaymentState.CREDITED:
        raise AlreadyDecided(
            f"deposit {payment.payment_id} is {payment.state}; only a credited one is reversed",
            state=payment.state.value,
        )
    after, adjustment = adjust(
        wallet, MovementKind.REVERSAL, payment.payment_id, -payment.amount_minor, now_ms
    )
    return after, payment.become(PaymentState.REVERSED, now_ms), adjustment


def request_withdrawal(
    wallet: Wallet,
    idempotency_key: str,
    amount_minor: int,
    method: str,
    destination: str,
    limits: PaymentLimits,
    now_ms: int,
) -> tuple[Wallet, Payment]:
    """Hold the money of a withdrawal.

    Raises:
        AmountNotAllowed, InsufficientFunds, WalletStopped: nothing is to be written.
    """
    wallet.check_works()
    _check_amount(amount_minor, limits.min_withdrawal_minor, limits.max_withdrawal_minor)
    if amount_minor > wallet.available_minor:
        raise InsufficientFunds(
            f"{amount_minor} minor units are wanted, {wallet.available_minor} are available",
            available_minor=wallet.available_minor,
        )
    payment_id = payment_id_for(wallet.player_id, idempotency_key)
    request: JsonObject = {
        "kind": PaymentKind.WITHDRAWAL.value,
        "amount_minor": amount_minor,
        "currency": wallet.currency,
        "method": method,
        "destination": destination,
    }
    after = wallet.moved(
        MovementKind.HOLD, -amount_minor, now_ms, payment_id, held_minor=amount_minor
    )
    return after, Payment(
        payment_id,
        wallet.player_id,
        wallet.currency,
        PaymentKind.WITHDRAWAL,
        method,
        amount_minor,
        PaymentState.HELD,
        now_ms,
        now_ms,
        fingerprint(request),
        destination=destination,
        opened_version=after.version,
        opened_at_ms=now_ms,
    )


def assess(payment: Payment, limits: PaymentLimits, policy_reasons: tuple[str, ...]) -> Payment:
    """Return the withdrawal with why, and by how many people, it must be looked at; with none
    needed it may go. Only a HELD one changes.
    """
    if payment.state is not PaymentState.HELD or payment.approvals_needed or payment.reasons:
        return payment
    reasons: list[str] = []
    if payment.amount_minor >= limits.two_people_from_minor:
        reasons.append(ReviewReason.ABOVE_TWO_PEOPLE.value)
    elif payment.amount_minor >= limits.automatic_below_minor:
        reasons.append(ReviewReason.ABOVE_AUTOMATIC.value)
    reasons += policy_reasons
    needed = 2 if payment.amount_minor >= limits.two_people_from_minor else 1
    return replace(payment, approvals_needed=needed if reasons else 0, reasons=tuple(reasons))


def approve_automatically(payment: Payment, now_ms: int) -> Payment:
    """Raises: AlreadyDecided when it has left HELD for anything but APPROVED or later."""
    if payment.state is PaymentState.HELD and not payment.approvals_needed:
        return payment.become(PaymentState.APPROVED, now_ms)
    return payment


def await_review(payment: Payment, task_token: str, now_ms: int) -> Payment:
    """Put a withdrawal before the reviewers; ``task_token`` is what waits for them. A newer token
    takes the place of an older one, whose waiter is gone.
    """
    if payment.state is PaymentState.HELD:
        return replace(payment.become(PaymentState.IN_REVIEW, now_ms), task_token=task_token)
    if payment.state is PaymentState.IN_REVIEW and payment.task_token != task_token:
        return replace(payment.noted(now_ms), task_token=task_token)
    return payment


def approve(payment: Payment, by: str, reason: DecisionReason, now_ms: int) -> Payment:
    """One reviewer says yes; the last one needed approves the withdrawal.

    Raises:
        NeedsAnotherPerson: he approved it already. AlreadyDecided: it is not in review.
    """
    _check_in_review(payment)
    if any(decision.by == by for decision in payment.decisions):
        raise NeedsAnotherPerson(
            f"{by} has approved this withdrawal; another person must be the second",
            approvals_needed=payment.approvals_needed,
        )
    decided = replace(payment, decisions=(*payment.decisions, Decision(by, reason, now_ms)))
    if len(decided.decisions) >= payment.approvals_needed:
        return decided.become(PaymentState.APPROVED, now_ms)
    return decided.noted(now_ms)


def reject(
    wallet: Wallet, payment: Payment, by: str, reason: DecisionReason, now_ms: int
) -> tuple[Wallet, Payment]:
    """One reviewer says no: the money goes back. Raises: AlreadyDecided."""
    _check_in_review(payment)
    decided = replace(
        payment, decisions=(*payment.decisions, Decision(by, reason, now_ms, approved=False))
    )
    return _given_back(wallet, decided, PaymentState.REJECTED, now_ms)


def _check_in_review(payment: Payment) -> None:
    if payment.state is not PaymentState.IN_REVIEW:
        raise AlreadyDecided(
            f"withdrawal {payment.payment_id} is {payment.state}, not in review",
            state=payment.state.value,
        )


def cancel(wallet: Wallet, payment: Payment, now_ms: int) -> tuple[Wallet, Payment]:
    """The player takes a withdrawal back that has not been sent.

    Raises:
        NotCancellable: it has been sent, or has ended.
    """
    if payment.kind is not PaymentKind.WITHDRAWAL or payment.state not in CANCELLABLE:
        raise NotCancellable(
            f"the {payment.kind.lower()} is {payment.state} and cannot be cancelled any more",
            state=payment.state.value,
        )
    return _given_back(wallet, payment, PaymentState.CANCELLED, now_ms)


def send(payment: Payment, now_ms: int) -> Payment:
    """The point of no return: from here only the provider's answer ends the withdrawal. To be
    written before the provider is told.

    Raises:
        AlreadyDecided: it is neither approved nor sent already.
    """
    if payment.state is PaymentState.APPROVED:
        return payment.become(PaymentState.SENT, now_ms)
    if payment.state is PaymentState.SENT:
        return payment
    raise AlreadyDecided(
        f"withdrawal {payment.payment_id} is {payment.state}; it is not to be sent",
        state=payment.state.value,
    )


def pay(
    wallet: Wallet, payment: Payment, amount_minor: int, currency: str, now_ms: int
) -> tuple[Wallet | None, Payment]:
    """The provider says that it paid the withdrawal out. Return no wallet when none is to be
    written: it was known, or the provider contradicts itself, which a person must look at.

    Raises:
        IntegrityError: it is no withdrawal.
    """
    if payment.kind is not PaymentKind.WITHDRAWAL:
        raise IntegrityError(f"payment {payment.payment_id} is no withdrawal")
    if (amount_minor, currency) != (payment.amount_minor, payment.currency):
        flag = (
            f"the provider paid {amount_minor} {currency} out where "
            f"{payment.amount_minor} {payment.currency} was to be paid"
        )
        return None, payment.flagged(flag, now_ms)
    if payment.state is PaymentState.PAID:
        return None, payment
    if payment.state is not PaymentState.SENT:
        flag = f"the provider says it paid this out while it was {payment.state}"
        return None, payment.flagged(flag, now_ms)
    after = wallet.moved(
        MovementKind.WITHDRAWAL, 0, now_ms, payment.payment_id, held_minor=-payment.amount_minor
    )
    return after, replace(
        payment.become(PaymentState.PAID, now_ms),
        closed_version=after.version,
        closed_at_ms=now_ms,
    )


def give_back(
    wallet: Wallet, payment: Payment, reason: str, now_ms: int
) -> tuple[Wallet | None, Payment]:
    """The provider says that it did not pay the withdrawal out: the money is the player's again.
    Return no wallet as ``pay`` does.
    """
    if payment.state is PaymentState.RETURNED:
        return None, payment
    if payment.state is not PaymentState.SENT:
        flag = f"the provider reports a failure ({reason}) while it was {payment.state}"
        return None, payment.flagged(flag, now_ms)
    return _given_back(
        wallet, replace(payment, reasons=(*payment.reasons, reason)), PaymentState.RETURNED, now_ms
    )


def _given_back(
    wallet: Wallet, payment: Payment, state: PaymentState, now_ms: int
) -> tuple[Wallet, Payment]:
    after = wallet.moved(
        MovementKind.RELEASE,
        payment.amount_minor,
        now_ms,
        payment.payment_id,
        held_minor=-payment.amount_minor,
    )
    return after, replace(
        payment.become(state, now_ms), closed_version=after.version, closed_at_ms=now_ms
    )
