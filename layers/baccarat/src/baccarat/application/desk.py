"""The dealer's desk: log-in to a table, shoes, and the cards of a hand one by one.

A scanned card is pending until the dealer confirms it, and only then is it in the log. Every
command names what it is about (round, place, card), so a repeated one changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from baccarat.application.append import advance, advance_table
from baccarat.application.drive_round import event_at, load_table
from baccarat.application.ports import (
    Clock,
    Commit,
    Desks,
    Entropy,
    Floor,
    PendingScan,
    RoundDriver,
    RoundRecord,
    ShoeRecord,
    Signer,
    Tasks,
    Vault,
)
from baccarat.application.retry import on_contention
from baccarat.application.watch_tables import wake_table
from baccarat.domain.canonical import JsonObject, canonical
from baccarat.domain.cards import Card
from baccarat.domain.errors import (
    CardNotPossible,
    DealingPaused,
    IdempotencyConflict,
    IntegrityError,
    NoSuchStep,
    NothingToConfirm,
    NotYourTable,
    ScanPending,
    ShoeNotPossible,
    WrongCard,
)
from baccarat.domain.log import EventType, SignedEvent
from baccarat.domain.round import (
    FINAL_STATES,
    AnnounceCutCard,
    BurnCard,
    CardSource,
    DealCard,
    PauseDealing,
    PauseReason,
    Round,
    RoundState,
    UndoScan,
)
from baccarat.domain.shoe import MAX_DECKS, Shoe
from baccarat.domain.shoe_change import ShoeSecret, close_shoe, open_shoe
from baccarat.domain.shoe_commitment import (
    SALT_BYTES,
    CommittedOrder,
    Opening,
    is_complete,
    parse_order,
)
from baccarat.domain.table import Table, TableStatus
from baccarat.domain.table_config import DealingMode

PRESENT_MS: Final = 30_000
"""A dealer who was heard within this time is at the desk, and nobody takes the seat."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A table as its dealer and the pit see it."""

    table: Table
    record: RoundRecord | None
    heard_at_ms: int


@dataclass(frozen=True, slots=True)
class DeskWork:
    """The ports that work at a desk needs, wired once."""

    floor: Floor
    desks: Desks
    vault: Vault
    tasks: Tasks
    driver: RoundDriver
    signer: Signer
    entropy: Entropy
    clock: Clock


def view(table_id: str, work: DeskWork) -> Desk:
    """Raises: TableNotFound."""
    table = load_table(work.floor, table_id)
    return Desk(table, current_round(table, work.floor), work.desks.last_heard_ms(table_id))


def current_round(table: Table, floor: Floor) -> RoundRecord | None:
    return floor.round(table.current_round_id) if table.current_round_id else None


def take_desk(table_id: str, dealer_id: str, name: str, work: DeskWork) -> None:
    """Log a dealer in to a table; the table goes on if it waited for him.

    ``name`` is the one that players see; it may be empty, and then they see none.

    Raises:
        NotYourTable: a server deals here, or another dealer is at the desk.
    """

    def attempt() -> None:
        table = load_table(work.floor, table_id)
        if not table.config.mode.is_physical:
            raise NotYourTable(f"table {table_id} is dealt by a server; it has no desk")
        now_ms = work.clock.now_ms()
        heard_at_ms = work.desks.last_heard_ms(table_id)
        if table.dealer_id not in (None, dealer_id) and now_ms < heard_at_ms + PRESENT_MS:
            raise NotYourTable(
                f"{table.dealer_id} is at this desk; the pit can relieve him",
                dealerId=table.dealer_id,
            )
        work.desks.heard(table_id, dealer_id, now_ms)
        if table.dealer_id == dealer_id:
            return
        say(
            table,
            EventType.DEALER_SEATED,
            {"dealerId": dealer_id, "name": name or None, "was": table.dealer_id},
            work,
            dealer_id=dealer_id,
            dealer_name=name or None,
        )

    on_contention(work.clock, attempt)
    wake(table_id, work)


def leave_desk(table_id: str, dealer_id: str, work: DeskWork) -> None:
    """Log a dealer out; the table waits for the next one after the round in play.

    Leaving a desk at which one is not changes nothing.

    Raises:
        NoSuchStep: his hand is being dealt.
    """

    def attempt() -> None:
        table = load_table(work.floor, table_id)
        if table.dealer_id != dealer_id:
            return
        record = current_round(table, work.floor)
        if record is not None and record.round.state in (RoundState.CLOSED, RoundState.DEALING):
            raise NoSuchStep(
                f"round {record.round.round_id} is being dealt: finish the hand, or let the pit "
                "relieve you",
                state=record.round.state.value,
            )
        unseat(table, dealer_id, work)

    on_contention(work.clock, attempt)


def unseat(table: Table, by: str, work: DeskWork) -> None:
    """Write that nobody is at the desk any more."""
    data: JsonObject = {"dealerId": None, "name": None, "was": table.dealer_id, "by": by}
    say(table, EventType.DEALER_SEATED, data, work, dealer_id=None, dealer_name=None)


def say(
    table: Table, type_: EventType, data: JsonObject, work: DeskWork, **changes: object
) -> Table:
    """Write one event that belongs to no round, and change the table with it."""
    return advance_table(
        table,
        [(type_, data)],
        floor=work.floor,
        signer=work.signer,
        clock=work.clock,
        after=lambda _: table.changed(**changes),
    )


def wake(table_id: str, work: DeskWork) -> None:
    """Start the next round if the table rested and now lacks nothing."""
    on_contention(
        work.clock,
        lambda: wake_table(
            load_table(work.floor, table_id),
            floor=work.floor,
            signer=work.signer,
            driver=work.driver,
            clock=work.clock,
        ),
    )


def at_desk(table_id: str, dealer_id: str, work: DeskWork) -> Table:
    """Return the table of a dealer who is logged in to it, and note that he was heard.

    Raises:
        NotYourTable: he is not.
    """
    table = load_table(work.floor, table_id)
    if table.dealer_id != dealer_id:
        raise NotYourTable(
            f"you are not logged in at {table_id}: take the desk first", dealerId=table.dealer_id
        )
    work.desks.heard(table_id, dealer_id, work.clock.now_ms())
    return table


def beat(table_id: str, dealer_id: str, work: DeskWork) -> None:
    """Say that the dealer is there; a hand whose last answer was lost is answered again."""
    table = at_desk(table_id, dealer_id, work)
    record = current_round(table, work.floor)
    if record is None or record.task_token is None:
        return
    if record.round.state in (RoundState.CLOSED, RoundState.DEALING):
        work.tasks.beat(record.task_token)
        answer_if_dealt(record, work)


def enter_shoe(
    table_id: str,
    dealer_id: str,
    shoe_id: str,
    *,
    burn_card: Card | None,
    order: str | None,
    shuffle: JsonObject | None,
    work: DeskWork,
) -> None:
    """Open the table's next shoe: with the machine's ``order``, or the record of a ``shuffle`` by
    hand. Opening a shoe again as it was opened changes nothing.

    Raises:
        ShoeNotPossible: a shoe is in play, ``shoe_id`` is not the next one, the order is not
            complete, or what the mode needs is missing.
        IdempotencyConflict: that shoe was opened with another order, shuffle or burn card.
        WrongCard: the burn card is not the first of the order.
    """
    once = work.entropy.token_bytes(SALT_BYTES)

    def attempt() -> None:
        table = at_desk(table_id, dealer_id, work)
        secret = _secret(table, shoe_id, order, shuffle, once)
        if shoe_id != table.next_shoe_id:
            _check_opened_so(table, shoe_id, secret, burn_card, work)
            return
        opening = None
        if burn_card is not None and secret.order is not None:
            if burn_card != secret.order.order[0]:
                raise WrongCard(
                    f"the machine's first card is not {burn_card}: it shuffled another shoe",
                    card=burn_card,
                )
            opening = secret.order.opening(0)
        fact, shoe = open_shoe(
            table,
            by=dealer_id,
            commitment=secret.commitment,
            burn_card=burn_card,
            opening=opening,
        )
        advance_table(
            table,
            [fact],
            floor=work.floor,
            signer=work.signer,
            clock=work.clock,
            after=lambda events: table.changed(
                shoe=replace(shoe, opened=events[-1].hash),
                shoe_no=table.shoe_no + 1,
                history=(),
            ),
            sealed_secret=work.vault.seal(canonical(secret.to_json()), shoe_id),
        )

    on_contention(work.clock, attempt)
    wake(table_id, work)


def _check_opened_so(
    table: Table, shoe_id: str, secret: ShoeSecret, burn_card: Card | None, work: DeskWork
) -> None:
    """Check that a shoe which is not the next one was opened just so before.

    Raises:
        ShoeNotPossible: it was never opened. IdempotencyConflict: it was opened otherwise.
    """
    stored = _shoe_of_table(table, shoe_id, work)
    if stored is None:
        raise ShoeNotPossible(
            f"the next shoe of table {table.table_id} is {table.next_shoe_id}, not {shoe_id}",
            nextShoeId=table.next_shoe_id,
        )
    burned = _logged(table, stored.opened_at, work).event.data["burned"]
    burned_card = burned["card"] if isinstance(burned, dict) else None
    if burned_card != burn_card or stored_secret(table, shoe_id, work).content != secret.content:
        raise IdempotencyConflict(
            f"shoe {shoe_id} is open already, with another order, shuffle or burn card; the next "
            f"shoe is {table.next_shoe_id}",
            nextShoeId=table.next_shoe_id,
        )


def _shoe_of_table(table: Table, shoe_id: str, work: DeskWork) -> ShoeRecord | None:
    if not shoe_id.startswith(f"{table.table_id}."):
        return None
    return work.floor.shoe(shoe_id)


def _logged(table: Table, place: tuple[int, int], work: DeskWork) -> SignedEvent:
    found = event_at(table.table_id, place, work.floor)
    if found is None:
        raise IntegrityError(f"the log of table {table.table_id} has no event at {place}")
    return found


def _secret(
    table: Table, shoe_id: str, order: str | None, shuffle: JsonObject | None, once: bytes
) -> ShoeSecret:
    decks = table.config.paytable.decks
    if table.config.mode is DealingMode.SHUFFLER:
        if order is None:
            raise ShoeNotPossible("a machine's shoe needs the order that it shuffled")
        try:
            cards = parse_order(order)
        except ValueError as error:
            raise ShoeNotPossible(f"the order of the machine is not readable: {error}") from error
        if not is_complete(cards, decks):
            raise ShoeNotPossible(
                f"the order has {len(cards)} cards; it must be the {decks * 52} of {decks} full "
                "decks",
                cards=len(cards),
            )
        return ShoeSecret(order=CommittedOrder(shoe_id, cards, once))
    if shuffle is None:
        raise ShoeNotPossible("a shoe shuffled by hand needs the record of its shuffle")
    return ShoeSecret(record=shuffle, salt=once)


def stored_secret(table: Table, shoe_id: str, work: DeskWork) -> ShoeSecret:
    """Return what the house committed to when it opened a shoe.

    Raises:
        IntegrityError: it is not there.
    """
    stored = work.floor.shoe(shoe_id)
    if stored is None or stored.sealed_secret is None:
        raise IntegrityError(f"shoe {shoe_id} has no sealed secret")
    value = json.loads(work.vault.open(stored.sealed_secret, shoe_id))
    if table.config.mode is DealingMode.SHUFFLER:
        return ShoeSecret(order=CommittedOrder.from_json(shoe_id, value))
    return ShoeSecret(record=value["record"], salt=bytes.fromhex(value["salt"]))


def end_shoe(
    table_id: str, dealer_id: str, shoe_id: str, *, left: str | None, work: DeskWork
) -> None:
    """Close the shoe in play, open its commitment, and reconcile its cards.

    ``left`` are the codes of all cards that nobody has seen, for a shoe shuffled by hand. A shoe
    whose cards do not add up pauses the table for the pit. Closing a shoe again as it was closed
    changes nothing.

    Raises:
        ShoeNotPossible: ``shoe_id`` is not in play, its last hand is not dealt, or ``left`` is
            missing.
        IdempotencyConflict: that shoe was closed with another count.
    """

    def attempt() -> None:
        table = at_desk(table_id, dealer_id, work)
        close_shoe_of(table, shoe_id, by=dealer_id, left=left, work=work)

    on_contention(work.clock, attempt)


def close_shoe_of(table: Table, shoe_id: str, *, by: str, left: str | None, work: DeskWork) -> None:
    """Close the shoe of ``table`` for ``by``. Raises: as ``end_shoe``."""
    shoe = table.shoe
    stored = _shoe_of_table(table, shoe_id, work)
    if shoe is None or stored is None or shoe.unseen.shoe_id != shoe_id:
        _check_closed_so(table, shoe_id, stored, left, work)
        return
    record = current_round(table, work.floor)
    if record is not None and record.round.state not in FINAL_STATES:
        raise ShoeNotPossible(
            f"round {record.round.round_id} is in play; a shoe is closed between two rounds"
        )
    decks, cards_left = shoe.unseen.decks, _cards_left(left)
    counted = None
    if cards_left is not None:
        try:
            seen = Shoe.full(shoe_id, decks).without(cards_left)
        except ValueError as error:
            raise ShoeNotPossible(f"the cards left are not possible: {error}") from error
        full = Shoe.full(shoe_id, decks)
        counted = Shoe(
            shoe_id,
            decks,
            tuple(f - s for f, s in zip(full.remaining, seen.remaining, strict=True)),
        )
    closed, reconciled = close_shoe(
        shoe,
        table.config.mode,
        by=by,
        secret=stored_secret(table, shoe_id, work),
        counted=counted,
    )
    facts = [closed]
    status = table.status
    if not reconciled:
        note = f"the cards of shoe {shoe_id} do not add up"
        facts.append((EventType.TABLE_PAUSED, {"by": by, "note": note}))
        status = TableStatus.PAUSED
    advance_table(
        table,
        facts,
        floor=work.floor,
        signer=work.signer,
        clock=work.clock,
        after=lambda _: table.changed(shoe=None, status=status),
        closed=stored,
    )


def _check_closed_so(
    table: Table, shoe_id: str, stored: ShoeRecord | None, left: str | None, work: DeskWork
) -> None:
    """Check that a shoe which is not in play was closed just so before.

    Raises:
        ShoeNotPossible: it never was. IdempotencyConflict: it was closed with another count.
    """
    in_play = table.shoe.unseen.shoe_id if table.shoe is not None else None
    if stored is None or stored.closed_at is None:
        raise ShoeNotPossible(
            f"shoe {shoe_id} is not in play: {in_play or 'none'} is", shoeId=in_play
        )
    counted = _logged(table, stored.closed_at, work).event.data["counted"]
    known = None
    if isinstance(counted, str):
        known = sorted(Shoe.from_composition(shoe_id, MAX_DECKS, counted).pool())
    cards_left = _cards_left(left)
    if known != (sorted(cards_left) if cards_left is not None else None):
        raise IdempotencyConflict(
            f"shoe {shoe_id} is closed already, with another count; what is in the log stays"
        )


def _cards_left(left: str | None) -> tuple[Card, ...] | None:
    try:
        return parse_order(left) if left is not None else None
    except ValueError as error:
        raise ShoeNotPossible(f"the cards left are not readable: {error}") from error


def _round_at_desk(
    table_id: str, dealer_id: str, round_id: str, work: DeskWork
) -> tuple[Table, RoundRecord]:
    table = at_desk(table_id, dealer_id, work)
    return table, round_in_hand(table, round_id, work)


def round_in_hand(table: Table, round_id: str, work: DeskWork) -> RoundRecord:
    """Return the round of which cards are being dealt.

    Raises:
        NoSuchStep: it is not, or another round is in play.
    """
    record = current_round(table, work.floor)
    if record is None or record.round.round_id != round_id:
        raise NoSuchStep(f"round {round_id} is not in play", roundId=table.current_round_id)
    round_ = record.round
    if round_.state not in (RoundState.CLOSED, RoundState.DEALING) or round_.book_root is None:
        raise NoSuchStep(
            f"no cards are dealt while round {round_id} is {round_.state}", state=round_.state.value
        )
    return record


def scan(
    table_id: str, dealer_id: str, round_id: str, place: int, card: Card, work: DeskWork
) -> None:
    """Note a scanned card as the ``place``-th of the hand (1 is the first), to be confirmed.

    A card that cannot come out now pauses the deal for the pit: the scanner and the shoe disagree.

    Raises:
        WrongCard: the deal is paused. ScanPending: another scan waits. CardNotPossible: no card is
            due, or not at this place. DealingPaused.
    """

    def attempt() -> None:
        table, record = _round_at_desk(table_id, dealer_id, round_id, work)
        round_ = record.round
        wanted = PendingScan(place, card, dealer_id)
        if record.pending == wanted or dealt_already(round_, place, card):
            return
        if record.pending is not None:
            raise ScanPending(
                f"{record.pending.card} waits: confirm it or undo it first",
                card=record.pending.card,
            )
        if place != len(round_.cards) + 1 or round_.next_hand is None:
            due = len(round_.cards) + 1 if round_.next_hand is not None else None
            raise CardNotPossible(
                f"card {place} is not due" if due else "the hand is complete: no card is due",
                due=due,
            )
        check_not_paused(round_)
        try:
            opening_of(table, round_, card, work)
        except WrongCard as error:
            note = f"scanned {card} as card {place}: {error.message}"
            advance(
                record,
                PauseDealing(PauseReason.WRONG_CARD, dealer_id, note),
                floor=work.floor,
                signer=work.signer,
                clock=work.clock,
            )
            raise
        after = replace(record, pending=wanted, writes=record.writes + 1)
        work.floor.commit(Commit((), record, after))

    on_contention(work.clock, attempt)


def check_not_paused(round_: Round) -> None:
    """Raises: DealingPaused."""
    if round_.paused is not None:
        raise DealingPaused(
            f"dealing is paused ({round_.paused}); wait for the pit", reason=round_.paused.value
        )


def dealt_already(round_: Round, place: int, card: Card) -> bool:
    """Return whether ``card`` is in the log as the ``place``-th of the hand."""
    return place <= len(round_.cards) and round_.cards[place - 1][1] == card


def opening_of(table: Table, round_: Round, card: Card, work: DeskWork) -> Opening | None:
    """Return what proves that ``card`` is the next of a committed order; None without an order.

    Raises:
        WrongCard: the committed order, or what was seen of the shoe, says otherwise.
    """
    try:
        round_.unseen.without([card])
    except ValueError as error:
        raise WrongCard(
            f"all {round_.shoe.unseen.decks} {card} of this shoe have been seen", card=card
        ) from error
    if table.config.mode is not DealingMode.SHUFFLER:
        return None
    order = stored_secret(table, round_.shoe.unseen.shoe_id, work).order
    assert order is not None
    if order.order[round_.drawn] != card:
        raise WrongCard(
            f"{card} is not what the machine shuffled to position {round_.drawn}",
            card=card,
            position=round_.drawn,
        )
    return order.opening(round_.drawn)


def undo(table_id: str, dealer_id: str, round_id: str, place: int, work: DeskWork) -> None:
    """Take back a scan that was not confirmed; the log keeps that it happened.

    Raises:
        NothingToConfirm: the scan is confirmed already, so only the pit can have it scanned again.
    """

    def attempt() -> None:
        _, record = _round_at_desk(table_id, dealer_id, round_id, work)
        if record.pending is None:
            if place > len(record.round.cards):
                return
            raise NothingToConfirm(
                f"card {place} is confirmed; the pit can order it to be scanned again"
            )
        advance(
            record,
            UndoScan(record.pending.card, dealer_id),
            floor=work.floor,
            signer=work.signer,
            clock=work.clock,
        )

    on_contention(work.clock, attempt)


def confirm(table_id: str, dealer_id: str, round_id: str, place: int, work: DeskWork) -> None:
    """Put the pending card into the log; with the last one the round goes on.

    Raises:
        NothingToConfirm: no scan waits at this place.
    """

    def attempt() -> RoundRecord:
        table, record = _round_at_desk(table_id, dealer_id, round_id, work)
        if place <= len(record.round.cards):
            return record
        if record.pending is None or record.pending.place != place:
            raise NothingToConfirm(f"no scan waits as card {place}")
        return deal(table, record, record.pending.card, dealer_id, CardSource.SCANNER, work)

    answer_if_dealt(on_contention(work.clock, attempt), work)


def deal(
    table: Table, record: RoundRecord, card: Card, by: str, source: CardSource, work: DeskWork
) -> RoundRecord:
    """Put a card into the log. Raises: WrongCard, CardNotPossible, DealingPaused, Contention."""
    return advance(
        record,
        DealCard(
            card,
            by,
            source,
            opening_of(table, record.round, card, work),
            _cut_cards(table),
        ),
        floor=work.floor,
        signer=work.signer,
        clock=work.clock,
        table=(table, lambda after: table.changed(shoe=table.shoe_after(after)))
        if _is_last(record.round, card)
        else None,
    )


def _cut_cards(table: Table) -> int | None:
    """Return how many cards lie behind the cut card, None where the dealer announces it."""
    if table.config.mode is DealingMode.SHOE:
        return None
    return table.config.procedure.cut_cards


def _is_last(round_: Round, card: Card) -> bool:
    hand = round_.next_hand
    if hand is None:
        return False
    return replace(round_, cards=(*round_.cards, (hand, card))).next_hand is None


def answer_if_dealt(record: RoundRecord, work: DeskWork) -> None:
    """Let the state machine go on once the hand is complete and nothing stops it."""
    round_ = record.round
    if record.task_token is None or round_.state is not RoundState.DEALING:
        return
    if _is_dealt(round_) and round_.paused is None:
        work.tasks.succeed(record.task_token)


def burn(
    table: Table, record: RoundRecord, card: Card, by: str, note: str, work: DeskWork
) -> RoundRecord:
    """Take a card that goes to no hand out of the shoe. Raises: as ``deal``."""
    return advance(
        record,
        BurnCard(card, by, note, opening_of(table, record.round, card, work), _cut_cards(table)),
        floor=work.floor,
        signer=work.signer,
        clock=work.clock,
        table=(table, lambda after: table.changed(shoe=table.shoe_after(after)))
        if _is_dealt(record.round)
        else None,
    )


def _is_dealt(round_: Round) -> bool:
    """Return whether the hand is complete, so that the table's shoe is already without it."""
    return bool(round_.cards) and round_.next_hand is None


def cut_card(table_id: str, dealer_id: str, round_id: str, work: DeskWork) -> None:
    """Announce that the cut card came out; once said it is said.

    Raises:
        NoSuchStep: a machine knows where its cut card lies.
    """

    def attempt() -> None:
        table, record = _round_at_desk(table_id, dealer_id, round_id, work)
        if table.config.mode is not DealingMode.SHOE:
            raise NoSuchStep("the machine counts this shoe: its cut card is announced by itself")
        if record.round.cut_card_out or record.round.shoe.hands_left is not None:
            return
        if record.pending is not None:
            raise ScanPending(
                f"{record.pending.card} waits: confirm it or undo it first",
                card=record.pending.card,
            )
        advance(
            record,
            AnnounceCutCard(dealer_id),
            floor=work.floor,
            signer=work.signer,
            clock=work.clock,
            table=(table, lambda after: table.changed(shoe=table.shoe_after(after)))
            if _is_dealt(record.round)
            else None,
        )

    on_contention(work.clock, attempt)
