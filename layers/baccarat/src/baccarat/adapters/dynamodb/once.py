"""What may happen once, in DynamoDB."""

from __future__ import annotations

from typing import Final

from pynamodb.exceptions import PutError

from baccarat.adapters.dynamodb.models import UsedItem

_USED: Final = "USED"
_GRACE_SECONDS: Final = 300
"""Longer than clocks differ, so that nothing is forgotten while somebody still takes it."""


class DynamoOnce:
    """Implements ``ports.Once``: one conditional put, whichever process asks."""

    def consume(self, key: str, until_seconds: int) -> bool:
        item = UsedItem(key, _USED, ttl=until_seconds + _GRACE_SECONDS)
        try:
            # TTL deletes late, which only makes the answer no for longer.
            item.save(condition=UsedItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
        return True
