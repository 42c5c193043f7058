"""``make rounds N=20 PLAYERS=5``: headless players on a running sandbox, and what it cost."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import boto3

from baccarat.adapters.dynamodb.ledger import DynamoLedgerScan
from baccarat.application.reconcile import Balances, Items, reconcile
from baccarat.domain.roles import PLAYER
from baccarat.domain.wallet import BetState
from sandbox.configuration import Options, Run, SandboxError, User
from sandbox.headless import HeadlessPlayer, Wanted, bet_message, sign_in
from sandbox.seeding import CURRENCY, PASSWORD, add_user, bind_tables

_SPOTS = ("PLAYER", "BANKER", "TIE")
_ROUND_SECONDS = 180
_MEASURED_BETS = 10
_ENDS = ("ROUND_SETTLED", "ROUND_VOIDED")


@dataclass
class Measured:
    """What the players saw. Times in milliseconds."""

    acknowledged_ms: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    bets: int = 0


async def play(player: HeadlessPlayer, rounds: Sequence[int], seed: int, found: Measured) -> None:
    """Send one to three commands of one to three bets in each of ``rounds`` and see them end."""
    dice = random.Random(seed)  # noqa: S311  a repeatable player
    for number in rounds:
        opened = await player.next_event(opening_of(number), _ROUND_SECONDS)
        round_id = opened["roundId"]
        for _ in range(dice.randint(1, 3)):
            spots = dice.sample(_SPOTS, dice.randint(1, 3))
            stakes = [(spot, dice.randint(1, 20) * 100) for spot in spots]
            started = time.perf_counter()
            answer = await player.bet(round_id, *stakes)
            if answer["type"] == "bets_accepted":
                found.acknowledged_ms.append((time.perf_counter() - started) * 1000)
                found.bets += len(stakes)
            else:
                found.refused.append(answer["code"])
        await player.next_event(end_of(round_id), _ROUND_SECONDS)


async def measure_placing(run: Run, player: HeadlessPlayer, player_id: str, number: int) -> None:
    """Place some bets whose write units can be read from the function's log."""
    opened = await player.next_event(opening_of(number), _ROUND_SECONDS)
    for _ in range(_MEASURED_BETS):
        await asyncio.to_thread(place_directly, run, player_id, opened["roundId"])


def opening_of(round_no: int) -> Wanted:
    return lambda event: event["data"].get("round_no") == round_no


def end_of(round_id: str) -> Wanted:
    return lambda event: event["roundId"] == round_id and event["type"] in _ENDS


async def run_players(run: Run, count: int, rounds: int) -> tuple[Measured, list[dict[str, Any]]]:
    """Let ``count`` players play ``rounds`` rounds; return the figures and the events they saw."""
    users = [User(f"headless-{n}", PLAYER, PASSWORD, 100_000_00) for n in range(count)]
    player_ids = [add_user(user, run.outputs) for user in users]
    tokens = [sign_in(run, user.name, user.password) for user in users]
    found = Measured()
    players = [HeadlessPlayer(run, token) for token in tokens]
    try:
        await asyncio.gather(*(player.connect() for player in players))
        newest = max(
            (e["data"]["round_no"] for e in players[0].events if e["type"] == "ROUND_OPENED"),
            default=0,
        )
        numbers = range(newest + 1, newest + 1 + rounds)
        await asyncio.gather(
            measure_placing(run, players[0], player_ids[0], numbers[0]),
            *(play(player, numbers, seed, found) for seed, player in enumerate(players)),
        )
    finally:
        await asyncio.gather(*(player.close() for player in players))
    wanted = {e["roundId"] for e in players[0].events if e["data"].get("round_no") in numbers}
    for player in players:
        check_complete(player.events)
    return found, [e for e in players[0].events if e["roundId"] in wanted]


def check_complete(events: Sequence[dict[str, Any]]) -> None:
    """Raises: SandboxError when an event is missing between two that a player saw."""
    for before, after in pairwise(events):
        if after["prev"] != before["hash"]:
            raise SandboxError(
                f"a player missed events between epoch {before['epoch']} seq {before['seq']} "
                f"and epoch {after['epoch']} seq {after['seq']}"
            )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile by the nearest rank; 0 of nothing."""
    if not values:
        return 0.0
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def write_units(run: Run, since_ms: int) -> dict[str, list[float]]:
    """Return the write units of each invocation since then, by function, from its own metrics.

    The emulator keeps no logs of what websocket messages invoke, so ``place_bets`` is missing here;
    see ``place_directly``.
    """
    logs, functions = boto3.client("logs"), boto3.client("lambda")
    units: dict[str, list[float]] = {}
    for key, name in run.outputs.items():
        if not key.endswith("Function"):
            continue
        settings = functions.get_function_configuration(FunctionName=name)
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=settings["LoggingConfig"]["LogGroup"],
            startTime=since_ms,
            filterPattern="WriteUnits",
        )
        for page in pages:
            for event in page["events"]:
                metric = _metric(event["message"])
                if metric is not None:
                    units.setdefault(metric[0], []).append(metric[1])
    return units


def place_directly(run: Run, player_id: str, round_id: str) -> None:
    """Place one bet by invoking the deployed function with the event that a message makes."""
    event = {
        "requestContext": {
            "connectionId": "measured",
            "authorizer": {"playerId": player_id, "role": PLAYER},
        },
        "body": json.dumps(bet_message(round_id, ("PLAYER", 100))),
    }
    boto3.client("lambda").invoke(
        FunctionName=run.outputs["PlaceBetsFunction"], Payload=json.dumps(event).encode()
    )


def _metric(line: str) -> tuple[str, float] | None:
    start = line.find("{")
    try:
        found = json.loads(line[start:]) if start >= 0 else {}
    except ValueError:
        return None
    if not isinstance(found, dict) or "WriteUnits" not in found:
        return None
    values = found["WriteUnits"]
    return str(found["service"]), float(sum(values) if isinstance(values, list) else values)


def transitions(run: Run, round_ids: Iterable[str]) -> list[int]:
    """Return the number of states entered in the execution of each round."""
    stepfunctions = boto3.client("stepfunctions")
    arn = run.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
    counts = []
    for round_id in round_ids:
        history = stepfunctions.get_paginator("get_execution_history").paginate(
            executionArn=f"{arn}:{round_id}"
        )
        counts.append(
            sum(1 for page in history for e in page["events"] if "stateEnteredEventDetails" in e)
        )
    return counts


def balances() -> Balances:
    return reconcile(Items.scanned(DynamoLedgerScan()))


def report(run: Run, options: argparse.Namespace) -> int:
    """Play, measure, print; return 0 when every round ended and money is conserved."""
    started_ms = int(time.time() * 1000)
    found, events = asyncio.run(run_players(run, options.players, options.rounds))
    round_ids = sorted({event["roundId"] for event in events})
    settled = [e for e in events if e["type"] == "ROUND_SETTLED"]
    voided = [e for e in events if e["type"] == "ROUND_VOIDED"]
    closed_at = {e["roundId"]: e["at_ms"] for e in events if e["type"] == "BETS_CLOSED"}
    shown_at = {
        e["roundId"]: e["data"]["shown_at_ms"] for e in events if e["type"] == "CARDS_DEALT"
    }
    settle_ms = [e["at_ms"] - closed_at[e["roundId"]] for e in settled]
    work_ms = [
        settle - (shown_at[e["roundId"]] - closed_at[e["roundId"]])
        for settle, e in zip(settle_ms, settled, strict=True)
    ]
    bets = [bet for bet in DynamoLedgerScan().all_bets() if bet.round_id in set(round_ids)]
    winners = sum(1 for bet in bets if bet.state is BetState.PAID)
    losers = sum(1 for bet in bets if bet.state is BetState.PLACED)
    # A loser's item costs a unit if anything wrote it after the stake was taken.
    touched = sum(1 for b in bets if b.state is BetState.PLACED and b.closed_version is not None)
    units = write_units(run, started_ms)
    placing, settling = units.get("place_bets", []), sum(units.get("settle_bets", []))
    fixed = sum(
        statistics.mean(units[name])
        for name in ("open_round", "close_bets", "deal_cards", "resolve_round", "finish_round")
        if name in units
    )
    steps = transitions(run, [e["roundId"] for e in settled])
    state = balances()
    money = state.of(CURRENCY)
    rows = [
        ("rounds settled / voided", f"{len(settled)} / {len(voided)}"),
        ("players, bets, refused", f"{options.players}, {found.bets}, {len(found.refused)}"),
        ("winners, losers", f"{winners}, {losers}"),
        (
            "bet → acknowledgement p50 / p95",
            (
                f"{percentile(found.acknowledged_ms, 50):.0f} / "
                f"{percentile(found.acknowledged_ms, 95):.0f} ms"
            ),
        ),
        (
            "close → settled p50 / p95",
            f"{percentile(settle_ms, 50):.0f} / {percentile(settle_ms, 95):.0f} ms",
        ),
        (
            "  of it without showing the cards",
            f"{percentile(work_ms, 50):.0f} / {percentile(work_ms, 95):.0f} ms",
        ),
        (
            "write units a bet",
            f"{statistics.mean(placing):.2f} (of {len(placing)})" if placing else "–",
        ),
        ("write units a winner", f"{settling / winners:.2f}" if winners else "–"),
        ("write units a loser", f"{touched / losers:.2f}" if losers else "–"),
        ("write units a round without bets", f"{fixed:.2f}"),
        (
            "transitions a round, mean / most",
            f"{statistics.mean(steps):.1f} / {max(steps)}" if steps else "–",
        ),
        (
            "money",
            "conserved" if not state.findings else f"NOT CONSERVED: {'; '.join(state.findings)}",
        ),
        (
            "  available + open + held + house = in − out",
            (
                f"{money.available_minor} + {money.open_stakes_minor} + {money.held_minor} + "
                f"{money.house_minor} = {money.deposits_minor} − {money.withdrawals_minor}"
            ),
        ),
    ]
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:<{width}}  {value}" for name, value in rows))
    if found.refused:
        print(f"refused: {sorted(found.refused)}")
    return 0 if not state.findings and len(settled) + len(voided) == options.rounds else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox.rounds", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--players", type=int, default=5)
    parser.add_argument("--port", type=int, default=4566, help="of the running AWS emulator")
    options = parser.parse_args()
    place = Options(options.port, 0, 0, 0)
    try:
        run = Run.load(place.folder)
        os.environ.update(place.environment())
        bind_tables(run.outputs)
        return report(run, options)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
