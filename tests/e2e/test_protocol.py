"""The websocket doors of the deployed app: each wrong message has its code and changes nothing."""

from __future__ import annotations

import asyncio
import json
import urllib.error
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from baccarat.domain.roles import PLAYER
from sandbox.configuration import TABLE_ID, Run, User
from sandbox.headless import HeadlessPlayer, bet_message, call_api, new_id, sign_in
from sandbox.rounds import check_complete, end_of
from sandbox.seeding import PASSWORD, add_user
from tests.e2e.browser import ROUNDS, TooLateError

pytestmark = pytest.mark.sandbox

SECONDS = 60


def run(scenario: Awaitable[None]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(scenario, 150)

    asyncio.run(bounded())


TOO_LATE = frozenset({"BETTING_CLOSED", "BET_NOT_CANCELLABLE"})
"""What the house says when a round closed while a command was on its way."""


def in_time(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a command of an open round. Raises: TooLateError."""
    if answer.get("code") in TOO_LATE:
        raise TooLateError(answer["code"])
    return answer


def run_in_one_round(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run what belongs in one bet window; where it closes under way, all of it anew."""
    for _ in range(ROUNDS - 1):
        with suppress(TooLateError):
            run(scenario())
            return
    run(scenario())


def player_token(sandbox: Run, balance_minor: int = 100_000) -> str:
    """A new player, so that no test sees another's bets."""
    user = User(f"e2e-{new_id()[:10].lower()}", PLAYER, PASSWORD, balance_minor)
    add_user(user, sandbox.outputs)
    return sign_in(sandbox, user.name, user.password)


async def open_round(player: HeadlessPlayer) -> str:
    """Wait for a round that has just opened; return its id."""
    known = {event["roundId"] for event in player.events}
    event = await player.next_event(
        lambda e: e["type"] == "ROUND_OPENED" and e["roundId"] not in known, SECONDS
    )
    return str(event["roundId"])


def test_a_player_bets_cancels_and_is_paid(sandbox: Run) -> None:
    async def scenario() -> None:
        async with HeadlessPlayer(sandbox, player_token(sandbox)) as player:
            round_id = await open_round(player)
            first = in_time(await player.bet(round_id, ("PLAYER", 2_000), ("BANKER", 2_000)))
            assert first["type"] == "bets_accepted"
            assert first["wallet"]["available_minor"] == 96_000
            [extra] = in_time(await player.bet(round_id, ("TIE", 500)))["bets"]
            cancelled = in_time(
                await player.ask(
                    {
                        "action": "cancel",
                        "id": new_id(),
                        "roundId": round_id,
                        "betId": extra["betId"],
                    }
                )
            )
            assert cancelled["type"] == "bet_cancelled"
            assert cancelled["wallet"]["available_minor"] == 96_000
            await player.next_event(end_of(round_id), SECONDS)
            outcome = next(
                e["data"]["outcome"]
                for e in player.events
                if e["roundId"] == round_id and e["type"] == "ROUND_RESOLVED"
            )
            due = {"PLAYER": 100_000, "BANKER": 96_000 + 3_900, "TIE": 100_000}[outcome]
            await player.until(lambda: (player.wallet or {}).get("available_minor") == due, SECONDS)
            states = {
                m["bet"]["betId"]: m["bet"]["state"] for m in player.messages if m["type"] == "bet"
            }
            assert states[extra["betId"]] == "CANCELLED"

    run_in_one_round(scenario)


Refusal = tuple[str, Callable[[str], dict[str, Any]], str]
REFUSALS: list[Refusal] = [
    ("over the limit", lambda r: bet(r, spot="TIE", stake_minor=50_001), "STAKE_ABOVE_MAXIMUM"),
    ("under the limit", lambda r: bet(r, stake_minor=99), "STAKE_BELOW_MINIMUM"),
    ("unaffordable", lambda r: bet(r, stake_minor=100_001), "INSUFFICIENT_FUNDS"),
    ("unknown round", lambda _: bet("bac-1.999999999"), "ROUND_NOT_FOUND"),
    ("a spot there is not", lambda r: bet(r, spot="DRAGON"), "INVALID_REQUEST"),
    ("a stake that is no integer", lambda r: bet(r, stake_minor=100.5), "INVALID_REQUEST"),
    ("a stake that is text", lambda r: bet(r, stake_minor="100"), "INVALID_REQUEST"),
    ("a negative stake", lambda r: bet(r, stake_minor=-100), "INVALID_REQUEST"),
    ("a member too many", lambda r: bet(r, odds=100), "INVALID_REQUEST"),
    ("no bets", lambda r: {**bet(r), "bets": []}, "INVALID_REQUEST"),
    ("a bet twice", lambda r: {**bet(r), "bets": bet(r)["bets"] * 2}, "INVALID_REQUEST"),
    (
        "too many bets at once",
        lambda r: bet_message(r, *[("PLAYER", 100)] * 16),
        "INVALID_REQUEST",
    ),
    (
        "a good bet beside one under the limit",
        lambda r: bet_message(r, ("PLAYER", 1_000), ("TIE", 99)),
        "STAKE_BELOW_MINIMUM",
    ),
    ("a bet id too short", lambda r: bet(r, betId="short"), "INVALID_REQUEST"),
    (
        "a bet that is not there",
        lambda r: {"action": "cancel", "id": new_id(), "roundId": r, "betId": new_id()},
        "BET_NOT_FOUND",
    ),
    (
        "a table that is not there",
        lambda _: {"action": "join", "id": new_id(), "tableId": "bac-9"},
        "TABLE_NOT_FOUND",
    ),
    ("an action there is not", lambda _: {"action": "steal", "id": new_id()}, "UNKNOWN_ACTION"),
]


def bet(round_id: str, **changes: Any) -> dict[str, Any]:
    message = bet_message(round_id, ("PLAYER", 1_000))
    message["bets"][0].update(changes)
    return message


def test_every_refusal_has_its_code_and_changes_nothing(sandbox: Run) -> None:
    async def scenario() -> None:
        async with HeadlessPlayer(sandbox, player_token(sandbox)) as player:
            found = {}
            for name, message, _ in REFUSALS:
                answer = await ask_in_an_open_round(player, message)
                assert answer["type"] == "error", name
                assert answer["message"], name
                found[name] = answer["code"]
            assert found == {name: code for name, _, code in REFUSALS}
            joined = await player.connect()
            assert joined["wallet"]["available_minor"] == 100_000
            assert joined["wallet"]["version"] == 1
            assert joined["bets"] == []

    run(scenario())


async def ask_in_an_open_round(
    player: HeadlessPlayer, message: Callable[[str], dict[str, Any]]
) -> dict[str, Any]:
    """Ask in a round that takes bets; where it closed meanwhile, ask again in the next one."""
    for _ in range(ROUNDS):
        round_id = player.events[-1]["roundId"]
        if not is_open(player, round_id):
            round_id = await open_round(player)
        answer = await player.ask(message(round_id))
        if answer.get("code") not in TOO_LATE:
            break
        await player.next_event(
            lambda e, closed=round_id: e["roundId"] == closed and e["type"] != "ROUND_OPENED",
            SECONDS,
        )
    return answer


def is_open(player: HeadlessPlayer, round_id: str) -> bool:
    types = [event["type"] for event in player.events if event["roundId"] == round_id]
    return types == ["ROUND_OPENED"]


def test_what_is_not_even_a_message_is_told_so(sandbox: Run) -> None:
    async def scenario() -> None:
        async with HeadlessPlayer(sandbox, player_token(sandbox)) as player:
            for text, code in (
                ("{", "MALFORMED_JSON"),
                ('{"action": "steal", "id": "a", "id": "b"}', "MALFORMED_JSON"),
                ('{"action": "steal", "id": NaN}', "MALFORMED_JSON"),
                ("[" * 2_000, "MALFORMED_JSON"),
                (json.dumps({"action": "steal", "x": "y" * 5_000}), "MESSAGE_TOO_LARGE"),
                (json.dumps(bet("bac-1.000000001", padding="y" * 5_000)), "MESSAGE_TOO_LARGE"),
            ):
                known = len(player.messages)
                await player.send(text)
                answer = await player.message(lambda m: m["type"] == "error", known, SECONDS)
                assert answer["code"] == code, text[:60]

    run(scenario())


def test_a_late_bet_is_refused_and_a_repeat_is_answered_as_the_first_time(sandbox: Run) -> None:
    async def scenario() -> None:
        async with HeadlessPlayer(sandbox, player_token(sandbox)) as player:
            round_id = await open_round(player)
            message = bet(round_id)
            first = in_time(await player.ask(message))
            assert await player.ask(message) == first
            other = {**message["bets"][0], "stake_minor": 2_000}
            conflict = await player.ask({**message, "bets": [other]})
            assert conflict["code"] == "IDEMPOTENCY_CONFLICT"
            await player.next_event(
                lambda e: e["roundId"] == round_id and e["type"] == "BETS_CLOSED", SECONDS
            )
            late = await player.ask(bet(round_id))
            assert late["code"] == "BETTING_CLOSED"
            late_cancel = await player.ask(
                {
                    "action": "cancel",
                    "id": new_id(),
                    "roundId": round_id,
                    "betId": message["bets"][0]["betId"],
                }
            )
            assert late_cancel["code"] == "BET_NOT_CANCELLABLE"
            assert await player.ask(message) == first

    run_in_one_round(scenario)


def test_a_connection_cut_in_mid_round_misses_nothing(sandbox: Run) -> None:
    async def scenario() -> None:
        async with HeadlessPlayer(sandbox, player_token(sandbox)) as player:
            round_id = await open_round(player)
            in_time(await player.bet(round_id, ("BANKER", 1_000)))
            player.drop()
            await asyncio.sleep(3)
            answer = await player.connect()
            assert answer["complete"]
            await player.next_event(end_of(round_id), SECONDS)
            check_complete(player.events)

    run_in_one_round(scenario)


@pytest.mark.parametrize("user", ["dealer", "pit", "ops", "auditor"])
def test_only_players_bet(sandbox: Run, user: str) -> None:
    async def scenario() -> None:
        async with HeadlessPlayer(sandbox, sign_in(sandbox, user, PASSWORD)) as watcher:
            answer = await watcher.ask(bet("bac-1.000000001"))
            assert answer["code"] == "FORBIDDEN"
            pong = await watcher.ask({"action": "ping", "id": "p1"})
            assert pong["type"] == "pong"
            left = await watcher.ask({"action": "leave", "id": "l1", "tableId": TABLE_ID})
            assert left["type"] == "left"

    run(scenario())


def test_a_ticket_opens_one_connection_from_its_own_origin(sandbox: Run) -> None:
    async def scenario() -> None:
        token = player_token(sandbox)

        async def knock(ticket: str, origin: str) -> int:
            try:
                async with connect(
                    f"{sandbox.outputs['WebSocketUrl']}?ticket={ticket}",
                    origin=origin,  # type: ignore[arg-type]
                    proxy=None,
                ):
                    return 101
            except InvalidStatus as error:
                return error.response.status_code

        ticket = call_api(sandbox, "POST", "/tickets", token)["ticket"]
        assert await knock(ticket, sandbox.page_url) == 101
        assert await knock(ticket, sandbox.page_url) == 403
        assert await knock("made-up", sandbox.page_url) == 403
        stolen = call_api(sandbox, "POST", "/tickets", token)["ticket"]
        assert await knock(stolen, "https://evil.example") == 403

    run(scenario())


def test_tickets_and_transcripts_are_for_those_who_signed_in(sandbox: Run) -> None:
    for method, path in (("POST", "/tickets"), ("GET", "/rounds/bac-1.000000001/transcript")):
        for token in (None, "made.up.token"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                call_api(sandbox, method, path, token)
            assert refused.value.code in (401, 403)
    keys = call_api(sandbox, "GET", "/keys")
    assert [key["crv"] for key in keys["keys"]] == ["P-256"]
