"""Placing and cancelling bets. The bet is its own idempotency record."""

from __future__ import annotations

from baccarat.application.ports import Clock, Floor, Ledger, RoundRecord
from baccarat.application.retry import on_contention
from baccarat.domain import wallet as money
from baccarat.domain.errors import BetNotCancellable, BetNotFound, Forbidden, Refused, RoundNotFound
from baccarat.domain.wallet import Bet, BetState, PlaceBet, Wallet


def place_bet(command: PlaceBet, *, floor: Floor, ledger: Ledger, clock: Clock) -> Bet:
    """Take a bet, once per player and bet id.

    The same request again gets the original bet back, also after the round is over.

    Raises:
        RoundNotFound, BetRefused: nothing was written.
        IdempotencyConflict: the bet id was used with other contents.
        Contention: the wallet was too busy; safe to repeat with the same bet id.
    """
    record = _round(command.round_id, floor)

    def attempt() -> Bet:
        wallet = player_wallet(command.player_id, ledger)
        try:
            after, bet = money.place(wallet, command, record.round, clock.now_ms())
        except Refused:
            existing = ledger.bet(command.round_id, command.player_id, command.bet_id)
            if existing is None:
                raise
            return money.same_request(existing, command)
        existing = ledger.place(wallet, after, bet)
        return money.same_request(existing, command) if existing else bet

    return on_contention(clock, attempt)


def cancel_bet(
    player_id: str, round_id: str, bet_id: str, *, ledger: Ledger, clock: Clock
) -> tuple[Bet, Wallet]:
    """Give a stake back while the round is OPEN; cancelling twice is the same as once.

    Raises:
        BetNotFound: the player has no such bet.
        BetNotCancellable: bets are closed, or the bet is settled.
        Contention: as for ``place_bet``.
    """

    def attempt() -> tuple[Bet, Wallet]:
        bet = ledger.bet(round_id, player_id, bet_id)
        if bet is None:
            raise BetNotFound(f"you have no bet {bet_id} in round {round_id}", betId=bet_id)
        wallet = player_wallet(player_id, ledger)
        if bet.state is BetState.CANCELLED:
            return bet, wallet
        after, cancelled = money.cancel(wallet, bet, clock.now_ms())
        if not ledger.cancel(wallet, after, cancelled, clock.now_ms()):
            now = ledger.bet(round_id, player_id, bet_id)
            if now is not None and now.state is BetState.CANCELLED:
                return now, player_wallet(player_id, ledger)
            raise BetNotCancellable(
                f"bets on round {round_id} are closed; bet {bet_id} stands", betId=bet_id
            )
        return cancelled, after

    return on_contention(clock, attempt)


def player_wallet(player_id: str, ledger: Ledger) -> Wallet:
    """Raises: Forbidden when the player has no wallet."""
    wallet = ledger.wallet(player_id)
    if wallet is None:
        raise Forbidden("this account has no wallet and cannot bet")
    return wallet


def _round(round_id: str, floor: Floor) -> RoundRecord:
    record = floor.round(round_id)
    if record is None:
        raise RoundNotFound(f"there is no round {round_id}", roundId=round_id)
    return record


def credit_deposit(
    player_id: str, deposit_id: str, amount_minor: int, *, ledger: Ledger, clock: Clock
) -> None:
    """Credit a deposit once per player and deposit id.

    Raises:
        IdempotencyConflict: the id was used for another amount.
    """

    def attempt() -> None:
        wallet = player_wallet(player_id, ledger)
        after, deposit = money.deposit(wallet, deposit_id, amount_minor, clock.now_ms())
        existing = ledger.deposit(wallet, after, deposit)
        if existing is not None:
            money.same_deposit(existing, amount_minor)

    on_contention(clock, attempt)
