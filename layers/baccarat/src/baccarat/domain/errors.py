"""The one tree of errors. Every class has a stable ``code``; clients and runbooks rely on it.

BaccaratError
├── Refused            the request cannot be granted; the caller may change it
│   ├── InvalidRequest, Forbidden, NotFound
│   ├── BetRefused     (limits, funds, time)
│   ├── DeskRefused    (cards, shoe, table: what a dealer or the pit asked for)
│   ├── WalletStopped, NotStopped, PaymentRefused (amount, policy, state of a deposit or withdrawal)
│   ├── SignatureRefused (a webhook)
│   ├── SeatTaken, AlreadySeated, NotAtTable, TooManyTablesWatched
│   └── IdempotencyConflict
├── RoundError         the round cannot take this step
│   ├── RoundVoided, RoundNotDue, Fenced, RoundNotVoidable
│   └── IllegalTransition
├── PaytableAbove100   a table's configuration would lose money; never seen by a client
├── ProviderUnavailable, ProviderRefused   what the payment provider does
├── Contention         lost a race; safe to repeat
└── IntegrityError     something that must hold does not; stop and call a human
"""

from __future__ import annotations

from typing import ClassVar


class BaccaratError(Exception):
    """Base of all errors raised on purpose.

    ``message`` says what was wrong and what would be right, for a person. ``details`` are plain
    JSON values for a program, never secrets.
    """

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Refused(BaccaratError):
    """The request cannot be granted and nothing was changed."""


class InvalidRequest(Refused):
    code = "INVALID_REQUEST"


class MalformedJson(InvalidRequest):
    code = "MALFORMED_JSON"


class MessageTooLarge(InvalidRequest):
    code = "MESSAGE_TOO_LARGE"


class UnknownAction(InvalidRequest):
    code = "UNKNOWN_ACTION"


class Forbidden(Refused):
    code = "FORBIDDEN"


class NotFound(Refused):
    code = "NOT_FOUND"


class TableNotFound(NotFound):
    code = "TABLE_NOT_FOUND"


class NoCamera(NotFound):
    """The table exists, and nothing films it."""

    code = "NO_CAMERA"


class RoundNotFound(NotFound):
    code = "ROUND_NOT_FOUND"


class BetNotFound(NotFound):
    code = "BET_NOT_FOUND"


class TranscriptNotFound(NotFound):
    code = "TRANSCRIPT_NOT_FOUND"


class RecordingNotFound(NotFound):
    code = "RECORDING_NOT_FOUND"


class IdempotencyConflict(Refused):
    """The idempotency key was used before with another body."""

    code = "IDEMPOTENCY_CONFLICT"


class DeskRefused(Refused):
    """What a dealer or the pit asked for cannot be done now."""

    code = "DESK_REFUSED"


class CardNotPossible(DeskRefused):
    """The shoe cannot hold the card, or no hand takes one now."""

    code = "CARD_NOT_POSSIBLE"


class WrongCard(DeskRefused):
    """The scanned card is not the one that the committed order says."""

    code = "WRONG_CARD"


class DealingPaused(DeskRefused):
    code = "DEALING_PAUSED"


class NothingToConfirm(DeskRefused):
    code = "NOTHING_TO_CONFIRM"


class ScanPending(DeskRefused):
    """A scan waits to be confirmed or undone first."""

    code = "SCAN_PENDING"


class NotYourTable(DeskRefused):
    code = "NOT_YOUR_TABLE"


class NoSuchStep(DeskRefused):
    """The table or its round is in no state for this command."""

    code = "NO_SUCH_STEP"


class ShoeNotPossible(DeskRefused):
    code = "SHOE_NOT_POSSIBLE"


class NeedsAnotherPerson(DeskRefused):
    """Two people are needed, and this one is the first of them."""

    code = "NEEDS_ANOTHER_PERSON"


class BetRefused(Refused):
    code = "BET_REFUSED"


class BettingClosed(BetRefused):
    code = "BETTING_CLOSED"


class SpotNotOffered(BetRefused):
    code = "SPOT_NOT_OFFERED"


class StakeBelowMinimum(BetRefused):
    code = "STAKE_BELOW_MINIMUM"


class StakeAboveMaximum(BetRefused):
    code = "STAKE_ABOVE_MAXIMUM"


class SideBetAboveShare(BetRefused):
    """Side bets would be more than their share of the bets on Player and Banker."""

    code = "SIDE_BET_ABOVE_SHARE"


class PayoutAboveMaximum(BetRefused):
    """The player could get back more than the table pays a player in one round."""

    code = "PAYOUT_ABOVE_MAXIMUM"


class TableDifferential(BetRefused):
    """All players together would have too much more on one of Player and Banker."""

    code = "TABLE_DIFFERENTIAL"


class TooManyBets(BetRefused):
    code = "TOO_MANY_BETS"


class TooManyTables(BetRefused):
    code = "TOO_MANY_TABLES"


class InsufficientFunds(BetRefused):
    code = "INSUFFICIENT_FUNDS"


class BetNotCancellable(BetRefused):
    code = "BET_NOT_CANCELLABLE"


class MainBetNeeded(BetRefused):
    """A bet on Player or Banker stays as long as side bets need it for their share."""

    code = "MAIN_BET_NEEDED"


class WalletStopped(Refused):
    """The house checks the wallet: money may come in, none may leave."""

    code = "WALLET_STOPPED"


class NotStopped(Refused):
    """The wallet has no such stop to let it go from; ``details`` name its newest."""

    code = "NOT_STOPPED"


class WalletNotFound(NotFound):
    code = "WALLET_NOT_FOUND"


class PaymentRefused(Refused):
    """A deposit or withdrawal that may not be, or not any more."""

    code = "PAYMENT_REFUSED"


class PaymentNotFound(NotFound):
    code = "PAYMENT_NOT_FOUND"


class AmountNotAllowed(PaymentRefused):
    """Below the smallest or above the largest amount of a payment; ``details`` say which."""

    code = "AMOUNT_NOT_ALLOWED"


class NotPermitted(PaymentRefused):
    """The policy says no to this player; ``details`` carry its reason codes."""

    code = "NOT_PERMITTED"


class NotCancellable(PaymentRefused):
    """The payment has gone too far to be cancelled."""

    code = "PAYMENT_NOT_CANCELLABLE"


class AlreadyDecided(PaymentRefused):
    """The payment is not waiting for a decision any more."""

    code = "ALREADY_DECIDED"


class SignatureRefused(Refused):
    """A message that claims to come from the payment provider and does not prove it."""

    code = "SIGNATURE_REFUSED"


class ProviderUnavailable(BaccaratError):
    """The payment provider does not answer; whether it did what was asked is not known. It is safe
    to repeat: it knows a payment by our id.
    """

    code = "PROVIDER_UNAVAILABLE"


class ProviderRefused(BaccaratError):
    """The payment provider will not do what was asked, now or later; ``reason`` is its own word."""

    code = "PROVIDER_REFUSED"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the payment provider refuses: {reason}", reason=reason)
        self.reason = reason


class SeatTaken(Refused):
    code = "SEAT_TAKEN"


class AlreadySeated(Refused):
    """The player has another seat at this table; ``details`` name it."""

    code = "ALREADY_SEATED"


class NotAtTable(Refused):
    code = "NOT_AT_TABLE"


class TooManyTablesWatched(Refused):
    code = "TOO_MANY_TABLES_WATCHED"


class RoundError(BaccaratError):
    """The round cannot take this step now."""

    code = "ROUND_ERROR"


class IllegalTransition(RoundError):
    code = "ILLEGAL_TRANSITION"


class RoundVoided(RoundError):
    code = "ROUND_VOIDED"


class RoundNotDue(RoundError):
    """The step came before its time; repeat it a little later."""

    code = "ROUND_NOT_DUE"


class RoundNotVoidable(RoundError):
    code = "ROUND_NOT_VOIDABLE"


class Fenced(RoundError):
    """Another driver holds the table with a newer epoch; this one must stop."""

    code = "FENCED"


class TableNotOpen(RoundError):
    """The table rests: it is not open, or a shoe or a dealer is missing."""

    code = "TABLE_NOT_OPEN"


class PaytableAbove100(BaccaratError):
    """A bet would give back more than is staked: no table is configured so."""

    code = "PAYTABLE_ABOVE_100"


class Contention(BaccaratError):
    """Somebody else changed the same item first. Nothing was written; repeat from the read."""

    code = "CONTENTION"


class IntegrityError(BaccaratError):
    """Stored facts disagree. No retry helps: stop and alarm."""

    code = "INTEGRITY"
