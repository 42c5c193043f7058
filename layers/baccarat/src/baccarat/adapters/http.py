"""The HTTP API: Powertools' resolver, who is calling, and one table from error to status."""

from __future__ import annotations

import json
from typing import Any, Final, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import BaseModel, ValidationError

from baccarat.domain.errors import (
    BaccaratError,
    Contention,
    Forbidden,
    IdempotencyConflict,
    InvalidRequest,
    NotFound,
)
from baccarat.domain.roles import BETTORS, ROLES

ModelT = TypeVar("ModelT", bound=BaseModel)
MAX_DISPLAY_NAME_CHARS: Final = 24

_STATUS: Final[dict[type[BaccaratError], int]] = {
    InvalidRequest: 400,
    Forbidden: 403,
    NotFound: 404,
    IdempotencyConflict: 409,
    Contention: 503,
}


def resolver() -> APIGatewayHttpResolver:
    """Return a resolver that answers our errors as ``{"code", "message", "details"}``."""
    app = APIGatewayHttpResolver()

    def refuse(error: Any) -> Response[Any]:
        status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
        body = {"code": error.code, "message": error.message, "details": error.details}
        return Response(status, "application/json", json.dumps(body))

    app.exception_handler(list(_STATUS))(refuse)
    return app


def identity_of(event: APIGatewayProxyEventV2) -> tuple[str, str]:
    """Return id and role of the caller from the token that API Gateway has verified.

    Players are known by the pool's own id, staff by the name that they sign in with: it stands in
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
    return str(claims["sub"] if role in BETTORS else claims["cognito:username"]), role


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
    headers = {name.lower(): value for name, value in event.headers.items()}
    origin = str(headers.get("origin", ""))
    if origin not in allowed:
        raise Forbidden("tickets are given to the house's own pages only")
    return origin
