"""The part of the websocket protocol that staff use: the dealer's desk and the pit.

``docs/formats/websocket.md`` tells the story. Apart from the players' messages, because a bet must
not wait for what it does not need to be imported.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from baccarat.adapters.messages import CommandId, RoundId, TableId
from baccarat.adapters.messages import _Message as Message
from baccarat.application.desk import Desk
from baccarat.application.ports import RoundRecord
from baccarat.domain.correction import Correction
from baccarat.domain.coup import follow

CardCode: TypeAlias = Annotated[str, Field(pattern=r"^[A23456789TJQK][CDHS]$")]
Cards: TypeAlias = Annotated[str, Field(pattern=r"^([A23456789TJQK][CDHS])*$", max_length=936)]
Note: TypeAlias = Annotated[str, Field(min_length=3, max_length=300)]
Place: TypeAlias = Annotated[int, Field(ge=1, le=6)]
CorrectionId: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z0-9-]{1,24}\.[0-9]{9}\.c[1-9][0-9]{0,3}$")
]
ShoeId: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,23}\.s[1-9][0-9]{0,8}$")]
ShortText: TypeAlias = Annotated[str, Field(min_length=1, max_length=60)]


class TakeDesk(Message):
    """Log in to the table."""

    kind: Literal["take_desk"]


class LeaveDesk(Message):
    """Log out of the table; not while a hand is dealt."""

    kind: Literal["leave_desk"]


class Beat(Message):
    """Say that the desk is there, and ask how it stands. At least every ten seconds."""

    kind: Literal["beat"]


class Shuffle(Message):
    """The house's record of a shuffle by hand; published when the shoe is closed."""

    shuffled_by: ShortText
    cut_by: ShortText
    seals: ShortText


class EnterShoe(Message):
    """Open the table's next shoe. ``order`` are all its cards as a machine shuffled them, first out
    first; ``shuffle`` is the record of hands that did. ``burn_card`` is the first card, shown.
    """

    kind: Literal["enter_shoe"]
    shoeId: ShoeId
    burn_card: CardCode | None = None
    order: Cards | None = None
    shuffle: Shuffle | None = None


class EndShoe(Message):
    """Close the shoe in play. ``left`` are all cards that nobody has seen, of a shoe shuffled by
    hand.
    """

    kind: Literal["end_shoe"]
    shoeId: ShoeId
    left: Cards | None = None


class Scan(Message):
    """A card from the scanner, as the ``place``-th of the hand."""

    kind: Literal["scan"]
    roundId: RoundId
    place: Place
    card: CardCode


class Confirm(Message):
    """Put the scanned card into the log."""

    kind: Literal["confirm"]
    roundId: RoundId
    place: Place


class Undo(Message):
    """Take back the scan that is not confirmed."""

    kind: Literal["undo"]
    roundId: RoundId
    place: Place


class CutCard(Message):
    """The cut card came out of the shoe."""

    kind: Literal["cut_card"]
    roundId: RoundId


DeskCommand: TypeAlias = Annotated[
    TakeDesk | LeaveDesk | Beat | EnterShoe | EndShoe | Scan | Confirm | Undo | CutCard,
    Field(discriminator="kind"),
]


class DeskMessage(Message):
    """A dealer's command; every one is safe to repeat."""

    action: Literal["desk"]
    id: CommandId
    tableId: TableId
    command: DeskCommand


class Look(Message):
    """Ask how the table stands."""

    kind: Literal["look"]


class SetStatus(Message):
    """Open, pause or close the table; a round in play is finished."""

    kind: Literal["set_status"]
    status: Literal["OPEN", "PAUSED", "CLOSED"]
    note: Note


class RelieveDealer(Message):
    """Take the dealer off the desk."""

    kind: Literal["relieve_dealer"]


class VoidCommand(Message):
    """Void the round in play and refund every bet."""

    kind: Literal["void"]
    roundId: RoundId
    note: Note


class PauseDealingCommand(Message):
    """Stop the deal of the hand in play."""

    kind: Literal["pause_dealing"]
    roundId: RoundId
    note: Note


class ResumeDealingCommand(Message):
    """Let the deal go on."""

    kind: Literal["resume_dealing"]
    roundId: RoundId


class Rescan(Message):
    """Take back the cards from ``place`` on, to be scanned again."""

    kind: Literal["rescan"]
    roundId: RoundId
    place: Place
    note: Note


class EnterCard(Message):
    """Deal the ``place``-th card by hand, where the scanner cannot."""

    kind: Literal["enter_card"]
    roundId: RoundId
    place: Place
    card: CardCode


class BurnCardCommand(Message):
    """Take an exposed or doubly drawn card out of play, the ``number``-th of the round (from 1)."""

    kind: Literal["burn_card"]
    roundId: RoundId
    number: Annotated[int, Field(ge=1, le=416)]
    card: CardCode
    note: Note


class ProposeCorrection(Message):
    """Propose the cards that a settled round should have had; without ``cards``, to void it."""

    kind: Literal["propose_correction"]
    roundId: RoundId
    cards: Annotated[str, Field(pattern=r"^([A23456789TJQK][CDHS]){4,6}$")] | None = None
    note: Note


class ApproveCorrection(Message):
    """Approve what another person proposed, and apply it."""

    kind: Literal["approve_correction"]
    correctionId: CorrectionId


class RejectCorrection(Message):
    """Decide against what was proposed."""

    kind: Literal["reject_correction"]
    correctionId: CorrectionId
    note: Note


PitCommand: TypeAlias = Annotated[
    Look
    | SetStatus
    | RelieveDealer
    | EndShoe
    | VoidCommand
    | PauseDealingCommand
    | ResumeDealingCommand
    | Rescan
    | EnterCard
    | BurnCardCommand
    | ProposeCorrection
    | ApproveCorrection
    | RejectCorrection,
    Field(discriminator="kind"),
]


class PitMessage(Message):
    """A pit boss's command; what it changes becomes a signed event with who gave it and why."""

    action: Literal["pit"]
    id: CommandId
    tableId: TableId
    command: PitCommand


class ShoeView(Message):
    """The shoe in play; ``unseen`` of its cards nobody has seen, burned ones among them."""

    shoeId: str
    cards_left: int
    unseen: int
    drawn: int
    hands_left: int | None


class HandView(Message):
    """The newest round. ``next`` takes the next card, null when the hand is complete; ``place``
    is that card's. ``pending`` was scanned and waits to be confirmed. ``burned`` went to no hand.
    """

    roundId: str
    state: str
    closes_at_ms: int
    cards: list[dict[str, str]]
    player_total: int
    banker_total: int
    next: str | None
    place: int | None
    pending: str | None
    burned: list[str]
    paused: str | None
    cut_card_out: bool


class CorrectionView(Message):
    """A correction of a settled round; ``cards`` null voids it."""

    correctionId: str
    roundId: str
    state: str
    cards: str | None
    note: str
    proposed_by: str
    proposed_at_ms: int
    decided_by: str | None
    credited_minor: int
    debited_minor: int
    short_minor: int


class DeskView(Message):
    """A table as its dealer and the pit see it. ``missing`` is what the table waits for before it
    can open a round: OPENING, DEALER or SHOE. ``nextShoeId`` is the shoe after the newest one.
    """

    tableId: str
    name: str
    mode: str
    currency: str
    status: str
    missing: str | None
    dealerId: str | None
    heard_at_ms: int
    burn: bool
    decks: int
    shoe: ShoeView | None
    nextShoeId: str
    hand: HandView | None


class DeskAnswer(Message):
    """Answer to every ``desk`` command: how the table stands after it."""

    type: Literal["desk"] = "desk"
    id: str
    desk: DeskView
    server_ms: int


class PitAnswer(Message):
    """Answer to every ``pit`` command: how the table stands after it, and its newest corrections,
    newest first.
    """

    type: Literal["pit"] = "pit"
    id: str
    desk: DeskView
    corrections: list[CorrectionView]
    server_ms: int


STAFF_MESSAGES: tuple[type[Message], ...] = (DeskMessage, PitMessage)
STAFF_ANSWERS: tuple[type[Message], ...] = (DeskAnswer, PitAnswer)


def desk_view(desk: Desk) -> DeskView:
    table = desk.table
    return DeskView(
        tableId=table.table_id,
        name=table.config.name,
        mode=table.config.mode.value,
        currency=table.config.currency,
        status=table.status.value,
        missing=table.missing.value if table.missing else None,
        dealerId=table.dealer_id,
        heard_at_ms=desk.heard_at_ms,
        burn=table.config.procedure.burn,
        decks=table.config.paytable.decks,
        shoe=ShoeView(
            shoeId=table.shoe.unseen.shoe_id,
            cards_left=table.shoe.cards_left,
            unseen=table.shoe.unseen.cards_left,
            drawn=table.shoe.drawn,
            hands_left=table.shoe.hands_left,
        )
        if table.shoe
        else None,
        nextShoeId=table.next_shoe_id,
        hand=_hand_view(desk.record) if desk.record else None,
    )


def _hand_view(record: RoundRecord) -> HandView:
    round_ = record.round
    coup = follow(round_.cards)
    hand = coup.next_hand()
    return HandView(
        roundId=round_.round_id,
        state=round_.state.value,
        closes_at_ms=round_.closes_at_ms,
        cards=[{"to": to.value, "card": card} for to, card in round_.cards],
        player_total=coup.player_total,
        banker_total=coup.banker_total,
        next=hand.value if hand else None,
        place=len(round_.cards) + 1 if hand else None,
        pending=record.pending.card if record.pending else None,
        burned=list(round_.burned),
        paused=round_.paused.value if round_.paused else None,
        cut_card_out=round_.cut_card_out,
    )


def correction_view(correction: Correction) -> CorrectionView:
    return CorrectionView(
        correctionId=correction.correction_id,
        roundId=correction.round_id,
        state=correction.state.value,
        cards="".join(correction.cards) if correction.cards is not None else None,
        note=correction.note,
        proposed_by=correction.proposed_by,
        proposed_at_ms=correction.proposed_at_ms,
        decided_by=correction.decided_by,
        credited_minor=correction.credited_minor,
        debited_minor=correction.debited_minor,
        short_minor=correction.short_minor,
    )
