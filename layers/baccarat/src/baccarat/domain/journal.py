"""The double-entry journal and the history of a wallet, as projections.

Both are made from movements alone and can be thrown away: ``movements_of`` derives the movements
of a wallet from the durable items (bets, payments, compensating entries, stops), and each wallet
item says in ``last`` which one led to it. The two ways must agree.

Accounts, each in one currency; every entry's legs add up to nothing:

    PLAYER#id      what a player may use             STAKES#round   staked in a round, not decided
    HELD#id        kept for a player's withdrawals   HOUSE#table    what the house has won
    CLEARING#name  what a payment method has brought in (negative: the world outside)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from baccarat.domain.canonical import Json, JsonObject, canonical
from baccarat.domain.errors import IntegrityError
from baccarat.domain.movement import Movement, MovementKind
from baccarat.domain.payment import Payment, PaymentKind, PaymentState
from baccarat.domain.wallet import Adjustment, Bet, BetState, HousePosting, Stop

GENESIS: Final = "0" * 64
"""What the first entry of a wallet follows."""

_NOTHING_MOVED: Final = frozenset({MovementKind.STOP, MovementKind.RESUME})
_BY_METHOD: Final = frozenset(
    {MovementKind.DEPOSIT, MovementKind.REVERSAL, MovementKind.WITHDRAWAL}
)


_NUMBERS: Final = frozenset(
    {
        *("version", "amount_minor", "held_change_minor"),
        *("at_ms", "available_minor", "held_minor"),
    }
)

MEMBERS: Final = (
    *("playerId", "currency", "version", "kind", "amount_minor", "held_change_minor"),
    *("at_ms", "reference", "available_minor", "held_minor", "prev", "hash"),
)
"""Members of an entry in the order in which an export shows them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of one wallet with the balances after it, chained to the entry before.

    ``hash`` is SHA-256 over the RFC 8785 form of all other members.
    """

    player_id: str
    currency: str
    movement: Movement
    available_minor: int
    held_minor: int
    prev: str

    def body(self) -> JsonObject:
        move = self.movement
        return {
            "playerId": self.player_id,
            "currency": self.currency,
            "version": move.version,
            "kind": move.kind.value,
            "amount_minor": move.amount_minor,
            "held_change_minor": move.held_minor,
            "at_ms": move.at_ms,
            "reference": move.reference,
            "available_minor": self.available_minor,
            "held_minor": self.held_minor,
            "prev": self.prev,
        }

    @property
    def hash(self) -> str:
        return hashlib.sha256(canonical(self.body())).hexdigest()

    def to_json(self) -> JsonObject:
        return {**self.body(), "hash": self.hash}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises: ValueError when ``value`` is no entry, or its hash is not that of the rest."""
        match value:
            case {
                "playerId": str(player_id),
                "currency": str(currency),
                "kind": str(kind),
                "reference": str(reference),
                "prev": str(prev),
                "hash": str(hash_),
                **rest,
            } if rest.keys() == _NUMBERS and all(type(n) is int for n in rest.values()):
                number = {name: n for name, n in rest.items() if isinstance(n, int)}
                movement = Movement(
                    number["version"],
                    MovementKind(kind),
                    number["amount_minor"],
                    number["held_change_minor"],
                    number["at_ms"],
                    reference,
                )
                entry = cls(
                    player_id,
                    currency,
                    movement,
                    number["available_minor"],
                    number["held_minor"],
                    prev,
                )
            case _:
                raise ValueError(f"an entry has exactly {', '.join(MEMBERS)}")
        if entry.hash != hash_:
            raise ValueError(
                f"version {movement.version}: the hash is {hash_}, that of the other members is "
                f"{entry.hash}"
            )
        return entry


def follow(before: Entry | None, player_id: str, currency: str, movement: Movement) -> Entry:
    """Return the entry of ``movement`` after ``before`` (None: the wallet's first).

    Raises:
        IntegrityError: a version is missing between them.
    """
    last = before.movement.version if before else 0
    if movement.version != last + 1:
        raise IntegrityError(
            f"wallet {player_id} {currency}: version {movement.version} follows {last}"
        )
    return Entry(
        player_id,
        currency,
        movement,
        (before.available_minor if before else 0) + movement.amount_minor,
        (before.held_minor if before else 0) + movement.held_minor,
        before.hash if before else GENESIS,
    )


def entries_of(player_id: str, currency: str, movements: Iterable[Movement]) -> list[Entry]:
    """Return the whole chain. Raises: IntegrityError as ``follow``."""
    entries: list[Entry] = []
    for movement in movements:
        entries.append(follow(entries[-1] if entries else None, player_id, currency, movement))
    return entries


def check_chain(entries: Iterable[Entry]) -> None:
    """Check that each entry follows the one before it; the first may be of any version.

    Raises:
        IntegrityError: naming the first version where the chain does not hold.
    """
    before: Entry | None = None
    for entry in entries:
        if before is None and entry.movement.version > 1:
            before = entry
            continue
        expected = follow(before, entry.player_id, entry.currency, entry.movement)
        same_wallet = before is None or (before.player_id, before.currency) == (
            entry.player_id,
            entry.currency,
        )
        if not same_wallet or expected != entry:
            raise IntegrityError(
                f"version {entry.movement.version} of {entry.player_id} {entry.currency} does not "
                "follow the entry before it"
            )
        before = entry


def movements_of(
    bets: Iterable[Bet],
    payments: Iterable[Payment],
    adjustments: Iterable[Adjustment],
    stops: Iterable[Stop],
) -> list[Movement]:
    """Return the movements of one wallet in the order of their versions, from its items alone.

    Raises:
        IntegrityError: two items claim one version, or a closed item has none.
    """
    found: dict[int, Movement] = {}
    for movement in (
        *_of_bets(bets),
        *(move for payment in payments for move in _of_payment(payment)),
        *(_of_adjustment(adjustment) for adjustment in adjustments),
        *(Movement(s.wallet_version, s.kind, 0, 0, s.at_ms, s.reason) for s in stops),
    ):
        if movement.version in found:
            raise IntegrityError(
                f"version {movement.version} is claimed by {found[movement.version].kind} and "
                f"{movement.kind}"
            )
        found[movement.version] = movement
    return [found[version] for version in sorted(found)]


def _of_adjustment(adjustment: Adjustment) -> Movement:
    return Movement(
        adjustment.wallet_version,
        adjustment.kind,
        adjustment.amount_minor,
        0,
        adjustment.at_ms,
        adjustment.adjustment_id,
    )


_CLOSING: Final = {
    BetState.CANCELLED: MovementKind.CANCEL,
    BetState.PAID: MovementKind.PAYOUT,
    BetState.REFUNDED: MovementKind.REFUND,
}


def _of_bets(bets: Iterable[Bet]) -> list[Movement]:
    """Bets of one command share the version that took their stakes, bets that were closed together
    the one that gave their money back.
    """
    moves: dict[tuple[int, MovementKind, str, int], int] = {}

    def add(
        version: int | None, kind: MovementKind, bet: Bet, at_ms: int | None, sum_: int
    ) -> None:
        if version is None or at_ms is None:
            raise IntegrityError(f"bet {bet.bet_id} of {bet.player_id} is closed without a version")
        key = (version, kind, bet.round_id, at_ms)
        moves[key] = moves.get(key, 0) + sum_

    for bet in bets:
        add(bet.placed_version, MovementKind.STAKE, bet, bet.placed_at_ms, -bet.stake_minor)
        kind = _CLOSING.get(bet.state)
        if kind is not None:
            back = bet.stake_minor if kind is MovementKind.CANCEL else bet.payout_minor
            add(bet.closed_version, kind, bet, bet.closed_at_ms, back)
    return [
        Movement(version, kind, amount, 0, at_ms, reference)
        for (version, kind, reference, at_ms), amount in moves.items()
    ]


_RELEASED: Final = (PaymentState.CANCELLED, PaymentState.REJECTED, PaymentState.RETURNED)


def _of_payment(payment: Payment) -> list[Movement]:
    amount, id_ = payment.amount_minor, payment.payment_id
    if payment.kind is PaymentKind.DEPOSIT:
        if payment.closed_version is None or payment.closed_at_ms is None:
            return []
        closed = payment.closed_version, payment.closed_at_ms
        return [Movement(closed[0], MovementKind.DEPOSIT, amount, 0, closed[1], id_)]
    if payment.opened_version is None or payment.opened_at_ms is None:
        raise IntegrityError(f"withdrawal {id_} holds nothing")
    moves = [
        Movement(
            payment.opened_version, MovementKind.HOLD, -amount, amount, payment.opened_at_ms, id_
        )
    ]
    if payment.closed_version is not None and payment.closed_at_ms is not None:
        released = payment.state in _RELEASED
        kind = MovementKind.RELEASE if released else MovementKind.WITHDRAWAL
        back = amount if released else 0
        moves.append(
            Movement(payment.closed_version, kind, back, -amount, payment.closed_at_ms, id_)
        )
    return moves


@dataclass(frozen=True, slots=True)
class Leg:
    """``amount_minor`` is added to ``account`` (negative: taken from it)."""

    account: str
    amount_minor: int


def legs_of(player_id: str, movement: Movement, method: str | None = None) -> tuple[Leg, ...]:
    """Return the legs of a movement's journal entry; none where no money moved. ``method`` is the
    payment method of a deposit, its reversal, or a withdrawal that was paid.
    """
    if movement.kind in _NOTHING_MOVED:
        return ()
    player, held = f"PLAYER#{player_id}", f"HELD#{player_id}"
    amount, kind = movement.amount_minor, movement.kind
    match kind:
        case MovementKind.STAKE | MovementKind.CANCEL | MovementKind.REFUND:
            other = Leg(f"STAKES#{movement.reference}", -amount)
        case MovementKind.PAYOUT | MovementKind.CORRECTION:
            other = Leg(f"HOUSE#{table_of(movement.reference)}", -amount)
        case MovementKind.HOLD | MovementKind.RELEASE:
            other = Leg(held, movement.held_minor)
        case MovementKind.WITHDRAWAL:
            return (
                Leg(held, movement.held_minor),
                Leg(f"CLEARING#{method}", -movement.held_minor),
            )
        case _:
            other = Leg(f"CLEARING#{method}", -amount)
    return (Leg(player, amount), other)


def legs_of_posting(posting: HousePosting) -> tuple[Leg, ...]:
    """The stakes of a settled round become the house's; what it paid out is in the payouts."""
    return (
        Leg(f"STAKES#{posting.round_id}", -posting.staked_minor),
        Leg(f"HOUSE#{posting.table_id}", posting.staked_minor),
    )


def table_of(reference: str) -> str:
    """Return the table of a round's or a correction's id."""
    return reference.partition(".")[0]


def trial_balance(
    entries: Iterable[Entry], methods: Mapping[str, str], postings: Iterable[HousePosting]
) -> dict[str, dict[str, int]]:
    """Return what every account holds, by currency; each currency adds up to nothing.

    ``methods`` says by which method each payment was made.

    Raises:
        IntegrityError: an entry names a payment that is not among them.
    """
    accounts: dict[str, dict[str, int]] = {}

    def post(currency: str, legs: Iterable[Leg]) -> None:
        sums = accounts.setdefault(currency, {})
        for leg in legs:
            sums[leg.account] = sums.get(leg.account, 0) + leg.amount_minor

    for entry in entries:
        move = entry.movement
        method = methods.get(move.reference)
        if move.kind in _BY_METHOD and method is None:
            raise IntegrityError(f"{move.kind} {move.reference} is of no payment that is known")
        post(entry.currency, legs_of(entry.player_id, move, method))
    for posting in postings:
        post(posting.currency, legs_of_posting(posting))
    return accounts
