"""Deposits and withdrawals: what each may become, and what that does to a wallet.

A payment is apart from the wallet it moves: the wallet says what a player has, the payment how far
the money has come to or from an outside provider. Each function returns new values; the adapter
writes a wallet and its payment together or not at all.

A deposit:    CREATED → PENDING → CREDITED (→ REVERSED), or FAILED, or DISPUTED
A withdrawal: HELD → (IN_REVIEW →) APPROVED → SENT → PAID (→ REVERSED), or back to the player as
              CANCELLED, REJECTED or RETURNED; DISPUTED where the provider contradicts itself

DISPUTED waits for two people. An ended payment is left in three ways only: money that comes for a
FAILED deposit is still the player's, and two people may reverse what was credited or paid out.
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
    NeedsAnotherPerson,
    NotCancellable,
)
from baccarat.domain.movement import MovementKind
from baccarat.domain.wallet import Adjustment, Wallet, adjust

METHODS: Final = ("bank", "card", "ewallet")
"""How players may pay; a metric has one dimension of it."""

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
    """Why a withdrawal waits for a person; a policy adds reasons of its own."""

    ABOVE_AUTOMATIC = "ABOVE_AUTOMATIC"
    ABOVE_TWO_PEOPLE = "ABOVE_TWO_PEOPLE"


class Verdict(StrEnum):
    """What a person says: of a withdrawal in review, that it may go or not; of a disputed payment,
    that its money moved as asked or not at all; of one that ended, that it is to be undone.
    """

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    CONFIRM = "CONFIRM"
    DENY = "DENY"
    REVERSE = "REVERSE"


class DecisionReason(StrEnum):
    """Why a person decided as he did."""

    IN_ORDER = "IN_ORDER"
    DOCUMENTS_MISSING = "DOCUMENTS_MISSING"
    DESTINATION_NOT_OWN = "DESTINATION_NOT_OWN"
    SUSPICION = "SUSPICION"
    PLAYER_ASKED = "PLAYER_ASKED"
    PROVIDER_CORRECTED = "PROVIDER_CORRECTED"
    CHARGEBACK = "CHARGEBACK"
    PAYOUT_BOUNCED = "PAYOUT_BOUNCED"


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person said. With ``by`` its ``key`` is its idempotency record."""

    by: str
    verdict: Verdict
    reason: DecisionReason
    at_ms: int
    key: str


class Outcome(StrEnum):
    """How far a provider says that a payment has come."""

    PENDING = "PENDING"
    PAID = "PAID"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Report:
    """What the provider says of a payment, unasked or asked. ``reason`` is set for a failure."""

    payment_id: str
    kind: PaymentKind
    provider_reference: str
    outcome: Outcome
    amount_minor: int
    currency: str
    reason: str = ""


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


def same_payment(existing: Payment, wanted_fingerprint: str) -> Payment:
    """Return ``existing`` if it came from the request of that fingerprint.

    Raises:
        IdempotencyConflict: the key was used for something else.
    """
    if existing.fingerprint != wanted_fingerprint:
        raise IdempotencyConflict(
            f"this idempotency key was used for a {existing.kind.lower()} of "
            f"{existing.amount_minor} {existing.currency}; use a new key for another payment",
            paymentId=existing.payment_id,
        )
    return existing


def deposit_fingerprint(amount_minor: int, currency: str, method: str) -> str:
    return fingerprint(
        {
            "kind": PaymentKind.DEPOSIT.value,
            "amount_minor": amount_minor,
            "currency": currency,
            "method": method,
        }
    )


def withdrawal_fingerprint(amount_minor: int, currency: str, method: str, destination: str) -> str:
    return fingerprint(
        {
            "kind": PaymentKind.WITHDRAWAL.value,
            "amount_minor": amount_minor,
            "currency": currency,
            "method": method,
            "destination": destination,
        }
    )


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
        deposit_fingerprint(amount_minor, currency, method),
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


def take(
    wallet: Wallet, payment: Payment, report: Report, now_ms: int
) -> tuple[Wallet | None, Payment]:
    """Take what the provider says. Return ``payment`` itself when nothing is to be written, and no
    wallet when none is: it was known, or it contradicts what is known and a person must look.
    """
    if report.kind is not payment.kind:
        flag = f"the provider reports a {report.kind.lower()} under this {payment.kind.lower()}"
        return None, payment.flagged(flag, now_ms)
    if payment.provider_reference not in (None, report.provider_reference):
        flag = (
            f"the provider reports this as its {report.provider_reference}, "
            f"it took it on as {payment.provider_reference}"
        )
        return None, payment.flagged(flag, now_ms)
    known = replace(payment, provider_reference=report.provider_reference)
    wallet_after, after = _taken(wallet, known, report, now_ms)
    return wallet_after, payment if after is known else after


def _taken(
    wallet: Wallet, payment: Payment, report: Report, now_ms: int
) -> tuple[Wallet | None, Payment]:
    if report.outcome is Outcome.PENDING:
        return None, payment
    is_deposit = payment.kind is PaymentKind.DEPOSIT
    if report.outcome is Outcome.PAID:
        decide_paid = _credit if is_deposit else _pay
        return decide_paid(wallet, payment, report.amount_minor, report.currency, now_ms)
    if is_deposit:
        return None, fail_deposit(payment, report.reason, now_ms)
    return give_back(wallet, payment, report.reason, now_ms)


def _credit(
    wallet: Wallet, payment: Payment, amount_minor: int, currency: str, now_ms: int
) -> tuple[Wallet | None, Payment]:
    if (amount_minor, currency) != (payment.amount_minor, payment.currency):
        flagged = payment.flagged(
            f"the provider took {amount_minor} {currency} where "
            f"{payment.amount_minor} {payment.currency} was asked for",
            now_ms,
        )
        if flagged is payment or payment.state in (PaymentState.CREDITED, PaymentState.REVERSED):
            return None, flagged
        return None, replace(flagged, state=PaymentState.DISPUTED)
    if payment.state in (PaymentState.CREDITED, PaymentState.REVERSED):
        return None, payment
    if payment.state is PaymentState.DISPUTED:
        flag = f"after that, the provider says it took the {amount_minor} {currency} asked for"
        return None, payment.flagged(flag, now_ms)
    after, credited = _credited(wallet, payment, now_ms)
    if payment.state is PaymentState.FAILED:
        flag = "the provider took the money after it reported a failure"
        credited = replace(credited, flags=(*credited.flags, flag))
    return after, credited


def _credited(wallet: Wallet, payment: Payment, now_ms: int) -> tuple[Wallet, Payment]:
    after = wallet.moved(MovementKind.DEPOSIT, payment.amount_minor, now_ms, payment.payment_id)
    return after, replace(
        payment.become(PaymentState.CREDITED, now_ms),
        closed_version=after.version,
        closed_at_ms=now_ms,
    )


def fail_deposit(payment: Payment, reason: str, now_ms: int) -> Payment:
    """No money comes. A deposit that was credited or is disputed is flagged instead: the provider
    contradicts itself.
    """
    if payment.state in (PaymentState.CREATED, PaymentState.PENDING):
        return replace(payment.become(PaymentState.FAILED, now_ms), reasons=(reason,))
    if payment.state is PaymentState.FAILED:
        return payment
    return payment.flagged(f"the provider reports a failure ({reason}) after it paid", now_ms)


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
        withdrawal_fingerprint(amount_minor, wallet.currency, method, destination),
        destination=destination,
        opened_version=after.version,
        opened_at_ms=now_ms,
    )


def assess(
    payment: Payment, limits: PaymentLimits, policy_reasons: tuple[str, ...], now_ms: int
) -> Payment:
    """Approve a HELD withdrawal, or note why, and by how many people, it must be looked at first.
    One that has been assessed stays as it is.
    """
    if payment.state is not PaymentState.HELD or payment.approvals_needed:
        return payment
    reasons = list(policy_reasons)
    if payment.amount_minor >= limits.two_people_from_minor:
        reasons.append(ReviewReason.ABOVE_TWO_PEOPLE.value)
    elif payment.amount_minor >= limits.automatic_below_minor:
        reasons.append(ReviewReason.ABOVE_AUTOMATIC.value)
    if not reasons:
        return payment.become(PaymentState.APPROVED, now_ms)
    needed = 2 if payment.amount_minor >= limits.two_people_from_minor else 1
    return replace(payment.noted(now_ms), approvals_needed=needed, reasons=tuple(reasons))


def await_review(payment: Payment, task_token: str, now_ms: int) -> Payment:
    """Put a withdrawal before the reviewers; ``task_token`` is what waits for them. A newer token
    takes the place of an older one, whose waiter is gone.
    """
    if payment.state is PaymentState.HELD:
        return replace(payment.become(PaymentState.IN_REVIEW, now_ms), task_token=task_token)
    if payment.state is PaymentState.IN_REVIEW and payment.task_token != task_token:
        return replace(payment.noted(now_ms), task_token=task_token)
    return payment


_IN_STATES: Final = {
    Verdict.APPROVE: (PaymentState.IN_REVIEW,),
    Verdict.REJECT: (PaymentState.IN_REVIEW,),
    Verdict.CONFIRM: (PaymentState.DISPUTED,),
    Verdict.DENY: (PaymentState.DISPUTED,),
    Verdict.REVERSE: (PaymentState.CREDITED, PaymentState.PAID, PaymentState.RETURNED),
}


def decide(
    wallet: Wallet, payment: Payment, decision: Decision
) -> tuple[Wallet | None, Payment, Adjustment | None]:
    """Take one person's decision; where two are needed, the second one's makes it happen. Return
    what is to be written; ``payment`` itself when this very decision was taken before.

    Raises:
        AlreadyDecided: the payment does not wait for such a decision.
        NeedsAnotherPerson: he has said so already, and it takes another one.
        IdempotencyConflict: the key stands for another decision of his.
    """
    made = next(
        (d for d in payment.decisions if (d.by, d.key) == (decision.by, decision.key)), None
    )
    if made is not None:
        if (made.verdict, made.reason) != (decision.verdict, decision.reason):
            raise IdempotencyConflict(
                f"this idempotency key was used to {made.verdict} for {made.reason}",
                paymentId=payment.payment_id,
            )
        return None, payment, None
    _check_open_to(payment, decision.verdict)
    alike = {d.by for d in payment.decisions if d.verdict is decision.verdict}
    needed = _people_needed(payment, decision.verdict)
    if decision.by in alike:
        raise NeedsAnotherPerson(
            f"{decision.by} has said {decision.verdict} already; another person must be the second",
            approvals_needed=needed,
        )
    decided = replace(payment, decisions=(*payment.decisions, decision))
    if len(alike) + 1 < needed:
        return None, decided.noted(decision.at_ms), None
    return _carried_out(wallet, decided, decision)


def _check_open_to(payment: Payment, verdict: Verdict) -> None:
    is_open = payment.state in _IN_STATES[verdict]
    if verdict is Verdict.REVERSE and is_open:
        # A deposit may be charged back outside; what was paid out or returned stands, unless the
        # provider has contradicted it. Two people reverse one payment once.
        unflagged = payment.kind is PaymentKind.WITHDRAWAL and not payment.flags
        people = [d for d in payment.decisions if d.verdict is Verdict.REVERSE]
        is_open = not unflagged and len(people) < _people_needed(payment, verdict)
    if not is_open:
        raise AlreadyDecided(
            f"{payment.kind.lower()} {payment.payment_id} is {payment.state}; there is nothing to "
            f"{verdict}",
            state=payment.state.value,
        )


def _people_needed(payment: Payment, verdict: Verdict) -> int:
    if verdict is Verdict.REJECT:
        return 1
    return payment.approvals_needed if verdict is Verdict.APPROVE else 2


def _carried_out(
    wallet: Wallet, payment: Payment, decision: Decision
) -> tuple[Wallet | None, Payment, Adjustment | None]:
    now_ms, is_deposit = decision.at_ms, payment.kind is PaymentKind.DEPOSIT
    match decision.verdict:
        case Verdict.APPROVE:
            return None, payment.become(PaymentState.APPROVED, now_ms), None
        case Verdict.REJECT:
            return *_given_back(wallet, payment, PaymentState.REJECTED, now_ms), None
        case Verdict.CONFIRM:
            moved = _credited if is_deposit else _paid
            return *moved(wallet, payment, now_ms), None
        case Verdict.DENY if is_deposit:
            return None, payment.become(PaymentState.FAILED, now_ms), None
        case Verdict.DENY:
            return *_given_back(wallet, payment, PaymentState.RETURNED, now_ms), None
        case Verdict.REVERSE:
            return _reversed(wallet, payment, now_ms)


def _reversed(wallet: Wallet, payment: Payment, now_ms: int) -> tuple[Wallet, Payment, Adjustment]:
    """Undo a payment by a compensating entry: take a credited deposit, or a returned withdrawal
    that was paid out after all, as far as the balance reaches; give back what was paid out and
    came back. A returned withdrawal stays RETURNED: that is what its own movement was.
    """
    comes_back = payment.state is PaymentState.PAID
    after, adjustment = adjust(
        wallet,
        MovementKind.REVERSAL,
        payment.payment_id,
        payment.amount_minor if comes_back else -payment.amount_minor,
        now_ms,
    )
    if payment.state is PaymentState.RETURNED:
        return after, payment.noted(now_ms), adjustment
    return after, payment.become(PaymentState.REVERSED, now_ms), adjustment


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


def await_payout(payment: Payment, task_token: str, now_ms: int) -> Payment:
    """Keep what waits for the provider's answer to a withdrawal that may go or has gone."""
    if payment.state in (PaymentState.APPROVED, PaymentState.SENT) and (
        payment.task_token != task_token
    ):
        return replace(payment.noted(now_ms), task_token=task_token)
    return payment


def _pay(
    wallet: Wallet, payment: Payment, amount_minor: int, currency: str, now_ms: int
) -> tuple[Wallet | None, Payment]:
    if (amount_minor, currency) != (payment.amount_minor, payment.currency):
        flag = (
            f"the provider paid {amount_minor} {currency} out where "
            f"{payment.amount_minor} {payment.currency} was to be paid"
        )
    elif payment.state is PaymentState.SENT:
        return _paid(wallet, payment, now_ms)
    elif payment.state in (PaymentState.PAID, PaymentState.REVERSED):
        return None, payment
    else:
        flag = f"the provider says it paid this out while it was {payment.state}"
    flagged = payment.flagged(flag, now_ms)
    # Whatever is still to come must not go out a second time.
    if flagged is not payment and payment.state not in ENDED:
        flagged = replace(flagged, state=PaymentState.DISPUTED)
    return None, flagged


def _paid(wallet: Wallet, payment: Payment, now_ms: int) -> tuple[Wallet, Payment]:
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
    """The provider did not pay the withdrawal out: the money is the player's again. Return no
    wallet as ``take`` does.
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
