"""What a player sees of his wallets over HTTP, and how the house lets a stopped one go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from baccarat.adapters.dynamodb.journal import DynamoJournal
from baccarat.adapters.ledger_export import read_export
from baccarat.application.journal import project
from baccarat.application.payments import credit_house_deposit
from baccarat.domain.journal import check_chain
from baccarat.domain.wallet import Wallet, stop
from tests.support.cloud import Cloud, Context, load_handler

JOURNAL = DynamoJournal()


def ask(
    path: str,
    *,
    user: str = "anna",
    role: str = "player",
    body: Any = None,
    function: str = "show_wallets",
    account: str | None = None,
    **query: str,
) -> tuple[int, Any]:
    claims = {"sub": user, "cognito:username": user, "cognito:groups": f"[{role}]"}
    if account is not None:
        claims["custom:account"] = account
    answer = load_handler(function).build()(
        {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "&".join(f"{name}={value}" for name, value in query.items()),
            "queryStringParameters": query,
            "headers": {"content-type": "application/json", "idempotency-key": "k" * 16},
            "requestContext": {
                "http": {"method": "POST" if body else "GET", "path": path},
                "stage": "$default",
                "authorizer": {"jwt": {"claims": claims, "scopes": None}},
            },
            "body": json.dumps(body) if body else None,
            "isBase64Encoded": False,
        },
        Context(function),
    )
    [kind] = [v for k, v in answer["headers"].items() if k.lower() == "content-type"] or [
        *answer["multiValueHeaders"]["Content-Type"]
    ]
    is_json = kind == "application/json"
    return answer["statusCode"], json.loads(answer["body"]) if is_json else answer["body"]


@pytest.fixture
def funded(cloud: Cloud) -> Cloud:
    """Anna has euros and dollars, Bert euros; every movement is in the journal."""
    for player, currency in (("anna", "EUR"), ("anna", "USD"), ("bert", "EUR")):
        cloud.ledger.open_wallet(Wallet(player, currency, 0, 0))
        for number in range(1, 4):
            amount = number * (100 if currency == "EUR" else 7)
            credit_house_deposit(
                player, f"d{number}", amount, currency, ledger=cloud.ledger, clock=cloud.clock
            )
            wallet = cloud.ledger.wallet(player, currency)
            assert wallet is not None
            project(wallet, journal=JOURNAL, scan=cloud.scan)
    return cloud


@pytest.mark.usefixtures("funded")
def test_a_player_sees_each_currency_apart_and_nobody_elses_money() -> None:
    assert ask("/wallets") == (
        200,
        {
            "wallets": [
                {
                    "currency": currency,
                    "available_minor": available,
                    "held_minor": 0,
                    "version": 3,
                    "stopped": None,
                }
                for currency, available in (("EUR", 600), ("USD", 42))
            ]
        },
    )
    assert ask("/wallets", user="nobody") == (200, {"wallets": []})
    status, refused = ask("/wallets", role="ops")
    assert (status, refused["code"]) == (403, "FORBIDDEN")


def test_a_sign_in_with_an_account_is_that_account(cloud: Cloud) -> None:
    for player in ("vip.7f3a", "vera"):
        cloud.fund(player, 100 if player == "vera" else 900)
    _, seen = ask("/wallets", user="vera", account="vip.7f3a")
    assert [wallet["available_minor"] for wallet in seen["wallets"]] == [900]


@pytest.mark.usefixtures("funded")
def test_history_comes_in_pages_and_export_as_files_that_verify() -> None:
    _, first = ask("/wallets/USD/history", limit="2")
    assert [(e["version"], e["amount_minor"]) for e in first["entries"]] == [(3, 21), (2, 14)]
    _, rest = ask("/wallets/USD/history", limit="2", before=str(first["before"]))
    assert [(e["version"], e["available_minor"]) for e in rest["entries"]] == [(1, 7)]
    assert rest["before"] is None
    assert ask("/wallets/GBP/history")[1] == {"entries": [], "before": None}
    files = [ask("/wallets/EUR/export", format=format_)[1] for format_ in ("jsonl", "csv")]
    entries = [list(read_export(text)) for text in files]
    assert entries[0] == entries[1] == JOURNAL.entries("anna", "EUR")
    check_chain(entries[0])
    assert len(list(read_export(ask("/wallets/EUR/export", after="1")[1]))) == 2


@pytest.mark.usefixtures("funded")
def test_the_balance_at_a_time() -> None:
    times = [entry.movement.at_ms for entry in JOURNAL.entries("anna", "EUR")]
    empty = {"currency": "EUR", "version": 0, "available_minor": 0, "held_minor": 0}
    assert ask("/wallets/EUR/balance", at_ms=str(times[0] - 1)) == (200, empty)
    _, last = ask("/wallets/EUR/balance", at_ms=str(times[-1]))
    assert (last["version"], last["available_minor"]) == (3, 600)


@pytest.mark.usefixtures("funded")
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/wallets/eur/history", {}),
        ("/wallets/EUR/history", {"limit": "0"}),
        ("/wallets/EUR/history", {"limit": "101"}),
        ("/wallets/EUR/history", {"before": "x"}),
        ("/wallets/EUR/balance", {}),
        ("/wallets/EUR/export", {"format": "xml"}),
        ("/wallets/EUR/export", {"after": "-1"}),
    ],
)
def test_what_is_not_valid_is_refused(path: str, query: dict[str, str]) -> None:
    status, answer = ask(path, **query)
    assert (status, answer["code"]) == (400, "INVALID_REQUEST")


def test_a_stop_is_lifted_once_by_an_operator_who_names_it(funded: Cloud) -> None:
    def halt() -> int:
        wallet = funded.ledger.wallet("anna", "EUR")
        assert wallet is not None
        after, record = stop(wallet, "BOOKS_DIFFER", "reconciler", funded.clock.now_ms())
        funded.ledger.stop(wallet, after, record)
        return after.version

    def resume(version: int, **more: Any) -> tuple[int, Any]:
        return ask(
            "/players/anna/wallets/EUR/resume",
            function="resume_wallet",
            body={"stop_version": version, "reason": "the item was mended"},
            **{"user": "olga", "role": "ops", **more},
        )

    version = halt()
    assert resume(version, role="player")[0] == 403
    assert resume(version, role="pit")[0] == 403
    status, answer = resume(version - 1)
    assert (status, answer["code"], answer["details"]) == (
        409,
        "NOT_STOPPED",
        {"stop_version": version},
    )
    for _ in range(2):
        status, wallet = resume(version)
        assert (status, wallet["stopped"], wallet["version"]) == (200, None, version + 1)
    assert [s.by for s in funded.ledger.stops_of("anna")] == ["reconciler", "olga"]
    assert funded.balances().findings == ()
    later = halt()
    assert resume(version)[1]["details"] == {"stop_version": later}
    assert ask("/wallets")[1]["wallets"][0]["stopped"] == "BOOKS_DIFFER"
    assert ask("/wallets")[1]["wallets"][1]["stopped"] is None
    for player in ("nobody", "unknown-tier.7f3a", ".."):
        status, answer = ask(
            f"/players/{player}/wallets/EUR/resume",
            function="resume_wallet",
            role="ops",
            body={"stop_version": 1, "reason": "none"},
        )
        assert (status, answer["code"]) == (404, "WALLET_NOT_FOUND")
