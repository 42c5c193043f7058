"""The journal in DynamoDB: one item for each version of each wallet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pynamodb.exceptions import PutError

from baccarat.adapters.dynamodb.models import EntryItem
from baccarat.adapters.strict_json import loads
from baccarat.domain.canonical import canonical
from baccarat.domain.errors import IntegrityError, MalformedJson
from baccarat.domain.journal import Entry

_FIRST: Final = 1
_LAST: Final = 10**12 - 1


class DynamoJournal:
    """Implements ``ports.Journal``. All reads are consistent."""

    def entry(self, player_id: str, currency: str, version: int) -> Entry | None:
        try:
            item = EntryItem.get(
                _key(player_id, currency), _version_key(version), consistent_read=True
            )
        except EntryItem.DoesNotExist:
            return None
        return _entry(item)

    def last(self, player_id: str, currency: str) -> Entry | None:
        return next(iter(self.entries_before(player_id, currency, before=None, limit=1)), None)

    def entries(
        self, player_id: str, currency: str, *, after: int = 0, limit: int | None = None
    ) -> list[Entry]:
        found = EntryItem.query(
            _key(player_id, currency),
            EntryItem.sk.between(_version_key(after + 1), _version_key(_LAST)),
            consistent_read=True,
            limit=limit,
        )
        return [_entry(item) for item in found]

    def entries_before(
        self, player_id: str, currency: str, *, before: int | None, limit: int
    ) -> list[Entry]:
        newest = _LAST if before is None else before - 1
        if newest < _FIRST:
            return []
        found = EntryItem.query(
            _key(player_id, currency),
            EntryItem.sk.between(_version_key(_FIRST), _version_key(newest)),
            consistent_read=True,
            scan_index_forward=False,
            limit=limit,
        )
        return [_entry(item) for item in found]

    def append(self, entry: Entry) -> bool:
        try:
            _item(entry).save(condition=EntryItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def versions(self, player_id: str, currency: str) -> set[int]:
        found = EntryItem.query(
            _key(player_id, currency), consistent_read=True, attributes_to_get=["pk", "sk"]
        )
        return {int(item.sk) for item in found}

    def replace(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            _item(entry).save()

    def remove(self, player_id: str, currency: str, version: int) -> None:
        EntryItem(_key(player_id, currency), _version_key(version)).delete()


def _key(player_id: str, currency: str) -> str:
    return f"WALLET#{player_id}#{currency}"


def _version_key(version: int) -> str:
    return f"{version:012d}"


def _item(entry: Entry) -> EntryItem:
    return EntryItem(
        _key(entry.player_id, entry.currency),
        _version_key(entry.movement.version),
        entry=canonical(entry.to_json()).decode(),
    )


def _entry(item: EntryItem) -> Entry:
    try:
        entry = Entry.from_json(loads(item.entry))
    except (ValueError, MalformedJson) as error:
        raise IntegrityError(f"journal {item.pk} {item.sk}: {error}") from error
    if (item.pk, item.sk) != (
        _key(entry.player_id, entry.currency),
        _version_key(entry.movement.version),
    ):
        raise IntegrityError(f"journal {item.pk} {item.sk} holds the entry of another place")
    return entry
