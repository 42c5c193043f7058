"""Which payments have not ended, in DynamoDB: a projection, so that nobody scans the wallets."""

from __future__ import annotations

from itertools import islice

from baccarat.adapters.dynamodb.models import OPEN_KEY, OpenPaymentItem
from baccarat.application.ports import OpenPayment
from baccarat.domain.payment import ENDED, Payment, PaymentState


class DynamoOpenPayments:
    """Implements ``ports.OpenPayments``. Whole items are put and deleted, so that a repeated
    record of the stream changes nothing.
    """

    def note(self, payment: Payment) -> None:
        item = OpenPaymentItem(
            OPEN_KEY,
            payment.payment_id,
            state=payment.state.value,
            created_at_ms=payment.created_at_ms,
        )
        if payment.state in ENDED:
            item.delete()
        else:
            item.save()

    def listed(self, limit: int) -> list[OpenPayment]:
        found = OpenPaymentItem.query(OPEN_KEY, consistent_read=True)
        return [
            OpenPayment(item.sk, PaymentState(item.state), int(item.created_at_ms))
            for item in islice(found, limit)
        ]
