"""Real processes race for one wallet through MiniStack. Never on moto: its transactions do not
hold under threads."""

from __future__ import annotations

import json
from collections import Counter

from baccarat.application.refunds import refund_straggler
from baccarat.domain.paytable import Spot
from baccarat.domain.table_config import Caps
from baccarat.domain.wallet import Bet, BetState, RefundReason
from tests.support.cloud import Cloud
from tests.support.racing import race
from tests.support.rounds import ManualRound

PROCESSES = 8


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
                "commands": [f"process-{p}-bet-{n:04d}" for n in range(5)],
                "spots": ["PLAYER"],
                "stake_minor": 700,
            }
            for p in range(PROCESSES)
        ],
    )
    outcomes = Counter(answer["code"] for process in answers for answer in process["answers"])
    accepted = outcomes["ACCEPTED"]
    assert set(outcomes) <= {"ACCEPTED", "INSUFFICIENT_FUNDS", "CONTENTION"}
    wallet = cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert wallet.available_minor == 20_000 - 700 * accepted >= 0
    bets = cloud.ledger.bets_of(opened.round_id, "anna")
    assert len(bets) == accepted
    assert sorted(bet.placed_version for bet in bets) == list(range(2, accepted + 2))
    assert accepted >= PROCESSES
    assert cloud.balances().findings == ()


def test_eight_processes_with_three_bets_a_command_take_all_of_one_or_nothing(
    cloud: Cloud, opened: ManualRound
) -> None:
    # 8 × 3 commands of three bets are 28,800 minor units; the wallet holds 20,000.
    cloud.fund("gina", 20_000)
    answers = race(
        cloud,
        [
            {
                "player_id": "gina",
                "round_id": opened.round_id,
                "commands": [f"process-{p}-command-{n}" for n in range(3)],
                "spots": ["PLAYER", "BANKER", "TIE"],
                "stake_minor": 400,
            }
            for p in range(PROCESSES)
        ],
    )
    every = [answer for process in answers for answer in process["answers"]]
    outcomes = Counter(answer["code"] for answer in every)
    accepted = outcomes["ACCEPTED"]
    assert set(outcomes) <= {"ACCEPTED", "INSUFFICIENT_FUNDS", "CONTENTION"}
    assert accepted >= PROCESSES
    wallet = cloud.ledger.wallet("gina", "EUR")
    assert wallet is not None
    assert (wallet.available_minor, wallet.version) == (20_000 - 1_200 * accepted, 1 + accepted)
    commands: dict[int, list[Bet]] = {}
    for bet in cloud.ledger.bets_of(opened.round_id, "gina"):
        commands.setdefault(bet.placed_version, []).append(bet)
    assert sorted(commands) == list(range(2, accepted + 2))
    told = {
        answer["wallet"]["version"]: {bet["betId"] for bet in answer["bets"]}
        for answer in every
        if answer["code"] == "ACCEPTED"
    }
    for version, bets in commands.items():
        assert sorted(bet.spot for bet in bets) == [Spot.BANKER, Spot.PLAYER, Spot.TIE]
        assert len({bet.balance_after_minor for bet in bets}) == 1
        assert {bet.bet_id for bet in bets} == told[version]
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
                "commands": ["the-very-same-bet-1"] * 5,
                "spots": ["PLAYER"],
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
    wallet = cloud.ledger.wallet("bert", "EUR")
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
                "commands": [f"bet-of-{name}-{n:08d}" for n in range(30)],
                "spots": ["PLAYER"],
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


def test_a_race_to_one_side_is_sealed_within_the_differential(cloud: Cloud) -> None:
    """Eight players on one side, with a tally that is always behind: what it lets through, the
    seal leaves out."""
    differential = 5_000
    round_ = ManualRound(cloud)
    round_.start_table(caps=Caps(differential_minor=differential))
    round_.open()
    names = [f"player-{n}" for n in range(PROCESSES)]
    for name in names:
        cloud.fund(name, 50_000)
    cloud.fund("other", 50_000)
    cloud.bet("other", round_.round_id, Spot.BANKER, 700, "on-the-other-side")
    cloud.bet("other", round_.round_id, Spot.TIE, 900, "on-no-side")
    answers = race(
        cloud,
        [
            {
                "player_id": name,
                "round_id": round_.round_id,
                "commands": [f"bet-of-{name}-{n:08d}" for n in range(8)],
                "spots": ["PLAYER"],
                "stake_minor": 300 + 10 * number,
                "tally": True,
            }
            for number, name in enumerate(names)
        ],
    )
    outcomes = Counter(answer["code"] for process in answers for answer in process["answers"])
    assert set(outcomes) == {"ACCEPTED", "TABLE_DIFFERENTIAL"}
    placed = cloud.ledger.bets(round_.round_id)
    on_player = sum(bet.stake_minor for bet in placed if bet.spot is Spot.PLAYER)
    assert on_player - 700 > differential
    round_.close()
    root = round_.record.round.book_root
    assert root is not None
    book = cloud.archive.book(round_.round_id, root)
    stakes = book.stakes()
    # Nothing that fits is left out, so the difference is less than one bet below what is allowed.
    assert differential - 370 < stakes[Spot.PLAYER] - stakes[Spot.BANKER] <= differential
    assert (stakes[Spot.BANKER], stakes[Spot.TIE]) == (700, 900)
    for bet in cloud.ledger.bets(round_.round_id):
        expected = (
            (BetState.PLACED, None)
            if book.holds(bet.player_id, bet.bet_id)
            else (BetState.REFUNDED, RefundReason.TABLE_DIFFERENTIAL)
        )
        assert (bet.state, bet.reason) == expected
    assert round_.close() == round_.record
    for step in (round_.deal, round_.resolve, round_.settle, round_.finish):
        step()
    balances = cloud.balances()
    assert (balances.findings, balances.of("EUR").open_stakes_minor) == ((), 0)
