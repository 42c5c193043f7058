"""What a handler would have posted to its connections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from baccarat.adapters import apigateway


class Posts:
    """Stands where API Gateway's management API would be; knows which connections are gone."""

    def __init__(self, *gone: str) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._gone = gone

    def __call__(self, _: object, connection_id: str, data: bytes) -> bool:
        if connection_id in self._gone:
            return False
        self.sent.append((connection_id, json.loads(data)))
        return True


@contextmanager
def recorded_posts(*gone: str) -> Iterator[Posts]:
    found = Posts(*gone)

    def post(publisher: object, connection_id: str, data: bytes) -> bool:
        return found(publisher, connection_id, data)

    with mock.patch.object(apigateway.ApiGatewayPublisher, "_post", post):
        yield found
