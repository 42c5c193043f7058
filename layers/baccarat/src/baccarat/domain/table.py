"""The table: its status, its shoe, and who may drive it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

from baccarat.domain.coup import Outcome
from baccarat.domain.round import Round
from baccarat.domain.shoe import ShoeInPlay
from baccarat.domain.table_config import TableConfig

TABLE_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")
HISTORY_LENGTH: Final = 104
"""Results kept for the roads: the hands of a whole shoe, 416 cards and at least four a hand.

Without the first results of a shoe its roads would be other ones."""

DEALING_LIMIT_MS: Final = 120_000
"""How long a dealer may take for a hand; the state machine's own limit is the same."""

PAUSE_LIMIT_MS: Final = 900_000
"""How long the pit may take for a paused hand; the state machine's own limit is the same."""

_LEASE_GRACE_MS: Final = 45_000
"""How long after its last planned step a round may run before the watchdog takes the table."""


_MOST_DOUBLINGS: Final = 6

TAKEN_OUT: Final = "-"
"""Stands in a history for a hand that a correction voided, so that the others keep their places."""


class TableStatus(StrEnum):
    """PAUSED finishes the round in play and waits; CLOSED has nobody at the table."""

    OPEN = "OPEN"
    PAUSED = "PAUSED"
    CLOSED = "CLOSED"


class Missing(StrEnum):
    """Why a table cannot open its next round."""

    OPENING = "OPENING"
    DEALER = "DEALER"
    SHOE = "SHOE"


@dataclass(frozen=True, slots=True)
class Table:
    """A table as stored. ``version`` rises by one with every write.

    The driver of the table is whoever holds ``epoch``; past ``lease_until_ms`` a watchdog may
    take the table, which raises the epoch. Driving on renews the lease and leaves the epoch.
    ``round_no`` is the number of the newest round, 0 before the first; ``round_end`` is the place
    in the log, ``(epoch, seq)``, of the last event of the newest round that has ended.
    ``dealer_id`` is the person at the desk of a table with physical cards, ``dealer_name`` the name
    by which players know that person. ``shoe_no`` counts the
    shoes; ``shoe`` is None until the first is opened and after one is closed. ``history`` has a
    letter for each settled round of the newest shoe, oldest first.
    """

    table_id: str
    config: TableConfig
    status: TableStatus
    version: int
    epoch: int
    lease_until_ms: int
    round_no: int
    round_end: tuple[int, int]
    shoe_no: int
    shoe: ShoeInPlay | None
    dealer_id: str | None
    dealer_name: str | None
    history: tuple[str, ...]

    @classmethod
    def create(cls, table_id: str, config: TableConfig, now_ms: int) -> Self:
        """Return a new open table without a shoe.

        Raises:
            ValueError: ``table_id`` is not 1 to 24 of ``a-z 0-9 -``.
        """
        if not TABLE_ID.fullmatch(table_id):
            raise ValueError(f"table id {table_id!r}: use 1 to 24 of a-z, 0-9 and -")
        return cls(
            table_id=table_id,
            config=config,
            status=TableStatus.OPEN,
            version=1,
            epoch=0,
            lease_until_ms=now_ms,
            round_no=0,
            round_end=(0, 0),
            shoe_no=0,
            shoe=None,
            dealer_id=None,
            dealer_name=None,
            history=(),
        )

    @property
    def current_round_id(self) -> str | None:
        return round_id(self.table_id, self.round_no) if self.round_no else None

    @property
    def next_round_id(self) -> str:
        return round_id(self.table_id, self.round_no + 1)

    @property
    def next_shoe_id(self) -> str:
        return f"{self.table_id}.s{self.shoe_no + 1}"

    @property
    def newest_shoe_id(self) -> str:
        return f"{self.table_id}.s{self.shoe_no}"

    @property
    def results(self) -> tuple[str, ...]:
        """P, B or T for each hand of the newest shoe that counts, oldest first."""
        return tuple(letter for letter in self.history if letter != TAKEN_OUT)

    @property
    def missing(self) -> Missing | None:
        """What the table needs before it can open a round; None when it can.

        A server opens its shoes by itself.
        """
        if self.status is not TableStatus.OPEN:
            return Missing.OPENING
        if not self.config.mode.is_physical:
            return None
        if self.dealer_id is None:
            return Missing.DEALER
        return Missing.SHOE if self.shoe is None or self.shoe.is_finished else None

    def changed(self, **changes: Any) -> Self:
        """Return the table after one write with ``changes``."""
        return replace(self, version=self.version + 1, **changes)

    def shoe_after(self, round_: Round) -> ShoeInPlay:
        """Return the shoe as ``round_`` leaves it."""
        return round_.shoe_after(self.config.procedure.hands_after_cut)

    def lease_for_round(self, now_ms: int) -> int:
        """Return until when a round that opens at ``now_ms`` may keep the table."""
        dealing_ms = (
            DEALING_LIMIT_MS if self.config.mode.is_physical else 6 * self.config.card_interval_ms
        )
        return now_ms + self.config.bet_window_ms + dealing_ms + _LEASE_GRACE_MS

    def lease_for_pause(self, now_ms: int) -> int:
        """Return until when a round whose dealing was paused at ``now_ms`` may keep the table."""
        return now_ms + PAUSE_LIMIT_MS + _LEASE_GRACE_MS

    def lease_for_recovery(self, now_ms: int, earlier: int) -> int:
        """Return until when a taken table is left alone, after ``earlier`` takeovers of its round.

        It doubles each time, up to 48 minutes: a round that nothing can finish must not fill its
        log with takeovers.
        """
        return now_ms + (_LEASE_GRACE_MS << min(earlier, _MOST_DOUBLINGS))

    def with_result(self, outcome: Outcome) -> Self:
        """Return the table with ``outcome`` added to its history."""
        return replace(self, history=(*self.history, outcome.value[0])[-HISTORY_LENGTH:])

    def with_corrected(self, outcome: Outcome | None, settled_after: int) -> Self:
        """Return the table with another result for the hand after which ``settled_after`` were
        settled; None takes it out of the roads. A hand that is not kept any more changes nothing.
        """
        place = len(self.history) - 1 - settled_after
        if place < 0:
            return self
        letter = outcome.value[0] if outcome is not None else TAKEN_OUT
        return replace(self, history=(*self.history[:place], letter, *self.history[place + 1 :]))


def round_id(table_id: str, round_no: int) -> str:
    """Return the id of a round, which is also the name of its execution."""
    return f"{table_id}.{round_no:09d}"


def table_of_round(round_id_text: str) -> str:
    """Return the table a round id belongs to.

    Raises:
        ValueError: not a round id.
    """
    table_id, dot, number = round_id_text.rpartition(".")
    if not dot or not TABLE_ID.fullmatch(table_id) or not (number.isascii() and number.isdigit()):
        raise ValueError(f"{round_id_text!r} is not a round id such as 'bac-1.000000042'")
    return table_id
