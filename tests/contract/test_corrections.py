"""Corrections of settled rounds: two people, one movement for each wallet, nothing lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baccarat.application import corrections
from baccarat.application.ports import Commit
from baccarat.domain.correction import Correction, CorrectionState, coup_of, due_by_player
from baccarat.domain.errors import BaccaratError, NeedsAnotherPerson, NoSuchStep
from baccarat.domain.log import EventType
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.shoe_commitment import parse_order
from tests.support.cloud import TABLE_ID, Cloud
from tests.support.rounds import ManualRound

PLAYER_WINS = parse_order("9C2DTCTD")
BANKER_WINS = parse_order("2C9DTCTD")
STAKES = {"anna": (Spot.PLAYER, 1_000), "bert": (Spot.BANKER, 2_000), "chen": (Spot.TIE, 300)}


@pytest.fixture
def settled(cloud: Cloud) -> ManualRound:
    """A settled round with a bet on each outcome."""
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    for player, (spot, stake) in STAKES.items():
        cloud.fund(player)
        cloud.bet(player, round_.round_id, spot, stake, f"bet-{player}")
    round_.play_out()
    return round_


def propose(settled: ManualRound, cards: str | None = None) -> Correction:
    return corrections.propose(
        TABLE_ID,
        settled.round_id,
        parse_order(cards) if cards is not None else None,
        "petra",
        "the video shows other cards",
        archive=settled.cloud.archive,
        work=settled.cloud.work,
    )


def approve(settled: ManualRound, by: str = "paul") -> Correction:
    cloud = settled.cloud
    return corrections.approve(
        TABLE_ID,
        settled.round_id,
        by,
        ledger=cloud.ledger,
        archive=cloud.archive,
        work=cloud.work,
    )


def balances(cloud: Cloud) -> dict[str, int]:
    found = {player: cloud.ledger.wallet(player, "EUR") for player in STAKES}
    return {player: wallet.available_minor for player, wallet in found.items() if wallet}


def types(cloud: Cloud) -> list[EventType]:
    events = cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=1, limit=100)
    return [signed.event.type for signed in events]


def test_the_difference_is_moved_once(settled: ManualRound) -> None:
    cloud, record = settled.cloud, settled.record
    before = balances(cloud)
    other = BANKER_WINS if record.round.outcome != "BANKER" else PLAYER_WINS
    propose(settled, "".join(other))
    assert balances(cloud) == before
    applied = approve(settled)
    book = cloud.archive.book(settled.round_id, str(record.round.book_root))
    paytable = PAYTABLES[record.round.paytable_version]
    was = due_by_player(book, record.round.coup, paytable)
    now = due_by_player(book, coup_of(other)[0], paytable)
    assert balances(cloud) == {p: before[p] + now[p] - was[p] for p in STAKES}
    assert applied.credited_minor - applied.debited_minor == sum(now.values()) - sum(was.values())
    assert cloud.balances().findings == ()
    assert types(cloud)[-3:] == [
        EventType.CORRECTION_PROPOSED,
        EventType.CORRECTION_APPROVED,
        EventType.CORRECTION_APPLIED,
    ]
    with pytest.raises(NoSuchStep):
        approve(settled, "paula")
    assert balances(cloud) == {p: before[p] + now[p] - was[p] for p in STAKES}


def test_a_void_gives_every_stake_back(settled: ManualRound) -> None:
    propose(settled)
    approve(settled)
    assert balances(settled.cloud) == dict.fromkeys(STAKES, 100_000)
    assert settled.cloud.balances().findings == ()


def test_one_person_alone_is_refused_by_the_data_layer(settled: ManualRound) -> None:
    cloud = settled.cloud
    proposed = propose(settled)
    with pytest.raises(NeedsAnotherPerson):
        approve(settled, "petra")
    before, log = balances(cloud), types(cloud)
    for state in (CorrectionState.APPROVED, CorrectionState.APPLIED):
        alone = replace(proposed, state=state, decided_by="petra")
        # Past every check of ours, and even with another name for who proposed it.
        for forged in (alone, replace(alone, proposed_by="nobody")):
            with pytest.raises(BaccaratError):
                cloud.floor.commit(Commit((), correction=(proposed, forged)))
    [stored] = cloud.floor.corrections(TABLE_ID)
    assert stored == proposed
    assert (balances(cloud), types(cloud)) == (before, log)
