"""The video's use cases at the house: who may see and send pictures, and how they keep up."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from baccarat.application.ports import Clock, Entropy, Floor, Once
from baccarat.domain.errors import Forbidden, NoCamera, RoundNotFound, TableNotFound
from baccarat.domain.table import TableStatus
from baccarat.domain.video.access import MAY, VideoGrant, VideoRole
from baccarat.domain.video.sync import MAX_ROUND_AGE_MS, SyncReport

_TOKEN_ID_BYTES: Final = 16


def grant_video(
    table_id: str,
    wanted: VideoRole,
    subject: str,
    role: str,
    *,
    filmed: Collection[str],
    floor: Floor,
    entropy: Entropy,
    clock: Clock,
) -> VideoGrant:
    """Return what ``subject``, who has ``role`` in the house, may do with a table's picture.

    Raises:
        Forbidden: another role is needed.
        TableNotFound: there is no such table.
        NoCamera: it is not among the ``filmed`` ones.
    """
    if role not in MAY[wanted]:
        allowed = ", ".join(sorted(MAY[wanted]))
        raise Forbidden(f"a {role} may not {wanted.value} video; {allowed} may")
    if floor.table(table_id) is None:
        raise TableNotFound(f"there is no table {table_id}", tableId=table_id)
    if table_id not in filmed:
        raise NoCamera(f"table {table_id} has no camera: draw it", tableId=table_id)
    return VideoGrant(
        token_id=entropy.token_bytes(_TOKEN_ID_BYTES).hex(),
        subject=subject,
        table_id=table_id,
        role=wanted,
        issued_at_seconds=clock.now_ms() // 1000,
    )


def take_sync_report(
    report: SyncReport, user_id: str, *, floor: Floor, once: Once, clock: Clock
) -> bool:
    """Return whether the report counts; a second one by the same user of the same round does not.

    Raises:
        RoundNotFound: the table has had no such round, or not lately.
    """
    now_ms = clock.now_ms()
    record = floor.round(report.round_id)
    if (
        record is None
        or record.round.table_id != report.table_id
        or now_ms - record.round.opened_at_ms > MAX_ROUND_AGE_MS
    ):
        raise RoundNotFound(
            f"table {report.table_id} has had no round {report.round_id} in the last "
            f"{MAX_ROUND_AGE_MS // 60_000} minutes"
        )
    until_seconds = (now_ms + MAX_ROUND_AGE_MS) // 1000
    return once.consume(f"REPORT#{user_id}#{report.round_id}", until_seconds)


def cameras_open(filmed: Collection[str], *, floor: Floor) -> dict[str, bool]:
    """Return, of each filmed table, whether it is open; one that is not there is not."""
    tables = {table_id: floor.table(table_id) for table_id in filmed}
    return {
        table_id: table is not None and table.status is TableStatus.OPEN
        for table_id, table in tables.items()
    }
