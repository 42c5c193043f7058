"""Routes boto3 and pynamodb to the store.

Both end in botocore's ``Endpoint._send``, which would open a socket. It is replaced there: client
events, parameter checks, the JSON protocol both ways, retries and the modelled exceptions are
botocore's own, so ``WriteUnits.watch`` and a retry after a time-out behave as on AWS. Measured
(``python -m tests.simulation.store.bench``), botocore then takes most of a call's time. Replacing
``BaseClient._make_request`` and handing the parsed answer over spares about half of that (signing,
retries and the answer's JSON), but also leaves out the silent resending that the simulator is to
show; so it was not chosen. Nor was the event ``before-send``: its handlers hang on one client each.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

import botocore.endpoint
from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint

from tests.simulation.store.errors import StoreError
from tests.simulation.store.store import DynamoStore

_TARGET: Final = "DynamoDB_20120810."
_ERROR_PREFIX: Final = "com.amazonaws.dynamodb.v20120810#"


@contextmanager
def routed(store: DynamoStore, sleep: Callable[[float], None] | None = None) -> Iterator[None]:
    """Answer every DynamoDB call of botocore from ``store`` until the end of the block.

    Other services go where they went. Credentials have to be in the environment, because requests
    are signed. ``sleep`` takes the place of the pauses between botocore's attempts, whose lengths
    it draws from ``random``.
    """
    original = Endpoint._send  # type: ignore[attr-defined]

    def send(self: Endpoint, request: Any) -> Any:
        target = _text(request.headers.get("X-Amz-Target", ""))
        if not target.startswith(_TARGET):
            return original(self, request)
        return respond(store, target.removeprefix(_TARGET), request)

    pauses = SimpleNamespace(sleep=time.sleep if sleep is None else sleep)
    with (
        mock.patch.object(Endpoint, "_send", send),
        mock.patch.object(botocore.endpoint, "time", pauses),
    ):
        yield


def respond(store: DynamoStore, operation: str, request: Any) -> Any:
    """Return the HTTP answer to a request of AWS's JSON protocol."""
    status = 200
    try:
        body = store.call(operation, decode(request.body))
    except StoreError as error:
        status = error.status
        body = {
            "__type": _ERROR_PREFIX + error.code,
            "message": error.message,
            "Message": error.message,
            **error.body,
        }
    headers = {"x-amzn-RequestId": "0" * 52, "Content-Type": "application/x-amz-json-1.0"}
    response: Any = AWSResponse(request.url, status, headers, None)  # type: ignore[arg-type]
    # The content is there; nothing is to be read from a connection.
    response._content = json.dumps(body, default=_encode_binary).encode()
    return response


def decode(body: bytes | str) -> dict[str, Any]:
    """Return a request's parameters as boto3's client took them."""
    data = body if isinstance(body, bytes) else body.encode()
    params: dict[str, Any] = json.loads(data)
    if b'"B"' in data or b'"BS"' in data:
        _decode_binaries(params)
    return params


def _decode_binaries(node: Any) -> None:
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, (dict, list)):
            _decode_binaries(value)
    if isinstance(node, dict) and len(node) == 1:
        if isinstance(node.get("B"), str):
            node["B"] = base64.b64decode(node["B"])
        elif isinstance(node.get("BS"), list):
            node["BS"] = [base64.b64decode(member) for member in node["BS"]]


def _encode_binary(value: Any) -> str:
    return base64.b64encode(value).decode()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
