"""boto3 and pynamodb without a network: their calls go to whoever answers in the simulation.

``store.hook`` answers below botocore's whole machinery, which takes most of a call's time (see
its ``bench``). A run of 10,000 rounds makes more than a million calls, so here the client method
itself (``BaseClient._make_api_call``) is replaced. What the application can tell is the same, and
``test_transport`` holds the two side by side: the registered events of a client, request tokens,
the modelled exceptions, and the SDK's silent resending with its classes of errors and its number
of attempts. Left out are the checks of parameters (the store checks its own, more strictly),
signing and JSON, and the quota that ends retrying after hundreds of failures in a row.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import HTTPClientError, ReadTimeoutError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from pynamodb.attributes import Attribute, NumberAttribute
from pynamodb.connection.base import Connection

from tests.simulation.store import StoreError

REGION: Final = "us-east-1"
THROTTLED_CODES: Final = frozenset(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)  # type: ignore[attr-defined]
_TRANSIENT_CODES: Final = frozenset(TransientRetryableChecker._TRANSIENT_ERROR_CODES)  # type: ignore[attr-defined]
_TRANSIENT_STATUS: Final = frozenset(TransientRetryableChecker._TRANSIENT_STATUS_CODES)  # type: ignore[attr-defined]
_LONGEST_BACKOFF_SECONDS: Final = 20

Call = Callable[[Any, str, dict[str, Any]], dict[str, Any]]
"""``call(client, operation, params)`` answers or raises what the client is to raise."""


@cache
def _session() -> Any:
    return boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
    )


_templates: dict[Any, Any] = {}


def new_client(service: str, *_: Any, **options: Any) -> Any:
    """Return a client as ``boto3.client`` does; making one takes long, so they are copies."""
    key = (service, options.get("endpoint_url"), id(options.get("config")))
    template = _templates.get(key)
    if template is None:
        options.pop("region_name", None)
        template = _templates[key] = _session().client(service, **options)
    client = object.__new__(type(template))
    client.__dict__.update(template.__dict__)
    client.meta = copy.copy(template.meta)
    client.meta.events = _Events()
    return client


class _Events:
    """Stands for a client's emitter: what the application registers, by the event's full name, and
    none of botocore's own handlers, which are about the wire.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, list[Callable[..., Any]]] = {}

    def register(self, name: str, handler: Callable[..., Any]) -> None:
        self._handlers.setdefault(name, []).append(handler)

    def emit(self, name: str, **arguments: Any) -> None:
        for handler in self._handlers.get(name, ()):
            handler(**arguments)


@cache
def _pynamodb_client(attempts: int, read_timeout: float) -> Any:
    config = Config(
        retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=read_timeout
    )
    client = _session().client("dynamodb", config=config)
    client.meta.events = _Events()
    return client


def _client_of(connection: Any) -> Any:
    return _pynamodb_client(
        1 + connection._max_retry_attempts_exception, connection._read_timeout_seconds
    )


# Pynamodb's attributes look for a map at each access (no model here has one), and read each number
# anew: a sixth of a run's time.


@lru_cache(maxsize=65_536)
def _number_of(text: str) -> Any:
    return json.loads(text)


def _get_attribute(self: Attribute[Any], instance: Any, _: type) -> Any:
    if instance is None:
        return self
    name = self.attr_path[-1]
    return instance.attribute_values.get(instance._dynamo_to_python_attrs.get(name, name))


def _set_attribute(self: Attribute[Any], instance: Any, value: Any) -> None:
    name = self.attr_path[-1]
    instance.attribute_values[instance._dynamo_to_python_attrs.get(name, name)] = value


@contextmanager
def intercepted(call: Call) -> Iterator[None]:
    """Let ``call`` answer for every client until the end of the block."""

    def make_api_call(self: BaseClient, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return call(self, operation, params)

    with (
        mock.patch.object(BaseClient, "_make_api_call", make_api_call),
        mock.patch.object(boto3, "client", new_client),
        mock.patch.object(Connection, "client", property(_client_of)),
        mock.patch.object(NumberAttribute, "deserialize", lambda _, text: _number_of(text)),
        mock.patch.object(Attribute, "__get__", _get_attribute),
        mock.patch.object(Attribute, "__set__", _set_attribute),
    ):
        yield


def attempts_of(client: Any) -> int:
    attempts: int = client.meta.config.retries["total_max_attempts"]
    return attempts


def is_retried(error: Exception) -> bool:
    """Return whether the SDK sends again after this error."""
    if isinstance(error, StoreError):
        return (
            error.status in _TRANSIENT_STATUS
            or error.code in THROTTLED_CODES
            or error.code in _TRANSIENT_CODES
        )
    return isinstance(error, (ConnectionError, HTTPClientError))


def backoff_ms(attempt: int, draw: float) -> float:
    """Return the SDK's pause after its ``attempt``-th try; ``draw`` is from 0 to 1."""
    return 1000 * draw * min(float(2 ** (attempt - 1)), _LONGEST_BACKOFF_SECONDS)


def reply_lost(client: Any) -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url=client.meta.endpoint_url)


def raised_by(client: Any, operation: str, error: Exception) -> Exception:
    """Return what the client raises for an error of the service."""
    if not isinstance(error, StoreError):
        return error
    parsed = {
        "Error": {"Code": error.code, "Message": error.message},
        "ResponseMetadata": {"HTTPStatusCode": error.status, "HTTPHeaders": {}},
        **error.body,
    }
    raised: Exception = client.exceptions.from_code(error.code)(parsed, operation)
    return raised


def before_call(client: Any, operation: str, params: dict[str, Any]) -> None:
    """Tell those who registered for it what is about to be sent; they may change ``params``."""
    client.meta.events.emit(
        f"provide-client-params.dynamodb.{operation}",
        params=params,
        model=None,
        context={},
    )


def after_call(client: Any, operation: str, answer: dict[str, Any]) -> None:
    client.meta.events.emit(
        f"after-call.dynamodb.{operation}",
        http_response=SimpleNamespace(status_code=200),
        parsed=answer,
        model=None,
        context={},
    )
