"""What every client of AWS has when it is handed out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from baccarat.adapters import clients


@pytest.mark.parametrize(
    "make",
    [
        clients.dynamodb,
        clients.kms,
        clients.s3,
        clients.secrets,
        clients.sqs,
        clients.stepfunctions,
        lambda: clients.connections("https://example.invalid/live"),
    ],
)
def test_threads_of_one_client_get_the_same_error_classes(
    make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = make()

    def made_late(*_: Any) -> Any:
        raise AssertionError("error classes are made when two threads may ask for them at once")

    monkeypatch.setattr(type(client), "_load_exceptions", made_late)
    assert issubclass(client.exceptions.ClientError, Exception)
