"""The HTTP API of payments: its models, its routes, and the document that describes both.

Routes take what they do as ``*Cases``; the functions bring that, the document needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NoReturn, TypeAlias

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Header, Path
from pydantic import BaseModel, ConfigDict, Field

from baccarat.adapters import webhooks
from baccarat.adapters.http import body_of, headers_of, identity_of, validating_resolver
from baccarat.adapters.webhooks import Currency, ReportModel
from baccarat.application.ports import OpenPayment
from baccarat.domain.errors import Forbidden
from baccarat.domain.payment import (
    DecisionReason,
    Payment,
    PaymentKind,
    PaymentState,
    Report,
    Verdict,
)
from baccarat.domain.roles import BETTORS, CASHIERS

VERSION: Final = "1"

Minor: TypeAlias = Annotated[int, Field(gt=0, le=10**12, description="Minor units.")]
Method: TypeAlias = Literal["bank", "card", "ewallet"]
IdempotencyKey: TypeAlias = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[A-Za-z0-9_-]{16,64}$",
        description="16 to 64 of A-Z a-z 0-9 _ -, made by the client for this one wish. The same "
        "key with the same contents gets the same answer, whenever it is repeated.",
    ),
]
PaymentId: TypeAlias = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9._-]{1,200}$", description="Id of a payment.")
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewDeposit(_Model):
    amount_minor: Minor
    currency: Currency
    method: Method


class NewWithdrawal(_Model):
    amount_minor: Minor
    currency: Currency
    method: Method
    destination: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_.:@+-]{1,64}$",
            description="The provider's name of an account that it knows to be the player's.",
        ),
    ]


class PaymentView(_Model):
    """A payment as its player sees it: why the house looks at one is not for him."""

    paymentId: str
    kind: Annotated[PaymentKind, Field(strict=False)]
    state: Annotated[PaymentState, Field(strict=False)]
    method: str
    amount_minor: int
    currency: str
    destination: str | None
    created_at_ms: int
    updated_at_ms: int


class PaymentAnswer(_Model):
    payment: PaymentView


class DepositAnswer(_Model):
    """``payUrl`` is where the player pays, null where there is nothing left to pay."""

    payment: PaymentView
    payUrl: str | None


class PaymentsAnswer(_Model):
    """The newest payments first, at most 100."""

    payments: list[PaymentView]


class DecisionView(_Model):
    by: str
    verdict: Annotated[Verdict, Field(strict=False)]
    reason: Annotated[DecisionReason, Field(strict=False)]
    at_ms: int


class ReviewView(_Model):
    """A payment as the house sees it."""

    payment: PaymentView
    playerId: str
    providerReference: str | None
    approvalsNeeded: int
    reasons: list[str]
    flags: list[str]
    decisions: list[DecisionView]


class WaitingView(_Model):
    paymentId: str
    state: Annotated[PaymentState, Field(strict=False)]
    created_at_ms: int


class WaitingAnswer(_Model):
    """What waits for a person, the oldest first, at most 200."""

    waiting: list[WaitingView]


class NewDecision(_Model):
    verdict: Annotated[Verdict, Field(strict=False)]
    reason: Annotated[DecisionReason, Field(strict=False)]


class WebhookAnswer(_Model):
    """APPLIED: it changed the payment. KNOWN: it was known. NOTED: it contradicts what is known;
    a person looks at it.
    """

    result: Literal["APPLIED", "KNOWN", "NOTED"]


class ErrorModel(_Model):
    code: str
    message: str
    details: dict[str, Any]


def payment_view(payment: Payment) -> PaymentView:
    return PaymentView(
        paymentId=payment.payment_id,
        kind=payment.kind,
        state=payment.state,
        method=payment.method,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        destination=payment.destination,
        created_at_ms=payment.created_at_ms,
        updated_at_ms=payment.updated_at_ms,
    )


def review_view(payment: Payment) -> ReviewView:
    return ReviewView(
        payment=payment_view(payment),
        playerId=payment.player_id,
        providerReference=payment.provider_reference,
        approvalsNeeded=payment.approvals_needed,
        reasons=list(payment.reasons),
        flags=list(payment.flags),
        decisions=[
            DecisionView(by=d.by, verdict=d.verdict, reason=d.reason, at_ms=d.at_ms)
            for d in payment.decisions
        ],
    )


_REASONS: Final = {
    400: "The request is not valid; `message` says what would be right.",
    401: "Not signed in: the token is missing, wrong or too old.",
    403: "This account may not, or the policy says no; `details.reasons` has its codes.",
    404: "There is no such thing, or it is another player's; `code` says what.",
    409: "It cannot be, or not any more; `code` says why.",
    413: "The body is too large.",
    429: "Too many requests at once, from everybody together. Repeat with the same key.",
    503: "Busy, or the payment provider does not answer. Repeat with the same key.",
}
_ERROR: Final = {"application/json": {"model": ErrorModel}}


def answers_of(model: type[BaseModel], *codes: int) -> dict[int, Any]:
    """Return what a route may answer, for the document."""
    errors = {code: {"description": _REASONS[code], "content": _ERROR} for code in codes}
    # The gateway's own answers have a form of their own.
    for code in (401, 429):
        errors[code] = {"description": _REASONS[code], "content": {"application/json": {}}}
    return {
        200: {"description": "Done.", "content": {"application/json": {"model": model}}},
        **errors,
    }


@dataclass(frozen=True, slots=True)
class PlayerCases:
    """What players do: each takes the player's id first."""

    deposit: Callable[[str, str, NewDeposit], tuple[Payment, str | None]]
    withdraw: Callable[[str, str, NewWithdrawal], Payment]
    cancel: Callable[[str, str], Payment]
    show: Callable[[str, str], Payment]
    list_all: Callable[[str], list[Payment]]


def player_api(cases: PlayerCases) -> APIGatewayHttpResolver:
    app = validating_resolver()

    def player_id() -> str:
        id_, role = identity_of(app.current_event)
        if role not in BETTORS:
            raise Forbidden("only players have payments")
        return id_

    @app.post(
        "/deposits",
        summary="Pay in",
        tags=["players"],
        responses=answers_of(DepositAnswer, 400, 403, 409, 413, 503),
    )
    def post_deposit(deposit: NewDeposit, key: IdempotencyKey) -> DepositAnswer:
        payment, pay_url = cases.deposit(player_id(), key, deposit)
        return DepositAnswer(payment=payment_view(payment), payUrl=pay_url)

    @app.post(
        "/withdrawals",
        summary="Pay out",
        tags=["players"],
        responses=answers_of(PaymentAnswer, 400, 403, 409, 413, 503),
    )
    def post_withdrawal(withdrawal: NewWithdrawal, key: IdempotencyKey) -> PaymentAnswer:
        return PaymentAnswer(payment=payment_view(cases.withdraw(player_id(), key, withdrawal)))

    @app.post(
        "/withdrawals/<payment_id>/cancel",
        summary="Take a withdrawal back that was not sent",
        description="Cancelling twice, with whichever key, is the same as once.",
        tags=["players"],
        responses=answers_of(PaymentAnswer, 400, 403, 404, 409, 413, 503),
    )
    def post_cancel(payment_id: PaymentId, key: IdempotencyKey) -> PaymentAnswer:  # noqa: ARG001
        return PaymentAnswer(payment=payment_view(cases.cancel(player_id(), payment_id)))

    @app.get(
        "/payments/<payment_id>",
        summary="One payment",
        tags=["players"],
        responses=answers_of(PaymentAnswer, 400, 403, 404, 413),
    )
    def get_payment(payment_id: PaymentId) -> PaymentAnswer:
        return PaymentAnswer(payment=payment_view(cases.show(player_id(), payment_id)))

    @app.get(
        "/payments",
        summary="All payments",
        tags=["players"],
        responses=answers_of(PaymentsAnswer, 400, 403, 413),
    )
    def get_payments() -> PaymentsAnswer:
        found = cases.list_all(player_id())
        return PaymentsAnswer(payments=[payment_view(payment) for payment in found])

    return app


@dataclass(frozen=True, slots=True)
class ReviewCases:
    """What cashiers do. ``decide`` takes payment id, who, key and decision."""

    waiting: Callable[[], list[OpenPayment]]
    show: Callable[[str], Payment]
    decide: Callable[[str, str, str, NewDecision], Payment]


def review_api(cases: ReviewCases) -> APIGatewayHttpResolver:
    app = validating_resolver()

    def cashier() -> str:
        name, role = identity_of(app.current_event)
        if role not in CASHIERS:
            raise Forbidden("only cashiers review payments")
        return name

    @app.get(
        "/reviews",
        summary="Payments that wait for a person",
        tags=["cashiers"],
        responses=answers_of(WaitingAnswer, 400, 403, 413),
    )
    def get_reviews() -> WaitingAnswer:
        cashier()
        return WaitingAnswer(
            waiting=[
                WaitingView(paymentId=w.payment_id, state=w.state, created_at_ms=w.created_at_ms)
                for w in cases.waiting()
            ]
        )

    @app.get(
        "/reviews/<payment_id>",
        summary="One payment, whatever its state, with all that the house knows",
        tags=["cashiers"],
        responses=answers_of(ReviewView, 400, 403, 404, 413),
    )
    def get_review(payment_id: PaymentId) -> ReviewView:
        cashier()
        return review_view(cases.show(payment_id))

    @app.post(
        "/reviews/<payment_id>",
        summary="Decide on a payment",
        description="APPROVE and REJECT a withdrawal in review; CONFIRM and DENY that the money of "
        "a disputed payment moved as it was asked; REVERSE a credited deposit, or a withdrawal "
        "whose end the provider contradicts. CONFIRM, DENY and REVERSE take two people, APPROVE "
        "as many as `approvalsNeeded` says.",
        tags=["cashiers"],
        responses=answers_of(ReviewView, 400, 403, 404, 409, 413, 503),
    )
    def post_review(
        payment_id: PaymentId, decision: NewDecision, key: IdempotencyKey
    ) -> ReviewView:
        return review_view(cases.decide(payment_id, cashier(), key, decision))

    return app


@dataclass(frozen=True, slots=True)
class WebhookCases:
    """``check`` holds a body against its signature."""

    check: Callable[[bytes, str], None]
    take: Callable[[Report], Literal["APPLIED", "KNOWN", "NOTED"]]


def webhook_api(cases: WebhookCases) -> APIGatewayHttpResolver:
    app = validating_resolver()
    answers = answers_of(WebhookAnswer, 400, 401, 404, 413, 503)
    answers[401] = {"description": "The signature is missing, too old or wrong.", "content": _ERROR}

    @app.post(
        "/webhooks/payments",
        summary="What the payment provider says of a payment",
        description="Signed in the header Provider-Signature; see webhooks.md.",
        tags=["provider"],
        responses=answers,
    )
    def post_report() -> WebhookAnswer:
        event = app.current_event.raw_event
        body = body_of(event, webhooks.MAX_BODY_BYTES)
        cases.check(body, str(headers_of(event).get(webhooks.HEADER.lower(), "")))
        return WebhookAnswer(result=cases.take(webhooks.parse(body)))

    return app


def document() -> dict[str, Any]:
    """Return the OpenAPI document of all routes."""
    from baccarat.adapters.video_api import document_apps
    from baccarat.adapters.wallets_api import ResumeCases, WalletCases, resume_api, wallets_api

    apps = (
        *document_apps(_unwired),
        wallets_api(WalletCases(*[_unwired] * 4)),
        resume_api(ResumeCases(_unwired)),
        player_api(PlayerCases(*[_unwired] * 5)),
        review_api(ReviewCases(*[_unwired] * 3)),
        webhook_api(WebhookCases(*[_unwired] * 2)),
    )
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Report": ReportModel.model_json_schema()}
    for app in apps:
        found = app.get_openapi_schema(title="Live Baccarat", version=VERSION).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
        paths |= found["paths"]
        schemas |= found["components"]["schemas"]
    # What Powertools adds for a validation that answers in its own way; ours answers 400.
    for name in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, operations in paths.items():
        for operation in operations.values():
            _complete(operation, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Live Baccarat: money and video",
            "version": VERSION,
            "description": "Wallets, deposits and withdrawals; tokens for the video. Every payment "
            "has an Idempotency-Key. Whole numbers are written without a fraction. A path or a "
            "method that is not here is answered with 404.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "user": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "provider": {"type": "apiKey", "in": "header", "name": webhooks.HEADER},
            },
        },
    }


_SECURITY: Final[dict[str, list[dict[str, list[str]]]]] = {
    "/webhooks/payments": [{"provider": []}],
    "/video/keys": [],
    "/films/keys": [],
}
"""Of routes that no user signs in for."""


def _complete(operation: dict[str, Any], path: str) -> None:
    operation["responses"].pop("422", None)
    operation["responses"].pop("500", None)
    operation["security"] = security = _SECURITY.get(path, [{"user": []}])
    if not security:
        operation["responses"].pop("401", None)
    if path == "/webhooks/payments":
        reports: Mapping[str, Any] = {"schema": {"$ref": "#/components/schemas/Report"}}
        operation["requestBody"] = {"required": True, "content": {"application/json": reports}}


def _unwired(*_: object) -> NoReturn:
    raise NotImplementedError("the document calls nothing")
