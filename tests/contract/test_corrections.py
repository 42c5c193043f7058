"""Corrections of settled rounds: two people, one movement for each wallet, nothing lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from baccarat.application import corrections
from baccarat.application.drive_round import void_round
from baccarat.application.past_rounds import list_rounds
from baccarat.application.ports import Commit
from baccarat.domain.correction import Correction, CorrectionState, coup_of, due_by_player
from baccarat.domain.errors import BaccaratError, NeedsAnotherPerson, NoSuchStep
from baccarat.domain.log import EventType
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.round import VoidReason
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


def approve(settled: ManualRound, by: str = "paul", number: int = 1) -> Correction:
    cloud = settled.cloud
    return corrections.approve(
        TABLE_ID,
        f"{settled.round_id}.c{number}",
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
    log = types(cloud)
    for by in ("paul", "paula"):
        assert approve(settled, by) == applied
    assert (applied.state, applied.decided_by) == (CorrectionState.APPLIED, "paul")
    assert balances(cloud) == {p: before[p] + now[p] - was[p] for p in STAKES}
    assert types(cloud) == log


def test_what_was_rejected_is_not_approved_any_more(settled: ManualRound) -> None:
    cloud = settled.cloud
    propose(settled)
    before = balances(cloud)
    corrections.reject(TABLE_ID, f"{settled.round_id}.c1", "paul", "the video is right", cloud.work)
    with pytest.raises(NoSuchStep, match="REJECTED already"):
        approve(settled)
    assert balances(cloud) == before


def test_who_is_overtaken_while_applying_does_not_decide_the_next_correction(
    settled: ManualRound,
) -> None:
    cloud = settled.cloud
    first = propose(settled)
    real = cloud.ledger.adjust
    meanwhile: list[Correction] = []
    shown = "".join(card for _, card in settled.record.round.cards)

    def another_is_quicker(*movement: Any) -> Any:
        if not meanwhile:
            meanwhile.append(first)
            meanwhile.extend((approve(settled, "paula"), propose(settled, shown)))
        return real(*movement)

    with mock.patch.object(cloud.ledger, "adjust", another_is_quicker):
        applied = approve(settled, "paul")
    _, by_paula, next_one = meanwhile
    assert applied == by_paula
    assert cloud.floor.corrections(TABLE_ID) == [next_one, by_paula]
    assert next_one.state is CorrectionState.PROPOSED
    assert balances(cloud) == dict.fromkeys(STAKES, 100_000)


def test_the_roads_and_past_rounds_show_what_stands(settled: ManualRound) -> None:
    cloud, clock = settled.cloud, settled.clock
    other, others = (BANKER_WINS, "B"), (PLAYER_WINS, "P")
    if settled.record.round.outcome == "BANKER":
        other, others = others, other
    for number in (2, 3):
        later = ManualRound(cloud, number=number)
        later.clock.ms = clock.ms
        clock = later.clock
        later.open()
        if number == 2:
            void_round(
                later.step,
                VoidReason.PIT_DECISION,
                floor=cloud.floor,
                ledger=cloud.ledger,
                archive=cloud.archive,
                signer=cloud.signer,
                clock=clock,
            )
        else:
            later.play_out()

    def history() -> tuple[str, ...]:
        table = cloud.floor.table(TABLE_ID)
        assert table is not None
        return table.results

    def told() -> object:
        events = cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=1, limit=100)
        assert events[-1].event.type is EventType.CORRECTION_APPLIED
        return events[-1].event.data["history"]

    def past() -> list[tuple[int, object]]:
        found = list_rounds(
            TABLE_ID,
            "anna",
            "player",
            before=None,
            limit=50,
            floor=cloud.floor,
            ledger=cloud.ledger,
        )
        return [
            (each.round.round_no, each.correction.cards if each.correction else "as dealt")
            for each in found.rounds
        ]

    _, newest = history()
    before = past()
    for cards, letter in (other, (None, ""), others, (None, "")):
        proposed = propose(settled, "".join(cards) if cards else None)
        assert past() == before
        approve(settled, number=proposed.number)
        assert "".join(history()) == told() == letter + newest
        before = past()
        assert before == [(3, "as dealt"), (2, "as dealt"), (1, cards)]
    # The shoe is another one now: its roads have nothing of that hand.
    table = cloud.floor.table(TABLE_ID)
    assert table is not None
    after = table.changed(shoe_no=table.shoe_no + 1, history=("T",))
    cloud.floor.commit(Commit((), table_before=table, table_after=after))
    proposed = propose(settled, "".join(PLAYER_WINS))
    approve(settled, number=proposed.number)
    assert (history(), told()) == (("T",), None)


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
