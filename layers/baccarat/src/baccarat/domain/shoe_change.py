"""Opening and closing a shoe: what the log says, and whether its cards are all accounted for."""

from __future__ import annotations

from dataclasses import dataclass

from baccarat.domain.canonical import JsonObject
from baccarat.domain.cards import POINTS, Card
from baccarat.domain.errors import ShoeNotPossible
from baccarat.domain.log import EventType
from baccarat.domain.round import Fact
from baccarat.domain.shoe import Shoe, ShoeInPlay
from baccarat.domain.shoe_commitment import (
    CommittedOrder,
    Opening,
    is_complete,
    record_commitment,
)
from baccarat.domain.table import Table
from baccarat.domain.table_config import DealingMode


@dataclass(frozen=True, slots=True)
class ShoeSecret:
    """What is opened when the shoe is closed: the order of a machine's shoe, or the house's record
    of a shuffle by hand and its salt.
    """

    order: CommittedOrder | None = None
    record: JsonObject | None = None
    salt: bytes = b""

    @property
    def commitment(self) -> str:
        if self.order is not None:
            return self.order.commitment
        assert self.record is not None
        return record_commitment(self.record, self.salt)

    @property
    def content(self) -> tuple[Card, ...] | JsonObject | None:
        """What was entered with the shoe, without what was drawn at random to hide it."""
        return self.order.order if self.order is not None else self.record

    def to_json(self) -> JsonObject:
        if self.order is not None:
            return self.order.to_json()
        return {"record": self.record, "salt": self.salt.hex()}


def burned_with(card: Card) -> int:
    """Return how many cards are burned face down after ``card``: its value, ten for zeros."""
    return POINTS[card] or 10


def open_shoe(
    table: Table,
    *,
    by: str | None,
    commitment: str | None,
    burn_card: Card | None,
    opening: Opening | None,
) -> tuple[Fact, ShoeInPlay]:
    """Return the event of a new shoe, and the shoe without the event's hash.

    Raises:
        ShoeNotPossible: one is in play, or a burn card is missing or not wanted.
    """
    config = table.config
    if table.shoe is not None:
        raise ShoeNotPossible(
            f"shoe {table.shoe.unseen.shoe_id} is in play; close it first",
            shoeId=table.shoe.unseen.shoe_id,
        )
    if (burn_card is not None) != config.procedure.burn:
        wanted = "the first card is burned face up: scan it" if config.procedure.burn else "no burn"
        raise ShoeNotPossible(f"the procedure of table {table.table_id} is: {wanted}")
    unseen = Shoe.full(table.next_shoe_id, config.paytable.decks)
    face_down = burned_with(burn_card) if burn_card is not None else 0
    data: JsonObject = {
        "shoeId": unseen.shoe_id,
        "shoe_no": table.shoe_no + 1,
        "mode": config.mode.value,
        "decks": unseen.decks,
        "procedure": config.procedure.to_json(),
        "commitment": commitment,
        "by": by,
        "burned": {
            "card": burn_card,
            "face_down": face_down,
            "opening": opening.to_json() if opening is not None else None,
        }
        if burn_card is not None
        else None,
    }
    if burn_card is not None:
        unseen = unseen.without([burn_card])
    drawn = 1 + face_down if burn_card is not None else 0
    return (EventType.SHOE_OPENED, data), ShoeInPlay(unseen, "", drawn)


def close_shoe(
    shoe: ShoeInPlay,
    mode: DealingMode,
    *,
    by: str | None,
    secret: ShoeSecret | None,
    counted: Shoe | None,
) -> tuple[Fact, bool]:
    """Return the event that ends a shoe, and whether all of its cards are accounted for.

    ``counted`` are the cards that were left, each of them looked at: those burned face down and
    those never drawn. In mode ``shuffler`` the opened order tells them, and in mode ``rng`` the
    composition carries over from round to round, so nothing is counted.

    Raises:
        ShoeNotPossible: the count, or the committed order, is missing.
    """
    unseen = shoe.unseen
    match mode:
        case DealingMode.RNG:
            reconciled = unseen.cards_left == shoe.cards_left
        case DealingMode.SHUFFLER:
            if secret is None or secret.order is None:
                raise ShoeNotPossible("the committed order of the shoe is missing")
            reconciled = is_complete(secret.order.order, unseen.decks)
        case DealingMode.SHOE:
            if counted is None:
                raise ShoeNotPossible(
                    f"scan all {unseen.cards_left} cards that nobody has seen: those burned face "
                    "down and those left in the shoe",
                    unseen=unseen.cards_left,
                )
            reconciled = counted == unseen
    data: JsonObject = {
        "shoeId": unseen.shoe_id,
        "by": by,
        "drawn": shoe.drawn,
        "unseen": unseen.composition,
        "counted": counted.composition if counted is not None else None,
        "reconciled": reconciled,
        "opened": secret.to_json() if secret is not None else None,
    }
    return (EventType.SHOE_CLOSED, data), reconciled
