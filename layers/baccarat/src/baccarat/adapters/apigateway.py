"""API Gateway websockets: what comes in is parsed and answered at one boundary; what goes out is
posted to connections.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ValidationError

from baccarat.adapters.messages import MAX_MESSAGE_BYTES, ErrorMessage, to_json
from baccarat.adapters.strict_json import loads
from baccarat.application.ports import Connection, Publisher, Ticket
from baccarat.domain.canonical import Json, JsonObject
from baccarat.domain.errors import (
    BaccaratError,
    Contention,
    Forbidden,
    InvalidRequest,
    MessageTooLarge,
    Refused,
    RoundError,
    UnknownAction,
)

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

MessageT = TypeVar("MessageT", bound=BaseModel)

OK: Final[dict[str, int]] = {"statusCode": 200}
_POSTING_THREADS: Final = 32
_logger = Logger(service="websocket", child=True)


class ApiGatewayPublisher:
    """Implements ``ports.Publisher`` with one post for each connection.

    The client's own timeouts (see ``clients.py``) bound a slow connection; one that is slow or
    throttled just misses the message and repairs the gap by ``seq``.
    """

    def __init__(self, client: ApiGatewayManagementApiClient) -> None:
        self._client = client

    def publish(self, connection_ids: Sequence[str], message: JsonObject) -> list[str]:
        data = json.dumps(message, separators=(",", ":")).encode()

        def post(connection_id: str) -> bool:
            """Return False when the connection is gone."""
            # A connection may answer 410 once although it lives, so it is asked twice.
            return self._post(connection_id, data) or self._post(connection_id, data)

        if len(connection_ids) == 1:
            return [] if post(connection_ids[0]) else list(connection_ids)
        with ThreadPoolExecutor(min(_POSTING_THREADS, len(connection_ids))) as pool:
            alive = list(pool.map(post, connection_ids))
        return [c for c, lives in zip(connection_ids, alive, strict=True) if not lives]

    def _post(self, connection_id: str, data: bytes) -> bool:
        try:
            self._client.post_to_connection(ConnectionId=connection_id, Data=data)
        except self._client.exceptions.GoneException:
            return False
        except (ClientError, BotoCoreError) as error:
            _logger.warning("message not delivered", connection_id=connection_id, error=str(error))
        return True


def connection_of(event: Mapping[str, Any]) -> Connection:
    """Return who sent an event; the authorizer's context stays with the connection.

    Raises:
        Forbidden: there is no such context.
    """
    context = event["requestContext"]
    authorizer = context.get("authorizer") or {}
    player_id, role = authorizer.get("playerId"), authorizer.get("role")
    if not player_id or not role:
        raise Forbidden("this connection has no identity; connect with a ticket")
    return Connection(context["connectionId"], player_id, role, authorizer.get("name", ""))


def answer(
    event: Mapping[str, Any],
    model: type[MessageT],
    roles: frozenset[str],
    publisher: Publisher,
    use_case: Callable[[Connection, MessageT], JsonObject],
) -> dict[str, int]:
    """Parse one message, run the use case for an allowed role, and send its answer or an error.

    Errors of ours are answers; any other error is raised, so that the function fails visibly.
    """
    connection_id = event["requestContext"]["connectionId"]
    body: str = event.get("body") or ""
    try:
        connection = connection_of(event)
        if connection.role not in roles:
            raise Forbidden(f"a {connection.role} may not send {_action(model)}")
        reply = use_case(connection, parse(body, model))
    except (Refused, RoundError, Contention) as error:
        reply = to_json(error_message(error, command_id(body)))
    except Exception:
        # The client hears that it failed; what failed is for our own logs.
        failed = BaccaratError("something failed on our side; repeat the message with the same id")
        publisher.publish([connection_id], to_json(error_message(failed, command_id(body))))
        raise
    publisher.publish([connection_id], reply)
    return OK


def reject(
    event: Mapping[str, Any], publisher: Publisher, known: Sequence[type[BaseModel]]
) -> dict[str, int]:
    """Answer a message that no route takes: too large, not JSON, or of no action of ``known``."""
    body: str = event.get("body") or ""
    try:
        _read(body)
        error: Refused = UnknownAction(
            f"no such action; there are: {', '.join(_action(m) for m in known)}"
        )
    except InvalidRequest as found:
        error = found
    reply = to_json(error_message(error, command_id(body)))
    publisher.publish([event["requestContext"]["connectionId"]], reply)
    return OK


def ticket_of(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return ticket and origin of a ``$connect`` request; empty when absent or too long."""
    query = event.get("queryStringParameters") or {}
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return str(query.get("ticket", ""))[:128], str(headers.get("origin", ""))[:256]


def allow(event: Mapping[str, Any], ticket: Ticket | None) -> dict[str, Any]:
    """Return the authorizer's answer: the identity of the ticket, or a refusal without one."""
    return {
        "principalId": ticket.player_id if ticket else "nobody",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if ticket else "Deny",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": {"playerId": ticket.player_id, "role": ticket.role, "name": ticket.name}
        if ticket
        else {},
    }


def _action(model: type[BaseModel]) -> str:
    return str(getattr(model.model_fields["action"].annotation, "__args__", ("this",))[0])


def parse(body: str, model: type[MessageT]) -> MessageT:
    """Raises: MessageTooLarge, MalformedJson, InvalidRequest (naming each wrong member)."""
    value = _read(body)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = [
            {"member": ".".join(str(part) for part in problem["loc"]), "problem": problem["msg"]}
            for problem in error.errors(include_url=False, include_input=False)
        ]
        listed = "; ".join(f"{p['member'] or 'message'}: {p['problem']}" for p in problems[:5])
        raise InvalidRequest(
            f"the message is not valid: {listed}", problems=problems[:5]
        ) from error


def _read(body: str) -> Json:
    size = len(body.encode())
    if size > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(
            f"the message has {size} bytes, at most {MAX_MESSAGE_BYTES} are taken",
            max_bytes=MAX_MESSAGE_BYTES,
        )
    return loads(body)


def command_id(body: str) -> str | None:
    """Return the id a client gave its message, as far as it can be read."""
    if len(body) > MAX_MESSAGE_BYTES:
        return None
    try:
        value = loads(body)
    except BaccaratError:
        return None
    if not isinstance(value, dict):
        return None
    found = value.get("id")
    return found if isinstance(found, str) and len(found) <= 64 else None


def error_message(error: BaccaratError, id_: str | None) -> ErrorMessage:
    return ErrorMessage(id=id_, code=error.code, message=error.message, details=error.details)
