"""The payment provider over HTTP: what its answers mean, and what is repeated."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import pytest

from baccarat.adapters import provider as adapter
from baccarat.adapters.provider import HttpPaymentProvider
from baccarat.domain.errors import ProviderRefused, ProviderUnavailable
from baccarat.domain.payment import Outcome, Payment, PaymentKind, PaymentState

GOOD = (
    b'{"paymentId":"anna.00ff","kind":"payout","providerReference":"p1","outcome":"PENDING",'
    b'"amount_minor":500,"currency":"EUR"}'
)
PAYOUT = Payment(
    payment_id="anna.00ff",
    player_id="anna",
    currency="EUR",
    kind=PaymentKind.WITHDRAWAL,
    method="bank",
    amount_minor=500,
    state=PaymentState.SENT,
    created_at_ms=1,
    updated_at_ms=1,
    fingerprint="",
    destination="iban-1",
)


class Answers(ThreadingHTTPServer):
    """Gives the answers that a test lays out, and keeps what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, str, bytes, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Answers

    def log_message(self, *_: Any) -> None: ...

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.headers.get("Authorization", "")
        self.server.asked.append((self.command, self.path, body, key))
        status, answer = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        self.do_POST()


@pytest.fixture
def server() -> Iterator[Answers]:
    found = Answers()
    threading.Thread(target=found.serve_forever, daemon=True).start()
    with mock.patch.object(adapter, "_RETRY", adapter._RETRY.new(backoff_factor=0)):
        yield found
    found.shutdown()
    found.server_close()


def client(server: Answers) -> HttpPaymentProvider:
    return HttpPaymentProvider(f"http://127.0.0.1:{server.server_port}/", lambda: "the-key")


def test_an_order_is_repeated_until_it_is_answered(server: Answers) -> None:
    server.answers = [(503, b""), (502, b""), (201, GOOD)]
    assert client(server).create_payout(PAYOUT).outcome is Outcome.PENDING
    method, path, body, key = server.asked[0]
    assert (method, path, key) == ("POST", "/v1/payouts", "Bearer the-key")
    assert json.loads(body) == {
        "paymentId": "anna.00ff",
        "amount_minor": 500,
        "currency": "EUR",
        "method": "bank",
        "destination": "iban-1",
    }
    assert server.asked == [server.asked[0]] * 3


def test_it_is_not_repeated_for_ever(server: Answers) -> None:
    server.answers = [(503, b"")] * 9
    with pytest.raises(ProviderUnavailable, match="503"):
        client(server).create_payout(PAYOUT)
    assert len(server.asked) == 3


def test_a_refusal_is_final(server: Answers) -> None:
    server.answers = [(422, b'{"reason":"NO_SUCH_ACCOUNT"}')]
    with pytest.raises(ProviderRefused) as refused:
        client(server).create_payout(PAYOUT)
    assert refused.value.reason == "NO_SUCH_ACCOUNT"


def test_what_the_provider_has_never_heard_of(server: Answers) -> None:
    server.answers = [(404, b"{}"), (404, b"{}")]
    assert client(server).report(PAYOUT) is None
    assert server.asked[0][:2] == ("GET", "/v1/payouts/anna.00ff")
    with pytest.raises(ProviderUnavailable, match="404"):
        client(server).create_payout(PAYOUT)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, GOOD.replace(b"500", b"5.5")),
        (200, GOOD.replace(b"00ff", b"00fe")),
        (200, GOOD.replace(b'"EUR"', b'"EUR","more":"' + b"x" * 20_000 + b'"')),
        (422, b"no"),
        (400, b"{}"),
        (401, b"{}"),
        (409, b"{}"),
        (500, b"{}"),
    ],
)
def test_any_other_answer_leaves_open_what_happened(
    server: Answers, status: int, body: bytes
) -> None:
    server.answers = [(status, body)]
    with pytest.raises(ProviderUnavailable):
        client(server).create_payout(PAYOUT)


def test_nobody_there() -> None:
    with (
        mock.patch.object(adapter, "_RETRY", adapter._RETRY.new(backoff_factor=0)),
        pytest.raises(ProviderUnavailable, match="does not answer"),
    ):
        HttpPaymentProvider("http://127.0.0.1:9", lambda: "k").report(PAYOUT)
