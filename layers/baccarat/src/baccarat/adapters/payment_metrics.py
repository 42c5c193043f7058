"""What people watch of payments: how long payouts take, and what contradicts itself."""

from __future__ import annotations

from typing import Final

from baccarat.adapters.observability import Logger, count, payout_seconds
from baccarat.application.payments import Change
from baccarat.domain.payment import PaymentKind, PaymentState

_logger: Final = Logger(service="payments", child=True)


def measure(change: Change) -> None:
    """Write the log lines and metrics of a step that the provider's word led to."""
    after = change.after
    if change.new_flags:
        _logger.error(
            "the payment provider contradicts itself",
            payment_id=after.payment_id,
            state=after.state.value,
            flags=list(change.new_flags),
        )
        count("PaymentsFlagged", 1, "payments")
    if after.kind is PaymentKind.WITHDRAWAL and change.has_become(PaymentState.PAID):
        payout_seconds(after.method, (after.updated_at_ms - after.created_at_ms) / 1000)
