"""Any sequence of commands drives a round along the published states and no others."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from baccarat.domain.cards import DECK, Card
from baccarat.domain.coup import follow, replay
from baccarat.domain.errors import BaccaratError, RoundError
from baccarat.domain.fairness import deal_coup
from baccarat.domain.log import Event
from baccarat.domain.paytable import Spot
from baccarat.domain.round import (
    AnnounceCutCard,
    BurnCard,
    CardSource,
    CloseBets,
    Command,
    DealCard,
    DealCards,
    OpenRound,
    PauseDealing,
    PauseReason,
    ResolveRound,
    ResumeDealing,
    RetractCards,
    Round,
    SealBook,
    SettleRound,
    TakeOver,
    UndoScan,
    VoidReason,
    VoidRound,
    decide,
    evolve,
    rebuild,
)
from baccarat.domain.table_config import DealingMode
from tests.builders import CONFIG, SHOE, START_MS, by_hand

ALLOWED = {
    None: {"OPEN"},
    "OPEN": {"OPEN", "CLOSED", "VOIDED"},
    "CLOSED": {"CLOSED", "DEALING", "VOIDED"},
    "DEALING": {"DEALING", "RESOLVED", "VOIDED"},
    "RESOLVED": {"RESOLVED", "SETTLED"},
    "SETTLED": {"SETTLED"},
    "VOIDED": {"VOIDED"},
}


class Rounds(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.round: Round | None = None
        self.events: list[Event] = []
        self.states: list[str | None] = [None]
        self.now_ms = START_MS
        self.epoch = 1

    def _give(self, command: Command) -> None:
        before = self.round
        try:
            facts = decide(before, command, self.now_ms)
        except RoundError:
            assert self.round is before
            return
        assert facts
        for type_, data in facts:
            event = Event(
                "t",
                "t.000000001",
                self.epoch,
                len(self.events) + 1,
                type_,
                self.now_ms,
                data,
                "",
            )
            self.round = evolve(self.round, event)
            self.events.append(event)
        self.states.append(self.round.state.value if self.round else None)

    @rule(seconds=st.integers(0, 20))
    def wait(self, seconds: int) -> None:
        self.now_ms += seconds * 1_000

    @rule()
    def open(self) -> None:
        self._give(OpenRound(1, CONFIG, "dealer-7", "ab" * 32, SHOE))

    @rule()
    def close(self) -> None:
        self._give(CloseBets())

    @rule(count=st.integers(0, 3))
    def seal(self, count: int) -> None:
        self._give(SealBook("ab" * 32, count, {Spot.TIE: 5} if count else {}))

    @rule(key=st.binary(min_size=32, max_size=32))
    def deal(self, key: bytes) -> None:
        self._give(DealCards(deal_coup(SHOE.unseen, key)[1], 14))

    @rule()
    def resolve(self) -> None:
        self._give(ResolveRound())

    @rule()
    def settle(self) -> None:
        self._give(SettleRound(bytes(32), "ab" * 32, 0, 0, 0))

    @rule(reason=st.sampled_from(VoidReason))
    def void(self, reason: VoidReason) -> None:
        self._give(VoidRound(reason))

    @rule()
    def take_over(self) -> None:
        self.epoch += 1
        self._give(TakeOver("LEASE_EXPIRED"))

    @rule(data=st.data())
    def the_next_step(self, data: st.DataObject) -> None:
        """Whatever is due, so that long runs are seen often."""
        state = self.round.state.value if self.round else None
        self.now_ms += 30_000
        match state:
            case None:
                self.open()
            case "OPEN":
                self.close()
            case "CLOSED":
                self.seal(data.draw(st.integers(0, 3)))
                self.deal(data.draw(st.binary(min_size=32, max_size=32)))
            case "DEALING":
                self.resolve()
            case "RESOLVED":
                self.settle()

    @invariant()
    def only_published_moves(self) -> None:
        for before, after in zip(self.states, self.states[1:], strict=False):
            assert after in ALLOWED[before]

    @invariant()
    def the_events_tell_the_round(self) -> None:
        if self.round is None:
            assert self.events == []
            return
        assert rebuild(self.events) == self.round
        assert self.round.version == len(self.events)

    @invariant()
    def cards_come_after_the_book_and_the_announced_times_are_kept(self) -> None:
        if self.round is None:
            return
        types = [event.type.value for event in self.events]
        at_ms = {event.type.value: event.at_ms for event in self.events}
        if self.round.cards:
            assert types.index("BOOK_SEALED") < types.index("DEALING_STARTED")
            assert types.count("CARDS_DEALT") == types.count("BOOK_SEALED") == 1
            assert replay(self.round.cards) == self.round.coup
        if "BETS_CLOSED" in at_ms:
            assert at_ms["BETS_CLOSED"] >= self.round.closes_at_ms
        if self.round.outcome is not None:
            assert at_ms["ROUND_RESOLVED"] >= self.round.shown_at_ms
            assert self.round.outcome is self.round.coup.outcome
        assert ("VOIDED" in self.states) == (self.round.void_reason is not None)
        assert not ({"VOIDED", "RESOLVED"} <= set(self.states))


class HandDealtRounds(RuleBasedStateMachine):
    """A dealer and the pit do whatever they like; what the desk takes is always consistent."""

    def __init__(self) -> None:
        super().__init__()
        config = by_hand(DealingMode.SHOE)
        self.events: list[Event] = []
        self.round: Round | None = None
        self.seen: list[Card] = []
        self.burned: list[Card] = []
        self.at_place: dict[int, Card] = {}
        """The card that was read last at each place of those that left the shoe."""
        self._give(OpenRound(1, config, "dora", None, SHOE), START_MS)
        self._give(CloseBets(), START_MS + 60_000)
        self._give(SealBook("ab" * 32, 0, {}), START_MS + 60_000)

    def _give(self, command: Command, now_ms: int = START_MS + 60_000) -> bool:
        try:
            facts = decide(self.round, command, now_ms)
        except BaccaratError:
            return False
        for type_, data in facts:
            place = len(self.events) + 1
            event = Event("t", "t.000000001", 1, place, type_, now_ms, data, "")
            self.round = evolve(self.round, event)
            self.events.append(event)
        return True

    @rule(card=st.sampled_from(DECK), source=st.sampled_from(CardSource))
    def deal(self, card: Card, source: CardSource) -> None:
        place = len(self.seen) + len(self.burned)
        if self._give(DealCard(card, "dora", source)):
            self.at_place[place] = card
            self.seen.append(card)

    @rule(card=st.sampled_from(DECK[:2]))
    def burn(self, card: Card) -> None:
        place = len(self.seen) + len(self.burned)
        if self._give(BurnCard(card, "pia", "")):
            self.at_place[place] = card
            self.burned.append(card)

    @rule(card=st.sampled_from(DECK))
    def undo(self, card: Card) -> None:
        self._give(UndoScan(card, "dora"))

    @rule(place=st.integers(0, 7))
    def retract(self, place: int) -> None:
        if self._give(RetractCards(place, "pia", "")):
            del self.seen[place - 1 :]

    @rule(reason=st.sampled_from(PauseReason))
    def pause(self, reason: PauseReason) -> None:
        self._give(PauseDealing(reason, "pia"))

    @rule()
    def resume(self) -> None:
        self._give(ResumeDealing("pia"))

    @rule()
    def announce(self) -> None:
        self._give(AnnounceCutCard("dora"))

    @rule()
    def resolve(self) -> None:
        self._give(ResolveRound())

    @invariant()
    def the_cards_are_those_that_were_taken(self) -> None:
        round_ = self.round
        assert round_ is not None
        assert rebuild(self.events) == round_
        assert [card for _, card in round_.cards] == self.seen
        assert list(round_.burned) == self.burned
        assert round_.drawn == len(self.seen) + len(self.burned)
        assert round_.unseen.cards_left == 416 - round_.drawn == round_.cards_left
        assert round_.unseen == SHOE.unseen.without([*self.seen, *self.burned])
        coup = follow(round_.cards)
        assert (round_.next_hand is None) == (coup.next_hand() is None)
        assert len(round_.cards) <= 6
        if round_.outcome is not None:
            assert round_.paused is None
            assert round_.outcome is coup.outcome
        after = round_.shoe_after(1)
        out = Counter(self.at_place.values())
        for card, before, left in zip(
            DECK, SHOE.unseen.remaining, after.unseen.remaining, strict=True
        ):
            assert left == max(before - out[card], 0)
        assert after.cards_left == after.unseen.cards_left
        assert after.hands_left == (1 if round_.cut_card_out else None)


HandDealtRounds.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestHandDealtRounds: Any = HandDealtRounds.TestCase

Rounds.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestRounds: Any = Rounds.TestCase
