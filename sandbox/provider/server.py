"""The sandbox provider over HTTP, on loopback: what houses, players and testers ask of it."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal
from urllib.parse import parse_qs, unquote

import urllib3
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from urllib3.exceptions import HTTPError

from baccarat.adapters.strict_json import loads
from baccarat.domain.errors import MalformedJson
from sandbox.configuration import HOST
from sandbox.provider.behaviour import Behaviour, Outcome
from sandbox.provider.service import (
    Conflict,
    Known,
    Order,
    Provider,
    Refused,
    Unavailable,
    report_of,
)

_MAX_BODY_BYTES: Final = 64 * 1024
_http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=30), retries=False, maxsize=4)
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sandbox payment provider</title>
<style>body {{ font: 1.1rem/1.5 system-ui; max-width: 26rem; margin: 4rem auto }}
button {{ font: inherit; padding: .5rem 1.5rem; margin-right: 1rem }}</style></head>
<body><h1>Sandbox payment provider</h1><p>Deposit of <strong>{amount} {currency}</strong> by
{method}: <strong id="outcome">{outcome}</strong></p>{form}</body></html>"""
_FORM: Final = """<form method="post"><button name="outcome" value="PAID">Pay</button>
<button name="outcome" value="FAILED">Fail</button></form>"""


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    """Implements ``service.Post``."""
    try:
        return int(_http.request("POST", url, body=body, headers=headers).status)
    except HTTPError:
        return 0


class _Control(BaseModel):
    """What a tester tells the provider."""

    model_config = ConfigDict(extra="forbid", strict=True)

    webhook_url: str | None = None
    behaviour: Behaviour | None = None
    """Of the payment named, or of all."""
    paymentId: str | None = Field(default=None, max_length=200)  # noqa: N815  wire name
    end: Outcome | None = None
    report: Outcome | None = None


class ProviderServer(ThreadingHTTPServer):
    """Listens on loopback; ``key`` is what houses and testers show."""

    daemon_threads = True

    def __init__(self, provider: Provider, key: str, port: int = 0) -> None:
        super().__init__((HOST, port), _Handler)
        self.provider = provider
        self.key = key

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: ProviderServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing: the process's log holds what went wrong alone."""

    def do_GET(self) -> None:
        parts = [unquote(part) for part in self.path.strip("/").split("/")]
        match parts:
            case ["health"]:
                self._answer(HTTPStatus.OK, {"ok": True})
            case ["pay", reference]:
                self._page(reference)
            case ["v1", "deposits" | "payouts" as kind, payment_id] if self._is_allowed():
                known = self.server.provider.known(payment_id)
                # What was refused was never a payment.
                if known is None or f"{known.kind}s" != kind or known.refused:
                    self._answer(HTTPStatus.NOT_FOUND, {"error": "unknown"})
                else:
                    self._answer(HTTPStatus.OK, report_of(known))
            case ["v1", *_]:
                pass  # Answered by ``_is_allowed``.
            case _:
                self._answer(HTTPStatus.NOT_FOUND, {"error": "unknown"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY_BYTES:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "too large"})
            return
        body = self.rfile.read(length)
        parts = [unquote(part) for part in self.path.strip("/").split("/")]
        try:
            match parts:
                case ["pay", reference]:
                    self._paid(reference, body)
                case ["v1", "deposits"] if self._is_allowed():
                    self._create("deposit", body)
                case ["v1", "payouts"] if self._is_allowed():
                    self._create("payout", body)
                case ["control"] if self._is_allowed():
                    self._control(_Control.model_validate(loads(body)))
                case ["v1" | "control", *_]:
                    pass  # Answered by ``_is_allowed``.
                case _:
                    self._answer(HTTPStatus.NOT_FOUND, {"error": "unknown"})
        except (ValidationError, MalformedJson, KeyError) as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"error": str(error)})

    def _is_allowed(self) -> bool:
        given = self.headers.get("Authorization", "")
        allowed = hmac.compare_digest(given.encode(), f"Bearer {self.server.key}".encode())
        if not allowed:
            self._answer(HTTPStatus.UNAUTHORIZED, {"error": "unknown key"})
        return allowed

    def _create(self, kind: Literal["deposit", "payout"], body: bytes) -> None:
        try:
            known = self.server.provider.create(kind, Order.model_validate(loads(body)))
        except Unavailable:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "out of order"})
        except Conflict:
            self._answer(HTTPStatus.CONFLICT, {"error": "the id was used for something else"})
        except Refused:
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"reason": "NOT_ACCEPTED"})
        else:
            answer = report_of(known)
            if kind == "deposit":
                answer["payUrl"] = f"{self.server.url}/pay/{known.reference}"
            self._answer(HTTPStatus.CREATED, answer)

    def _control(self, told: _Control) -> None:
        provider = self.server.provider
        if told.webhook_url is not None:
            provider.webhook_url = told.webhook_url
        if told.behaviour is not None:
            provider.behave(told.behaviour, told.paymentId)
        if told.end is not None:
            provider.end(told.paymentId or "", told.end)
        if told.report is not None:
            provider.report(told.paymentId or "", told.report)
        self._answer(HTTPStatus.OK, {"ok": True})

    def _page(self, reference: str) -> None:
        known = self.server.provider.by_reference(reference)
        if known is None or known.kind != "deposit":
            self._answer(HTTPStatus.NOT_FOUND, {"error": "unknown"})
            return
        self._html(known)

    def _paid(self, reference: str, body: bytes) -> None:
        known = self.server.provider.by_reference(reference)
        chosen = parse_qs(body.decode("ascii", "replace")).get("outcome", [""])[0]
        if known is None or known.kind != "deposit" or chosen not in ("PAID", "FAILED"):
            self._answer(HTTPStatus.NOT_FOUND, {"error": "unknown"})
            return
        self.server.provider.end(known.order.paymentId, "PAID" if chosen == "PAID" else "FAILED")
        self._html(known)

    def _html(self, known: Known) -> None:
        order = known.order
        page = _PAGE.format(
            amount=f"{order.amount_minor / 100:,.2f}",
            currency=order.currency,
            method=order.method if order.method.isalnum() else "?",
            outcome=known.outcome.lower(),
            form=_FORM if known.outcome == "PENDING" else "",
        )
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())

    def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
