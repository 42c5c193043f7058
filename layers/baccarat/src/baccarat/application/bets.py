"""Placing and cancelling bets. Each bet is its own idempotency record."""

from __future__ import annotations

from baccarat.application.ports import Clock, Floor, Ledger, RoundRecord
from baccarat.application.retry import on_contention
from baccarat.domain import wallet as money
from baccarat.domain.errors import BetNotCancellable, BetNotFound, Forbidden, Refused, RoundNotFound
from baccarat.domain.wallet import Bet, BetState, PlaceBets, Wallet


def place_bets(
    command: PlaceBets, *, floor: Floor, ledger: Ledger, clock: Clock
) -> tuple[Bet, ...]:
    """Take all bets of a command or none, once per player and bet id.

    The same command again gets the original bets back, also after the round is over.

    Raises:
        RoundNotFound, BetRefused: nothing was written.
        IdempotencyConflict: a bet id was used with other contents, or beside other bets.
        Contention: the wallet was too busy; safe to repeat with the same bet ids.
    """
    round_ = _round(command.round_id, floor).round

    def earlier() -> tuple[Bet, ...]:
        return money.same_request(ledger.bets_of(command.round_id, command.player_id), command)

    def attempt() -> tuple[Bet, ...]:
        wallet = player_wallet(command.player_id, round_.currency, ledger)
        limited = round_.caps.differential_minor is not None
        tally = floor.tally(command.round_id) if limited else {}
        try:
            after, bets = money.place(wallet, command, round_, clock.now_ms(), tally)
        except Refused:
            placed = earlier()
            if not placed:
                raise
            return placed
        return bets if ledger.place(wallet, after, bets) else earlier()

    return on_contention(clock, attempt)


def cancel_bet(
    player_id: str, round_id: str, bet_id: str, *, ledger: Ledger, clock: Clock
) -> tuple[Bet, Wallet]:
    """Give a stake back while the round is OPEN; cancelling twice is the same as once.

    Raises:
        BetNotFound: the player has no such bet.
        BetNotCancellable: bets are closed, or the bet is settled.
        MainBetNeeded: side bets need it.
        Contention: as for ``place_bets``.
    """

    def attempt() -> tuple[Bet, Wallet]:
        # The wallets before the bet: side bets are then never held against a bet that is gone.
        wallets = {wallet.currency: wallet for wallet in ledger.wallets(player_id)}
        bet = ledger.bet(round_id, player_id, bet_id)
        if bet is None:
            raise BetNotFound(f"you have no bet {bet_id} in round {round_id}", betId=bet_id)
        if bet.state is BetState.CANCELLED:
            return bet, player_wallet(player_id, bet.currency, ledger)
        wallet = wallets[bet.currency]
        after, cancelled = money.cancel(wallet, bet, clock.now_ms())
        if not ledger.cancel(wallet, after, cancelled, clock.now_ms()):
            now = ledger.bet(round_id, player_id, bet_id)
            if now is not None and now.state is BetState.CANCELLED:
                return now, player_wallet(player_id, bet.currency, ledger)
            raise BetNotCancellable(
                f"bets on round {round_id} are closed; bet {bet_id} stands", betId=bet_id
            )
        return cancelled, after

    return on_contention(clock, attempt)


def player_wallet(player_id: str, currency: str, ledger: Ledger) -> Wallet:
    """Raises: Forbidden when the player has no wallet in this currency."""
    wallet = ledger.wallet(player_id, currency)
    if wallet is None:
        raise Forbidden(f"this account has no wallet in {currency}", currency=currency)
    return wallet


def _round(round_id: str, floor: Floor) -> RoundRecord:
    record = floor.round(round_id)
    if record is None:
        raise RoundNotFound(f"there is no round {round_id}", roundId=round_id)
    return record
