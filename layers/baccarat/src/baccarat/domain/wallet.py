"""Money decisions: a wallet and what bets, payments and refunds do to it.

Each function returns the new wallet and the items that record the movement. The adapter writes
them together, on the wallet version that was read, or not at all. ``version`` rises by exactly one
for every movement, so a wallet can be replayed and a gap is visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from baccarat.domain.errors import (
    BetNotCancellable,
    BettingClosed,
    IdempotencyConflict,
    InsufficientFunds,
    IntegrityError,
    SpotNotOffered,
    StakeAboveMaximum,
    StakeBelowMinimum,
    TooManyBets,
    TooManyTables,
)
from baccarat.domain.paytable import Spot
from baccarat.domain.round import Round, RoundState

MAX_BETS_PER_ROUND: Final = 60
"""Bets of one player a round, cancelled ones included: what they win, or their refund, is one
transaction of at most 100 items."""

MAX_TABLES_AT_ONCE: Final = 8
"""Tables on which a player may have bets in open rounds; keeps the wallet under one write unit."""

_CLOCK_MARGIN_MS: Final = 10_000
"""An exposure is forgotten this long after its round took its last bet: clocks differ."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a player has staked in the newest round of one table that he bet on.

    It limits further bets on that round, so it is of no use once the round takes none.
    """

    round_no: int
    closes_at_ms: int
    bets: int = 0
    staked: dict[Spot, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wallet:
    player_id: str
    currency: str
    available_minor: int
    version: int
    exposure: dict[str, Exposure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.available_minor < 0:
            raise IntegrityError(f"wallet {self.player_id} would fall below zero")

    def moved(self, amount_minor: int) -> Wallet:
        """Return the wallet after one movement of ``amount_minor`` (negative takes away)."""
        return replace(
            self, available_minor=self.available_minor + amount_minor, version=self.version + 1
        )


class BetState(StrEnum):
    """A losing bet stays PLACED: it lost when its round is SETTLED and its book held it."""

    PLACED = "PLACED"
    CANCELLED = "CANCELLED"
    PAID = "PAID"
    REFUNDED = "REFUNDED"


class RefundReason(StrEnum):
    NOT_IN_BOOK = "NOT_IN_BOOK"
    ROUND_VOIDED = "ROUND_VOIDED"


@dataclass(frozen=True, slots=True)
class Bet:
    """A bet and its own idempotency record.

    ``placed_version`` and ``balance_after_minor`` are the wallet right after the stake was taken,
    so that a repeated request gets the answer of the first. ``closed_*`` are set once it is no
    longer PLACED.
    """

    player_id: str
    bet_id: str
    table_id: str
    round_id: str
    round_no: int
    spot: Spot
    stake_minor: int
    currency: str
    paytable_version: str
    state: BetState
    placed_at_ms: int
    placed_version: int
    balance_after_minor: int
    payout_minor: int = 0
    closed_at_ms: int | None = None
    closed_version: int | None = None
    reason: RefundReason | None = None


@dataclass(frozen=True, slots=True)
class PlaceBet:
    player_id: str
    bet_id: str
    round_id: str
    spot: Spot
    stake_minor: int


def place(wallet: Wallet, command: PlaceBet, round_: Round, now_ms: int) -> tuple[Wallet, Bet]:
    """Take the stake.

    Raises:
        BettingClosed, SpotNotOffered, StakeBelowMinimum, StakeAboveMaximum, TooManyBets,
        TooManyTables, InsufficientFunds: nothing is to be written.
    """
    if round_.state is not RoundState.OPEN or now_ms >= round_.closes_at_ms:
        raise BettingClosed(
            f"bets on round {round_.round_id} are closed; bet on the next round",
            roundId=round_.round_id,
        )
    limit = round_.limits.get(command.spot)
    if limit is None or wallet.currency != round_.currency:
        raise SpotNotOffered(
            f"this table does not take {wallet.currency} on {command.spot}",
            offered=[spot.value for spot in round_.limits],
        )
    exposure = wallet.exposure.get(round_.table_id)
    if exposure is not None and exposure.round_no > round_.round_no:
        raise BettingClosed(f"round {round_.round_id} is over", roundId=round_.round_id)
    if exposure is None or exposure.round_no < round_.round_no:
        exposure = Exposure(round_.round_no, round_.closes_at_ms)
    staked = exposure.staked.get(command.spot, 0)
    if command.stake_minor < limit.min_minor:
        raise StakeBelowMinimum(
            f"the smallest bet on {command.spot} is {limit.min_minor} minor units",
            min_minor=limit.min_minor,
        )
    if staked + command.stake_minor > limit.max_minor:
        raise StakeAboveMaximum(
            f"at most {limit.max_minor} minor units may lie on {command.spot}; "
            f"{limit.max_minor - staked} more are allowed",
            allowed_minor=limit.max_minor - staked,
        )
    if exposure.bets >= MAX_BETS_PER_ROUND:
        raise TooManyBets(
            f"a player places at most {MAX_BETS_PER_ROUND} bets a round",
            max_bets=MAX_BETS_PER_ROUND,
        )
    if command.stake_minor > wallet.available_minor:
        raise InsufficientFunds(
            f"the stake is {command.stake_minor} minor units, the balance {wallet.available_minor}",
            available_minor=wallet.available_minor,
        )
    exposures = {
        table_id: other
        for table_id, other in wallet.exposure.items()
        if table_id != round_.table_id and now_ms < other.closes_at_ms + _CLOCK_MARGIN_MS
    }
    if len(exposures) >= MAX_TABLES_AT_ONCE:
        raise TooManyTables(
            f"bets are open on {len(exposures)} other tables, at most {MAX_TABLES_AT_ONCE} are "
            "taken at once; wait until one of them closes",
            max_tables=MAX_TABLES_AT_ONCE,
        )
    exposures[round_.table_id] = Exposure(
        round_.round_no,
        round_.closes_at_ms,
        exposure.bets + 1,
        {**exposure.staked, command.spot: staked + command.stake_minor},
    )
    after = replace(wallet.moved(-command.stake_minor), exposure=exposures)
    bet = Bet(
        player_id=wallet.player_id,
        bet_id=command.bet_id,
        table_id=round_.table_id,
        round_id=round_.round_id,
        round_no=round_.round_no,
        spot=command.spot,
        stake_minor=command.stake_minor,
        currency=wallet.currency,
        paytable_version=round_.paytable_version,
        state=BetState.PLACED,
        placed_at_ms=now_ms,
        placed_version=after.version,
        balance_after_minor=after.available_minor,
    )
    return after, bet


def same_request(bet: Bet, command: PlaceBet) -> Bet:
    """Return ``bet`` if it is what ``command`` asked for.

    Raises:
        IdempotencyConflict: the bet id was used for something else.
    """
    if (bet.spot, bet.stake_minor) != (command.spot, command.stake_minor):
        raise IdempotencyConflict(
            f"bet {bet.bet_id} exists with other contents; use a new bet id", betId=bet.bet_id
        )
    return bet


def cancel(wallet: Wallet, bet: Bet, now_ms: int) -> tuple[Wallet, Bet]:
    """Give the stake back at the player's wish. The caller's write must also check that the round
    is OPEN.

    Raises:
        BetNotCancellable: the bet is no longer placed.
    """
    if bet.state is not BetState.PLACED:
        raise BetNotCancellable(f"bet {bet.bet_id} is {bet.state}", state=bet.state.value)
    after = wallet.moved(bet.stake_minor)
    exposure = wallet.exposure.get(bet.table_id)
    if exposure is not None and exposure.round_no == bet.round_no:
        left = {**exposure.staked, bet.spot: exposure.staked.get(bet.spot, 0) - bet.stake_minor}
        after = replace(
            after,
            exposure={
                **wallet.exposure,
                bet.table_id: replace(exposure, staked=left),
            },
        )
    return after, _closed(bet, BetState.CANCELLED, after.version, now_ms)


def pay(
    wallet: Wallet, owed: Sequence[tuple[Bet, int]], now_ms: int
) -> tuple[Wallet, tuple[Bet, ...]]:
    """Pay out bets of one round in one movement; ``owed`` pairs each bet with its payout > 0.

    Raises:
        IntegrityError: a bet that is not PLACED any more.
    """
    for bet, _ in owed:
        if bet.state is not BetState.PLACED:
            raise IntegrityError(f"bet {bet.bet_id} of {bet.player_id} is {bet.state}, not PLACED")
    after = wallet.moved(sum(payout_minor for _, payout_minor in owed))
    return after, tuple(
        replace(
            _closed(bet, BetState.PAID, after.version, now_ms),
            payout_minor=payout_minor,
        )
        for bet, payout_minor in owed
    )


def refund(
    wallet: Wallet, bets: Sequence[Bet], reason: RefundReason, now_ms: int
) -> tuple[Wallet, tuple[Bet, ...]]:
    """Give the stakes of bets of one round back in one movement: they take no part in it.

    Raises:
        IntegrityError: a bet that is not PLACED any more.
    """
    for bet in bets:
        if bet.state is not BetState.PLACED:
            raise IntegrityError(f"bet {bet.bet_id} of {bet.player_id} is {bet.state}, not PLACED")
    after = wallet.moved(sum(bet.stake_minor for bet in bets))
    return after, tuple(
        replace(
            _closed(bet, BetState.REFUNDED, after.version, now_ms),
            payout_minor=bet.stake_minor,
            reason=reason,
        )
        for bet in bets
    )


def _closed(bet: Bet, state: BetState, version: int, now_ms: int) -> Bet:
    return replace(bet, state=state, closed_at_ms=now_ms, closed_version=version)


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money that came into a wallet from outside; ``deposit_id`` is its idempotency key."""

    player_id: str
    deposit_id: str
    amount_minor: int
    currency: str
    at_ms: int
    wallet_version: int


def deposit(
    wallet: Wallet, deposit_id: str, amount_minor: int, now_ms: int
) -> tuple[Wallet, Deposit]:
    """Credit a deposit.

    Raises:
        ValueError: the amount is not positive.
    """
    if amount_minor <= 0:
        raise ValueError("a deposit is positive")
    after = wallet.moved(amount_minor)
    return after, Deposit(
        wallet.player_id, deposit_id, amount_minor, wallet.currency, now_ms, after.version
    )


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What the correction of a round moved in one wallet; ``amount_minor`` is negative when it
    took money. ``correction_id`` is its idempotency key.
    """

    player_id: str
    correction_id: str
    amount_minor: int
    currency: str
    at_ms: int
    wallet_version: int


def adjust(
    wallet: Wallet, correction_id: str, amount_minor: int, now_ms: int
) -> tuple[Wallet, Adjustment]:
    """Credit what a correction gives, or take what it takes as far as the balance reaches.

    Raises:
        ValueError: the amount is zero.
    """
    if amount_minor == 0:
        raise ValueError("an adjustment moves something")
    moved_minor = max(amount_minor, -wallet.available_minor)
    after = wallet.moved(moved_minor)
    return after, Adjustment(
        wallet.player_id, correction_id, moved_minor, wallet.currency, now_ms, after.version
    )


def same_deposit(existing: Deposit, amount_minor: int) -> Deposit:
    """Return ``existing`` if it is for this amount.

    Raises:
        IdempotencyConflict: the deposit id was used for another amount.
    """
    if existing.amount_minor != amount_minor:
        raise IdempotencyConflict(
            f"deposit {existing.deposit_id} exists with {existing.amount_minor} minor units",
            depositId=existing.deposit_id,
        )
    return existing


@dataclass(frozen=True, slots=True)
class HousePosting:
    """What the house took in and paid out in one round; written once, with the settled event.

    ``correction_no`` is set for what a correction of the round paid (negative: took back).
    """

    table_id: str
    round_id: str
    currency: str
    staked_minor: int
    paid_minor: int
    correction_no: int | None = None
