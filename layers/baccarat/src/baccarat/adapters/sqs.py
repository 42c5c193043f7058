"""The queue of withdrawals that are to be sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from baccarat.domain.payment import Payment

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsPayouts:
    """Implements ``ports.PayoutQueue`` over a FIFO queue: a player's payouts keep their order, and
    one that fails holds up no other player's.
    """

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def put(self, payment: Payment) -> None:
        self._client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=json.dumps({"paymentId": payment.payment_id}),
            MessageGroupId=payment.player_id,
            MessageDeduplicationId=payment.payment_id,
        )
