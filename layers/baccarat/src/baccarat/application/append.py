"""The only way into the log: facts become signed, chained events and move the heads with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from baccarat.application.ports import Clock, Commit, Floor, RoundRecord, ShoeRecord, Signer
from baccarat.domain.correction import Correction
from baccarat.domain.errors import Fenced, RoundVoided
from baccarat.domain.log import GENESIS, Event, EventType, SignedEvent, signing_input
from baccarat.domain.round import (
    FINAL_STATES,
    Command,
    Fact,
    Round,
    RoundState,
    decide,
    evolve,
)
from baccarat.domain.table import Table
from baccarat.domain.wallet import HousePosting


def chain(
    facts: Sequence[Fact],
    *,
    table_id: str,
    round_id: str,
    epoch: int,
    last: SignedEvent | None,
    at_ms: int,
    signer: Signer,
) -> list[SignedEvent]:
    """Give ``facts`` their places after ``last`` in the log of ``epoch`` and sign them.

    ``last`` may belong to an earlier epoch; the first event of the new one then has seq 1.
    """
    events: list[SignedEvent] = []
    for event_type, data in facts:
        continues = last is not None and last.event.epoch == epoch
        event = Event(
            table_id=table_id,
            round_id=round_id,
            epoch=epoch,
            seq=last.event.seq + 1 if last is not None and continues else 1,
            type=event_type,
            at_ms=at_ms,
            data=data,
            prev=last.hash if last is not None else GENESIS,
        )
        event_hash = event.hash
        last = SignedEvent(event, event_hash, signer.sign(signing_input(event_hash)))
        events.append(last)
    return events


def log_time(last: SignedEvent | None, clock: Clock) -> int:
    """Return now, but never before the last event: clocks of different machines differ."""
    return max(clock.now_ms(), last.event.at_ms if last else 0)


def advance(
    record: RoundRecord,
    command: Command,
    *,
    floor: Floor,
    signer: Signer,
    clock: Clock,
    table: tuple[Table, Callable[[Round], Table]] | None = None,
    posting: HousePosting | None = None,
    **beside: Any,
) -> RoundRecord:
    """Carry out ``command`` on the round, with its events, in one transaction.

    ``table`` is the table before, and what makes it the table after from the round after, when the
    step changes it too. ``beside`` are members of the record that change with it; a scan that was
    pending no longer is.

    Raises:
        Contention: the round moved meanwhile.
        RoundError: the round cannot take the command.
    """
    round_ = record.round
    last = floor.last_event(round_.table_id, round_.epoch)
    at_ms = log_time(last, clock)
    events = chain(
        decide(round_, command, at_ms),
        table_id=round_.table_id,
        round_id=round_.round_id,
        epoch=round_.epoch,
        last=last,
        at_ms=at_ms,
        signer=signer,
    )
    state: Round = round_
    for signed in events:
        state = evolve(state, signed.event)
    changes: dict[str, Any] = {"pending": None, **beside}
    after = replace(record, round=state, writes=record.writes + 1, **changes)
    before_table, after_table = None, None
    if table is not None:
        before_table, after_table = table[0], table[1](state)
        if state.state in FINAL_STATES:
            end = events[-1].event
            after_table = replace(after_table, round_end=(end.epoch, end.seq))
    floor.commit(Commit(events, record, after, before_table, after_table, posting))
    return after


def advance_table(
    table: Table,
    facts: Sequence[Fact],
    *,
    floor: Floor,
    signer: Signer,
    clock: Clock,
    after: Callable[[Sequence[SignedEvent]], Table],
    sealed_secret: bytes | None = None,
    closed: ShoeRecord | None = None,
    correction: tuple[Correction | None, Correction] | None = None,
    posting: HousePosting | None = None,
) -> Table:
    """Write events that belong to no round, with the table that they change; ``sealed_secret`` is
    that of a shoe they open, ``closed`` a shoe that the first of them closes, as it was before,
    ``correction`` one before and after.

    Raises:
        Contention: the table moved meanwhile.
    """
    last = floor.last_event(table.table_id, table.epoch)
    events = chain(
        facts,
        table_id=table.table_id,
        round_id="",
        epoch=table.epoch,
        last=last,
        at_ms=log_time(last, clock),
        signer=signer,
    )
    table_after = after(events)
    shoe = opened_shoe(events, sealed_secret)
    if closed is not None:
        place = (events[0].event.epoch, events[0].event.seq)
        shoe = (closed, replace(closed, closed_at=place))
    floor.commit(
        Commit(
            events,
            table_before=table,
            table_after=table_after,
            posting=posting,
            shoe=shoe,
            correction=correction,
        )
    )
    return table_after


def opened_shoe(
    events: Sequence[SignedEvent], sealed_secret: bytes | None
) -> tuple[ShoeRecord | None, ShoeRecord] | None:
    """Return what is kept of the shoe that one of ``events`` opens, before and after; None if none
    does.
    """
    for signed in events:
        if signed.event.type is EventType.SHOE_OPENED:
            event = signed.event
            place = (event.epoch, event.seq)
            return None, ShoeRecord(str(event.data["shoeId"]), place, sealed_secret)
    return None


def check_epoch(record: RoundRecord, epoch: int) -> None:
    """Raises: Fenced when ``epoch`` is not the one in which the round is driven."""
    if record.round.epoch != epoch:
        raise Fenced(
            f"round {record.round.round_id} is driven in epoch {record.round.epoch}, not {epoch}"
        )


def check_driver(record: RoundRecord, epoch: int) -> None:
    """Raises: Fenced when ``epoch`` is not the round's; RoundVoided when the round is void."""
    check_epoch(record, epoch)
    if record.round.state is RoundState.VOIDED:
        raise RoundVoided(f"round {record.round.round_id} is void: {record.round.void_reason}")
