"""Where a task of Fargate is reached from outside: nobody tells it, so it asks."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from baccarat.adapters.settings import ConfigurationError

if TYPE_CHECKING:
    from media_sfu.settings import SfuSettings

TASK: Final = "task"
"""``PUBLIC_ADDRESS`` of a task of Fargate: the one of its network interface."""
_METADATA: Final = "ECS_CONTAINER_METADATA_URI_V4"
_SECONDS: Final = 5
_MAX_BYTES: Final = 256 * 1024
_CONFIG: Final = Config(
    connect_timeout=_SECONDS,
    read_timeout=_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 3},
)


def with_task_address(settings: SfuSettings) -> SfuSettings:
    """Return settings with the task's own public address in the place of ``task``.

    Raises:
        ConfigurationError: this is no task, or it has no public address.
    """
    if settings.public_address != TASK:
        return settings
    client: Any = boto3.client("ec2", config=_CONFIG)
    return settings.model_copy(update={"public_address": public_address(client)})


def public_address(ec2: Any) -> str:
    """Return the public IPv4 address of the network interface that this task has.

    Raises:
        ConfigurationError: this is no task, or it has no public address.
    """
    where = os.environ.get(_METADATA, "")
    if not where.startswith("http://"):
        raise ConfigurationError(f"PUBLIC_ADDRESS is {TASK!r}, but {_METADATA} names no task")
    try:
        with urllib.request.urlopen(where, timeout=_SECONDS) as answer:  # noqa: S310  # checked above
            container = json.loads(answer.read(_MAX_BYTES))
        mac = container["Networks"][0]["MACAddress"]
        found = ec2.describe_network_interfaces(Filters=[{"Name": "mac-address", "Values": [mac]}])
        return str(found["NetworkInterfaces"][0]["Association"]["PublicIp"])
    except (OSError, ValueError, BotoCoreError, ClientError) as error:
        raise ConfigurationError(f"the task's public address is not known: {error}") from error
    except (KeyError, IndexError) as error:
        raise ConfigurationError(
            f"the task has no public address ({error} is missing): start it with assignPublicIp"
        ) from error
