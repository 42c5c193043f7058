"""Two pit bosses approve one correction at the same moment, each in a process of his own."""

from __future__ import annotations

import pytest

from baccarat.application import corrections
from baccarat.domain.cards import Card
from baccarat.domain.log import EventType
from baccarat.domain.paytable import Spot
from baccarat.domain.shoe_commitment import parse_order
from tests.support.cloud import TABLE_ID, Cloud
from tests.support.racing import race
from tests.support.rounds import ManualRound

BOSSES = ("paul", "paula")
STAKES = {"anna": (Spot.PLAYER, 1_000), "bert": (Spot.BANKER, 2_000), "chen": (Spot.TIE, 300)}
# What each player has after a correction to these cards; he had 100,000 before his bet.
PROPOSALS = (
    (None, {"anna": 100_000, "bert": 100_000, "chen": 100_000}),
    ("9C2DTCTD", {"anna": 101_000, "bert": 98_000, "chen": 99_700}),
    ("2C9DTCTD", {"anna": 99_000, "bert": 101_900, "chen": 99_700}),
    ("9C9DTCTD", {"anna": 100_000, "bert": 100_000, "chen": 102_400}),
)


@pytest.fixture
def settled(cloud: Cloud, opened: ManualRound) -> ManualRound:
    for player, (spot, stake) in STAKES.items():
        cloud.fund(player)
        cloud.bet(player, opened.round_id, spot, stake, f"bet-{player}")
    opened.play_out()
    return opened


def balances(cloud: Cloud) -> dict[str, int]:
    found = {player: cloud.ledger.wallet(player, "EUR") for player in STAKES}
    return {player: wallet.available_minor for player, wallet in found.items() if wallet}


def versions(cloud: Cloud) -> dict[str, int]:
    found = {player: cloud.ledger.wallet(player, "EUR") for player in STAKES}
    return {player: wallet.version for player, wallet in found.items() if wallet}


def changing(settled: ManualRound) -> list[tuple[tuple[Card, ...] | None, dict[str, int]]]:
    """Return what to propose in turn: each changes what stands after the one before it."""
    dealt = balances(settled.cloud)
    proposals = [(cards and parse_order(cards), after) for cards, after in PROPOSALS]
    return [(cards, after) for cards, after in proposals if after != dealt] + proposals[:1]


def test_two_who_approve_at_once_move_the_money_once_and_both_hear_that_it_is_done(
    cloud: Cloud, settled: ManualRound
) -> None:
    for number, (cards, after) in enumerate(changing(settled), start=1):
        before, written = balances(cloud), versions(cloud)
        corrections.propose(
            TABLE_ID,
            settled.round_id,
            cards,
            "petra",
            "the video shows it",
            archive=cloud.archive,
            work=cloud.work,
        )
        named = {"round_id": settled.round_id, "correction_id": f"{settled.round_id}.c{number}"}
        answers = race(cloud, [{"approve_as": boss, **named} for boss in BOSSES])
        assert [answer["code"] for answer in answers] == ["APPROVED", "APPROVED"]
        assert answers[0] == answers[1]
        assert answers[0]["correctionId"] == f"{settled.round_id}.c{number}"
        assert answers[0]["state"] == "APPLIED"
        assert answers[0]["decided_by"] in BOSSES
        assert balances(cloud) == after
        moved = {player: after[player] - before[player] for player in STAKES}
        assert answers[0]["credited_minor"] == sum(m for m in moved.values() if m > 0)
        assert answers[0]["debited_minor"] == -sum(m for m in moved.values() if m < 0)
        assert versions(cloud) == {p: written[p] + (moved[p] != 0) for p in STAKES}
        postings = [posting.correction_no for posting in cloud.scan.postings()]
        assert sorted(postings, key=lambda no: no or 0) == [None, *range(1, number + 1)]
        log = cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=1, limit=100)
        assert [event.event.seq for event in log] == list(range(1, len(log) + 1))
        assert [event.event.type for event in log[-3:]] == [
            EventType.CORRECTION_PROPOSED,
            EventType.CORRECTION_APPROVED,
            EventType.CORRECTION_APPLIED,
        ]
        types = [event.event.type for event in log]
        assert types.count(EventType.CORRECTION_APPROVED) == number
        assert types.count(EventType.CORRECTION_APPLIED) == number
        assert cloud.balances().findings == ()
