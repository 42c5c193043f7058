"""A table's log as a follower has it: events in order, each once, nothing missing. Pure.

The rules are those of ``docs/formats/websocket.md``, "Joining and resuming", which the page's
``table_state.js`` follows too. Rounds are folded by the domain.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from baccarat.domain.errors import IllegalTransition
from baccarat.domain.log import Event, EventType, SignedEvent
from baccarat.domain.round import FINAL_STATES, Round, evolve
from baccarat.domain.video.marks import FrameMark

Position: TypeAlias = tuple[int, int]
"""A place in the log: ``(epoch, seq)``."""

MAX_WAITING: Final = 200
"""Events kept that came ahead of a missing one; a join repairs more than that."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TableState:
    """A table as far as its log is known.

    ``before`` is the round before ``round``. ``cards_at_ms`` says for each card of ``round`` when
    it begins to come onto the table, on the server's clock: a server's cards are in the log all at
    once, ahead of the eyes. ``dealer_id`` is empty where nobody deals, ``dealer_name`` is the name
    that players know.
    """

    table_id: str
    name: str = ""
    log_epoch: int = 0
    log_seq: int = 0
    round: Round | None = None
    before: Round | None = None
    cards_at_ms: tuple[int, ...] = ()
    dealer_id: str = ""
    dealer_name: str = ""

    def mark(self, at_ms: int) -> FrameMark:
        """Return the mark of a picture of this table, taken at ``at_ms``."""
        running = self.round is not None and self.round.state not in FINAL_STATES
        return FrameMark(
            table_id=self.table_id,
            round_id=self.round.round_id if self.round is not None and running else "",
            log_epoch=self.log_epoch,
            log_seq=self.log_seq,
            dealer_id=self.dealer_id,
            at_ms=at_ms,
        )


class TableLog:
    """Takes a table's events as they come.

    ``position`` is that of the newest event applied, None before the first join.
    """

    def __init__(self, table_id: str) -> None:
        self.state = TableState(table_id)
        self.position: Position | None = None
        self._last_hash = ""
        self._waiting: list[SignedEvent] = []

    @property
    def has_gap(self) -> bool:
        """Whether events are missing: join again with ``position``."""
        return bool(self._waiting)

    def join(self, message: dict[str, Any]) -> None:
        """Take the answer to a join. Raises: ValueError: it is none of this table."""
        table = message["table"]
        if table["tableId"] != self.state.table_id:
            raise ValueError(f"joined {table['tableId']!r}, not {self.state.table_id!r}")
        events = _parsed(message["events"])
        if not message["complete"] or self.position is None:
            self.position, self._waiting, self._last_hash = None, [], ""
            self.state = TableState(self.state.table_id)
            if events:
                self._apply(min(events, key=_place))
        self.state = replace(self.state, name=table["name"])
        self._take(events)
        # The table tells who deals after all of these events; ids are in the log alone.
        self.state = replace(self.state, dealer_name=table["dealer"] or "")

    def receive(self, events: Sequence[dict[str, Any]]) -> None:
        """Take events, repeated or out of order. Raises: ValueError: one is no event."""
        self._take(_parsed(events))

    def _take(self, events: Iterable[SignedEvent]) -> None:
        known = {_place(signed): signed for signed in (*self._waiting, *events)}
        queue = [known[place] for place in sorted(known)]
        waiting: list[SignedEvent] = []
        for signed in queue:
            if self.position is not None and _place(signed) <= self.position:
                continue
            if self._is_next(signed):
                self._apply(signed)
            else:
                waiting.append(signed)
        self._waiting = waiting[:MAX_WAITING]

    def _is_next(self, signed: SignedEvent) -> bool:
        if self.position is None:
            # The join told of no round: what was before this event may be lost on its way.
            return signed.event.seq == 1
        epoch, seq = self.position
        if signed.event.epoch == epoch:
            return signed.event.seq == seq + 1
        return signed.event.seq == 1 and signed.event.prev == self._last_hash

    def _apply(self, signed: SignedEvent) -> None:
        event = signed.event
        self.position, self._last_hash = _place(signed), signed.hash
        self.state = replace(self.state, log_epoch=event.epoch, log_seq=event.seq)
        try:
            self.state = _after(self.state, event)
        except IllegalTransition as error:
            # A follower must not stop at what it does not understand: the place in the log counts.
            _log.warning(
                "%s of table %s is passed over: %s", event.type, event.table_id, error.message
            )


def _after(state: TableState, event: Event) -> TableState:
    data = event.data
    if event.type is EventType.DEALER_SEATED:
        return replace(
            state, dealer_id=str(data["dealerId"] or ""), dealer_name=str(data.get("name") or "")
        )
    if not event.round_id:
        return state
    if event.type is EventType.ROUND_OPENED:
        opened = evolve(None, event)
        return replace(
            state, round=opened, before=state.round, cards_at_ms=(), dealer_id=opened.dealer_id
        )
    if state.round is None or state.round.round_id != event.round_id:
        raise IllegalTransition(f"round {event.round_id} was not seen to open")
    after = evolve(state.round, event)
    return replace(state, round=after, cards_at_ms=_cards_at_ms(state.cards_at_ms, event, after))


def _cards_at_ms(before: tuple[int, ...], event: Event, after: Round) -> tuple[int, ...]:
    count = len(after.cards) - len(before)
    if count <= 0:
        return before[: len(after.cards)]
    interval = (after.shown_at_ms - event.at_ms) // count
    return (*before, *(event.at_ms + at * interval for at in range(count)))


def _parsed(events: Sequence[dict[str, Any]]) -> list[SignedEvent]:
    return [SignedEvent.from_json(event) for event in events]


def _place(signed: SignedEvent) -> Position:
    return signed.event.epoch, signed.event.seq
