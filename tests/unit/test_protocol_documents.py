"""The documents of the websocket protocol say what the models say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from baccarat.adapters import cli, desk_messages, messages
from baccarat.application.lobby import MAX_TABLES
from baccarat.application.sessions import MAX_MISSED_EVENTS, MAX_TABLES_WATCHED, TICKET_LIFE_MS
from baccarat.domain import errors
from baccarat.domain.paytable import Spot
from baccarat.domain.seats import SEATS
from baccarat.domain.wallet import MAX_BETS_AT_ONCE, MAX_BETS_PER_ROUND

FORMATS = Path(__file__).resolve().parents[2] / "docs/formats"
PAGE = (FORMATS / "websocket.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.+?)\n```", PAGE, re.DOTALL)]
DOCUMENT = cli.asyncapi()


def tag_of(model: Any) -> tuple[str, str]:
    if model in CLIENT_MESSAGES:
        return "action", model.model_fields["action"].annotation.__args__[0]
    return "type", model.model_fields["type"].default


CLIENT_MESSAGES = (*messages.CLIENT_MESSAGES, *desk_messages.STAFF_MESSAGES)
SERVER_MESSAGES = (*messages.SERVER_MESSAGES, *desk_messages.STAFF_ANSWERS)
MODELS = {tag_of(model): model for model in (*CLIENT_MESSAGES, *SERVER_MESSAGES)}


def tag(example: dict[str, Any]) -> tuple[str, str]:
    return next((name, example[name]) for name in ("action", "type") if name in example)


def refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from refs(item)
    elif isinstance(value, list):
        for item in value:
            yield from refs(item)


def resolve(ref: str) -> Any:
    found: Any = DOCUMENT
    for step in ref.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_the_committed_description_is_the_generated_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["asyncapi"]) == 0
    printed = capsys.readouterr().out
    assert printed == (FORMATS / "asyncapi.json").read_text(), (
        "run: baccarat asyncapi > docs/formats/asyncapi.json"
    )


def test_every_reference_leads_somewhere() -> None:
    found = set(refs(DOCUMENT))
    assert len(found) > 30
    assert all(resolve(ref) for ref in found)


def test_the_description_has_every_message_and_who_sends_it() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert len(DOCUMENT["components"]["messages"]) == len(MODELS)
    operations = DOCUMENT["operations"]
    asked = {name for name, operation in operations.items() if operation["action"] == "receive"}
    assert asked == {f"receive_{tag_of(model)[1]}" for model in CLIENT_MESSAGES}
    answered = {
        resolve(message["$ref"])["$ref"].rpartition("/")[2]
        for operation in operations.values()
        for message in operation.get("reply", operation)["messages"]
    }
    assert answered == {
        "lobby_tables", "matches", "seats",
        "joined", "events", "bets_accepted", "bet_cancelled", "wallet", "bet_changed", "left",
        "pong", "error", "desk_answered", "pit_answered",
    }  # fmt: skip
    replies = {
        name: operation["reply"]["messages"][0]["$ref"].rpartition("/")[2]
        for name, operation in operations.items()
        if "reply" in operation
    }
    assert replies["receive_lobby"] == "lobby_tables"
    assert replies["receive_stand"] == "seats"
    assert replies["receive_bet"] == "bets_accepted"
    assert replies["receive_cancel"] == "bet_cancelled"
    assert replies["receive_join"] == "joined"


def test_a_ticket_opens_the_connection() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["ticket"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("httpApiKey", "query", "ticket")
    assert DOCUMENT["servers"]["house"]["security"] == [
        {"$ref": "#/components/securitySchemes/ticket"}
    ]
    query = DOCUMENT["channels"]["table"]["bindings"]["ws"]["query"]
    assert query["required"] == ["ticket"]


def test_the_page_shows_every_message() -> None:
    assert [tag(example) for example in EXAMPLES] == list(MODELS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: "-".join(tag(e)))
def test_every_example_is_a_message(example: dict[str, Any]) -> None:
    model = MODELS[tag(example)]
    read = model.model_validate_json(json.dumps(example))
    assert read.model_dump(mode="json") == example
    components = DOCUMENT["components"]
    schema = {"$ref": f"#/components/schemas/{model.__name__}", "components": components}
    jsonschema.validate(example, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**example, "note": 1}, schema)
    for member in example:
        if member in schema_of(model).get("required", []):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({k: v for k, v in example.items() if k != member}, schema)


def schema_of(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][model.__name__]
    return found


def test_what_the_server_sends_is_all_required_there() -> None:
    for model in SERVER_MESSAGES:
        assert set(schema_of(model)["required"]) == set(model.model_fields)


def test_every_error_of_a_client_is_explained() -> None:
    def concrete(kind: type[errors.BaccaratError]) -> set[str]:
        # The video servers have refusals of their own, over their own HTTP.
        below = [one for one in kind.__subclasses__() if not one.__module__.startswith("media_sfu")]
        codes = set().union(*(concrete(child) for child in below)) if below else set()
        groups = {
            *(errors.Refused, errors.NotFound, errors.BetRefused, errors.DeskRefused),
            errors.PaymentRefused,
        }
        return codes | (set() if kind in groups else {kind.code})

    over_http = {
        *("TRANSCRIPT_NOT_FOUND", "PAYMENT_NOT_FOUND", "SIGNATURE_REFUSED"),
        *("WALLET_NOT_FOUND", "NOT_STOPPED", "NO_CAMERA", "RECORDING_NOT_FOUND"),
        *concrete(errors.PaymentRefused),
    }
    expected = concrete(errors.Refused) - over_http | {
        "CONTENTION",
        "INTERNAL",
        "ROUND_NOT_VOIDABLE",
    }
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    assert {code for code, *_ in rows} == expected
    assert len(rows) == len(expected)


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    assert f"| message of the client | {messages.MAX_MESSAGE_BYTES:,} bytes of UTF-8 |" in PAGE
    assert f"| events in `joined` | {MAX_MISSED_EVENTS} |" in PAGE
    assert f"at most {MAX_MISSED_EVENTS} events missed" in PAGE
    assert f"| bets in one command | {MAX_BETS_AT_ONCE} |" in PAGE
    assert PAGE.count(f"1 to {MAX_BETS_AT_ONCE} ") == 2
    assert f"| bets of a player in a round | {MAX_BETS_PER_ROUND}," in PAGE
    assert f"| tables in `lobby` | {MAX_TABLES} |" in PAGE
    assert f"At most {MAX_TABLES} tables." in PAGE
    assert f"| tables watched by a connection | {MAX_TABLES_WATCHED} |" in PAGE
    assert f"| seats at a table | {SEATS} |" in PAGE
    assert f"| ticket | {TICKET_LIFE_MS // 1000} s, once |" in PAGE
    for model in ("BetId", "CommandId"):
        low, high = re.findall(r"\{(\d+),(\d+)\}", str(getattr(messages, model)))[0]
        assert f"{low} to {high} of" in PAGE


def test_the_largest_command_is_within_the_largest_message() -> None:
    bets = [
        {"betId": f"{number:064d}", "spot": longest, "stake_minor": 10**12}
        for number in range(MAX_BETS_AT_ONCE)
        for longest in [max(Spot, key=len)]
    ]
    message = {
        "action": "bet",
        "id": "i" * 64,
        "roundId": f"{'t' * 24}.{1:09d}",
        "bets": bets,
    }
    assert messages.PlaceBetsMessage.model_validate_json(json.dumps(message))
    # With room for the spaces of whoever writes them.
    assert len(json.dumps(message, indent=1).encode()) <= messages.MAX_MESSAGE_BYTES
    for wrong in ([], [*bets, {**bets[0], "betId": "b" * 20}]):
        with pytest.raises(ValueError, match="bets"):
            messages.PlaceBetsMessage.model_validate_json(json.dumps({**message, "bets": wrong}))
