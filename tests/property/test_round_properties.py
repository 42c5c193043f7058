"""Any sequence of commands drives a round along the published states and no others."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from baccarat.domain.coup import replay
from baccarat.domain.errors import RoundError
from baccarat.domain.fairness import deal_coup
from baccarat.domain.log import Event
from baccarat.domain.paytable import Spot
from baccarat.domain.round import (
    CloseBets,
    Command,
    DealCards,
    OpenRound,
    ResolveRound,
    Round,
    SealBook,
    SettleRound,
    TakeOver,
    VoidReason,
    VoidRound,
    decide,
    evolve,
    rebuild,
)
from baccarat.domain.shoe import Shoe
from tests.builders import CONFIG, START_MS

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
        self._give(OpenRound(1, CONFIG, "ab" * 32, Shoe.full("s", 8)))

    @rule()
    def close(self) -> None:
        self._give(CloseBets())

    @rule(count=st.integers(0, 3))
    def seal(self, count: int) -> None:
        self._give(SealBook("ab" * 32, count, {Spot.TIE: 5} if count else {}))

    @rule(key=st.binary(min_size=32, max_size=32))
    def deal(self, key: bytes) -> None:
        self._give(DealCards(deal_coup(Shoe.full("s", 8), key)[1]))

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


Rounds.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestRounds: Any = Rounds.TestCase
