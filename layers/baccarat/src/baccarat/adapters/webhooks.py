"""Signed messages of the payment provider: docs/formats/webhooks.md says it for its engineers."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from baccarat.adapters.strict_json import loads
from baccarat.domain.errors import InvalidRequest, MessageTooLarge, SignatureRefused
from baccarat.domain.payment import Outcome, PaymentKind, Report

HEADER: Final = "Provider-Signature"
MAX_BODY_BYTES: Final = 8 * 1024
REPLAY_WINDOW_SECONDS: Final = 300
"""How far the time of a signature may be from ours, either way."""

_SIGNATURE: Final = re.compile(r"t=(\d{1,12})((?:,v1=[0-9a-f]{64}){1,4})")
_KINDS: Final = {"deposit": PaymentKind.DEPOSIT, "payout": PaymentKind.WITHDRAWAL}

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class ReportModel(BaseModel):
    """How far a payment has come, in webhooks and in answers of the provider alike. What else the
    provider adds is left alone.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    paymentId: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["deposit", "payout"]
    providerReference: Annotated[str, Field(min_length=1, max_length=100)]
    outcome: Literal["PENDING", "PAID", "FAILED"]
    amount_minor: Annotated[int, Field(ge=0, le=10**12)]
    currency: Currency
    reason: Annotated[str, Field(max_length=100)] = ""

    def report(self) -> Report:
        return Report(
            self.paymentId,
            _KINDS[self.kind],
            self.providerReference,
            Outcome(self.outcome),
            self.amount_minor,
            self.currency,
            self.reason,
        )


def sign(body: bytes, secret: str, at_seconds: int) -> str:
    """Return the header of a message, as the provider makes it."""
    return f"t={at_seconds},v1={_digest(body, secret, at_seconds)}"


def verify(body: bytes, header: str, secrets: Iterable[str], now_seconds: int) -> None:
    """Hold a message against the secrets that count now; several do while one takes the place of
    another.

    Raises:
        MessageTooLarge: before anything is computed.
        SignatureRefused: no signature, one that is too old or too new, or none that is right.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MessageTooLarge(f"a webhook has at most {MAX_BODY_BYTES} bytes, not {len(body)}")
    match = _SIGNATURE.fullmatch(header)
    if match is None:
        raise SignatureRefused(f"the header {HEADER} must be t=<seconds>,v1=<64 hex digits>")
    at_seconds = int(match[1])
    if abs(now_seconds - at_seconds) > REPLAY_WINDOW_SECONDS:
        raise SignatureRefused(
            f"the signature's time is more than {REPLAY_WINDOW_SECONDS} s from ours; sign anew "
            "for every attempt"
        )
    given = re.findall(r"[0-9a-f]{64}", match[2])
    # Every pair is compared, each in constant time: how long it takes tells nothing.
    right = [
        hmac.compare_digest(_digest(body, secret, at_seconds), signature)
        for secret in secrets
        for signature in given
    ]
    if not any(right):
        raise SignatureRefused("no signature is that of a secret which counts now")


def parse(body: bytes) -> Report:
    """Raises: InvalidRequest when it is no report."""
    try:
        return ReportModel.model_validate(loads(body)).report()
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)[:5]
        )
        raise InvalidRequest(f"the webhook is not valid: {wrong}") from error


def _digest(body: bytes, secret: str, at_seconds: int) -> str:
    message = b"%d." % at_seconds + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
