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
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from baccarat.domain.canonical import JsonObject, canonical
from baccarat.domain.errors import IntegrityError
from baccarat.domain.movement import Movement, MovementKind
from baccarat.domain.payment import Payment, PaymentKind, PaymentState
from baccarat.domain.wallet import Adjustment, Bet, BetState, HousePosting, Stop

GENESIS: Final = "0" * 64
"""What the first entry of a wallet follows."""

_NOTHING_MOVED: Final = frozenset({MovementKind.STOP, MovementKind.RESUME})


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
        case MovementKind.PAYOUT:
            other = Leg(f"HOUSE#{table_of(movement.reference)}", -amount)
        case MovementKind.CORRECTION:
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
