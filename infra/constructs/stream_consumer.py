"""A function that reads a table's stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration
from aws_cdk.aws_dynamodb import ITableV2
from aws_cdk.aws_lambda import EventSourceMapping, FilterCriteria, StartingPosition
from aws_cdk.aws_lambda_event_sources import SqsDlq
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from infra.constructs.python_function import PythonFunction


class StreamConsumer(Construct):
    """Sends every record of ``table``'s stream to ``function``, from the oldest there is.

    A batch that fails is halved and tried again, ``retries`` times; then the place of what is left
    goes to ``dead_letters``. Records that can never succeed are parked by the function itself.
    The function needs ``stream_access``.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        table: ITableV2,
        function: PythonFunction,
        dead_letters: IQueue,
        retries: int,
        only: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(scope, id_)
        self.mapping = EventSourceMapping(
            self,
            "Mapping",
            target=function.function,
            event_source_arn=table.table_stream_arn,
            # Not LATEST: what is written while the mapping is being made would be lost.
            starting_position=StartingPosition.TRIM_HORIZON,
            batch_size=100,
            max_batching_window=Duration.seconds(0),
            bisect_batch_on_error=True,
            retry_attempts=retries,
            on_failure=SqsDlq(dead_letters),
            filters=[FilterCriteria.filter(dict(pattern)) for pattern in only] or None,
        )
