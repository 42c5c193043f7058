"""Codes are a contract with clients and runbooks: they stand here a second time, on purpose."""

from __future__ import annotations

from collections.abc import Iterator

from baccarat.domain import errors, transcript
from baccarat.domain.errors import BaccaratError

CODES = {
    "BaccaratError": "INTERNAL",
    "Refused": "INTERNAL",
    "InvalidRequest": "INVALID_REQUEST",
    "MalformedJson": "MALFORMED_JSON",
    "MessageTooLarge": "MESSAGE_TOO_LARGE",
    "UnknownAction": "UNKNOWN_ACTION",
    "Forbidden": "FORBIDDEN",
    "NotFound": "NOT_FOUND",
    "TableNotFound": "TABLE_NOT_FOUND",
    "NoCamera": "NO_CAMERA",
    "RoundNotFound": "ROUND_NOT_FOUND",
    "BetNotFound": "BET_NOT_FOUND",
    "TranscriptNotFound": "TRANSCRIPT_NOT_FOUND",
    "RecordingNotFound": "RECORDING_NOT_FOUND",
    "IdempotencyConflict": "IDEMPOTENCY_CONFLICT",
    "DeskRefused": "DESK_REFUSED",
    "CardNotPossible": "CARD_NOT_POSSIBLE",
    "WrongCard": "WRONG_CARD",
    "DealingPaused": "DEALING_PAUSED",
    "NothingToConfirm": "NOTHING_TO_CONFIRM",
    "ScanPending": "SCAN_PENDING",
    "NotYourTable": "NOT_YOUR_TABLE",
    "NoSuchStep": "NO_SUCH_STEP",
    "ShoeNotPossible": "SHOE_NOT_POSSIBLE",
    "NeedsAnotherPerson": "NEEDS_ANOTHER_PERSON",
    "BetRefused": "BET_REFUSED",
    "BettingClosed": "BETTING_CLOSED",
    "SpotNotOffered": "SPOT_NOT_OFFERED",
    "StakeBelowMinimum": "STAKE_BELOW_MINIMUM",
    "StakeAboveMaximum": "STAKE_ABOVE_MAXIMUM",
    "SideBetAboveShare": "SIDE_BET_ABOVE_SHARE",
    "PayoutAboveMaximum": "PAYOUT_ABOVE_MAXIMUM",
    "TableDifferential": "TABLE_DIFFERENTIAL",
    "MainBetNeeded": "MAIN_BET_NEEDED",
    "TooManyBets": "TOO_MANY_BETS",
    "TooManyTables": "TOO_MANY_TABLES",
    "InsufficientFunds": "INSUFFICIENT_FUNDS",
    "BetNotCancellable": "BET_NOT_CANCELLABLE",
    "WalletStopped": "WALLET_STOPPED",
    "NotStopped": "NOT_STOPPED",
    "WalletNotFound": "WALLET_NOT_FOUND",
    "PaymentRefused": "PAYMENT_REFUSED",
    "PaymentNotFound": "PAYMENT_NOT_FOUND",
    "AmountNotAllowed": "AMOUNT_NOT_ALLOWED",
    "NotPermitted": "NOT_PERMITTED",
    "NotCancellable": "PAYMENT_NOT_CANCELLABLE",
    "AlreadyDecided": "ALREADY_DECIDED",
    "SignatureRefused": "SIGNATURE_REFUSED",
    "ProviderUnavailable": "PROVIDER_UNAVAILABLE",
    "ProviderRefused": "PROVIDER_REFUSED",
    "SeatTaken": "SEAT_TAKEN",
    "AlreadySeated": "ALREADY_SEATED",
    "NotAtTable": "NOT_AT_TABLE",
    "TooManyTablesWatched": "TOO_MANY_TABLES_WATCHED",
    "RoundError": "ROUND_ERROR",
    "IllegalTransition": "ILLEGAL_TRANSITION",
    "RoundVoided": "ROUND_VOIDED",
    "RoundNotDue": "ROUND_NOT_DUE",
    "RoundNotVoidable": "ROUND_NOT_VOIDABLE",
    "Fenced": "FENCED",
    "TableNotOpen": "TABLE_NOT_OPEN",
    "PaytableAbove100": "PAYTABLE_ABOVE_100",
    "Contention": "CONTENTION",
    "IntegrityError": "INTEGRITY",
    "VerificationFailed": "VERIFICATION_FAILED",
}


def tree(kind: type[BaccaratError] = BaccaratError) -> Iterator[type[BaccaratError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__.startswith("baccarat.domain"):
            yield from tree(below)


def test_codes_are_stable() -> None:
    assert {kind.__name__: kind.code for kind in tree()} == CODES


def test_codes_are_unique_but_for_the_base_that_nobody_raises() -> None:
    codes = [kind.code for kind in tree() if kind is not errors.Refused]
    assert len(codes) == len(set(codes))


def test_what_a_client_may_do_follows_from_the_branch() -> None:
    def branch(kind: type[BaccaratError]) -> set[str]:
        return {below.__name__ for below in tree(kind)}

    assert branch(errors.BetRefused) == {
        "BetRefused",
        "BettingClosed",
        "SpotNotOffered",
        "StakeBelowMinimum",
        "StakeAboveMaximum",
        "SideBetAboveShare",
        "PayoutAboveMaximum",
        "TableDifferential",
        "MainBetNeeded",
        "TooManyBets",
        "TooManyTables",
        "InsufficientFunds",
        "BetNotCancellable",
    }
    assert branch(errors.RoundError).isdisjoint(branch(errors.Refused))
    assert branch(errors.NotFound) < branch(errors.Refused)
    assert branch(errors.InvalidRequest) < branch(errors.Refused)
    assert branch(errors.Contention) == {"Contention"}


def test_message_and_details() -> None:
    error = errors.StakeBelowMinimum("too small", min_minor=100)
    assert (str(error), error.message, error.details) == (
        "too small",
        "too small",
        {"min_minor": 100},
    )
    failed = transcript.VerificationFailed("chain", "broken")
    assert (failed.check, failed.message, failed.details) == ("chain", "broken", {"check": "chain"})
