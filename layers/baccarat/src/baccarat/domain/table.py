"""The table: its configuration, its shoe, and who may drive it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from baccarat.domain.canonical import Json, JsonObject
from baccarat.domain.coup import Outcome
from baccarat.domain.paytable import PAYTABLES, Paytable, Spot
from baccarat.domain.shoe import MIN_CARDS_FOR_A_HAND, Shoe

TABLE_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")
HISTORY_LENGTH: Final = 104
"""Results kept for the roads: the hands of a whole shoe, 416 cards and at least four a hand.

Without the first results of a shoe its roads would be other ones."""

_LEASE_GRACE_MS: Final = 45_000
"""How long after its last planned step a round may run before the watchdog takes the table."""


_MOST_DOUBLINGS: Final = 6


class TableStatus(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class StakeLimit:
    """Smallest single bet and largest sum of one player's bets on a spot in one round."""

    min_minor: int
    max_minor: int

    def __post_init__(self) -> None:
        if not 0 < self.min_minor <= self.max_minor:
            raise ValueError(f"limits {self.min_minor} to {self.max_minor} minor units are empty")


@dataclass(frozen=True, slots=True)
class TableConfig:
    """What the house sets for a table. Times are in milliseconds, money in minor units."""

    name: str
    dealer_id: str
    currency: str
    paytable_version: str
    limits: dict[Spot, StakeLimit]
    bet_window_ms: int
    card_interval_ms: int
    cut_cards: int

    def __post_init__(self) -> None:
        if self.paytable_version not in PAYTABLES:
            known = ", ".join(sorted(PAYTABLES))
            raise ValueError(f"no paytable {self.paytable_version!r}; there are: {known}")
        if set(self.limits) != set(self.paytable.odds):
            raise ValueError("limits are needed for each spot of the paytable, and no other")
        if not 1_000 <= self.bet_window_ms <= 120_000:
            raise ValueError(f"a bet window lasts 1 to 120 s, not {self.bet_window_ms} ms")
        if not 0 <= self.card_interval_ms <= 10_000:
            raise ValueError(f"a card takes 0 to 10 s, not {self.card_interval_ms} ms")
        if self.cut_cards < MIN_CARDS_FOR_A_HAND:
            raise ValueError(
                f"the cut card must leave the {MIN_CARDS_FOR_A_HAND} cards that a hand may need"
            )

    @property
    def paytable(self) -> Paytable:
        return PAYTABLES[self.paytable_version]

    def limits_json(self) -> JsonObject:
        return {
            spot.value: {"min_minor": limit.min_minor, "max_minor": limit.max_minor}
            for spot, limit in self.limits.items()
        }

    def to_json(self) -> JsonObject:
        return {
            "name": self.name,
            "dealerId": self.dealer_id,
            "currency": self.currency,
            "paytable": self.paytable_version,
            "limits": self.limits_json(),
            "bet_window_ms": self.bet_window_ms,
            "card_interval_ms": self.card_interval_ms,
            "cut_cards": self.cut_cards,
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises: ValueError when ``value`` is not a table configuration."""
        match value:
            case {
                "name": str(name),
                "dealerId": str(dealer_id),
                "currency": str(currency),
                "paytable": str(paytable),
                "limits": dict(limits),
                "bet_window_ms": int(bet_window_ms),
                "card_interval_ms": int(card_interval_ms),
                "cut_cards": int(cut_cards),
                **rest,
            } if not rest:
                return cls(
                    name,
                    dealer_id,
                    currency,
                    paytable,
                    limits_from_json(limits),
                    bet_window_ms,
                    card_interval_ms,
                    cut_cards,
                )
        raise ValueError(f"not a table configuration: {value!r}")


def limits_from_json(value: Json) -> dict[Spot, StakeLimit]:
    """Raises: ValueError when ``value`` does not map spots to limits."""
    if not isinstance(value, dict):
        raise ValueError("limits map each spot to its limit")
    limits: dict[Spot, StakeLimit] = {}
    for spot, limit in value.items():
        match limit:
            case {"min_minor": int(low), "max_minor": int(high), **rest} if not rest:
                limits[Spot(spot)] = StakeLimit(low, high)
            case _:
                raise ValueError(f"the limit of {spot} needs min_minor and max_minor")
    return limits


@dataclass(frozen=True, slots=True)
class Table:
    """A table as stored. ``version`` rises by one with every write.

    The driver of the table is whoever holds ``epoch``; past ``lease_until_ms`` a watchdog may
    take the table, which raises the epoch. Driving on renews the lease and leaves the epoch.
    ``round_no`` is the number of the newest round, 0 before the first.
    """

    table_id: str
    config: TableConfig
    status: TableStatus
    version: int
    epoch: int
    lease_until_ms: int
    round_no: int
    shoe_no: int
    shoe: Shoe
    history: tuple[str, ...]

    @classmethod
    def create(cls, table_id: str, config: TableConfig, now_ms: int) -> Self:
        """Return a new open table with its first shoe.

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
            shoe_no=1,
            shoe=Shoe.full(f"{table_id}.s1", config.paytable.decks),
            history=(),
        )

    @property
    def current_round_id(self) -> str | None:
        return round_id(self.table_id, self.round_no) if self.round_no else None

    @property
    def next_round_id(self) -> str:
        return round_id(self.table_id, self.round_no + 1)

    def with_fresh_shoe_if_due(self) -> Self:
        """Return the table ready for a hand: with a new shoe when the cut card is out."""
        if self.shoe.cards_left > self.config.cut_cards:
            return self
        shoe_no = self.shoe_no + 1
        return replace(
            self,
            shoe_no=shoe_no,
            shoe=Shoe.full(f"{self.table_id}.s{shoe_no}", self.config.paytable.decks),
            history=(),
        )

    def lease_for_round(self, now_ms: int) -> int:
        """Return until when a round that opens at ``now_ms`` may keep the table."""
        return (
            now_ms + self.config.bet_window_ms + 6 * self.config.card_interval_ms + _LEASE_GRACE_MS
        )

    def lease_for_recovery(self, now_ms: int, earlier: int) -> int:
        """Return until when a taken table is left alone, after ``earlier`` takeovers of its round.

        It doubles each time, up to 48 minutes: a round that nothing can finish must not fill its
        log with takeovers.
        """
        return now_ms + (_LEASE_GRACE_MS << min(earlier, _MOST_DOUBLINGS))

    def with_result(self, outcome: Outcome) -> Self:
        """Return the table with ``outcome`` added to its history."""
        return replace(self, history=(*self.history, outcome.value[0])[-HISTORY_LENGTH:])


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
