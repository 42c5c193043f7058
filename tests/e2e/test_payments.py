"""Deposits and withdrawals through the deployed app, from log-in to provider."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
import urllib3

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.domain.roles import PLAYER
from sandbox.configuration import Run, User
from sandbox.headless import new_id, sign_in
from sandbox.seeding import CURRENCY, PASSWORD, add_user

pytestmark = pytest.mark.sandbox

SECONDS = 90


def ask(
    sandbox: Run, token: str | None, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any]:
    answer = urllib3.request(
        method,
        sandbox.outputs["ApiUrl"] + path,
        body=None if body is None else json.dumps(body),
        headers={
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **({"Idempotency-Key": new_id()} if method == "POST" else {}),
            **headers,
        },
        timeout=30,
        retries=False,
    )
    return answer.status, json.loads(answer.data)


def tell_provider(sandbox: Run, **what: Any) -> None:
    store = boto3.client("secretsmanager")
    secret = store.get_secret_value(SecretId=sandbox.outputs["ProviderKeySecret"])
    [key] = json.loads(secret["SecretString"])
    told = urllib3.request(
        "POST",
        f"{sandbox.outputs['ProviderUrl']}/control",
        body=json.dumps(what),
        headers={"Authorization": f"Bearer {key}"},
    )
    assert told.status == 200, told.data


def until(sandbox: Run, token: str, payment_id: str, state: str) -> None:
    deadline = time.monotonic() + SECONDS
    seen = ""
    while time.monotonic() < deadline:
        _, answer = ask(sandbox, token, "GET", f"/payments/{payment_id}")
        seen = answer["payment"]["state"]
        if seen == state:
            return
        time.sleep(0.3)
    raise AssertionError(f"{payment_id} is {seen}, not {state}")


def balance(player_id: str) -> tuple[int, int]:
    wallet = DynamoLedger(clients.dynamodb()).wallet(player_id, CURRENCY)
    assert wallet is not None
    return wallet.available_minor, wallet.held_minor


def test_money_comes_in_and_goes_out(sandbox: Run) -> None:
    user = User(f"pay-{new_id()[:10].lower()}", PLAYER, PASSWORD, 3_000_00)
    player_id = add_user(user, sandbox.outputs)
    token = sign_in(sandbox, user.name, user.password)
    carla, cosmo = (sign_in(sandbox, name, PASSWORD) for name in ("carla", "cosmo"))

    # A deposit, paid on the provider's page.
    wish = {"amount_minor": 50_00, "currency": CURRENCY, "method": "card"}
    status, answer = ask(sandbox, token, "POST", "/deposits", wish)
    assert status == 200, answer
    page = urllib3.request("GET", answer["payUrl"])
    assert b"50.00 EUR" in page.data
    urllib3.request("POST", answer["payUrl"], body="outcome=PAID")
    until(sandbox, token, answer["payment"]["paymentId"], "CREDITED")
    assert balance(player_id) == (3_050_00, 0)

    # A small withdrawal goes by itself.
    out = {**wish, "method": "bank", "destination": "iban-1"}
    status, answer = ask(sandbox, token, "POST", "/withdrawals", out)
    assert status == 200, answer
    until(sandbox, token, answer["payment"]["paymentId"], "PAID")
    assert balance(player_id) == (3_000_00, 0)

    # A larger one is reviewed; this one fails at the provider and comes back.
    status, answer = ask(sandbox, token, "POST", "/withdrawals", {**out, "amount_minor": 1_000_00})
    assert status == 200, answer
    id_ = answer["payment"]["paymentId"]
    tell_provider(sandbox, paymentId=id_, behaviour={"payout": "FAILED", "repeat": 3})
    until(sandbox, token, id_, "IN_REVIEW")
    assert balance(player_id) == (2_000_00, 1_000_00)
    decision = {"verdict": "APPROVE", "reason": "IN_ORDER"}
    assert ask(sandbox, token, "POST", f"/reviews/{id_}", decision)[0] == 403
    status, answer = ask(sandbox, carla, "POST", f"/reviews/{id_}", decision)
    assert (status, answer["payment"]["state"]) == (200, "APPROVED")
    assert ask(sandbox, cosmo, "POST", f"/reviews/{id_}", decision)[0] == 409
    until(sandbox, token, id_, "RETURNED")
    assert balance(player_id) == (3_000_00, 0)


def test_the_doors_are_shut(sandbox: Run) -> None:
    for method, path in (("POST", "/deposits"), ("GET", "/payments"), ("GET", "/reviews")):
        assert ask(sandbox, None, method, path, {} if method == "POST" else None)[0] == 401
    status, answer = ask(sandbox, None, "POST", "/webhooks/payments", {})
    assert (status, answer["code"]) == (401, "SIGNATURE_REFUSED")
