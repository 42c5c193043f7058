"""What is taken for the payment provider's word, and what is not."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from baccarat.adapters import webhooks
from baccarat.domain.errors import InvalidRequest, MessageTooLarge, SignatureRefused
from baccarat.domain.payment import Outcome, PaymentKind, Report

NOW = 1_700_000_000
BODY = b'{"paymentId":"anna.00ff"}'
REPORT: dict[str, Any] = {
    "paymentId": "anna.00ff",
    "kind": "deposit",
    "providerReference": "psp_1",
    "outcome": "PAID",
    "amount_minor": 5_000,
    "currency": "EUR",
}


def test_the_signature_is_that_of_the_page() -> None:
    by_hand = hmac.new(b"secret", b"1700000000." + BODY, hashlib.sha256).hexdigest()
    assert webhooks.sign(BODY, "secret", NOW) == f"t=1700000000,v1={by_hand}"
    webhooks.verify(BODY, webhooks.sign(BODY, "secret", NOW), ["secret"], NOW)


def test_several_secrets_count_while_one_takes_the_place_of_another() -> None:
    old, new = webhooks.sign(BODY, "old", NOW), webhooks.sign(BODY, "new", NOW)
    for header in (old, new, f"{old},{new.partition(',')[2]}"):
        webhooks.verify(BODY, header, ["new", "old"], NOW)
    with pytest.raises(SignatureRefused):
        webhooks.verify(BODY, old, ["new"], NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -(10**9)])
def test_a_signature_has_its_time(seconds: int) -> None:
    header = webhooks.sign(BODY, "secret", NOW)
    webhooks.verify(BODY, header, ["secret"], NOW + (300 if seconds > 0 else -300))
    with pytest.raises(SignatureRefused, match="300 s"):
        webhooks.verify(BODY, header, ["secret"], NOW + seconds)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1700000000",
        "v1=" + "0" * 64,
        "t=1700000000,v1=" + "0" * 63,
        "t=1700000000,v1=" + "0" * 64,
        "t=x,v1=" + "0" * 64,
        "t=1700000000,v0=" + "0" * 64,
        "t=1700000000" + ",v1=" + "0" * 64 + (",v1=" + "1" * 64) * 4,
        webhooks.sign(BODY, "secret", NOW) + "\n",
        webhooks.sign(BODY, "other", NOW),
        webhooks.sign(BODY + b" ", "secret", NOW),
        webhooks.sign(BODY, "secret", NOW).replace("1700000000", "1700000001"),
    ],
)
def test_what_is_no_signature(header: str) -> None:
    with pytest.raises(SignatureRefused):
        webhooks.verify(BODY, header, ["secret"], NOW)


def test_a_body_is_measured_before_anything_else() -> None:
    with pytest.raises(MessageTooLarge):
        webhooks.verify(b" " * (webhooks.MAX_BODY_BYTES + 1), "", [], NOW)


def test_a_report_is_read() -> None:
    raw = json.dumps({**REPORT, "more": "of the provider's"}).encode()
    assert webhooks.parse(raw) == Report(
        "anna.00ff", PaymentKind.DEPOSIT, "psp_1", Outcome.PAID, 5_000, "EUR"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"paymentId": ""},
        {"paymentId": 5},
        {"kind": "refund"},
        {"outcome": "paid"},
        {"amount_minor": "5000"},
        {"amount_minor": 50.0},
        {"amount_minor": -1},
        {"currency": "eur"},
        {"reason": "x" * 101},
    ],
)
def test_what_is_no_report(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(wrong))):
        webhooks.parse(json.dumps({**REPORT, **wrong}).encode())
    for missing in REPORT:
        body = {k: v for k, v in REPORT.items() if k != missing}
        with pytest.raises(InvalidRequest):
            webhooks.parse(json.dumps(body).encode())
