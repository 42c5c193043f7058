"""The HTTP API: Powertools' resolver, who is calling, and one table from error to status."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ValidationError

from baccarat.adapters.strict_json import loads
from baccarat.domain.errors import (
    BaccaratError,
    Contention,
    Forbidden,
    InvalidRequest,
    MessageTooLarge,
    NotFound,
    NotPermitted,
    ProviderUnavailable,
    Refused,
    SignatureRefused,
)
from baccarat.domain.roles import BETTORS, ROLES
from baccarat.domain.tiers import ACCOUNT_ATTRIBUTE

ModelT = TypeVar("ModelT", bound=BaseModel)
MAX_DISPLAY_NAME_CHARS: Final = 24

_STATUS: Final[dict[type[BaccaratError], int]] = {
    MessageTooLarge: 413,
    InvalidRequest: 400,
    SignatureRefused: 401,
    Forbidden: 403,
    NotPermitted: 403,
    NotFound: 404,
    Refused: 409,
    Contention: 503,
    ProviderUnavailable: 503,
}
"""The first that an error is one of."""

MAX_BODY_BYTES: Final = 8 * 1024
_MAX_SHOWN_CHARS: Final = 100
"""Of what a caller sent, in the answer that refuses it."""


def resolver() -> APIGatewayHttpResolver:
    """Return a resolver that answers our errors as ``{"code", "message", "details"}``."""
    app = APIGatewayHttpResolver()
    _answer_errors(app)
    return app


def validating_resolver() -> APIGatewayHttpResolver:
    """Return a resolver that also holds requests and answers against their models, and can describe
    them; it takes longer to start. Requests come in through ``resolve``.
    """
    from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

    app = APIGatewayHttpResolver(
        enable_validation=True,
        response_validation_error_http_code=500,
        # Typed for objects alone; whatever else it returns, the models refuse.
        json_body_deserializer=cast("Callable[[str], dict[str, Any]]", loads),
    )

    def refuse_request(error: RequestValidationError) -> Response[Any]:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()[:5]
        )
        return _refuse(InvalidRequest(f"the request is not valid: {wrong}"))

    _answer_errors(app)
    app.exception_handler(RequestValidationError)(refuse_request)
    return app


def _answer_errors(app: APIGatewayHttpResolver) -> None:
    def refuse_path(_: Exception) -> Response[Any]:
        # API Gateway knows our paths alone: what is left are parameters that no path can have.
        path = app.current_event.path[:_MAX_SHOWN_CHARS]
        return _refuse(InvalidRequest(f"{path!r} is no path here: letters, digits and ._- only"))

    app.exception_handler(list(_STATUS))(_refuse)
    app.not_found(refuse_path)


def resolve(app: APIGatewayHttpResolver, event: dict[str, Any]) -> dict[str, Any]:
    """Answer a request whose body, if it has one, is JSON of a size that we take."""
    try:
        body = body_of(event)
        content_type = str(headers_of(event).get("content-type", "application/json"))
        if body and content_type.partition(";")[0].strip().lower() != "application/json":
            raise InvalidRequest(f"send application/json, not {content_type[:_MAX_SHOWN_CHARS]}")
        text = body.decode()
    except (Refused, UnicodeDecodeError) as error:
        refused = error if isinstance(error, Refused) else InvalidRequest("send UTF-8")
        answer = _refuse(refused)
        return {
            "statusCode": answer.status_code,
            "headers": {"Content-Type": "application/json"},
            "body": answer.body,
            "isBase64Encoded": False,
        }
    plain = {**event, "body": text or None, "isBase64Encoded": False}
    return app.resolve(plain, LambdaContext())


def body_of(event: dict[str, Any], max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the bytes of a request's body, as they were sent.

    Raises:
        MessageTooLarge: nothing was parsed.
        InvalidRequest: API Gateway's own encoding is broken.
    """
    raw = (event.get("body") or "").encode()
    if event.get("isBase64Encoded"):
        try:
            raw = base64.b64decode(raw, validate=True)
        except binascii.Error as error:
            raise InvalidRequest("the body is not the Base64 that it claims to be") from error
    if len(raw) > max_bytes:
        raise MessageTooLarge(f"a body has at most {max_bytes} bytes, not {len(raw)}")
    return raw


def headers_of(event: dict[str, Any]) -> dict[str, Any]:
    """Return the headers of a request by their names in lower case."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def _refuse(error: BaccaratError) -> Response[Any]:
    status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
    body = {"code": error.code, "message": error.message, "details": error.details}
    return Response(status, "application/json", json.dumps(body))


def identity_of(event: APIGatewayProxyEventV2) -> tuple[str, str]:
    """Return id and role of the caller from the token that API Gateway has verified.

    Players are known by the account that the house opened them in a tier, which nobody can change,
    or else by the pool's own id; staff by the name that they sign in with: it stands in
    the log. A caller in no group has no role.

    Raises:
        Forbidden: no role that is known here.
    """
    authorizer = event.request_context.authorizer
    claims = (authorizer.jwt_claim if authorizer else None) or {}
    # API Gateway writes the groups of a Cognito token as the text "[player vip]".
    raw = claims.get("cognito:groups", "")
    groups = raw if isinstance(raw, list) else str(raw).strip("[]").replace(",", " ").split()
    role = next((group for group in groups if group in ROLES), None)
    if role is None or not {"sub", "cognito:username"} <= claims.keys():
        raise Forbidden("this account has no role here; ask the house to give it one")
    if role in BETTORS:
        return str(claims.get(f"custom:{ACCOUNT_ATTRIBUTE}") or claims["sub"]), role
    return str(claims["cognito:username"]), role


def display_name_of(event: APIGatewayProxyEventV2) -> str:
    """Return the name by which players may know the caller: the attribute ``name`` of the account,
    empty when the house gave it none.
    """
    authorizer = event.request_context.authorizer
    claims = (authorizer.jwt_claim if authorizer else None) or {}
    return str(claims.get("name", "")).strip()[:MAX_DISPLAY_NAME_CHARS]


def query_of(event: APIGatewayProxyEventV2, model: type[ModelT], **path: str) -> ModelT:
    """Return the query string, and the parameters of the path, as ``model``.

    Raises:
        InvalidRequest: naming each parameter that is wrong.
    """
    try:
        return model.model_validate({**event.query_string_parameters, **path})
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)[:5]
        )
        raise InvalidRequest(f"the request is not valid: {wrong}") from error


def origin_of(event: APIGatewayProxyEventV2, allowed: frozenset[str]) -> str:
    """Return the origin of the page that is calling.

    Raises:
        Forbidden: it is none of the house's own.
    """
    origin = str(headers_of(event.raw_event).get("origin", ""))
    if origin not in allowed:
        raise Forbidden("tickets are given to the house's own pages only")
    return origin
