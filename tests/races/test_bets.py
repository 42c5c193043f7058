"""Real processes race for one wallet through MiniStack. Never on moto: its transactions do not
hold under threads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from baccarat.application.refunds import refund_straggler
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import BetState
from tests.support.cloud import ROOT, Cloud
from tests.support.rounds import ManualRound

PROCESSES = 8


def race(cloud: Cloud, tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Start one process for each task, let them all go at once, return their answers."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.bettor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in tasks
    ]
    try:
        for process, task in zip(running, tasks, strict=True):
            assert process.stdin is not None
            process.stdin.write(json.dumps({**task, "environment": cloud.environment}) + "\n")
            process.stdin.flush()
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(process.communicate(timeout=120)[0]) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()


def test_eight_processes_on_one_wallet_lose_nothing_and_overdraw_nothing(
    cloud: Cloud, opened: ManualRound
) -> None:
    # 8 × 5 bets of 700 are 28,000 minor units; the wallet holds 20,000, so some must be refused.
    cloud.fund("anna", 20_000)
    answers = race(
        cloud,
        [
            {
                "player_id": "anna",
                "round_id": opened.round_id,
                "bets": [f"process-{p}-bet-{n:04d}" for n in range(5)],
                "stake_minor": 700,
            }
            for p in range(PROCESSES)
        ],
    )
    outcomes = Counter(answer["code"] for process in answers for answer in process["answers"])
    accepted = outcomes["ACCEPTED"]
    assert set(outcomes) <= {"ACCEPTED", "INSUFFICIENT_FUNDS", "CONTENTION"}
    wallet = cloud.ledger.wallet("anna")
    assert wallet is not None
    assert wallet.available_minor == 20_000 - 700 * accepted >= 0
    bets = cloud.ledger.bets_of(opened.round_id, "anna")
    assert len(bets) == accepted
    assert sorted(bet.placed_version for bet in bets) == list(range(2, accepted + 2))
    assert accepted >= PROCESSES
    assert cloud.balances().findings == ()


def test_the_same_bet_sent_fifty_times_at_once_is_taken_once_and_answered_alike(
    cloud: Cloud, opened: ManualRound
) -> None:
    cloud.fund("bert", 20_000)
    # Ten processes, five threads each: fifty requests under way together.
    answers = race(
        cloud,
        [
            {
                "player_id": "bert",
                "round_id": opened.round_id,
                "bets": ["the-very-same-bet-1"] * 5,
                "stake_minor": 900,
                "threads": 5,
            }
            for _ in range(10)
        ],
    )
    every = [answer for process in answers for answer in process["answers"]]
    assert len(every) == 50
    assert {answer["code"] for answer in every} == {"ACCEPTED"}
    assert len({json.dumps(answer, sort_keys=True) for answer in every}) == 1
    wallet = cloud.ledger.wallet("bert")
    assert wallet is not None
    assert (wallet.available_minor, wallet.version) == (19_100, 2)
    assert len(cloud.ledger.bets_of(opened.round_id, "bert")) == 1


def test_bets_that_race_the_close_are_in_the_book_or_refunded(
    cloud: Cloud, opened: ManualRound
) -> None:
    for name in ("cleo", "dora", "emil", "fred"):
        cloud.fund(name, 50_000)
    # The round is closed by another process while four players bet on with an open round in hand.
    answers = race(
        cloud,
        [
            {
                "player_id": name,
                "round_id": opened.round_id,
                "bets": [f"bet-of-{name}-{n:08d}" for n in range(30)],
                "stake_minor": 100,
                "stale_round": True,
            }
            for name in ("cleo", "dora", "emil", "fred")
        ]
        + [{"close": True, "round_id": opened.round_id}],
    )
    accepted = sum(a["code"] == "ACCEPTED" for p in answers for a in p.get("answers", []))
    record = opened.record
    assert record.round.book_root is not None
    book = cloud.archive.book(opened.round_id, record.round.book_root)
    held = {(entry.player_id, entry.bet_id) for entry in book.entries}
    # What landed after the sweep is for the stream consumer; it is the same use case.
    for bet in cloud.ledger.bets(opened.round_id):
        if bet.state is BetState.PLACED:
            refund_straggler(
                bet,
                floor=cloud.floor,
                ledger=cloud.ledger,
                archive=cloud.archive,
                clock=cloud.clock,
            )
    raced = [b for b in cloud.ledger.bets(opened.round_id) if b.bet_id.startswith("bet-of-")]
    assert len(raced) == accepted
    for bet in raced:
        in_book = (bet.player_id, bet.bet_id) in held
        assert bet.state is (BetState.PLACED if in_book else BetState.REFUNDED)
    assert {bet.spot for bet in raced} <= {Spot.PLAYER}
    assert cloud.balances().findings == ()
