"""Tokens, their keys and reports over HTTP, through the functions themselves."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest

from baccarat.domain.roles import ROLES
from baccarat.domain.video.access import VideoRole
from tests.support.cloud import TABLE_ID, Cloud, Context, load_handler
from tests.support.rounds import ManualRound

ROUND_ID = f"{TABLE_ID}.000000001"
REPORT = {
    "tableId": TABLE_ID,
    "roundId": ROUND_ID,
    "lagsMs": [40, 80, -3],
    "matched": 250,
    "mismatched": 1,
    "overdue": 2,
    "transport": "webrtc",
    "clockErrorMs": 4,
}


def ask(
    function: str, path: str, body: Any = None, *, user: str = "anna", role: str = "player"
) -> tuple[int, Any]:
    claims = {"sub": user, "cognito:username": user, "cognito:groups": f"[{role}]"}
    answer = load_handler(function).build()(
        {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"content-type": "application/json"},
            "requestContext": {
                "http": {"method": "GET" if body is None else "POST", "path": path},
                "stage": "$default",
                "authorizer": {"jwt": {"claims": claims, "scopes": None}},
            },
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        },
        Context(function),
    )
    return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def table(cloud: Cloud) -> Cloud:
    cloud.open_table()
    return cloud


@pytest.mark.usefixtures("table")
def test_a_player_gets_a_token_that_the_published_key_verifies() -> None:
    status, answer = ask(
        "issue_video_token", "/video/tokens", {"tableId": TABLE_ID, "role": "view"}
    )
    assert status == 200
    assert answer["whepUrl"] == f"https://video.example/whep/{TABLE_ID}"
    status, keys = ask("issue_video_token", "/video/keys")
    assert status == 200
    [key] = jwt.PyJWKSet.from_dict(keys).keys
    claims = jwt.decode(answer["token"], key, algorithms=["ES256"], audience="media_sfu")
    assert (claims["sub"], claims["table"], claims["role"]) == ("anna", TABLE_ID, "view")
    assert answer["expiresAtMs"] == claims["exp"] * 1000
    other = ask("issue_video_token", "/video/tokens", {"tableId": TABLE_ID, "role": "view"})[1]
    assert (
        jwt.decode(other["token"], key, algorithms=["ES256"], audience="media_sfu")["jti"]
        != (claims["jti"])
    )


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("body", "role", "status", "code"),
    [
        ({"tableId": TABLE_ID, "role": "publish"}, "player", 403, "FORBIDDEN"),
        ({"tableId": TABLE_ID, "role": "edge"}, "studio", 403, "FORBIDDEN"),
        ({"tableId": "bac-9", "role": "view"}, "player", 404, "TABLE_NOT_FOUND"),
        ({"tableId": "bac 1", "role": "view"}, "player", 400, "INVALID_REQUEST"),
        ({"tableId": TABLE_ID, "role": "owner"}, "player", 400, "INVALID_REQUEST"),
        ({"tableId": TABLE_ID}, "player", 400, "INVALID_REQUEST"),
        ({"tableId": TABLE_ID, "role": "view"}, "nobody", 403, "FORBIDDEN"),
    ],
)
def test_what_is_refused(body: Any, role: str, status: int, code: str) -> None:
    got, answer = ask("issue_video_token", "/video/tokens", body, role=role)
    assert (got, answer["code"]) == (status, code)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("group", sorted(ROLES))
def test_only_studios_publish_and_only_video_servers_are_edges(group: str) -> None:
    granted = {}
    for wanted in VideoRole:
        body = {"tableId": TABLE_ID, "role": wanted.value}
        status, answer = ask("issue_video_token", "/video/tokens", body, role=group)
        if status == 200:
            claims = jwt.decode(answer["token"], options={"verify_signature": False})
            granted[wanted.value] = claims["role"], claims["sub"]
        else:
            assert (status, answer["code"]) == (403, "FORBIDDEN")
    for wanted, only in (("publish", "studio"), ("edge", "edge")):
        assert granted.get(wanted) == ((wanted, "anna") if group == only else None)
    assert ("view" in granted) == (group not in {"studio", "edge", "cashier"})


def test_a_table_without_a_camera_says_so(table: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert table
    monkeypatch.setenv("VIDEO_TABLES", "bac-7")
    load_handler("issue_video_token").build.cache_clear()
    status, answer = ask(
        "issue_video_token", "/video/tokens", {"tableId": TABLE_ID, "role": "view"}
    )
    assert (status, answer["code"]) == (404, "NO_CAMERA")


@pytest.fixture
def opened(cloud: Cloud) -> Cloud:
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    return cloud


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    return [line for line in lines if line["service"] == "video"]


@pytest.mark.usefixtures("opened")
def test_a_report_becomes_metrics_of_its_table_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("take_video_report", "/video/reports", REPORT) == (200, {"result": "COUNTED"})
    [written] = metrics(capsys)
    assert written["tableId"] == TABLE_ID
    assert written["LagMs"] == [40, 80, -3]
    counted = {name: written[name] for name in ("Rounds", "MismatchedRounds", "OverdueEvents")}
    assert counted == {"Rounds": [1], "MismatchedRounds": [1], "OverdueEvents": [2]}
    assert ask("take_video_report", "/video/reports", REPORT) == (200, {"result": "KNOWN"})
    assert metrics(capsys) == []
    bert = ask("take_video_report", "/video/reports", REPORT, user="bert")
    assert bert == (200, {"result": "COUNTED"})


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"lagsMs": [1] * 21}, 400, "INVALID_REQUEST"),
        ({"lagsMs": [60_001]}, 400, "INVALID_REQUEST"),
        ({"matched": -1}, 400, "INVALID_REQUEST"),
        ({"mismatched": 10**6}, 400, "INVALID_REQUEST"),
        ({"more": 1}, 400, "INVALID_REQUEST"),
        ({"roundId": f"{TABLE_ID}.000000009"}, 404, "ROUND_NOT_FOUND"),
        ({"tableId": "bac-2"}, 404, "ROUND_NOT_FOUND"),
    ],
)
def test_a_report_is_bounded_and_of_a_round_that_is_known(
    capsys: pytest.CaptureFixture[str], change: Any, status: int, code: str
) -> None:
    got, answer = ask("take_video_report", "/video/reports", {**REPORT, **change})
    assert (got, answer["code"]) == (status, code)
    assert metrics(capsys) == []


@pytest.mark.usefixtures("opened")
def test_only_watchers_report() -> None:
    assert ask("take_video_report", "/video/reports", REPORT, role="cashier")[0] == 403


@pytest.mark.usefixtures("table")
def test_the_watch_says_whether_pictures_are_due(capsys: pytest.CaptureFixture[str]) -> None:
    found = load_handler("watch_cameras").build()({}, Context("watch_cameras"))
    assert found == {TABLE_ID: True}
    [written] = metrics(capsys)
    assert (written["tableId"], written["TableOpen"]) == (TABLE_ID, [1])


def test_a_round_of_an_hour_ago_is_not_reported_any_more(
    opened: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = opened.clock.now_ms() + 3_600_000 + 60_000
    monkeypatch.setattr("baccarat.adapters.clock.SystemClock.now_ms", lambda _: later)
    assert ask("take_video_report", "/video/reports", REPORT)[0] == 404
    assert metrics(capsys) == []
