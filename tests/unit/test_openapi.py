"""The document of the HTTP API is the generated one, and says what the routes answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from openapi_spec_validator import validate

from baccarat.adapters import cli
from baccarat.adapters.http import resolve
from baccarat.adapters.payments_api import (
    Method,
    PlayerCases,
    ReviewCases,
    WebhookCases,
    document,
    player_api,
    review_api,
    webhook_api,
)
from baccarat.domain import errors
from baccarat.domain.payment import METHODS, DecisionReason, Payment, PaymentKind, PaymentState

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = document()
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
PAYMENT = Payment(
    payment_id="anna.00ff",
    player_id="anna",
    currency="EUR",
    kind=PaymentKind.WITHDRAWAL,
    method="bank",
    amount_minor=500,
    state=PaymentState.IN_REVIEW,
    created_at_ms=1,
    updated_at_ms=1,
    fingerprint="",
    destination="iban-1",
    reasons=("SUSPECTED",),
    flags=("said otherwise",),
)
DEPOSIT = {"amount_minor": 500, "currency": "EUR", "method": "card"}
KEY = "key-0123456789abcdef"


def test_the_committed_document_is_the_generated_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["openapi"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs/formats/openapi.json").read_text(), (
        "run: baccarat openapi > docs/formats/openapi.json"
    )


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)
    assert set(OPERATIONS) == {
        ("POST", "/deposits"),
        ("POST", "/withdrawals"),
        ("POST", "/withdrawals/{payment_id}/cancel"),
        ("GET", "/payments"),
        ("GET", "/payments/{payment_id}"),
        ("GET", "/reviews"),
        ("GET", "/reviews/{payment_id}"),
        ("POST", "/reviews/{payment_id}"),
        ("POST", "/webhooks/payments"),
        ("GET", "/wallets"),
        ("GET", "/wallets/{currency}/history"),
        ("GET", "/wallets/{currency}/balance"),
        ("GET", "/wallets/{currency}/export"),
        ("POST", "/players/{player_id}/wallets/{currency}/resume"),
        ("POST", "/video/tokens"),
        ("GET", "/video/keys"),
        ("GET", "/films/keys"),
        ("POST", "/video/reports"),
    }


def test_every_write_of_a_person_has_a_key() -> None:
    for (method, path), operation in OPERATIONS.items():
        needed = [p["name"] for p in operation.get("parameters", []) if p["in"] == "header"]
        # A token is another one each time, and a report counts once anyhow.
        is_write = method == "POST" and not path.startswith(("/webhooks", "/video"))
        assert needed == (["idempotency-key"] if is_write else []), path


def test_methods_are_those_of_the_domain() -> None:
    assert Method.__args__ == METHODS  # type: ignore[attr-defined]


def raising(error: Exception) -> Any:
    def raises(*_: object) -> NoReturn:
        raise error

    return raises


def found(*_: object) -> Payment:
    return PAYMENT


PLAYER = PlayerCases(
    deposit=lambda *_: (PAYMENT, "https://pay.example/1"),
    withdraw=found,
    cancel=found,
    show=found,
    list_all=lambda _: [PAYMENT],
)
REVIEW = ReviewCases(waiting=list, show=found, decide=found)
WEBHOOK = WebhookCases(check=lambda *_: None, take=lambda _: "KNOWN")


def event(method: str, path: str, body: Any = None, role: str = "player", **more: Any) -> Any:
    claims = {"sub": "anna", "cognito:username": "anna", "cognito:groups": [role]}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"Idempotency-Key": KEY, "content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path},
            "stage": "$default",
            "authorizer": {"jwt": {"claims": claims, "scopes": None}},
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
        **more,
    }


def asked(event_: Any, player: PlayerCases = PLAYER) -> tuple[int, Any]:
    answer = resolve(player_api(player), event_)
    return answer["statusCode"], json.loads(answer["body"])


def documented(method: str, path: str) -> set[int]:
    return {int(code) for code in OPERATIONS[method, path]["responses"]}


def test_good_requests() -> None:
    status, answer = asked(event("POST", "/deposits", DEPOSIT))
    assert (status, answer["payUrl"]) == (200, "https://pay.example/1")
    status, answer = asked(event("GET", "/payments/anna.00ff"))
    assert (status, answer["payment"]["state"]) == (200, "IN_REVIEW")
    assert "SUSPECTED" not in json.dumps(answer)
    assert asked(event("GET", "/payments"))[0] == 200
    review = resolve(review_api(REVIEW), event("GET", "/reviews/anna.00ff", role="cashier"))
    assert json.loads(review["body"])["reasons"] == ["SUSPECTED"]
    body = {"verdict": "APPROVE", "reason": DecisionReason.IN_ORDER.value}
    decided = resolve(review_api(REVIEW), event("POST", "/reviews/anna.00ff", body, "cashier"))
    assert decided["statusCode"] == 200


def wrong_requests() -> Iterator[tuple[str, Any, int, str]]:
    good = event("POST", "/deposits", DEPOSIT)
    no_key = {"headers": {"content-type": "application/json"}}
    yield "no key", {**good, **no_key}, 400, "idempotency-key"
    yield "short key", {**good, "headers": {"idempotency-key": "short"}}, 400, "idempotency-key"
    yield "no body", event("POST", "/deposits"), 400, "body"
    for name, body in {
        "list": [],
        "number": 5,
        "text": "x",
        "null": "null",
        "extra": {**DEPOSIT, "more": 1},
        "float": {**DEPOSIT, "amount_minor": 5.5},
        "text amount": {**DEPOSIT, "amount_minor": "500"},
        "zero": {**DEPOSIT, "amount_minor": 0},
        "huge": {**DEPOSIT, "amount_minor": 10**15},
        "house": {**DEPOSIT, "method": "house"},
        "currency": {**DEPOSIT, "currency": "Euro"},
        "surrogate": '{"amount_minor":500,"currency":"\\ud800","method":"card"}',
        "twice": '{"amount_minor":500,"amount_minor":5,"currency":"EUR","method":"card"}',
        "nan": '{"amount_minor":NaN}',
        "deep": "[" * 3_000,
        "cut": '{"amount_minor"',
    }.items():
        yield name, event("POST", "/deposits", body), 400, ""
    yield "large", event("POST", "/deposits", " " * 9_000), 413, "8192"
    broken = {"body": "%%%", "isBase64Encoded": True}
    yield "base64", {**good, **broken}, 400, "Base64"
    yield "latin", {**good, "body": "/w==", "isBase64Encoded": True}, 400, "UTF-8"
    form = {"headers": {"content-type": "application/x-www-form-urlencoded"}}
    yield "form", {**good, **form}, 400, "application/json"
    alike = {"headers": {"content-type": "application/jsonlines", "idempotency-key": KEY}}
    yield "alike", {**good, **alike}, 400, "application/json"
    yield "control", event("GET", "/payments/a\x84"), 400, "no path"
    yield "slash", event("GET", "/payments/a/b"), 400, "no path"
    yield "role", event("POST", "/deposits", DEPOSIT, role="pit"), 403, "players"
    yield "no role", event("POST", "/deposits", DEPOSIT, role="nobody"), 403, "role"


@pytest.mark.parametrize(("name", "request_", "status", "says"), list(wrong_requests()))
def test_wrong_requests_are_told_what_is_wrong(
    name: str, request_: Any, status: int, says: str
) -> None:
    got, answer = asked(request_)
    assert got == status, name
    assert set(answer) == {"code", "message", "details"}
    assert says.lower() in answer["message"].lower()
    assert status in documented("POST", "/deposits")


@pytest.mark.parametrize(
    "error",
    [
        errors.AmountNotAllowed("no"),
        errors.InsufficientFunds("no"),
        errors.WalletStopped("no"),
        errors.NotPermitted("no", reasons=["X"]),
        errors.Forbidden("no"),
        errors.IdempotencyConflict("no"),
        errors.Contention("no"),
        errors.ProviderUnavailable("no"),
    ],
)
def test_every_refusal_has_a_documented_answer(error: errors.BaccaratError) -> None:
    cases = replace(PLAYER, deposit=raising(error))
    status, answer = asked(event("POST", "/deposits", DEPOSIT), cases)
    assert status in documented("POST", "/deposits")
    assert answer["code"] == error.code


def test_only_cashiers_review() -> None:
    for role in ("player", "pit", "ops", "auditor", "dealer"):
        refused = resolve(review_api(REVIEW), event("GET", "/reviews", role=role))
        assert refused["statusCode"] == 403


def test_a_webhook_needs_no_log_in_but_its_signature() -> None:
    refusing = replace(WEBHOOK, check=raising(errors.SignatureRefused("no")))
    asked_ = event("POST", "/webhooks/payments", "{}")
    assert resolve(webhook_api(refusing), asked_)["statusCode"] == 401
    assert resolve(webhook_api(WEBHOOK), asked_)["statusCode"] == 400
