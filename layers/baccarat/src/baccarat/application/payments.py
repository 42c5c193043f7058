"""Deposits and withdrawals as use cases."""

from __future__ import annotations

from baccarat.application.bets import player_wallet
from baccarat.application.ports import Clock, Ledger
from baccarat.application.retry import on_contention
from baccarat.domain import payment as money
from baccarat.domain.payment import Payment


def credit_house_deposit(
    player_id: str,
    deposit_id: str,
    amount_minor: int,
    currency: str,
    *,
    ledger: Ledger,
    clock: Clock,
) -> Payment:
    """Credit what the house itself pays in, once per wallet and deposit id.

    Raises:
        IdempotencyConflict: the id was used for another amount.
        Forbidden: the player has no wallet in this currency.
    """

    def attempt() -> Payment:
        wallet = player_wallet(player_id, currency, ledger)
        after, payment = money.house_deposit(wallet, deposit_id, amount_minor, clock.now_ms())
        existing = ledger.open_payment(payment, wallet, after)
        return payment if existing is None else money.same_payment(existing, payment)

    return on_contention(clock, attempt)
