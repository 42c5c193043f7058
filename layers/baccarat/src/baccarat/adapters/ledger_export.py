"""A wallet's journal as a file: JSON lines or CSV, see ``docs/formats/ledger-export.md``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from baccarat.adapters.strict_json import loads
from baccarat.domain.canonical import JsonObject, canonical
from baccarat.domain.errors import MalformedJson
from baccarat.domain.journal import MEMBERS, Entry

_TEXTS: Final = frozenset({"playerId", "currency", "kind", "reference", "prev", "hash"})
_HEADER: Final = ",".join(MEMBERS)


def to_json_lines(entries: Iterable[Entry]) -> str:
    """Return one line of canonical JSON for each entry."""
    return "".join(canonical(entry.to_json()).decode() + "\n" for entry in entries)


def to_csv(entries: Iterable[Entry]) -> str:
    """Return a line of names and one for each entry."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MEMBERS)
    for entry in entries:
        members = entry.to_json()
        writer.writerow([members[name] for name in MEMBERS])
    return text.getvalue()


def read_export(text: str) -> Iterator[Entry]:
    """Return the entries of a file in either format.

    Raises:
        ValueError: naming the line that is no entry, or whose hash does not hold.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    is_csv = bool(lines) and not lines[0].startswith("{")
    if is_csv and lines[0] != _HEADER:
        raise ValueError(f"line 1: neither an entry as JSON nor the names {_HEADER}")
    for number, line in enumerate(lines[1:] if is_csv else lines, start=2 if is_csv else 1):
        try:
            yield Entry.from_json(_from_row(line) if is_csv else loads(line))
        except (ValueError, MalformedJson) as error:
            raise ValueError(f"line {number}: {error}") from error


def _from_row(line: str) -> JsonObject:
    [row] = csv.reader([line], strict=True)
    if len(row) != len(MEMBERS):
        raise ValueError(f"{len(row)} values where there are {len(MEMBERS)} names")
    return {
        name: value if name in _TEXTS else int(value)
        for name, value in zip(MEMBERS, row, strict=True)
    }
