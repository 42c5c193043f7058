"""Money decisions: a wallet and what bets, payments and refunds do to it.

Each function returns the new wallet and the items that record the movement. The adapter writes
them together, on the wallet version that was read, or not at all. ``version`` rises by exactly one
for every movement, so a wallet can be replayed and a gap is visible.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from baccarat.domain.bets import MAIN_SPOTS, SIDES
from baccarat.domain.errors import (
    BetNotCancellable,
    BettingClosed,
    IdempotencyConflict,
    InsufficientFunds,
    IntegrityError,
    InvalidRequest,
    MainBetNeeded,
    PayoutAboveMaximum,
    SideBetAboveShare,
    SpotNotOffered,
    StakeAboveMaximum,
    StakeBelowMinimum,
    TableDifferential,
    TooManyBets,
    TooManyTables,
    WalletStopped,
)
from baccarat.domain.movement import Movement, MovementKind
from baccarat.domain.paytable import PAYTABLES, Paytable, Spot
from baccarat.domain.round import Round, RoundState

MAX_BETS_AT_ONCE: Final = 15
"""Bets in one command: one on each spot there is."""

MAX_BETS_PER_ROUND: Final = 60
"""Bets of one player a round, cancelled ones included: what they win, or their refund, is one
transaction of at most 100 items."""

MAX_TABLES_AT_ONCE: Final = 8
"""Tables on which a player may have bets in open rounds; keeps the wallet under one write unit,
unless he has side bets on most spots of several of them."""

_CLOCK_MARGIN_MS: Final = 10_000
"""An exposure is forgotten this long after its round took its last bet: clocks differ."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a player has staked in the newest round of one table that he bet on.

    It limits further bets on that round, and what may be taken back, so it is of no use once the
    round takes none. ``side_bet_percent`` is the round's, here for the cancel, which does not read
    the round.
    """

    round_no: int
    closes_at_ms: int
    bets: int = 0
    staked: dict[Spot, int] = field(default_factory=dict)
    side_bet_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Wallet:
    """A player's money in one currency.

    ``held_minor`` is kept for withdrawals under way. ``stopped`` says why nothing may leave the
    wallet, None while it works. ``last`` is the movement that led to this version.
    """

    player_id: str
    currency: str
    available_minor: int
    version: int
    exposure: dict[str, Exposure] = field(default_factory=dict)
    held_minor: int = 0
    stopped: str | None = None
    last: Movement | None = None

    def __post_init__(self) -> None:
        if self.available_minor < 0 or self.held_minor < 0:
            raise IntegrityError(f"wallet {self.player_id} would fall below zero")

    def moved(
        self,
        kind: MovementKind,
        amount_minor: int,
        now_ms: int,
        reference: str,
        *,
        held_minor: int = 0,
    ) -> Wallet:
        """Return the wallet after one movement of ``amount_minor`` to what is available and
        ``held_minor`` to what is held (negative takes away). ``reference`` names what caused it.
        """
        movement = Movement(self.version + 1, kind, amount_minor, held_minor, now_ms, reference)
        return replace(
            self,
            available_minor=self.available_minor + amount_minor,
            held_minor=self.held_minor + held_minor,
            version=movement.version,
            last=movement,
        )

    def check_works(self) -> None:
        """Raises: WalletStopped when nothing may leave the wallet."""
        if self.stopped is not None:
            raise WalletStopped(
                "this wallet is stopped while the house checks it; money that is due to it still "
                "comes in",
                reason=self.stopped,
            )


class BetState(StrEnum):
    """A losing bet stays PLACED: it lost when its round is SETTLED and its book held it."""

    PLACED = "PLACED"
    CANCELLED = "CANCELLED"
    PAID = "PAID"
    REFUNDED = "REFUNDED"


class RefundReason(StrEnum):
    NOT_IN_BOOK = "NOT_IN_BOOK"
    TABLE_DIFFERENTIAL = "TABLE_DIFFERENTIAL"
    ROUND_VOIDED = "ROUND_VOIDED"


@dataclass(frozen=True, slots=True)
class Bet:
    """A bet and its own idempotency record.

    ``placed_version`` and ``balance_after_minor`` are the wallet right after the stakes of its
    command were taken, so that a repeated command gets the answer of the first. ``closed_*`` are
    set once it is no longer PLACED.
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
class NewBet:
    bet_id: str
    spot: Spot
    stake_minor: int


@dataclass(frozen=True, slots=True)
class PlaceBets:
    """Bets that are taken together or not at all.

    Raises:
        InvalidRequest: no bet, too many, or two with one id.
    """

    player_id: str
    round_id: str
    bets: tuple[NewBet, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.bets) <= MAX_BETS_AT_ONCE:
            raise InvalidRequest(
                f"a command has 1 to {MAX_BETS_AT_ONCE} bets, not {len(self.bets)}",
                max_bets=MAX_BETS_AT_ONCE,
            )
        if len({bet.bet_id for bet in self.bets}) < len(self.bets):
            raise InvalidRequest("every bet of a command has its own bet id")

    @property
    def stakes(self) -> dict[Spot, int]:
        """What the command puts on each of its spots."""
        sums: dict[Spot, int] = {}
        for bet in self.bets:
            sums[bet.spot] = sums.get(bet.spot, 0) + bet.stake_minor
        return sums


_NOTHING_TALLIED: Final[Mapping[Spot, int]] = {}


def place(
    wallet: Wallet,
    command: PlaceBets,
    round_: Round,
    now_ms: int,
    tally: Mapping[Spot, int] = _NOTHING_TALLIED,
) -> tuple[Wallet, tuple[Bet, ...]]:
    """Take the stakes of all bets of ``command`` in one movement; the order of the bets does not
    matter. ``tally`` is what all players together have staked on each spot, as far as is known.

    Spots are looked at one after the other, main bets first. ``allowed_minor`` in a refusal's
    details is what the command may put on the ``spot`` named there beside those before it.

    Raises:
        BettingClosed, SpotNotOffered, StakeBelowMinimum, StakeAboveMaximum, TooManyBets,
        SideBetAboveShare, PayoutAboveMaximum, TableDifferential, InsufficientFunds,
        TooManyTables, WalletStopped: nothing is to be written.
    """
    wallet.check_works()
    if round_.state is not RoundState.OPEN or now_ms >= round_.closes_at_ms:
        raise BettingClosed(
            f"bets on round {round_.round_id} are closed; bet on the next round",
            roundId=round_.round_id,
        )
    exposure = wallet.exposure.get(round_.table_id)
    if exposure is not None and exposure.round_no > round_.round_no:
        raise BettingClosed(f"round {round_.round_id} is over", roundId=round_.round_id)
    if exposure is None or exposure.round_no < round_.round_no:
        exposure = Exposure(
            round_.round_no, round_.closes_at_ms, side_bet_percent=round_.caps.side_bet_percent
        )
    _check_limits(wallet.currency, command, round_, exposure.staked)
    if exposure.bets + len(command.bets) > MAX_BETS_PER_ROUND:
        raise TooManyBets(
            f"a player places at most {MAX_BETS_PER_ROUND} bets a round",
            max_bets=MAX_BETS_PER_ROUND,
        )
    staked = _staked_within_caps(exposure.staked, command.stakes, round_)
    _check_differential(tally, command.stakes, round_.caps.differential_minor)
    stake_minor = sum(bet.stake_minor for bet in command.bets)
    if stake_minor > wallet.available_minor:
        raise InsufficientFunds(
            f"the stakes are {stake_minor} minor units, the balance {wallet.available_minor}",
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
    exposures[round_.table_id] = replace(
        exposure, bets=exposure.bets + len(command.bets), staked=staked
    )
    after = replace(
        wallet.moved(MovementKind.STAKE, -stake_minor, now_ms, round_.round_id),
        exposure=exposures,
    )
    return after, tuple(
        Bet(
            player_id=wallet.player_id,
            bet_id=bet.bet_id,
            table_id=round_.table_id,
            round_id=round_.round_id,
            round_no=round_.round_no,
            spot=bet.spot,
            stake_minor=bet.stake_minor,
            currency=wallet.currency,
            paytable_version=round_.paytable_version,
            state=BetState.PLACED,
            placed_at_ms=now_ms,
            placed_version=after.version,
            balance_after_minor=after.available_minor,
        )
        for bet in command.bets
    )


def _check_limits(
    currency: str, command: PlaceBets, round_: Round, staked: Mapping[Spot, int]
) -> None:
    """Hold the smallest bet and the largest sum of each spot by itself."""
    for bet in command.bets:
        limit = round_.limits.get(bet.spot)
        if limit is None or currency != round_.currency:
            raise SpotNotOffered(
                f"this table does not take {currency} on {bet.spot}",
                offered=[spot.value for spot in round_.limits],
            )
        if bet.stake_minor < limit.min_minor:
            raise StakeBelowMinimum(
                f"the smallest bet on {bet.spot} is {limit.min_minor} minor units",
                spot=bet.spot.value,
                min_minor=limit.min_minor,
            )
    for spot, stake_minor in command.stakes.items():
        allowed_minor = round_.limits[spot].max_minor - staked.get(spot, 0)
        if stake_minor > allowed_minor:
            raise StakeAboveMaximum(
                f"at most {round_.limits[spot].max_minor} minor units may lie on {spot}; "
                f"{allowed_minor} more are allowed",
                spot=spot.value,
                allowed_minor=allowed_minor,
            )


def _staked_within_caps(
    staked: Mapping[Spot, int], stakes: Mapping[Spot, int], round_: Round
) -> dict[Spot, int]:
    """Return all stakes of the player once ``stakes`` are added, main bets before side bets, so
    that side bets are held against all main bets of the command.

    Raises:
        SideBetAboveShare, PayoutAboveMaximum: naming the first spot that goes above.
    """
    caps, paytable = round_.caps, PAYTABLES[round_.paytable_version]
    after = dict(staked)
    for spot in sorted(stakes, key=lambda spot: (spot not in MAIN_SPOTS, spot)):
        before = after.get(spot, 0)
        after[spot] = before + stakes[spot]
        excess_minor = _side_bets_above_share(after, caps.side_bet_percent)
        if spot not in MAIN_SPOTS and excess_minor > 0:
            allowed_minor = max(0, stakes[spot] - excess_minor)
            raise SideBetAboveShare(
                f"side bets together are at most {caps.side_bet_percent} % of the bets on Player "
                f"and Banker; {allowed_minor} minor units more are allowed on {spot}",
                spot=spot.value,
                allowed_minor=allowed_minor,
            )
        most_minor = caps.max_payout_minor
        if most_minor is not None and paytable.most_returned(after) > most_minor:
            allowed_minor = _most_that_fits(paytable, {**after, spot: before}, spot, most_minor)
            raise PayoutAboveMaximum(
                f"a player gets back at most {most_minor} minor units a round; "
                f"{allowed_minor} more are allowed on {spot}",
                spot=spot.value,
                allowed_minor=allowed_minor,
                max_payout_minor=most_minor,
            )
    return after


def _most_that_fits(
    paytable: Paytable, staked: Mapping[Spot, int], spot: Spot, most_minor: int
) -> int:
    """Return the most that may be added on ``spot`` before what comes back is above
    ``most_minor``.
    """

    def returned(more_minor: int) -> int:
        return paytable.most_returned({**staked, spot: staked[spot] + more_minor})

    # It never falls as a stake grows, and a stake comes back whole where its spot wins, so the
    # answer is at most ``most_minor`` and found by halving.
    return max(0, bisect_right(range(most_minor + 1), most_minor, key=returned) - 1)


def _side_bets_above_share(staked: Mapping[Spot, int], percent: int | None) -> int:
    """Return how much of the side bets is above their share of the main bets; 0 when none is."""
    if percent is None:
        return 0
    main = sum(staked.get(side, 0) for side in SIDES)
    side_bets = sum(stake for spot, stake in staked.items() if spot not in MAIN_SPOTS)
    return max(0, side_bets - main * percent // 100)


def _check_differential(
    tally: Mapping[Spot, int], stakes: Mapping[Spot, int], differential_minor: int | None
) -> None:
    """Refuse what leaves the two sides further apart than allowed and further than they are.

    Raises:
        TableDifferential: as the tally may be behind, this is not exact; the sealed book is.
    """
    if differential_minor is None:
        return
    player, banker = SIDES
    before = tally.get(player, 0) - tally.get(banker, 0)
    after = before + stakes.get(player, 0) - stakes.get(banker, 0)
    widest_minor = max(differential_minor, abs(before))
    if abs(after) <= widest_minor:
        return
    heavier = player if after > 0 else banker
    allowed_minor = max(0, stakes[heavier] - (abs(after) - widest_minor))
    raise TableDifferential(
        f"too much lies on {heavier} already; {allowed_minor} minor units more are allowed there",
        spot=heavier.value,
        allowed_minor=allowed_minor,
    )


def same_request(placed: Sequence[Bet], command: PlaceBets) -> tuple[Bet, ...]:
    """Return the bets that ``command`` placed when it ran before, in its order; none when it did
    not. ``placed`` are all bets of the player in the round.

    Raises:
        IdempotencyConflict: a bet id was used for something else, or beside other bets.
    """
    by_id = {bet.bet_id: bet for bet in placed}
    found = tuple(by_id[bet.bet_id] for bet in command.bets if bet.bet_id in by_id)
    if not found:
        return ()
    together = {
        NewBet(bet.bet_id, bet.spot, bet.stake_minor)
        for bet in placed
        if bet.placed_version == found[0].placed_version
    }
    if together != set(command.bets):
        raise IdempotencyConflict(
            f"bet {found[0].bet_id} exists with other contents or beside other bets; use a new "
            "bet id",
            betId=found[0].bet_id,
        )
    return found


def cancel(wallet: Wallet, bet: Bet, now_ms: int) -> tuple[Wallet, Bet]:
    """Give the stake back at the player's wish. The caller's write must also check that the round
    is OPEN.

    Raises:
        BetNotCancellable: the bet is no longer placed.
        MainBetNeeded: side bets stand on it; ``side_bets_minor`` of them must go first.
    """
    if bet.state is not BetState.PLACED:
        raise BetNotCancellable(f"bet {bet.bet_id} is {bet.state}", state=bet.state.value)
    after = wallet.moved(MovementKind.CANCEL, bet.stake_minor, now_ms, bet.round_id)
    exposure = wallet.exposure.get(bet.table_id)
    if exposure is not None and exposure.round_no == bet.round_no:
        left = {**exposure.staked, bet.spot: exposure.staked.get(bet.spot, 0) - bet.stake_minor}
        excess_minor = _side_bets_above_share(left, exposure.side_bet_percent)
        if bet.spot in SIDES and excess_minor > 0:
            raise MainBetNeeded(
                f"side bets need this bet on {bet.spot}; take {excess_minor} minor units of them "
                "back first",
                side_bets_minor=excess_minor,
            )
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
    after = wallet.moved(
        MovementKind.PAYOUT, sum(payout for _, payout in owed), now_ms, owed[0][0].round_id
    )
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
    after = wallet.moved(
        MovementKind.REFUND, sum(bet.stake_minor for bet in bets), now_ms, bets[0].round_id
    )
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
class Adjustment:
    """A compensating entry: what a correction of a round, or the reversal of a payment, moved in
    one wallet. ``wanted_minor`` is negative when it takes money; ``amount_minor`` is what moved,
    less where the balance did not reach. ``adjustment_id`` is its idempotency key.
    """

    player_id: str
    adjustment_id: str
    kind: MovementKind
    amount_minor: int
    wanted_minor: int
    currency: str
    at_ms: int
    wallet_version: int


def adjust(
    wallet: Wallet, kind: MovementKind, adjustment_id: str, amount_minor: int, now_ms: int
) -> tuple[Wallet, Adjustment]:
    """Credit what a compensating entry gives, or take what it takes as far as the balance reaches.

    Raises:
        ValueError: the amount is zero, or ``kind`` is none of a compensating entry.
    """
    if amount_minor == 0:
        raise ValueError("an adjustment moves something")
    if kind not in (MovementKind.CORRECTION, MovementKind.REVERSAL):
        raise ValueError(f"{kind} is no compensating entry")
    moved_minor = max(amount_minor, -wallet.available_minor)
    after = wallet.moved(kind, moved_minor, now_ms, adjustment_id)
    return after, Adjustment(
        wallet.player_id,
        adjustment_id,
        kind,
        moved_minor,
        amount_minor,
        wallet.currency,
        now_ms,
        after.version,
    )


@dataclass(frozen=True, slots=True)
class Stop:
    """A wallet was stopped or let go again: a movement of nothing, so that versions stay dense."""

    player_id: str
    currency: str
    kind: MovementKind
    reason: str
    by: str
    at_ms: int
    wallet_version: int


def stop(wallet: Wallet, reason: str, by: str, now_ms: int) -> tuple[Wallet, Stop]:
    """Let nothing leave the wallet any more; what is due to it still comes in.

    Raises:
        ValueError: it is stopped already.
    """
    if wallet.stopped is not None:
        raise ValueError(f"the wallet is stopped already: {wallet.stopped}")
    after = replace(wallet.moved(MovementKind.STOP, 0, now_ms, reason), stopped=reason)
    return after, _stop(after, MovementKind.STOP, reason, by, now_ms)


def resume(wallet: Wallet, reason: str, by: str, now_ms: int) -> tuple[Wallet, Stop]:
    """Let a stopped wallet work again.

    Raises:
        ValueError: it is not stopped.
    """
    if wallet.stopped is None:
        raise ValueError("the wallet is not stopped")
    after = replace(wallet.moved(MovementKind.RESUME, 0, now_ms, reason), stopped=None)
    return after, _stop(after, MovementKind.RESUME, reason, by, now_ms)


def _stop(after: Wallet, kind: MovementKind, reason: str, by: str, now_ms: int) -> Stop:
    return Stop(after.player_id, after.currency, kind, reason, by, now_ms, after.version)


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
