"""boto3 clients with bounded timeouts and retries, the same for every function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from baccarat.adapters.capacity import WriteUnits

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

C = TypeVar("C", bound=BaseClient)

_CONFIG: Final = Config(
    connect_timeout=1,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
)
# A slow player must not hold up the others: half a second, and no second try.
_POSTING: Final = Config(
    connect_timeout=0.5,
    read_timeout=0.5,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=32,
)


def _ready(client: C) -> C:
    # botocore makes the classes of a client's errors when one is first asked for. Threads that ask
    # at the same time get different ones, and then an `except` of one does not catch the other.
    _ = client.exceptions
    return client


def dynamodb(units: WriteUnits | None = None) -> DynamoDBClient:
    """Return a client; with ``units``, what its transactions cost is added up there."""
    client = _ready(boto3.client("dynamodb", config=_CONFIG))
    if units is not None:
        units.watch(client)
    return client


def kms() -> KMSClient:
    return _ready(boto3.client("kms", config=_CONFIG))


def s3() -> S3Client:
    return _ready(boto3.client("s3", config=_CONFIG))


def secrets() -> SecretsManagerClient:
    return _ready(boto3.client("secretsmanager", config=_CONFIG))


def sqs() -> SQSClient:
    return _ready(boto3.client("sqs", config=_CONFIG))


def stepfunctions() -> SFNClient:
    return _ready(boto3.client("stepfunctions", config=_CONFIG))


def connections(callback_url: str) -> ApiGatewayManagementApiClient:
    """``callback_url`` is configuration: ``https://{api}.execute-api.{region}…/{stage}`` on AWS."""
    return _ready(
        boto3.client("apigatewaymanagementapi", endpoint_url=callback_url, config=_POSTING)
    )
