"""Correcting a settled round: propose, approve by another person, apply once to every wallet."""

from __future__ import annotations

from typing import Final

from baccarat.application.append import advance_table
from baccarat.application.bets import player_wallet
from baccarat.application.desk import DeskWork
from baccarat.application.drive_round import load_table, sealed_book
from baccarat.application.ports import Archive, Ledger, RoundRecord
from baccarat.application.retry import on_contention
from baccarat.domain import wallet as money
from baccarat.domain.cards import Card
from baccarat.domain.correction import (
    Correction,
    CorrectionState,
    changes_between,
    coup_of,
    due_by_player,
    newest_applied,
    place_of,
)
from baccarat.domain.coup import Coup
from baccarat.domain.errors import CardNotPossible, NoSuchStep, NotFound, RoundNotFound
from baccarat.domain.movement import MovementKind
from baccarat.domain.paytable import PAYTABLES
from baccarat.domain.round import Fact, Round, RoundState
from baccarat.domain.table import Table
from baccarat.domain.table import round_id as round_id_of
from baccarat.domain.wallet import HousePosting


def propose(
    table_id: str,
    round_id: str,
    cards: tuple[Card, ...] | None,
    by: str,
    note: str,
    *,
    archive: Archive,
    work: DeskWork,
) -> Correction:
    """Propose what a settled round should have been; no money moves.

    Raises:
        RoundNotFound, NoSuchStep: the round is not settled, another correction of it is open, or
            nothing would change. CardNotPossible: the cards are no complete hand.
    """

    def attempt() -> Correction:
        record = _settled(table_id, round_id, work)
        earlier = _of_round(table_id, round_id, work)
        if any(c.state in (CorrectionState.PROPOSED, CorrectionState.APPROVED) for c in earlier):
            raise NoSuchStep(f"a correction of round {round_id} is open; decide that one first")
        number = len(earlier) + 1
        correction = Correction(table_id, round_id, number, cards, note, by, work.clock.now_ms())
        if not _changes(record, correction, earlier, archive):
            raise NoSuchStep("these cards change nothing for any bet of the round")
        table = load_table(work.floor, table_id)
        _write(table, None, correction, correction.proposed(), work)
        return correction

    return on_contention(work.clock, attempt)


def approve(
    table_id: str,
    correction_id: str,
    by: str,
    *,
    ledger: Ledger,
    archive: Archive,
    work: DeskWork,
) -> Correction:
    """Approve a correction and apply it, once, whoever else approves it too.

    Raises:
        NeedsAnotherPerson: ``by`` proposed it. NoSuchStep: it was rejected.
        RoundNotFound, NotFound: there is no such round, or no such correction of it.
    """
    round_id, number = place_of(correction_id)
    record = _settled(table_id, round_id, work)

    def decide() -> tuple[Correction, dict[str, int]]:
        earlier = _of_round(table_id, round_id, work)
        correction = _numbered(earlier, number, correction_id)
        changes = _changes(record, correction, earlier[: number - 1], archive)
        if correction.state in (CorrectionState.APPROVED, CorrectionState.APPLIED):
            return correction, changes
        approved, fact = correction.approved(by, changes)
        _write(load_table(work.floor, table_id), correction, approved, fact, work)
        return approved, changes

    approved, changes = on_contention(work.clock, decide)
    if approved.state is CorrectionState.APPLIED:
        return approved
    moved = [
        (amount, _adjust(player_id, amount, approved, record.round.currency, ledger, work))
        for player_id, amount in changes.items()
    ]

    def finish() -> Correction:
        now = _of_round(table_id, round_id, work)[number - 1]
        if now.state is CorrectionState.APPLIED:
            return now
        table = load_table(work.floor, table_id)
        corrected = _with_result(table, record.round, now, work)
        changed = corrected.history != table.history
        applied, fact = now.applied(moved, "".join(corrected.results) if changed else None)
        posting = HousePosting(
            table_id,
            round_id,
            record.round.currency,
            staked_minor=0,
            paid_minor=applied.credited_minor - applied.debited_minor,
            correction_no=applied.number,
        )
        _write(table, now, applied, fact, work, posting, history=corrected.history)
        return applied

    return on_contention(work.clock, finish)


def reject(table_id: str, correction_id: str, by: str, note: str, work: DeskWork) -> Correction:
    """Raises: NotFound; NoSuchStep when it is decided already."""
    round_id, number = place_of(correction_id)

    def attempt() -> Correction:
        correction = _numbered(_of_round(table_id, round_id, work), number, correction_id)
        rejected, fact = correction.rejected(by, note)
        _write(load_table(work.floor, table_id), correction, rejected, fact, work)
        return rejected

    return on_contention(work.clock, attempt)


def _settled(table_id: str, round_id: str, work: DeskWork) -> RoundRecord:
    record = work.floor.round(round_id)
    if record is None or record.round.table_id != table_id:
        raise RoundNotFound(f"table {table_id} has no round {round_id}", roundId=round_id)
    if record.round.state is not RoundState.SETTLED:
        raise NoSuchStep(
            f"round {round_id} is {record.round.state}; only a settled round is corrected",
            state=record.round.state.value,
        )
    return record


def _of_round(table_id: str, round_id: str, work: DeskWork) -> list[Correction]:
    found = work.floor.corrections(table_id, round_id)
    return sorted(found, key=lambda correction: correction.number)


def _numbered(corrections: list[Correction], number: int, correction_id: str) -> Correction:
    if not 1 <= number <= len(corrections):
        raise NotFound(f"there is no correction {correction_id}", correctionId=correction_id)
    return corrections[number - 1]


def _changes(
    record: RoundRecord, correction: Correction, earlier: list[Correction], archive: Archive
) -> dict[str, int]:
    """Return by player what ``correction`` adds to what stands after ``earlier``."""
    round_ = record.round
    book, paytable = sealed_book(record, archive), PAYTABLES[round_.paytable_version]
    before = newest_applied(earlier)
    standing = _coup(before) if before is not None else round_.coup
    return changes_between(
        due_by_player(book, standing, paytable),
        due_by_player(book, _coup(correction), paytable),
    )


def _coup(correction: Correction) -> Coup | None:
    if correction.cards is None:
        return None
    try:
        coup, _ = coup_of(correction.cards)
    except ValueError as error:
        raise CardNotPossible(f"the corrected cards are no hand: {error}") from error
    return coup


def _adjust(
    player_id: str,
    amount_minor: int,
    correction: Correction,
    currency: str,
    ledger: Ledger,
    work: DeskWork,
) -> int:
    """Move what a correction gives or takes, once; return what moved."""

    def attempt() -> int:
        wallet = player_wallet(player_id, currency, ledger)
        after, adjustment = money.adjust(
            wallet,
            MovementKind.CORRECTION,
            correction.correction_id,
            amount_minor,
            work.clock.now_ms(),
        )
        existing = ledger.adjust(wallet, after, adjustment)
        return (existing or adjustment).amount_minor

    return on_contention(work.clock, attempt)


_ROUNDS_AT_ONCE: Final = 100


def _with_result(table: Table, round_: Round, correction: Correction, work: DeskWork) -> Table:
    """Return ``table`` with the result of ``correction`` in its history, if it is of that shoe."""
    if round_.shoe.unseen.shoe_id != table.newest_shoe_id:
        return table
    first, last = round_.round_no + 1, table.round_no
    settled_after = 0
    for start in range(first, last + 1, _ROUNDS_AT_ONCE):
        numbers = range(start, min(start + _ROUNDS_AT_ONCE, last + 1))
        records = work.floor.rounds([round_id_of(table.table_id, number) for number in numbers])
        settled_after += sum(r.round.state is RoundState.SETTLED for r in records)
    coup = _coup(correction)
    return table.with_corrected(coup.outcome if coup is not None else None, settled_after)


def _write(
    table: Table,
    before: Correction | None,
    after: Correction,
    fact: Fact,
    work: DeskWork,
    posting: HousePosting | None = None,
    *,
    history: tuple[str, ...] | None = None,
) -> None:
    kept = table.history if history is None else history
    advance_table(
        table,
        [fact],
        floor=work.floor,
        signer=work.signer,
        clock=work.clock,
        after=lambda _: table.changed(history=kept),
        correction=(before, after),
        posting=posting,
    )
