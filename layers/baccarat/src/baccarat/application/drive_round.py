"""The steps of a round, one function each, in the order of the state machine.

Every step may run twice, late, or at the same time as itself: it reads where the round is, does
only what is missing, and returns the same answer, which is derived from the round and never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from baccarat.application.append import (
    advance,
    chain,
    check_driver,
    check_epoch,
    log_time,
    opened_shoe,
)
from baccarat.application.ports import (
    Archive,
    Clock,
    Commit,
    Entropy,
    Floor,
    Ledger,
    RoundDriver,
    RoundRecord,
    Signer,
    Vault,
)
from baccarat.application.refunds import PAYING_THREADS, refund_bets, refund_round
from baccarat.application.retry import on_contention
from baccarat.domain.book import BetBook, Payout, payouts, payouts_root
from baccarat.domain.errors import (
    Fenced,
    IntegrityError,
    RoundNotFound,
    RoundNotVoidable,
    TableNotFound,
    TableNotOpen,
)
from baccarat.domain.fairness import SEED_BYTES, commitment, deal_coup, deal_key
from baccarat.domain.log import EventType, SignedEvent, signing_input
from baccarat.domain.paytable import PAYTABLES
from baccarat.domain.round import (
    FINAL_STATES,
    CloseBets,
    DealCards,
    Fact,
    OpenRound,
    ResolveRound,
    RoundState,
    SealBook,
    SettleRound,
    VoidReason,
    VoidRound,
    decide,
    evolve,
)
from baccarat.domain.shoe_change import close_shoe, open_shoe
from baccarat.domain.table import Table
from baccarat.domain.transcript import MAX_EVENTS, house_transcript, seal_hash
from baccarat.domain.wallet import Bet, BetState, HousePosting, pay

WINNERS_PER_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Step:
    """Which round a step is for, and the epoch in which its driver holds the table."""

    table_id: str
    round_id: str
    epoch: int


def load_round(floor: Floor, step: Step) -> RoundRecord:
    """Raises: RoundNotFound, Fenced, RoundVoided."""
    record = floor.round(step.round_id)
    if record is None:
        raise RoundNotFound(f"there is no round {step.round_id}", roundId=step.round_id)
    check_driver(record, step.epoch)
    return record


def load_table(floor: Floor, table_id: str) -> Table:
    """Raises: TableNotFound."""
    table = floor.table(table_id)
    if table is None:
        raise TableNotFound(f"there is no table {table_id}", tableId=table_id)
    return table


def open_round(
    step: Step, *, floor: Floor, signer: Signer, vault: Vault, entropy: Entropy, clock: Clock
) -> RoundRecord:
    """OPEN: commit to a fresh seed and take bets.

    Raises:
        Fenced: another driver holds the table. TableNotOpen: the pit closed it.
    """

    def attempt() -> RoundRecord:
        # The table before the round: when another run opens it in between, the round is found.
        table = load_table(floor, step.table_id)
        existing = floor.round(step.round_id)
        if existing is not None:
            check_driver(existing, step.epoch)
            return existing
        if table.epoch != step.epoch or table.next_round_id != step.round_id:
            raise Fenced(
                f"table {table.table_id} is at {table.next_round_id} in epoch {table.epoch}, "
                f"not at {step.round_id} in epoch {step.epoch}"
            )
        if table.missing is not None:
            raise TableNotOpen(
                f"table {table.table_id} cannot open a round: missing is {table.missing}"
            )
        return _open(table, step)

    def _open(table: Table, step: Step) -> RoundRecord:
        last = floor.last_event(table.table_id, step.epoch)
        at_ms = log_time(last, clock)
        place = partial(
            chain, table_id=table.table_id, epoch=step.epoch, at_ms=at_ms, signer=signer
        )
        ready, facts = with_shoe_of_server(table)
        events = place(facts, round_id="", last=last)
        shoe = ready.shoe
        if shoe is None:
            raise IntegrityError(f"table {table.table_id} has no shoe")
        if events:
            last = events[-1]
            shoe = replace(shoe, opened=last.hash)
        seed = None if table.config.mode.is_physical else entropy.token_bytes(SEED_BYTES)
        command = OpenRound(
            round_no=table.round_no + 1,
            config=table.config,
            dealer_id=table.dealer_id or table.config.dealer_id,
            commitment=commitment(seed, step.round_id) if seed is not None else None,
            shoe=shoe,
        )
        opened = place(decide(None, command, at_ms), round_id=step.round_id, last=last)
        record = RoundRecord(
            round=evolve(None, opened[0].event),
            opened_epoch=step.epoch,
            starts_after=table.round_end,
            sealed_seed=vault.seal(seed, step.round_id) if seed is not None else None,
        )
        after = ready.changed(
            shoe=shoe,
            round_no=table.round_no + 1,
            lease_until_ms=table.lease_for_round(at_ms),
        )
        floor.commit(
            Commit([*events, *opened], None, record, table, after, shoe=opened_shoe(events, None))
        )
        return record

    return on_contention(clock, attempt)


def with_shoe_of_server(table: Table) -> tuple[Table, list[Fact]]:
    """Return the table with a new shoe if a server deals and the old one is finished, and the
    events of that; the shoe has no hash yet, and ``version`` is as before.
    """
    if table.config.mode.is_physical or (table.shoe is not None and not table.shoe.is_finished):
        return table, []
    facts: list[Fact] = []
    if table.shoe is not None:
        closed, _ = close_shoe(table.shoe, table.config.mode, by=None, secret=None, counted=None)
        facts.append(closed)
        table = replace(table, shoe=None)
    opened, shoe = open_shoe(table, by=None, commitment=None, burn_card=None, opening=None)
    return replace(table, shoe=shoe, shoe_no=table.shoe_no + 1, history=()), [*facts, opened]


def close_bets(
    step: Step, *, floor: Floor, ledger: Ledger, archive: Archive, signer: Signer, clock: Clock
) -> RoundRecord:
    """CLOSED: no cancel can commit from here; then seal the book, within the table's differential;
    then refund what is not in it.

    Raises:
        RoundNotDue: the announced time has not come.
    """

    def close() -> RoundRecord:
        record = load_round(floor, step)
        if record.round.state is not RoundState.OPEN:
            return record
        return advance(record, CloseBets(), floor=floor, signer=signer, clock=clock)

    def seal() -> RoundRecord:
        record = load_round(floor, step)
        if record.round.book_root is not None:
            return record
        bets = ledger.bets(step.round_id)
        book = BetBook.of_placed(bets, record.round.caps.differential_minor)
        # The pages of the book are stored before the event that makes them the book: whoever seals
        # second finds another root sealed, and its own copy is never referred to.
        archive.put_book(step.round_id, book)
        return advance(
            record,
            SealBook(book.root, len(book.entries), book.stakes()),
            floor=floor,
            signer=signer,
            clock=clock,
        )

    on_contention(clock, close)
    record = on_contention(clock, seal)
    sweep(record, ledger=ledger, archive=archive, clock=clock)
    return record


def sealed_book(record: RoundRecord, archive: Archive) -> BetBook:
    """Raises: IntegrityError when no book is sealed or the stored one is not the sealed one."""
    if record.round.book_root is None:
        raise IntegrityError(f"round {record.round.round_id} has no sealed book")
    return archive.book(record.round.round_id, record.round.book_root)


def sweep(record: RoundRecord, *, ledger: Ledger, archive: Archive, clock: Clock) -> None:
    """Refund every placed bet that the sealed book does not hold."""
    round_ = record.round
    book = sealed_book(record, archive)
    left = [
        (bet, book.reason_without(bet, round_.caps.differential_minor))
        for bet in ledger.bets(round_.round_id)
        if bet.state is BetState.PLACED and not book.holds(bet.player_id, bet.bet_id)
    ]
    refund_bets(left, ledger=ledger, clock=clock)


def deal_cards(
    step: Step, *, floor: Floor, vault: Vault, signer: Signer, clock: Clock
) -> RoundRecord:
    """DEALING: draw from the remaining shoe what seed and sealed book decide.

    Raises:
        IntegrityError: the sealed seed does not match the commitment.
    """

    def attempt() -> RoundRecord:
        record = load_round(floor, step)
        round_ = record.round
        if round_.state not in (RoundState.OPEN, RoundState.CLOSED):
            return record
        if round_.book_root is None:
            raise IntegrityError(f"round {round_.round_id} has no sealed book to deal on")
        if record.sealed_seed is None:
            raise IntegrityError(f"round {round_.round_id} has no seed: a dealer draws its cards")
        seed = vault.open(record.sealed_seed, round_.round_id)
        if commitment(seed, round_.round_id) != round_.commitment:
            raise IntegrityError(f"the seed of round {round_.round_id} is not the committed one")
        key = deal_key(
            seed,
            shoe_id=round_.shoe.unseen.shoe_id,
            round_id=round_.round_id,
            book_root=round_.book_root,
        )
        _, order = deal_coup(round_.shoe.unseen, key)
        table = load_table(floor, step.table_id)
        lease_until_ms = table.lease_for_round(clock.now_ms())
        return advance(
            record,
            DealCards(order, table.config.procedure.cut_cards),
            floor=floor,
            signer=signer,
            clock=clock,
            seed=seed,
            table=(
                table,
                lambda after: table.changed(
                    shoe=table.shoe_after(after), lease_until_ms=lease_until_ms
                ),
            ),
        )

    return on_contention(clock, attempt)


def resolve_round(
    step: Step, *, floor: Floor, archive: Archive, signer: Signer, clock: Clock
) -> tuple[RoundRecord, list[int]]:
    """RESOLVED: state the result; return the round and the numbers of the winners' pages.

    Raises:
        RoundNotDue: the last card is not shown yet.
    """

    def attempt() -> RoundRecord:
        record = load_round(floor, step)
        if record.round.state is not RoundState.DEALING:
            return record
        return advance(record, ResolveRound(), floor=floor, signer=signer, clock=clock)

    record = on_contention(clock, attempt)
    winners = _by_player(owed(record, archive))
    return record, list(range(-(-len(winners) // WINNERS_PER_PAGE)))


def owed(record: RoundRecord, archive: Archive) -> tuple[Payout, ...]:
    """Return what the sealed book gets under the result of the round."""
    round_ = record.round
    if round_.state in (RoundState.OPEN, RoundState.CLOSED, RoundState.DEALING):
        raise IntegrityError(f"round {round_.round_id} has no result yet")
    return payouts(sealed_book(record, archive), round_.coup, PAYTABLES[round_.paytable_version])


def _by_player(due: Sequence[Payout]) -> list[list[Payout]]:
    players: dict[str, list[Payout]] = {}
    for payout in due:
        players.setdefault(payout.player_id, []).append(payout)
    return [players[player_id] for player_id in sorted(players)]


def settle_page(
    step: Step, page: int, *, floor: Floor, ledger: Ledger, archive: Archive, clock: Clock
) -> int:
    """Pay one page of winners; return how many payouts the page holds. Resumable at any point."""
    record = load_round(floor, step)
    start = page * WINNERS_PER_PAGE
    winners = _by_player(owed(record, archive))[start : start + WINNERS_PER_PAGE]
    with ThreadPoolExecutor(PAYING_THREADS) as pool:
        list(
            pool.map(
                lambda due: pay_player(step.round_id, due, ledger=ledger, clock=clock), winners
            )
        )
    return sum(len(due) for due in winners)


def pay_player(round_id: str, due: Sequence[Payout], *, ledger: Ledger, clock: Clock) -> None:
    """Pay all that one player is owed in one round, once."""
    player_id = due[0].player_id
    amounts = {payout.bet_id: payout.payout_minor for payout in due}

    def attempt() -> None:
        open_bets = [
            (bet, amounts[bet.bet_id])
            for bet in ledger.bets_of(round_id, player_id)
            if bet.bet_id in amounts and bet.state is BetState.PLACED
        ]
        if not open_bets:
            return
        wallet = ledger.wallet(player_id, open_bets[0][0].currency)
        if wallet is None:
            raise IntegrityError(f"player {player_id} has bets but no wallet")
        after, paid = pay(wallet, open_bets, clock.now_ms())
        ledger.close(wallet, after, paid)

    on_contention(clock, attempt)


def finish_round(
    step: Step, *, floor: Floor, ledger: Ledger, archive: Archive, signer: Signer, clock: Clock
) -> RoundRecord:
    """SETTLED: check every bet against the book, post the house, reveal the seed, archive.

    Raises:
        IntegrityError: a bet is not where the book and the result put it.
    """

    def attempt() -> RoundRecord:
        record = load_round(floor, step)
        round_ = record.round
        if round_.state is not RoundState.RESOLVED:
            return record
        book = sealed_book(record, archive)
        due = owed(record, archive)
        check_bets(book, due, ledger.bets(round_.round_id))
        outcome = round_.outcome
        if outcome is None or (record.seed is None and not round_.mode.is_physical):
            raise IntegrityError(f"round {round_.round_id} is resolved without seed or result")
        staked = sum(entry.stake_minor for entry in book.entries)
        paid = sum(payout.payout_minor for payout in due)
        table = load_table(floor, step.table_id)
        return advance(
            record,
            SettleRound(record.seed, payouts_root(due), len(due), staked, paid),
            floor=floor,
            signer=signer,
            clock=clock,
            table=(table, lambda _: table.with_result(outcome).changed()),
            posting=HousePosting(round_.table_id, round_.round_id, round_.currency, staked, paid),
        )

    record = on_contention(clock, attempt)
    archive_transcript(record, floor=floor, archive=archive, signer=signer)
    return record


def check_bets(book: BetBook, due: Sequence[Payout], bets: Sequence[Bet]) -> None:
    """Check that every bet of the book is paid what it is due, or lost, and nothing else was paid.

    Raises:
        IntegrityError: naming the first bet that is not.
    """
    amounts = {(payout.player_id, payout.bet_id): payout.payout_minor for payout in due}
    stored = {(bet.player_id, bet.bet_id): bet for bet in bets}
    for entry in book.entries:
        key = (entry.player_id, entry.bet_id)
        bet = stored.pop(key, None)
        if bet is None or (bet.spot, bet.stake_minor) != (entry.spot, entry.stake_minor):
            raise IntegrityError(f"bet {entry.bet_id} of {entry.player_id} is not as in the book")
        expected = (BetState.PAID, amounts[key]) if key in amounts else (BetState.PLACED, 0)
        if (bet.state, bet.payout_minor) != expected:
            raise IntegrityError(
                f"bet {entry.bet_id} of {entry.player_id} is {bet.state} with "
                f"{bet.payout_minor}, due is {expected[0]} with {expected[1]}"
            )
    for bet in stored.values():
        if bet.state is BetState.PAID:
            raise IntegrityError(f"bet {bet.bet_id} of {bet.player_id} was paid outside the book")


def void_round(
    step: Step,
    reason: VoidReason,
    *,
    floor: Floor,
    ledger: Ledger,
    archive: Archive,
    signer: Signer,
    clock: Clock,
    by: str | None = None,
    note: str | None = None,
) -> RoundRecord:
    """VOIDED: flip the round first, then give every stake back.

    ``by`` and ``note`` are set when a person decided it.

    Raises:
        RoundNotVoidable: the round is resolved already. RoundNotFound: it never opened.
    """

    def flip() -> RoundRecord:
        record = floor.round(step.round_id)
        if record is None:
            raise RoundNotFound(f"there is no round {step.round_id}", roundId=step.round_id)
        check_epoch(record, step.epoch)
        if record.round.state is RoundState.VOIDED:
            return record
        table = load_table(floor, step.table_id)
        return advance(
            record,
            VoidRound(reason, by, note),
            floor=floor,
            signer=signer,
            clock=clock,
            table=(table, lambda after: table.changed(shoe=table.shoe_after(after))),
        )

    record = on_contention(clock, flip)
    complete_round(record, floor=floor, ledger=ledger, archive=archive, signer=signer, clock=clock)
    return record


def complete_round(
    record: RoundRecord,
    *,
    floor: Floor,
    ledger: Ledger,
    archive: Archive,
    signer: Signer,
    clock: Clock,
) -> None:
    """Do what follows a round's last event: refunds of a void one, then the transcript.

    The transcript is written last, so a round that has one is complete.
    """
    if record.round.state is RoundState.VOIDED:
        refund_round(record.round.round_id, ledger=ledger, clock=clock)
    archive_transcript(record, floor=floor, archive=archive, signer=signer)


_FAILED_IN: Final = {
    (False, RoundState.OPEN): VoidReason.CLOSE_FAILED,
    (False, RoundState.CLOSED): VoidReason.DEAL_FAILED,
    (True, RoundState.OPEN): VoidReason.CLOSE_FAILED,
    (True, RoundState.CLOSED): VoidReason.NO_CARD_BY_DEADLINE,
    (True, RoundState.DEALING): VoidReason.DEAL_ABANDONED,
}
"""Reason by whether a dealer draws the cards, and where the round stands."""


def void_failed_round(
    step: Step,
    *,
    floor: Floor,
    ledger: Ledger,
    archive: Archive,
    signer: Signer,
    clock: Clock,
) -> RoundRecord:
    """Void a round whose step failed for good; where it stands tells the reason.

    Once a server has dealt, the result stands, and the watchdog finishes the round instead.

    Raises:
        RoundNotVoidable: cards are dealt. Else as ``void_round``.
    """
    record = floor.round(step.round_id)
    state = record.round.state if record else RoundState.OPEN
    by_hand = record is not None and record.round.mode.is_physical
    reason = _FAILED_IN.get((by_hand, state))
    if record is not None and state is RoundState.VOIDED:
        reason = record.round.void_reason
    if reason is None:
        raise RoundNotVoidable(f"round {step.round_id} is {state}: its cards are dealt")
    return void_round(
        step,
        reason,
        floor=floor,
        ledger=ledger,
        archive=archive,
        signer=signer,
        clock=clock,
    )


def round_events(record: RoundRecord, floor: Floor) -> list[SignedEvent]:
    """Return the log from the end of the round before to the end, so far, of this one."""
    events = floor.events(
        record.round.table_id,
        after=record.starts_after,
        until_epoch=record.round.epoch,
        limit=MAX_EVENTS,
    )
    left = record.round.version
    for place, signed in enumerate(events, start=1):
        left -= signed.event.round_id == record.round.round_id
        if left == 0:
            return events[:place]
    return events


def archive_transcript(
    record: RoundRecord, *, floor: Floor, archive: Archive, signer: Signer
) -> None:
    """Write the signed transcript of a round that has ended, unless it is written already."""
    round_ = record.round
    events = round_events(record, floor)
    if not events or events[-1].event.type not in (
        EventType.ROUND_SETTLED,
        EventType.ROUND_VOIDED,
    ):
        raise IntegrityError(f"the log of round {round_.round_id} does not end")
    book = sealed_book(record, archive) if round_.book_root is not None else None
    due = owed(record, archive) if round_.state is RoundState.SETTLED else ()
    transcript = house_transcript(shoe_event(record, events, floor), events, book, due)
    sealed = seal_hash(transcript)
    transcript["seal"] = {"hash": sealed, "sig": signer.sign(signing_input(sealed)).to_json()}
    archive.put_transcript(round_.table_id, round_.round_id, transcript)


def shoe_event(record: RoundRecord, events: Sequence[SignedEvent], floor: Floor) -> SignedEvent:
    """Return the event that opened the shoe of a round; ``events`` are those of its transcript.

    Raises:
        IntegrityError: the log does not have it.
    """
    wanted = record.round.shoe.opened
    found = next((signed for signed in events if signed.hash == wanted), None)
    stored = floor.shoe(record.round.shoe.unseen.shoe_id) if found is None else None
    if stored is not None:
        found = event_at(record.round.table_id, stored.opened_at, floor)
    if found is None or found.hash != wanted:
        raise IntegrityError(f"the shoe of round {record.round.round_id} was never opened")
    return found


def event_at(table_id: str, place: tuple[int, int], floor: Floor) -> SignedEvent | None:
    """Return the event at ``(epoch, seq)`` of a table's log."""
    epoch, seq = place
    kept = floor.events(table_id, after=(epoch, seq - 1), until_epoch=epoch, limit=1)
    return kept[0] if kept else None


def start_next_round(table_id: str, epoch: int, *, floor: Floor, driver: RoundDriver) -> str | None:
    """Start the execution of the next round; return its id, or None when the table rests.

    Raises:
        Fenced: another driver holds the table.
    """
    table = load_table(floor, table_id)
    if table.epoch != epoch:
        raise Fenced(f"table {table_id} is driven in epoch {table.epoch}, not {epoch}")
    if table.missing is not None:
        return None
    current = floor.round(table.current_round_id) if table.current_round_id else None
    if current is not None and current.round.state not in FINAL_STATES:
        # Already started by an earlier run of this step: that round is the next round.
        return current.round.round_id
    next_id = table.next_round_id
    driver.start(table_id=table_id, round_id=next_id, epoch=epoch, name=next_id)
    return next_id
