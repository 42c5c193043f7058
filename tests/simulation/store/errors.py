"""What DynamoDB answers when it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CONDITION_FAILED = "The conditional request failed"
NOTHING_WRONG = {"Code": "None"}


class StoreError(Exception):
    """A refusal: ``code`` and ``status`` as on the wire, and what else the answer's body has."""

    def __init__(self, code: str, message: str, *, status: int = 400, **body: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.body = body

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """The cancellation reasons, in the order of the request."""
        return list(self.body.get("CancellationReasons", []))


class KeyMismatch(StoreError):
    """The key is not of the table's schema; a transaction is cancelled for it."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class ExpressionError(Exception):
    """What is wrong in an expression; whoever knows which one it is makes it a ``StoreError``."""


def invalid(message: str) -> StoreError:
    return StoreError("ValidationException", message)


def invalid_parameter(message: str) -> StoreError:
    return invalid(f"One or more parameter values were invalid: {message}")


def constraint(value: Any, at: str, rule: str) -> StoreError:
    return invalid(
        f"1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: "
        f"Member must {rule}"
    )


def no_such_table() -> StoreError:
    return StoreError("ResourceNotFoundException", "Requested resource not found")


def condition_failed(old_item: dict[str, Any] | None = None) -> StoreError:
    body: dict[str, Any] = {} if old_item is None else {"Item": old_item}
    return StoreError("ConditionalCheckFailedException", CONDITION_FAILED, **body)


def cancelled(reasons: Sequence[dict[str, Any]]) -> StoreError:
    codes = ", ".join(reason["Code"] for reason in reasons)
    return StoreError(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        CancellationReasons=list(reasons),
    )


def conflict() -> StoreError:
    """The answer to a plain write while a transaction holds the item."""
    return StoreError("TransactionConflictException", "Transaction is ongoing for the item")


def throttled() -> StoreError:
    return StoreError(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded",
    )


def internal() -> StoreError:
    return StoreError("InternalServerError", "The request could not be processed", status=500)
