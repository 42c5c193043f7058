"""Change records, as Lambda gets them of a stream (binaries are bytes)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tests.simulation.store.values import Item, copy_item, item_bytes

Record = dict[str, Any]

_OLD: Final = frozenset({"OLD_IMAGE", "NEW_AND_OLD_IMAGES"})
_NEW: Final = frozenset({"NEW_IMAGE", "NEW_AND_OLD_IMAGES"})
VIEWS: Final = frozenset({"KEYS_ONLY"}) | _OLD | _NEW


class Stream:
    """A record for each write that changed something, in the order of the writes."""

    def __init__(self, arn: str, view: str, key_names: Iterable[str]) -> None:
        self.arn = arn
        self.view = view
        self._key_names = tuple(key_names)
        self._changes: list[tuple[int, Item | None, Item | None]] = []

    def append(self, old: Item | None, new: Item | None, now_ms: int) -> None:
        if old != new:
            self._changes.append((now_ms, old, new))

    def records(self, after: int = 0) -> list[Record]:
        """Return the records but the first ``after``."""
        return [
            self._record(number, *self._changes[number])
            for number in range(after, len(self._changes))
        ]

    def _record(self, number: int, at_ms: int, old: Item | None, new: Item | None) -> Record:
        present = new if new is not None else old
        assert present is not None
        images = {"Keys": {name: present[name] for name in self._key_names}}
        if new is not None and self.view in _NEW:
            images["NewImage"] = new
        if old is not None and self.view in _OLD:
            images["OldImage"] = old
        kind = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
        return {
            "eventID": f"{number:032x}",
            "eventName": kind,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self.arn.split(":")[3],
            "eventSourceARN": self.arn,
            "dynamodb": {
                "ApproximateCreationDateTime": at_ms // 1000,
                **{name: copy_item(image) for name, image in images.items()},
                "SequenceNumber": f"{number + 1:021d}",
                "SizeBytes": sum(map(item_bytes, images.values())),
                "StreamViewType": self.view,
            },
        }
