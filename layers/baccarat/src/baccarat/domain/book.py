"""The bet book: the sealed list of a round's bets, and what they are owed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from baccarat.domain import merkle
from baccarat.domain.canonical import Json, JsonObject, canonical
from baccarat.domain.coup import Coup
from baccarat.domain.paytable import Paytable, Spot


@dataclass(frozen=True, slots=True, order=True)
class BookEntry:
    """One bet of the book. The order of the book is the order of these fields."""

    player_id: str
    bet_id: str
    spot: Spot
    stake_minor: int

    def to_json(self) -> JsonObject:
        return {
            "playerId": self.player_id,
            "betId": self.bet_id,
            "spot": self.spot.value,
            "stake_minor": self.stake_minor,
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises: ValueError when ``value`` is not an entry."""
        match value:
            case {
                "playerId": str(player_id),
                "betId": str(bet_id),
                "spot": str(spot),
                "stake_minor": int(stake_minor),
                **rest,
            } if not rest and not isinstance(stake_minor, bool) and stake_minor > 0:
                return cls(player_id, bet_id, Spot(spot), stake_minor)
        raise ValueError(
            "a book entry has playerId, betId, spot and a positive stake_minor, and nothing else"
        )

    def leaf(self) -> bytes:
        return merkle.leaf_hash(canonical(self.to_json()))


@dataclass(frozen=True, slots=True)
class BetBook:
    """All bets of a round, sorted, each once."""

    entries: tuple[BookEntry, ...]

    def __post_init__(self) -> None:
        keys = [(entry.player_id, entry.bet_id) for entry in self.entries]
        if keys != sorted(set(keys)):
            raise ValueError("a book is sorted by player and bet, each bet once")

    @classmethod
    def of(cls, entries: Iterable[BookEntry]) -> Self:
        return cls(tuple(sorted(entries)))

    @property
    def root(self) -> str:
        """The Merkle root over the entries in hex."""
        return merkle.root([entry.leaf() for entry in self.entries]).hex()

    def stakes(self) -> dict[Spot, int]:
        """Return the sum of stakes on each spot that has any, in minor units."""
        sums: dict[Spot, int] = {}
        for entry in self.entries:
            sums[entry.spot] = sums.get(entry.spot, 0) + entry.stake_minor
        return sums

    def holds(self, player_id: str, bet_id: str) -> bool:
        """Return whether the book has this bet."""
        key = (player_id, bet_id)
        place = bisect_left(self.entries, key, key=lambda entry: (entry.player_id, entry.bet_id))
        return place < len(self.entries) and key == (
            self.entries[place].player_id,
            self.entries[place].bet_id,
        )

    def proofs(self, indices: Iterable[int]) -> list[list[str]]:
        """Return the inclusion proof of each entry as hex hashes, from the leaf up."""
        leaves = [entry.leaf() for entry in self.entries]
        return [
            [sibling.hex() for sibling in merkle.inclusion_proof(leaves, index)]
            for index in indices
        ]


@dataclass(frozen=True, slots=True)
class Payout:
    """What one bet of the book gets back; only bets that get something have one."""

    player_id: str
    bet_id: str
    payout_minor: int

    def to_json(self) -> JsonObject:
        return {
            "playerId": self.player_id,
            "betId": self.bet_id,
            "payout_minor": self.payout_minor,
        }


def payouts(book: BetBook, coup: Coup, paytable: Paytable) -> tuple[Payout, ...]:
    """Return what each winning or pushed bet of ``book`` gets back, in book order.

    Rounding happens once per player and spot: the n-th bet of a player on a spot gets what the
    first n together get, less what the first n − 1 together get.
    """
    staked: dict[tuple[str, Spot], int] = {}
    result: list[Payout] = []
    for entry in book.entries:
        key = (entry.player_id, entry.spot)
        before = staked.get(key, 0)
        staked[key] = before + entry.stake_minor
        payout_minor = paytable.returned(entry.spot, staked[key], coup) - paytable.returned(
            entry.spot, before, coup
        )
        if payout_minor:
            result.append(Payout(entry.player_id, entry.bet_id, payout_minor))
    return tuple(result)


def payouts_root(items: Sequence[Payout]) -> str:
    """Return the Merkle root over ``items`` in hex, as the settled event carries it."""
    return merkle.root([merkle.leaf_hash(canonical(item.to_json())) for item in items]).hex()
