"""Refunds of bets that take no part in their round: late ones, and all of a voided round.

Two ways lead here, and neither is enough alone: a sweep right after the book is sealed (or the
round voided), and the consumer of the ledger's stream, which sees bets that land later still.
"""

from __future__ import annotations

from baccarat.application.ports import Archive, Clock, Floor, Ledger
from baccarat.application.retry import on_contention
from baccarat.domain.errors import IntegrityError
from baccarat.domain.round import RoundState
from baccarat.domain.wallet import Bet, BetState, RefundReason, refund


def refund_bet(bet: Bet, reason: RefundReason, *, ledger: Ledger, clock: Clock) -> None:
    """Give one stake back, once, however often it is asked."""

    def attempt() -> None:
        stored = ledger.bet(bet.round_id, bet.player_id, bet.bet_id)
        if stored is None or stored.state is not BetState.PLACED:
            return
        wallet = ledger.wallet(bet.player_id)
        if wallet is None:
            raise IntegrityError(f"player {bet.player_id} has bets but no wallet")
        after, refunded = refund(wallet, stored, reason, clock.now_ms())
        ledger.close(wallet, after, [refunded])

    on_contention(clock, attempt)


def refund_round(round_id: str, *, ledger: Ledger, clock: Clock) -> int:
    """Give back every stake of a voided round; return how many."""
    placed = [bet for bet in ledger.bets(round_id) if bet.state is BetState.PLACED]
    for bet in placed:
        refund_bet(bet, RefundReason.ROUND_VOIDED, ledger=ledger, clock=clock)
    return len(placed)


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
        if any((e.player_id, e.bet_id) == (bet.player_id, bet.bet_id) for e in book.entries):
            return False
        reason = RefundReason.NOT_IN_BOOK
    refund_bet(bet, reason, ledger=ledger, clock=clock)
    return True
