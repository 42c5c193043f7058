"""What calls cost in capacity units, as DynamoDB counts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.store.errors import constraint

WRITE_UNIT_BYTES: Final = 1024
READ_UNIT_BYTES: Final = 4096
TRANSACTIONAL: Final = 2
_LEVELS: Final = ("INDEXES", "TOTAL", "NONE")


@dataclass(slots=True)
class Billed:
    """All that a table was billed, refused writes as well."""

    read_units: float = 0.0
    write_units: float = 0.0


def write_units(*sizes: int) -> float:
    """Return the units of one write: a started KB of the larger of the old and the new item."""
    return float(max(1, -(-max(sizes) // WRITE_UNIT_BYTES)))


def read_units(size: int, *, consistent: bool) -> float:
    units = max(1, -(-size // READ_UNIT_BYTES))
    return float(units) if consistent else units / 2


def level_of(params: Mapping[str, Any]) -> str:
    """Raises: StoreError: ReturnConsumedCapacity has no value that there is."""
    level = params.get("ReturnConsumedCapacity", "NONE")
    if level not in _LEVELS:
        raise constraint(
            level, "returnConsumedCapacity", f"satisfy enum value set: [{', '.join(_LEVELS)}]"
        )
    return str(level)


def consumed(level: str, table: str, units: float, kind: str | None = None) -> dict[str, Any]:
    """Return an answer's ConsumedCapacity; ``kind`` (Read, Write) is told by transactions."""
    found: dict[str, Any] = {"CapacityUnits": units}
    if kind is not None:
        found[f"{kind}CapacityUnits"] = units
    if level == "INDEXES":
        return {"TableName": table, **found, "Table": dict(found)}
    return {"TableName": table, **found}
