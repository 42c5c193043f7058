"""Write units as DynamoDB bills them, counted from its own answers."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class WriteUnits:
    """Sums the units of one client's transactions. A transaction that is cancelled is billed too,
    but its units are not in the answer, so they are not counted here.
    """

    def __init__(self) -> None:
        self._units = 0.0
        self._lock = Lock()

    def watch(self, client: DynamoDBClient) -> None:
        """Ask for the consumed capacity of every transaction of ``client`` and add it up."""
        events = client.meta.events
        events.register("provide-client-params.dynamodb.TransactWriteItems", _ask)
        events.register("after-call.dynamodb.TransactWriteItems", self._add)

    def take(self) -> float:
        """Return the units since the last call."""
        with self._lock:
            units, self._units = self._units, 0.0
        return units

    def _add(self, parsed: dict[str, Any], **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        with self._lock:
            self._units += sum(table["CapacityUnits"] for table in consumed)


def _ask(params: dict[str, Any], **_: object) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"
