"""What the state machine waits for while a dealer draws the cards: the desk's answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from baccarat.application.append import advance
from baccarat.application.drive_round import Step, load_round, load_table
from baccarat.application.ports import Clock, Commit, Floor, RoundRecord, Signer, Tasks
from baccarat.application.retry import on_contention
from baccarat.domain.round import PauseDealing, PauseReason, RoundState

NO_CARD: Final = "NoCard"
"""The error with which a wait ends when not one card was drawn in time."""

HOUSE: Final = "house"
"""Who did what no person did."""


def await_cards(step: Step, token: str, *, floor: Floor, tasks: Tasks, clock: Clock) -> RoundRecord:
    """Keep the token that the last card of the hand answers.

    Raises:
        Fenced, RoundVoided: another driver holds the table, or the pit voided the round.
    """

    def attempt() -> RoundRecord:
        record = load_round(floor, step)
        if _is_dealt(record):
            tasks.succeed(token)
            return record
        after = replace(record, task_token=token, writes=record.writes + 1)
        floor.commit(Commit((), record, after))
        return after

    return on_contention(clock, attempt)


def pause_dealing(
    step: Step, token: str, *, floor: Floor, tasks: Tasks, signer: Signer, clock: Clock
) -> RoundRecord:
    """The dealer is gone: with cards on the table wait for the pit, without any give up.

    Raises:
        Fenced, RoundVoided: as ``await_cards``.
    """

    def attempt() -> RoundRecord:
        record = load_round(floor, step)
        if _is_dealt(record):
            tasks.succeed(token)
            return record
        if not record.round.cards and record.round.state is RoundState.CLOSED:
            tasks.fail(token, NO_CARD)
            return record
        table = load_table(floor, step.table_id)
        lease_until_ms = table.lease_for_pause(clock.now_ms())
        if record.round.paused is not None:
            after = replace(record, task_token=token, writes=record.writes + 1)
            longer = table.changed(lease_until_ms=lease_until_ms)
            floor.commit(Commit((), record, after, table, longer))
            return after
        return advance(
            record,
            PauseDealing(PauseReason.DEALER_GONE, HOUSE),
            floor=floor,
            signer=signer,
            clock=clock,
            table=(table, lambda _: table.changed(lease_until_ms=lease_until_ms)),
            task_token=token,
            pending=record.pending,
        )

    return on_contention(clock, attempt)


def _is_dealt(record: RoundRecord) -> bool:
    round_ = record.round
    if round_.state not in (RoundState.CLOSED, RoundState.DEALING):
        return True
    return bool(round_.cards) and round_.next_hand is None and round_.paused is None
