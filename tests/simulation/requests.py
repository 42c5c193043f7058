"""Requests to the HTTP API, as API Gateway hands them to a function."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from tests.simulation.world import Outcome, World

FUNCTION_MS: Final = 25_000
"""The time limit of the functions of payments, as in their stack."""
_PAUSE_MS: Final = 1_500
_TRIES: Final = 3


def http_event(
    method: str,
    path: str,
    body: str | None,
    headers: dict[str, str],
    claims: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    lower = {name.lower(): value for name, value in headers.items()}
    signed_in = {} if claims is None else {"authorizer": {"jwt": {"claims": claims}}}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "queryStringParameters": query or {},
        "headers": {"content-type": "application/json", **lower},
        "requestContext": {
            "http": {"method": method, "path": path},
            "stage": "$default",
            **signed_in,
        },
        "body": body,
        "isBase64Encoded": False,
    }


@dataclass
class Request:
    """A request of somebody who is signed in, with its answer. ``must_be`` are the codes of the
    errors that it has to be answered with one of, None where it may succeed. It is a GET where it
    has a ``query``; the text of an answer that is a file is its ``answer["file"]``.
    """

    world: World
    function: str
    name: str
    person: str
    role: str
    path: str
    body: dict[str, Any] | None
    key: str
    must_be: frozenset[str] | None = None
    query: dict[str, str] | None = None
    status: int | None = None
    answer: dict[str, Any] | None = None
    tries: int = 0

    @property
    def open(self) -> bool:
        return self.answer is None and self.tries > 0

    @property
    def granted(self) -> bool:
        return self.status == 200

    def send(self) -> dict[str, Any] | None:
        """Send it until it is answered for good, at most a few times. In a task."""
        for _ in range(_TRIES):
            if self.answer is not None:
                break
            self.tries += 1
            self._take(self._post())
            if self.answer is None:
                self.world.scheduler.sleep(_PAUSE_MS)
        return self.answer

    def _post(self) -> Outcome:
        claims = {
            "sub": self.person,
            "cognito:username": self.person,
            "cognito:groups": f"[{self.role}]",
        }
        body = None if self.body is None else json.dumps(self.body)
        method = "POST" if self.query is None else "GET"
        headers = {"Idempotency-Key": self.key}
        event = http_event(method, self.path, body, headers, claims, self.query)
        name = f"{self.function} {self.name} try {self.tries}"
        return self.world.invoke(self.function, event, name, FUNCTION_MS)

    def _take(self, outcome: Outcome) -> None:
        """Keep an answer after which there is no use in sending it again."""
        if outcome.error is None and outcome.result["statusCode"] < 500 and self.answer is None:
            self.status = int(outcome.result["statusCode"])
            text = outcome.result["body"]
            is_file = self.granted and self.path.endswith("/export")
            self.answer = {"file": text} if is_file else json.loads(text)
