"""What a function may use: the environment variables and the rights for it, always together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Stack
from aws_cdk.aws_dynamodb import ITableV2
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_sqs import IQueue


@dataclass(frozen=True)
class Access:
    """Variables for a function's environment, and statements for its own role."""

    environment: Mapping[str, str] = field(default_factory=dict)
    statements: Sequence[PolicyStatement] = ()
    wildcards: Mapping[str, str] = field(default_factory=dict)
    """Resources among the statements' that end in ``*``, and why they do."""


def table_access(variable: str, table: ITableV2, *operations: str) -> Access:
    """Return the right to do ``operations`` (``GetItem``, …) on a table, and its name.

    A transaction needs the rights of its parts: ``PutItem`` for a put, ``ConditionCheckItem`` for
    a check; there is no right to transact as such.
    """
    return Access(
        {variable: table.table_name},
        [
            PolicyStatement(
                actions=[f"dynamodb:{operation}" for operation in operations],
                resources=[table.table_arn],
            )
        ],
    )


def stream_access(table: ITableV2) -> Access:
    """Return the right to read a table's stream. Its consumer is told nothing: Lambda polls."""
    stream_arn = table.table_stream_arn
    if stream_arn is None:
        raise ValueError(f"{table.node.path} has no stream")
    # Exported by name: cdk-nag writes that name in its finding.
    streams = f"{Stack.of(table).export_value(table.table_arn)}/stream/*"
    return Access(
        statements=[
            PolicyStatement(
                actions=[
                    "dynamodb:DescribeStream",
                    "dynamodb:GetRecords",
                    "dynamodb:GetShardIterator",
                ],
                resources=[stream_arn],
            ),
            PolicyStatement(actions=["dynamodb:ListStreams"], resources=[streams]),
        ],
        wildcards={streams: "listing is asked of a table, for all its streams"},
    )


def queue_access(variable: str, queue: IQueue) -> Access:
    """Return the right to send to a queue, and its address."""
    return Access(
        {variable: queue.queue_url},
        [PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn])],
    )
