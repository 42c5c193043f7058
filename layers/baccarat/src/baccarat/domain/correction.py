"""Corrections of settled rounds: compensating entries, proposed by one person and approved by
another. What was logged, sealed and paid stays as it is; the correction is added to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from baccarat.domain import merkle
from baccarat.domain.book import BetBook, payouts
from baccarat.domain.canonical import Json, JsonObject, canonical
from baccarat.domain.cards import Card
from baccarat.domain.coup import Coup, Hand
from baccarat.domain.errors import NeedsAnotherPerson, NoSuchStep
from baccarat.domain.log import EventType
from baccarat.domain.paytable import Paytable
from baccarat.domain.round import Fact

MAX_NOTE_CHARS: Final = 500


class CorrectionState(StrEnum):
    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class Correction:
    """``cards`` are what should have been dealt, in order; None voids the round, so that every
    stake goes back. ``number`` counts the corrections of a round from 1. Amounts are what the
    wallets got and gave; ``short_minor`` is what they could not give and the house bears.
    """

    table_id: str
    round_id: str
    number: int
    cards: tuple[Card, ...] | None
    note: str
    proposed_by: str
    proposed_at_ms: int
    state: CorrectionState = CorrectionState.PROPOSED
    decided_by: str | None = None
    credited_minor: int = 0
    debited_minor: int = 0
    short_minor: int = 0

    @property
    def correction_id(self) -> str:
        return f"{self.round_id}.c{self.number}"

    def _named(self, **more: Json) -> JsonObject:
        return {"correctionId": self.correction_id, "roundId": self.round_id, **more}

    def proposed(self) -> Fact:
        cards: Json = list(self.cards) if self.cards is not None else None
        return (
            EventType.CORRECTION_PROPOSED,
            self._named(by=self.proposed_by, note=self.note, cards=cards),
        )

    def approved(self, by: str, changes: dict[str, int]) -> tuple[Correction, Fact]:
        """Return the correction approved by ``by``; ``changes`` are the amounts by player.

        Raises:
            NeedsAnotherPerson: ``by`` proposed it. NoSuchStep: it is decided already.
        """
        self._check_open()
        if by == self.proposed_by:
            raise NeedsAnotherPerson(
                f"{by} proposed this correction: another person has to approve it", by=by
            )
        data = self._named(
            by=by,
            players=len(changes),
            net_minor=sum(changes.values()),
            changes_root=changes_root(changes),
        )
        return (
            replace(self, state=CorrectionState.APPROVED, decided_by=by),
            (EventType.CORRECTION_APPROVED, data),
        )

    def rejected(self, by: str, note: str) -> tuple[Correction, Fact]:
        """Raises: NoSuchStep when it is decided already."""
        self._check_open()
        return (
            replace(self, state=CorrectionState.REJECTED, decided_by=by),
            (EventType.CORRECTION_REJECTED, self._named(by=by, note=note)),
        )

    def applied(
        self, moved: Iterable[tuple[int, int]], history: str | None
    ) -> tuple[Correction, Fact]:
        """Return the correction done; ``moved`` pairs what each wallet was due with what moved.

        ``history`` are the results of the newest shoe as they are now, None when nothing changed.
        """
        credited = debited = short = 0
        for due_minor, moved_minor in moved:
            credited += max(moved_minor, 0)
            debited += max(-moved_minor, 0)
            short += moved_minor - due_minor
        after = replace(
            self,
            state=CorrectionState.APPLIED,
            credited_minor=credited,
            debited_minor=debited,
            short_minor=short,
        )
        data = self._named(
            credited_minor=credited, debited_minor=debited, short_minor=short, history=history
        )
        return after, (EventType.CORRECTION_APPLIED, data)

    def _check_open(self) -> None:
        if self.state is not CorrectionState.PROPOSED:
            raise NoSuchStep(
                f"correction {self.correction_id} is {self.state} already", state=self.state.value
            )


def place_of(correction_id: str) -> tuple[str, int]:
    """Return the round and the number that ``correction_id`` names."""
    round_id, _, number = correction_id.rpartition(".c")
    return round_id, int(number)


def newest_applied(corrections: Iterable[Correction]) -> Correction | None:
    """Return which of the corrections of a round says what stands, None if none was applied."""
    applied = (c for c in corrections if c.state is CorrectionState.APPLIED)
    return max(applied, key=lambda correction: correction.number, default=None)


def coup_of(cards: Iterable[Card]) -> tuple[Coup, tuple[tuple[Hand, Card], ...]]:
    """Return the complete coup that cards in dealing order make, and who gets which.

    Raises:
        ValueError: a card is missing or too many.
    """
    coup = Coup()
    order: list[tuple[Hand, Card]] = []
    for card in cards:
        hand = coup.next_hand()
        if hand is None:
            raise ValueError("the hand is complete before its last card")
        order.append((hand, card))
        coup = coup.with_card(card)
    if coup.next_hand() is not None:
        raise ValueError(f"the hand is not complete after {len(order)} cards")
    return coup, tuple(order)


def due_by_player(book: BetBook, coup: Coup | None, paytable: Paytable) -> dict[str, int]:
    """Return what each player of ``book`` gets back under ``coup``; all stakes with None."""
    due: dict[str, int] = {entry.player_id: 0 for entry in book.entries}
    if coup is None:
        for entry in book.entries:
            due[entry.player_id] += entry.stake_minor
    else:
        for payout in payouts(book, coup, paytable):
            due[payout.player_id] += payout.payout_minor
    return due


def changes_between(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Return by player what ``after`` gives more than ``before`` (negative: less); no zeros."""
    return {
        player_id: after[player_id] - before[player_id]
        for player_id in sorted(before)
        if after[player_id] != before[player_id]
    }


def changes_root(changes: dict[str, int]) -> str:
    """Return the Merkle root over the changes in hex, in the order of the player ids."""
    return merkle.root(
        [
            merkle.leaf_hash(canonical({"playerId": player_id, "change_minor": changes[player_id]}))
            for player_id in sorted(changes)
        ]
    ).hex()
