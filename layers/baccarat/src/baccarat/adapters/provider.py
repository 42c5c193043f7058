"""The payment provider over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Final, TypeVar
from urllib.parse import quote

import urllib3
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from baccarat.adapters.strict_json import loads
from baccarat.adapters.webhooks import ReportModel
from baccarat.application.ports import StartedDeposit
from baccarat.domain.canonical import JsonObject
from baccarat.domain.errors import (
    InvalidRequest,
    ProviderRefused,
    ProviderUnavailable,
)
from baccarat.domain.payment import Payment, PaymentKind, Report

ModelT = TypeVar("ModelT", bound=BaseModel)

_TIMEOUT: Final = Timeout(connect=1, read=4)
# Three tries of at most five seconds, with pauses of 0.2 and 0.4 s: 16 s in all. Repeating is safe:
# the provider does what it is asked once for each of our ids.
_RETRY: Final = Retry(
    total=2,
    backoff_factor=0.2,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
    respect_retry_after_header=False,
    redirect=0,
)
_MAX_ANSWER_BYTES: Final = 16 * 1024


class _Started(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    providerReference: Annotated[str, Field(min_length=1, max_length=100)]
    payUrl: Annotated[str, Field(pattern=r"^https?://", max_length=2000)]


class _Refusal(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    reason: Annotated[str, Field(min_length=1, max_length=100)]


class HttpPaymentProvider:
    """Implements ``ports.PaymentProvider``. ``key`` gives what proves who we are."""

    def __init__(self, url: str, key: Callable[[], str]) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._http = PoolManager(timeout=_TIMEOUT, retries=_RETRY, maxsize=8)

    def create_deposit(self, payment: Payment) -> StartedDeposit:
        answer = self._request("POST", "/v1/deposits", _order(payment))
        started = _read(_Started, answer)
        return StartedDeposit(started.providerReference, started.payUrl)

    def create_payout(self, payment: Payment) -> Report:
        order = {**_order(payment), "destination": payment.destination}
        return self._report(payment, self._request("POST", "/v1/payouts", order))

    def report(self, payment: Payment) -> Report | None:
        kind = "deposits" if payment.kind is PaymentKind.DEPOSIT else "payouts"
        answer = self._request("GET", f"/v1/{kind}/{quote(payment.payment_id, safe='')}")
        return None if answer.status == 404 else self._report(payment, answer)

    def _report(self, payment: Payment, answer: urllib3.BaseHTTPResponse) -> Report:
        report = _read(ReportModel, answer).report()
        if report.payment_id != payment.payment_id:
            raise ProviderUnavailable(
                f"asked for {payment.payment_id}, the provider answered for {report.payment_id}"
            )
        return report

    def _request(
        self, method: str, path: str, body: JsonObject | None = None
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {self._key()}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._http.request(
                method,
                f"{self._url}{path}",
                body=None if body is None else json.dumps(body),
                headers=headers,
            )
        except HTTPError as error:
            raise ProviderUnavailable(f"the payment provider does not answer: {error}") from error
        if answer.status == 422:
            raise ProviderRefused(_read(_Refusal, answer).reason)
        if answer.status not in (200, 201) and (method, answer.status) != ("GET", 404):
            raise ProviderUnavailable(f"the payment provider answers {answer.status}")
        return answer


def _order(payment: Payment) -> JsonObject:
    return {
        "paymentId": payment.payment_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "method": payment.method,
    }


def _read(model: type[ModelT], answer: urllib3.BaseHTTPResponse) -> ModelT:
    """Raises: ProviderUnavailable when the answer is none that we understand."""
    try:
        if len(answer.data) > _MAX_ANSWER_BYTES:
            raise InvalidRequest("the answer is too large")
        return model.model_validate(loads(answer.data))
    except (ValidationError, InvalidRequest) as error:
        raise ProviderUnavailable(
            f"the payment provider's answer ({answer.status}) is not understood"
        ) from error
