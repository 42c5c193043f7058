"""Several items in one transaction, through the boto3 client.

pynamodb's own ``TransactWrite`` reorders its operations, so its cancellation reasons no longer line
up with them (PynamoDB issue 1284); this keeps the order of the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from pynamodb.models import Model

from baccarat.domain.errors import BaccaratError, Contention

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

ABSENT: Final = "attribute_not_exists(pk)"

_RACES: Final = frozenset(
    {
        "ConditionalCheckFailed",
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    }
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One item of a transaction: a put of the whole item, a check of it, or its deletion.

    ``values`` are the placeholders of ``condition`` as DynamoDB values; attribute names that are
    reserved words are written ``#name`` and listed in ``names``.
    """

    item: Model
    condition: str
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    check_only: bool = False
    delete: bool = False
    return_old: bool = False


class Cancelled(BaccaratError):
    """A transaction did not happen. ``reasons`` line up with its operations."""

    def __init__(self, codes: list[str], old_items: list[dict[str, Any] | None]) -> None:
        super().__init__(f"transaction cancelled: {', '.join(codes)}")
        self.codes = codes
        self.old_items = old_items

    @property
    def is_race(self) -> bool:
        """Whether a repeat from the read may succeed."""
        return all(code in _RACES for code in self.codes if code != "None")


def number(value: int) -> dict[str, Any]:
    return {"N": str(value)}


def text(value: str) -> dict[str, Any]:
    return {"S": value}


def on_version(item: Model, version: int) -> Operation:
    """Replace ``item`` if what is stored still has ``version``."""
    return Operation(
        item, "#version = :version", {":version": number(version)}, {"#version": "version"}
    )


def if_absent(item: Model, *, return_old: bool = False) -> Operation:
    """Put ``item`` if there is none with its key."""
    return Operation(item, ABSENT, return_old=return_old)


def execute(client: DynamoDBClient, operations: Sequence[Operation]) -> None:
    """Do all of ``operations`` or none.

    Raises:
        Cancelled: a condition failed, or the items are contended for.
        Contention: the table or the account is throttled.
    """
    try:
        client.transact_write_items(TransactItems=[_request(operation) for operation in operations])
    except client.exceptions.TransactionCanceledException as error:
        reasons = error.response.get("CancellationReasons", [])
        raise Cancelled(
            [reason.get("Code", "None") for reason in reasons],
            [dict(reason["Item"]) if reason.get("Item") else None for reason in reasons],
        ) from error
    except ClientError as error:
        if error.response["Error"]["Code"] in (
            "TransactionInProgressException",
            "ThrottlingException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
        ):
            raise Contention(f"DynamoDB is busy: {error}") from error
        raise


def _request(operation: Operation) -> TransactWriteItemTypeDef:
    model = operation.item
    by_key = operation.check_only or operation.delete
    serialized = model.serialize(null_check=not by_key)
    request: dict[str, Any] = {
        "TableName": model.Meta.table_name,
        "ConditionExpression": operation.condition,
    }
    if operation.values:
        request["ExpressionAttributeValues"] = operation.values
    if operation.names:
        request["ExpressionAttributeNames"] = operation.names
    if operation.return_old:
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if by_key:
        request["Key"] = {"pk": serialized["pk"], "sk": serialized["sk"]}
        kind = "Delete" if operation.delete else "ConditionCheck"
        return {kind: request}  # type: ignore[misc]
    request["Item"] = serialized
    return {"Put": request}  # type: ignore[typeddict-item]
