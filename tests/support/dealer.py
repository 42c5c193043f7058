"""A dealer for tests: a shuffled shoe in his hands, and the desk's commands."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from baccarat.application import desk
from baccarat.application.desk import DeskWork
from baccarat.application.ports import RoundRecord
from baccarat.domain.cards import Card
from baccarat.domain.round import RoundState
from baccarat.domain.shoe import Shoe
from baccarat.domain.shoe_change import burned_with
from baccarat.domain.table_config import DealingMode
from tests.support.cloud import Cloud

SHUFFLE = {"shuffled_by": "dora", "cut_by": "anna", "seals": "batch 7"}


@dataclass
class Dealer:
    """Draws from ``cards``, the physical shoe: the first is the next."""

    cloud: Cloud
    table_id: str
    name: str = "dora"
    cards: list[Card] = field(default_factory=list)
    face_down: list[Card] = field(default_factory=list)
    shoe_id: str = ""
    order: str = ""
    burned: Card | None = None

    @property
    def work(self) -> DeskWork:
        return self.cloud.work

    def take_desk(self) -> None:
        desk.take_desk(self.table_id, self.name, self.name.title(), self.work)

    def enter_shoe(self, seed: int = 7) -> None:
        """Shuffle a new shoe, burn as the table wants it, and enter it."""
        table = self.cloud.floor.table(self.table_id)
        assert table is not None
        self.shoe_id = table.next_shoe_id
        self.cards = Shoe.full("", table.config.paytable.decks).pool()
        random.Random(seed).shuffle(self.cards)
        machine = table.config.mode is DealingMode.SHUFFLER
        self.order = "".join(self.cards)
        self.burned = None
        if table.config.procedure.burn:
            self.burned = self.cards.pop(0)
            count = burned_with(self.burned)
            self.face_down = [self.cards.pop(0) for _ in range(count)]
        desk.enter_shoe(
            self.table_id,
            self.name,
            self.shoe_id,
            burn_card=self.burned,
            order=self.order if machine else None,
            shuffle=None if machine else dict(SHUFFLE),
            work=self.work,
        )

    def end_shoe(self) -> None:
        left = "".join([*self.face_down, *self.cards])
        desk.end_shoe(self.table_id, self.name, self.shoe_id, left=left, work=self.work)

    def scan(self, round_id: str, place: int, card: Card) -> None:
        desk.scan(self.table_id, self.name, round_id, place, card, self.work)

    def confirm(self, round_id: str, place: int) -> None:
        desk.confirm(self.table_id, self.name, round_id, place, self.work)

    def draw(self, round_id: str) -> None:
        """Draw, scan and confirm the next card."""
        place = len(self.record(round_id).round.cards) + 1
        self.scan(round_id, place, self.cards[0])
        self.confirm(round_id, place)
        self.cards.pop(0)

    def deal(self, round_id: str) -> None:
        """Draw cards until the hand is complete."""
        while self.record(round_id).round.next_hand is not None:
            self.draw(round_id)

    def record(self, round_id: str) -> RoundRecord:
        found = self.cloud.floor.round(round_id)
        assert found is not None
        return found

    def waited_for(self, round_id: str) -> RoundRecord:
        """Let betting end and wait until the state machine waits for this dealer's cards."""
        self.cloud.elapsing.skip()

        def waiting() -> RoundRecord | None:
            found = self.cloud.floor.round(round_id)
            return found if found is not None and found.task_token is not None else None

        record = self.cloud.wait_for(waiting, f"the wait for cards of {round_id}")
        assert record.round.state in (RoundState.CLOSED, RoundState.DEALING)
        return record
