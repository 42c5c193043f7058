"""Refunds of bets that take no part in their round: late ones, those that the table's differential
leaves out, and all of a voided round.

Two ways lead here, and neither is enough alone: a sweep right after the book is sealed (or the
round voided), and the consumer of the ledger's stream, which sees bets that land later still.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from baccarat.application.ports import Archive, Clock, Floor, Ledger
from baccarat.application.retry import on_contention
from baccarat.domain.errors import BaccaratError, IntegrityError
from baccarat.domain.round import RoundState
from baccarat.domain.wallet import Bet, BetState, RefundReason, refund

PAYING_THREADS: Final = 8


def refund_bets(bets: Iterable[tuple[Bet, RefundReason]], *, ledger: Ledger, clock: Clock) -> None:
    """Give the stakes of bets of one round back, once, however often it is asked: one movement for
    each player and reason.

    One player's trouble does not stop the refunds of the others.

    Raises:
        BaccaratError: the first refund that failed, after all were tried.
    """
    movements: dict[tuple[str, RefundReason], list[Bet]] = {}
    for bet, reason in bets:
        movements.setdefault((bet.player_id, reason), []).append(bet)

    def attempt(movement: tuple[tuple[str, RefundReason], list[Bet]]) -> BaccaratError | None:
        (_, reason), owed = movement
        try:
            on_contention(clock, lambda: _refund_player(owed, reason, ledger, clock))
        except BaccaratError as error:
            return error
        return None

    with ThreadPoolExecutor(PAYING_THREADS) as pool:
        failures = [error for error in pool.map(attempt, movements.items()) if error is not None]
    if failures:
        raise failures[0]


def _refund_player(owed: Sequence[Bet], reason: RefundReason, ledger: Ledger, clock: Clock) -> None:
    first = owed[0]
    wanted = {bet.bet_id for bet in owed}
    placed = [
        bet
        for bet in ledger.bets_of(first.round_id, first.player_id)
        if bet.bet_id in wanted and bet.state is BetState.PLACED
    ]
    if not placed:
        return
    wallet = ledger.wallet(first.player_id, first.currency)
    if wallet is None:
        raise IntegrityError(f"player {first.player_id} has bets but no wallet")
    after, refunded = refund(wallet, placed, reason, clock.now_ms())
    ledger.close(wallet, after, refunded)


def refund_round(round_id: str, *, ledger: Ledger, clock: Clock) -> None:
    """Give back every stake of a voided round. Raises: as ``refund_bets``."""
    placed = [
        (bet, RefundReason.ROUND_VOIDED)
        for bet in ledger.bets(round_id)
        if bet.state is BetState.PLACED
    ]
    refund_bets(placed, ledger=ledger, clock=clock)


def refund_straggler(
    bet: Bet, *, floor: Floor, ledger: Ledger, archive: Archive, clock: Clock
) -> bool:
    """Refund a placed bet whose round has gone on without it; return whether it was such a bet."""
    record = floor.round(bet.round_id)
    if record is None:
        raise IntegrityError(f"bet {bet.bet_id} is on round {bet.round_id}, which does not exist")
    round_ = record.round
    if round_.state is RoundState.VOIDED:
        reason = RefundReason.ROUND_VOIDED
    elif round_.book_root is None:
        return False  # Still open, or the sweep after the seal will see it.
    else:
        book = archive.book(round_.round_id, round_.book_root)
        if book.holds(bet.player_id, bet.bet_id):
            return False
        reason = book.reason_without(bet, round_.caps.differential_minor)
    refund_bets([(bet, reason)], ledger=ledger, clock=clock)
    return True
