"""Who asks, what each finds in the sandbox, and schemathesis started for him."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import urllib3

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.journal import DynamoJournal
from baccarat.adapters.dynamodb.ledger import DynamoLedger, DynamoLedgerScan
from baccarat.application.payments import load_payment
from baccarat.application.reconcile import BOOKS_DIFFER, RECONCILER, Items, reconcile
from baccarat.domain.payment import PaymentKind
from baccarat.domain.roles import PLAYER
from baccarat.domain.wallet import stop
from sandbox.configuration import ROOT, TABLE_ID, Options, Run, User
from sandbox.headless import new_id, sign_in
from sandbox.seeding import CURRENCY, PASSWORD, add_user, bind_tables
from tests.fuzz import KNOWN_VARIABLE

STAFF: Final = {"cashier": "carla", "operator": "ops"}
CALLERS: Final = ("player", *STAFF, "provider", "nobody")
"""Who asks. The document tags the routes that are his with his plural."""

DOCUMENT: Final = ROOT / "docs" / "formats" / "openapi.json"
PHASES: Final = "coverage,fuzzing,stateful"
_LONGEST_SECONDS: Final = 1_800
_REQUEST_SECONDS: Final = 60
"""The first request to a function on a busy machine waits for its process."""
_OF_SIGNING: Final = "ignored_auth,missing_required_header"
"""What takes the signature away or spoils it: his webhooks are signed after that. The other callers
have these checks, and no signature.
"""
_BALANCE_MINOR: Final = 1_000_000_00
_WISHES: Final = (
    ("/deposits", {"amount_minor": 50_00, "method": "card"}),
    ("/deposits", {"amount_minor": 70_00, "method": "ewallet"}),
    ("/withdrawals", {"amount_minor": 50_00, "method": "bank", "destination": "iban-1"}),
    ("/withdrawals", {"amount_minor": 1_000_00, "method": "bank", "destination": "iban-1"}),
    ("/withdrawals", {"amount_minor": 1_500_00, "method": "bank", "destination": "iban-1"}),
)
"""Deposits that wait, a withdrawal that goes by itself, and some for reviewers."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came out of one caller's requests. ``of_gateway`` differ from the document, but are the
    gateway's own answers: preflights, and what it has no route for. ``findings`` are the
    reconciler's.
    """

    operations: int
    requests: int
    of_gateway: int
    failures: int
    report: str
    findings: tuple[str, ...]


def fuzz(
    run: Run, options: Options, caller: str, *, examples: int, seed: int, phases: str = PHASES
) -> Found:
    """Have ``caller`` ask all routes."""
    os.environ.update(options.environment())
    bind_tables(run.outputs)
    player = User(f"fuzz-{new_id()[:10].lower()}", PLAYER, PASSWORD, _BALANCE_MINOR)
    add_user(player, run.outputs)
    token = sign_in(run, player.name, PASSWORD)
    known = {
        "tag": caller if caller in ("nobody", "provider") else f"{caller}s",
        "currency": CURRENCY,
        "video": {"tableId": TABLE_ID, "roundId": _newest_round()},
        "payments": [_opened(run, token, path, wish) for path, wish in _WISHES],
        "stopped": _stopped_wallet(run),
        "webhook_secret": _webhook_secret(run) if caller == "provider" else None,
    }
    if caller in STAFF:
        token = sign_in(run, STAFF[caller], PASSWORD)
    signed_in = caller not in ("nobody", "provider")
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "report.json"
        process = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", str(DOCUMENT)),
                *("--url", run.outputs["ApiUrl"], "--no-color", "--checks", "all"),
                *(("--exclude-checks", _OF_SIGNING) if caller == "provider" else ()),
                *(("--header", f"Authorization: Bearer {token}") if signed_in else ()),
                *("--phases", phases, "--max-examples", str(examples), "--seed", str(seed)),
                *("--request-timeout", str(_REQUEST_SECONDS), "--warnings", "off"),
                *("--generation-database", "none", "--continue-on-failure"),
                *("--report", "json", "--report-json-path", str(told)),
            ],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
                "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
                KNOWN_VARIABLE: json.dumps(known),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
        if not told.exists():
            raise RuntimeError(f"schemathesis did not run:\n{process.stdout}")
        counted: dict[str, Any] = json.loads(told.read_text())
    books = reconcile(Items.scanned(DynamoLedgerScan()), DynamoJournal())
    return Found(
        operations=counted["operations"]["tested"],
        requests=counted["test_cases"]["generated"],
        of_gateway=counted["filtered"],
        failures=counted["test_cases"]["unique_failures"] + len(counted["errors"]),
        report=process.stdout,
        findings=books.findings,
    )


def _opened(run: Run, token: str, path: str, wish: dict[str, Any]) -> dict[str, Any]:
    """Open a payment; return what a webhook says of it, but for its outcome."""
    answer = urllib3.request(
        "POST",
        run.outputs["ApiUrl"] + path,
        json={**wish, "currency": CURRENCY},
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()},
        timeout=30,
        retries=False,
    )
    if answer.status != 200:
        raise RuntimeError(f"{path} answers {answer.status}: {answer.data!r}")
    id_ = answer.json()["payment"]["paymentId"]
    payment = load_payment(id_, DynamoLedger(clients.dynamodb()))
    return {
        "paymentId": id_,
        "kind": "deposit" if payment.kind is PaymentKind.DEPOSIT else "payout",
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        **({"providerReference": payment.provider_reference} if payment.provider_reference else {}),
    }


def _stopped_wallet(run: Run) -> dict[str, Any]:
    user = User(f"fuzz-{new_id()[:10].lower()}", PLAYER, PASSWORD, _BALANCE_MINOR)
    player_id, ledger = add_user(user, run.outputs), DynamoLedger(clients.dynamodb())
    wallet = ledger.wallet(player_id, CURRENCY)
    assert wallet is not None
    after, record = stop(wallet, BOOKS_DIFFER, RECONCILER, SystemClock().now_ms())
    ledger.stop(wallet, after, record)
    return {"player_id": player_id, "version": after.version}


def _newest_round() -> str:
    table = DynamoFloor(clients.dynamodb()).table(TABLE_ID)
    assert table is not None
    assert table.current_round_id is not None
    return table.current_round_id


def _webhook_secret(run: Run) -> str:
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=run.outputs["WebhookSecret"])
    newest: str = json.loads(secret["SecretString"])[0]
    return newest
