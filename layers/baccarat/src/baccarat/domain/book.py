"""The bet book: the sealed list of a round's bets, and what they are owed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from baccarat.domain import merkle
from baccarat.domain.bets import SIDES
from baccarat.domain.canonical import Json, JsonObject, canonical
from baccarat.domain.coup import Coup
from baccarat.domain.paytable import Paytable, Spot
from baccarat.domain.wallet import Bet, BetState, RefundReason


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

    @classmethod
    def of_placed(cls, bets: Iterable[Bet], differential_minor: int | None) -> Self:
        """Return the book of those of ``bets`` that are PLACED, without what the table's
        differential leaves out (see ``within_differential``); None leaves out nothing.
        """
        placed = [bet for bet in bets if bet.state is BetState.PLACED]
        if differential_minor is not None:
            placed = within_differential(placed, differential_minor)
        return cls.of(
            BookEntry(bet.player_id, bet.bet_id, bet.spot, bet.stake_minor) for bet in placed
        )

    @property
    def root(self) -> str:
        """The Merkle root over the entries in hex."""
        return merkle.root([entry.leaf() for entry in self.entries]).hex()

    def stakes(self) -> dict[Spot, int]:
        """Return the sum of stakes on each spot that has any, in minor units."""
        return _sums(self.entries)

    def holds(self, player_id: str, bet_id: str) -> bool:
        """Return whether the book has this bet."""
        key = (player_id, bet_id)
        place = bisect_left(self.entries, key, key=lambda entry: (entry.player_id, entry.bet_id))
        return place < len(self.entries) and key == (
            self.entries[place].player_id,
            self.entries[place].bet_id,
        )

    def reason_without(self, bet: Bet, differential_minor: int | None) -> RefundReason:
        """Return why ``bet``, which this sealed book does not hold, takes no part in the round.

        A bet that the differential left out would still break it, since ``within_differential``
        leaves out nothing that fits; so the book itself tells, at any time and to anybody.
        """
        if differential_minor is not None and bet.spot in SIDES:
            lead = _lead(self.stakes()) + _signed(bet)
            if abs(lead) > differential_minor:
                return RefundReason.TABLE_DIFFERENTIAL
        return RefundReason.NOT_IN_BOOK

    def proofs(self, indices: Iterable[int]) -> list[list[str]]:
        """Return the inclusion proof of each entry as hex hashes, from the leaf up."""
        leaves = [entry.leaf() for entry in self.entries]
        return [
            [sibling.hex() for sibling in merkle.inclusion_proof(leaves, index)]
            for index in indices
        ]


def within_differential(bets: Iterable[Bet], differential_minor: int) -> list[Bet]:
    """Return ``bets`` without those that must be left out, so that the stakes on Player and on
    Banker differ by at most ``differential_minor``. The order of ``bets`` does not matter.

    Whole bets of the heavier side are left out, the newest first, but for a bet so large that the
    other side would be too heavy without it; when only such bets are left, the newest of them. What
    was left out on the way comes back, the oldest first, where it fits: of what is left out in the
    end, no single bet would.

    Only bets on Player and Banker are looked at. A side bet stays, even when the main bet that it
    was a share of is left out.
    """
    kept = sorted(bets, key=_age)
    left_out: list[Bet] = []
    lead = _lead(_sums(kept))
    while abs(lead) > differential_minor:
        heavier = SIDES[0] if lead > 0 else SIDES[1]
        candidates = [bet for bet in reversed(kept) if bet.spot is heavier]
        still = abs(lead)
        chosen = []
        for bet in candidates:
            if still > differential_minor and still - bet.stake_minor >= -differential_minor:
                chosen.append(bet)
                still -= bet.stake_minor
        chosen = chosen or candidates[:1]
        left_out += chosen
        gone = set(map(_age, chosen))
        kept = [bet for bet in kept if _age(bet) not in gone]
        lead = _lead(_sums(kept))
    fits = True
    while fits:
        fits = False
        for bet in sorted(left_out, key=_age):
            if abs(lead + _signed(bet)) <= differential_minor:
                lead += _signed(bet)
                left_out.remove(bet)
                kept.append(bet)
                fits = True
    return sorted(kept, key=_age)


def _age(bet: Bet) -> tuple[int, str, str]:
    return bet.placed_at_ms, bet.player_id, bet.bet_id


def _sums(bets: Iterable[BookEntry | Bet]) -> dict[Spot, int]:
    sums: dict[Spot, int] = {}
    for bet in bets:
        sums[bet.spot] = sums.get(bet.spot, 0) + bet.stake_minor
    return sums


def _lead(stakes: Mapping[Spot, int]) -> int:
    """Return by how much Player is heavier than Banker; below zero when Banker is heavier."""
    player, banker = SIDES
    return stakes.get(player, 0) - stakes.get(banker, 0)


def _signed(bet: Bet) -> int:
    return _lead({bet.spot: bet.stake_minor})


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
    spots = {entry.spot for entry in book.entries}
    returned = {spot: paytable.returning(spot, coup) for spot in spots}
    staked: dict[tuple[str, Spot], int] = {}
    result: list[Payout] = []
    for entry in book.entries:
        key = (entry.player_id, entry.spot)
        before = staked.get(key, 0)
        staked[key] = before + entry.stake_minor
        payout_minor = returned[entry.spot](staked[key]) - returned[entry.spot](before)
        if payout_minor:
            result.append(Payout(entry.player_id, entry.bet_id, payout_minor))
    return tuple(result)


def payouts_root(items: Sequence[Payout]) -> str:
    """Return the Merkle root over ``items`` in hex, as the settled event carries it."""
    return merkle.root([merkle.leaf_hash(canonical(item.to_json())) for item in items]).hex()
