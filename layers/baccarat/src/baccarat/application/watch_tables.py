"""The watchdog: tables whose driver is gone are taken over, and their round resumed or voided."""

from __future__ import annotations

from dataclasses import replace

from baccarat.application.append import chain, log_time
from baccarat.application.drive_round import Step, complete_round, void_round
from baccarat.application.ports import (
    Archive,
    Clock,
    Commit,
    Floor,
    Ledger,
    RoundDriver,
    RoundRecord,
    Signer,
)
from baccarat.domain.errors import Contention
from baccarat.domain.log import EventType
from baccarat.domain.round import (
    FINAL_STATES,
    Fact,
    RoundState,
    TakeOver,
    VoidReason,
    decide,
    evolve,
)
from baccarat.domain.table import Table

_VOID_WHEN_DOWN = {
    RoundState.OPEN: VoidReason.TABLE_DOWN,
    RoundState.CLOSED: VoidReason.NO_CARD_BY_DEADLINE,
}
"""States in which a round whose driver died is voided; in the later ones it is finished."""


def take_over(
    table: Table,
    record: RoundRecord | None,
    reason: str,
    *,
    floor: Floor,
    signer: Signer,
    clock: Clock,
) -> Table:
    """Raise the table's epoch, and with it that of the round in flight.

    From here every write of the former driver fails. ``reason`` goes into the log.

    Raises:
        Contention: the former driver is alive and moved first.
    """
    last = floor.last_event(table.table_id, table.epoch)
    at_ms = log_time(last, clock)
    in_flight = record if record and record.round.state not in FINAL_STATES else None
    started: list[Fact] = [(EventType.EPOCH_STARTED, {"reason": reason})]
    facts = decide(in_flight.round, TakeOver(reason), at_ms) if in_flight else started
    events = chain(
        facts,
        table_id=table.table_id,
        round_id=in_flight.round.round_id if in_flight else "",
        epoch=table.epoch + 1,
        last=last,
        at_ms=at_ms,
        signer=signer,
    )
    after = table.changed(
        epoch=table.epoch + 1,
        lease_until_ms=table.lease_for_recovery(
            at_ms, table.epoch - in_flight.opened_epoch if in_flight else 0
        ),
    )
    round_after = (
        replace(
            in_flight,
            round=evolve(in_flight.round, events[0].event),
            writes=in_flight.writes + 1,
            task_token=None,
        )
        if in_flight
        else None
    )
    floor.commit(Commit(events, in_flight, round_after, table, after))
    return after


def watch_table(
    table: Table,
    *,
    floor: Floor,
    ledger: Ledger,
    archive: Archive,
    signer: Signer,
    driver: RoundDriver,
    clock: Clock,
) -> str:
    """Look after one table; return what was done, for the log of the watchdog.

    A table that rests is taken over too while its last round is unfinished; only the next round is
    not started then.
    """
    record = floor.round(table.current_round_id) if table.current_round_id else None
    in_flight = record is not None and record.round.state not in FINAL_STATES
    complete = record is None or (
        not in_flight and archive.transcript(table.table_id, record.round.round_id) is not None
    )
    if table.missing is not None and complete:
        return "RESTING"
    if clock.now_ms() < table.lease_until_ms:
        return "HEALTHY"
    try:
        reason = "LEASE_EXPIRED" if table.epoch else "TABLE_STARTED"
        taken = take_over(table, record, reason, floor=floor, signer=signer, clock=clock)
    except Contention:
        return "DRIVER_ALIVE"
    done = "STARTED"
    if record is not None and in_flight:
        void_reason = _VOID_WHEN_DOWN.get(record.round.state)
        if void_reason is None:
            _start(taken, record.round.round_id, driver)
            return "RESUMED"
        step = Step(table.table_id, record.round.round_id, taken.epoch)
        void_round(
            step,
            void_reason,
            floor=floor,
            ledger=ledger,
            archive=archive,
            signer=signer,
            clock=clock,
        )
        done = "VOIDED"
    elif record is not None and not complete:
        complete_round(
            record, floor=floor, ledger=ledger, archive=archive, signer=signer, clock=clock
        )
        done = "COMPLETED"
    if taken.missing is None:
        _start(taken, taken.next_round_id, driver)
    return done


def wake_table(
    table: Table, *, floor: Floor, signer: Signer, driver: RoundDriver, clock: Clock
) -> bool:
    """Start the next round of a table that rested, now that it may lack nothing; return whether.

    A round in flight starts the next one by itself. The epoch rises, because the name of the
    execution that found the table at rest is taken.

    Raises:
        Contention: somebody else moved the table.
    """
    record = floor.round(table.current_round_id) if table.current_round_id else None
    if table.missing is not None or (record is not None and record.round.state not in FINAL_STATES):
        return False
    taken = take_over(
        table,
        record,
        "TABLE_WOKEN" if table.epoch else "TABLE_STARTED",
        floor=floor,
        signer=signer,
        clock=clock,
    )
    _start(taken, taken.next_round_id, driver)
    return True


def _start(table: Table, round_id: str, driver: RoundDriver) -> None:
    # The plain round id may be taken by the dead driver's execution; the epoch makes it unique.
    driver.start(
        table_id=table.table_id,
        round_id=round_id,
        epoch=table.epoch,
        name=f"{round_id}.e{table.epoch}",
    )
