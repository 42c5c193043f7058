"""The pit: tables are opened, paused and closed, hands put right, rounds voided.

Every decision is a signed event with who took it and why.
"""

from __future__ import annotations

from baccarat.application.append import advance
from baccarat.application.desk import (
    DeskWork,
    answer_if_dealt,
    burn,
    close_shoe_of,
    current_round,
    deal,
    dealt_already,
    round_in_hand,
    say,
    unseat,
    wake,
)
from baccarat.application.drive_round import Step, load_table, void_round
from baccarat.application.ports import Archive, Ledger, RoundRecord
from baccarat.application.retry import on_contention
from baccarat.domain.canonical import JsonObject
from baccarat.domain.cards import Card
from baccarat.domain.errors import CardNotPossible, NoSuchStep, RoundNotVoidable
from baccarat.domain.log import EventType
from baccarat.domain.round import (
    CardSource,
    Command,
    PauseDealing,
    PauseReason,
    ResumeDealing,
    RetractCards,
    RoundState,
    VoidReason,
)
from baccarat.domain.table import TableStatus

_STATUS_EVENTS = {
    TableStatus.OPEN: EventType.TABLE_OPENED,
    TableStatus.PAUSED: EventType.TABLE_PAUSED,
    TableStatus.CLOSED: EventType.TABLE_CLOSED,
}


def set_status(table_id: str, status: TableStatus, by: str, note: str, work: DeskWork) -> None:
    """Open, pause or close a table. A round in play is finished; no next one starts unless open."""

    def attempt() -> None:
        table = load_table(work.floor, table_id)
        if table.status is not status:
            data: JsonObject = {"by": by, "note": note}
            say(table, _STATUS_EVENTS[status], data, work, status=status)

    on_contention(work.clock, attempt)
    wake(table_id, work)


def relieve_dealer(table_id: str, by: str, work: DeskWork) -> None:
    """Take the dealer off the desk; the table waits for the next one after the round in play."""

    def attempt() -> None:
        table = load_table(work.floor, table_id)
        if table.dealer_id is not None:
            unseat(table, by, work)

    on_contention(work.clock, attempt)


def end_shoe(table_id: str, by: str, shoe_id: str, left: str | None, work: DeskWork) -> None:
    """Close the shoe in play. Raises: as ``desk.end_shoe``."""
    on_contention(
        work.clock,
        lambda: close_shoe_of(
            load_table(work.floor, table_id), shoe_id, by=by, left=left, work=work
        ),
    )


def _command(table_id: str, round_id: str, command: Command, work: DeskWork) -> RoundRecord:
    def attempt() -> RoundRecord:
        table = load_table(work.floor, table_id)
        record = round_in_hand(table, round_id, work)
        return advance(record, command, floor=work.floor, signer=work.signer, clock=work.clock)

    return on_contention(work.clock, attempt)


def pause_dealing(table_id: str, round_id: str, by: str, note: str, work: DeskWork) -> None:
    """Stop the deal of a hand. Raises: NoSuchStep, DealingPaused."""
    _command(table_id, round_id, PauseDealing(PauseReason.PIT_DECISION, by, note), work)


def resume_dealing(table_id: str, round_id: str, by: str, work: DeskWork) -> None:
    """Let the deal go on; a complete hand is resolved now. Raises: NoSuchStep."""
    answer_if_dealt(_command(table_id, round_id, ResumeDealing(by), work), work)


def order_rescan(
    table_id: str, round_id: str, place: int, by: str, note: str, work: DeskWork
) -> None:
    """Take back the cards from ``place`` on, to be scanned again.

    Raises:
        CardNotPossible: there are none. NoSuchStep.
    """
    _command(table_id, round_id, RetractCards(place, by, note), work)


def enter_card(
    table_id: str, round_id: str, place: int, card: Card, by: str, work: DeskWork
) -> None:
    """Deal the ``place``-th card by hand, where the scanner cannot; repeating it changes nothing.

    Raises:
        WrongCard, CardNotPossible: the card cannot be the next one. NoSuchStep.
    """

    def attempt() -> RoundRecord:
        table = load_table(work.floor, table_id)
        record = round_in_hand(table, round_id, work)
        if dealt_already(record.round, place, card):
            return record
        if place != len(record.round.cards) + 1:
            raise CardNotPossible(f"card {place} is not due", due=len(record.round.cards) + 1)
        return deal(table, record, card, by, CardSource.PIT, work)

    answer_if_dealt(on_contention(work.clock, attempt), work)


def burn_card(
    table_id: str, round_id: str, number: int, card: Card, by: str, note: str, work: DeskWork
) -> None:
    """Take an exposed or doubly drawn card out of play, as the ``number``-th of the round (from 1);
    repeating it changes nothing. Raises: as ``enter_card``.
    """

    def attempt() -> None:
        table = load_table(work.floor, table_id)
        record = round_in_hand(table, round_id, work)
        burned = record.round.burned
        if number <= len(burned) and burned[number - 1] == card:
            return
        if number != len(burned) + 1:
            raise CardNotPossible(
                f"{len(burned)} cards of the round are burned, so card {number} is not due",
                due=len(burned) + 1,
            )
        burn(table, record, card, by, note, work)

    on_contention(work.clock, attempt)


def void(
    table_id: str,
    round_id: str,
    by: str,
    note: str,
    *,
    ledger: Ledger,
    archive: Archive,
    work: DeskWork,
) -> None:
    """Void the round in play and give every stake back.

    Raises:
        NoSuchStep: it is not in play. RoundNotVoidable: it is resolved, or a server has dealt it:
            its cards are known, and a void would choose among results.
    """
    table = load_table(work.floor, table_id)
    record = current_round(table, work.floor)
    if record is None or record.round.round_id != round_id:
        raise NoSuchStep(f"round {round_id} is not in play", roundId=table.current_round_id)
    round_ = record.round
    if round_.state is RoundState.DEALING and not round_.mode.is_physical:
        raise RoundNotVoidable(
            f"the cards of round {round_id} are drawn by the server: it is finished, and "
            "corrected afterwards if it must be"
        )
    void_round(
        Step(table_id, round_id, round_.epoch),
        VoidReason.PIT_DECISION,
        floor=work.floor,
        ledger=ledger,
        archive=archive,
        signer=work.signer,
        clock=work.clock,
        by=by,
        note=note,
    )
    if record.task_token is not None:
        work.tasks.fail(record.task_token, "RoundVoided")
    wake(table_id, work)
