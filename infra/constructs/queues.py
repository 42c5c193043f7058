"""Queues where things wait for a person."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk.aws_sqs import Queue, QueueEncryption
from constructs import Construct

from infra.config import StageConfig
from infra.nag import acknowledge


def last_queue(scope: Construct, id_: str, reason: str, *, config: StageConfig) -> Queue:
    """Return a queue with no dead-letter queue of its own; ``reason`` says why it needs none."""
    queue = Queue(
        scope,
        id_,
        encryption=QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        removal_policy=config.removal,
    )
    acknowledge(queue, {"SQS3": reason})
    return queue
