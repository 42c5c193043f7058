"""The lobby: what a player sees of every table, and which tables suit a wish best."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from baccarat.domain.paytable import Spot, Variant
from baccarat.domain.round import Round
from baccarat.domain.table import Table, TableStatus
from baccarat.domain.table_config import Presentation

MAX_PROPOSALS: Final = 3


@dataclass(frozen=True, slots=True)
class LobbyTable:
    """A table with its newest round, the players who watch it, and its free seats."""

    table: Table
    round: Round | None
    players: int
    seats_free: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What a player looks for; None takes anything. ``language`` is a BCP 47 tag."""

    variant: Variant | None = None
    language: str | None = None
    stake_minor: int | None = None
    presentation: Presentation | None = None


class Reason(StrEnum):
    """Why a table is proposed."""

    VARIANT = "VARIANT"
    STAKE = "STAKE"
    LANGUAGE = "LANGUAGE"
    PRESENTATION = "PRESENTATION"
    SEAT_FREE = "SEAT_FREE"


@dataclass(frozen=True, slots=True)
class Proposal:
    table: Table
    reasons: tuple[Reason, ...]


def propose(wish: Wish, tables: Iterable[LobbyTable]) -> list[Proposal]:
    """Return up to three tables, best first; none is no error.

    A table must be open, take the stake on Player and on Banker, and deal the variant. Of these
    come first, each point deciding only among those that are alike in all before it: the language,
    the presentation, a free seat, fewer players, the smaller table id.
    """
    possible = [found for found in tables if _is_possible(wish, found.table)]
    possible.sort(
        key=lambda found: (
            not _speaks(wish, found.table),
            not _presents(wish, found.table),
            found.seats_free == 0,
            found.players,
            found.table.table_id,
        )
    )
    return [Proposal(found.table, _reasons(wish, found)) for found in possible[:MAX_PROPOSALS]]


def _is_possible(wish: Wish, table: Table) -> bool:
    return (
        table.status is TableStatus.OPEN
        and wish.variant in (None, table.config.paytable.variant)
        and (wish.stake_minor is None or _takes(wish.stake_minor, table))
    )


def _takes(stake_minor: int, table: Table) -> bool:
    limits = (table.config.limits[spot] for spot in (Spot.PLAYER, Spot.BANKER))
    return all(limit.min_minor <= stake_minor <= limit.max_minor for limit in limits)


def _speaks(wish: Wish, table: Table) -> bool:
    """Return whether the dealer speaks the language, of whatever region."""
    if wish.language is None:
        return False
    wanted, spoken = (
        tag.lower().partition("-")[0] for tag in (wish.language, table.config.language)
    )
    return wanted == spoken


def _presents(wish: Wish, table: Table) -> bool:
    return wish.presentation is table.config.presentation


def _reasons(wish: Wish, found: LobbyTable) -> tuple[Reason, ...]:
    held = {
        Reason.VARIANT: wish.variant is not None,
        Reason.STAKE: wish.stake_minor is not None,
        Reason.LANGUAGE: _speaks(wish, found.table),
        Reason.PRESENTATION: _presents(wish, found.table),
        Reason.SEAT_FREE: found.seats_free > 0,
    }
    return tuple(reason for reason, holds in held.items() if holds)
