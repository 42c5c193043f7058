"""What schemathesis is told of our API. Loaded by its process, which ``callers`` starts.

It makes requests from the document alone. By themselves these hardly get past the door: they name
no payment that exists and sign no webhook. So half of the valid ones are made to name what exists,
and every webhook is signed.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any, Final

import requests
import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation

from baccarat.adapters import webhooks
from tests.fuzz import KNOWN_VARIABLE

_KNOWN: Final[dict[str, Any]] = json.loads(os.environ[KNOWN_VARIABLE])
_WEBHOOK: Final = "/webhooks/payments"
_NO_ROUTE: Final = {"message": "Not Found"}
"""How API Gateway answers a path or a method that it has no route for, AWS's and the emulator's."""


@schemathesis.hook
def map_case(_: HookContext, case: Case) -> Case:
    """Name what exists, in half of the cases and where the case is valid anyhow."""
    seed = sum(json.dumps([case.path_parameters, str(case.body)]).encode())
    if seed % 2:
        _name_known(case, seed // 2)
    if isinstance(case.body, dict) and _is_valid(case, ParameterLocation.BODY):
        # 5.0 is an integer for JSON Schema. For us it is not: see the document.
        case.body = {name: _whole(value) for name, value in case.body.items()}
    return case


def _name_known(case: Case, seed: int) -> None:
    payments: list[dict[str, Any]] = _KNOWN["payments"]
    payment = payments[seed % len(payments)]
    names = {
        "payment_id": payment["paymentId"],
        "currency": _KNOWN["currency"],
        "player_id": _KNOWN["stopped"]["player_id"],
    }
    if _is_valid(case, ParameterLocation.PATH):
        case.path_parameters = {name: names[name] for name in case.path_parameters}
    body = case.body
    if not isinstance(body, dict) or not _is_valid(case, ParameterLocation.BODY):
        return
    if case.path.startswith("/video/"):
        case.body = {**body, **{n: v for n, v in _KNOWN["video"].items() if n in body}}
    elif case.path == _WEBHOOK:
        case.body = {**body, **(payment if seed % 3 else {"paymentId": payment["paymentId"]})}
    elif case.path.endswith("/resume"):
        case.body = {**body, "stop_version": _KNOWN["stopped"]["version"]}
    elif "currency" in body:
        amount_minor = 100 + int(body["amount_minor"]) % 100_000
        case.body = {**body, "currency": _KNOWN["currency"], "amount_minor": amount_minor}


def _is_valid(case: Case, where: ParameterLocation) -> bool:
    return case.meta is not None and not case.meta.is_negative_at(where)


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def before_call(_: HookContext, case: Case, kwargs: dict[str, Any]) -> None:  # noqa: ARG001
    """Sign what the provider says, valid or not: else nobody would read it."""
    secret = _KNOWN["webhook_secret"]
    if case.path != _WEBHOOK or secret is None:
        return
    sent = requests.Request(**case.as_transport_kwargs("http://nowhere")).prepare().body or b""
    body = sent.encode() if isinstance(sent, str) else bytes(sent)
    case.headers[webhooks.HEADER] = webhooks.sign(body, secret, int(time.time()))


@schemathesis.check
def only_who_may(_ctx: CheckContext, response: Response, case: Case) -> None:
    """Nobody does what is another's: the document says by a tag whose a route is."""
    tags = case.operation.definition.raw.get("tags", [])
    assert response.status_code >= 400 or _KNOWN["tag"] in tags, (
        f"{_KNOWN['tag']} got {response.status_code} from a route of {tags}"
    )


@schemathesis.check
def refusals_are_ours(_ctx: CheckContext, response: Response, _case: Case) -> None:
    """What our functions refuse has our form, with a code that programs can read."""
    if response.status_code in (400, 403, 404, 409, 413):
        assert set(response.json()) == {"code", "message", "details"}, response.text


@schemathesis.hook
def filter_failure(_: HookContext, _failure: Failure, _case: Case, response: Response) -> bool:
    """Leave out what the gateway answers by itself: preflights (OPTIONS), and what has no route."""
    no_route = response.status_code == 404 and response.json() == _NO_ROUTE
    return not no_route and response.request.method != "OPTIONS"
