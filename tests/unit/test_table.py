from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from baccarat.application.drive_round import with_shoe_of_server
from baccarat.domain.cards import Card
from baccarat.domain.coup import Outcome
from baccarat.domain.paytable import Spot
from baccarat.domain.shoe import Shoe, ShoeInPlay
from baccarat.domain.table import (
    HISTORY_LENGTH,
    Missing,
    Table,
    TableStatus,
    round_id,
    table_of_round,
)
from baccarat.domain.table_config import (
    Caps,
    DealingMode,
    ShoeProcedure,
    StakeLimit,
    TableConfig,
    limits_from_json,
)
from tests.builders import CONFIG, START_MS, by_hand


def test_a_configuration_survives_json() -> None:
    assert TableConfig.from_json(CONFIG.to_json()) == CONFIG
    assert CONFIG.paytable.version == "commission-8/1"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"paytable_version": "x"}, "no paytable 'x'; there are: commission-6/1, commission-8/1"),
        ({"limits": {}}, "limits are needed for each spot"),
        ({"limits": {Spot.TIE: StakeLimit(1, 2)}}, "limits are needed for each spot"),
        ({"bet_window_ms": 999}, "1 to 120 s"),
        ({"bet_window_ms": 120_001}, "1 to 120 s"),
        ({"card_interval_ms": -1}, "0 to 10 s"),
        ({"card_interval_ms": 10_001}, "0 to 10 s"),
        ({"language": "e n"}, "language 'e n': use 1 to 24 letters"),
        ({"group": ""}, "group '': use 1 to 24 letters"),
        ({"procedure": ShoeProcedure(burn=True)}, "nothing to burn"),
    ],
)
def test_a_wrong_configuration_cannot_be_made(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(CONFIG, **change)


def test_the_edges_of_a_configuration() -> None:
    for change in (
        {"bet_window_ms": 1_000, "card_interval_ms": 0, "language": "pt-BR"},
        {"mode": DealingMode.SHOE, "procedure": ShoeProcedure(burn=True)},
        {"bet_window_ms": 120_000, "card_interval_ms": 10_000},
    ):
        assert replace(CONFIG, **change).name == "Salon"  # type: ignore[arg-type]


@pytest.mark.parametrize(("hands", "cards"), [(0, 5), (1, 11), (2, 17), (3, 23)])
def test_the_cut_card_leaves_enough_for_the_hands_after_it(hands: int, cards: int) -> None:
    assert ShoeProcedure(cut_cards=cards, hands_after_cut=hands).cut_cards == cards
    with pytest.raises(ValueError, match=f"must leave the {cards} cards"):
        ShoeProcedure(cut_cards=cards - 1, hands_after_cut=hands)


@pytest.mark.parametrize("value", [{}, {"cut_cards": 14, "hands_after_cut": True, "burn": False}])
def test_what_is_no_shoe_procedure_is_refused(value: Any) -> None:
    assert ShoeProcedure.from_json(ShoeProcedure().to_json()) == ShoeProcedure()
    with pytest.raises(ValueError, match="a shoe procedure has"):
        ShoeProcedure.from_json(value)


@pytest.mark.parametrize("hands", [-1, 4])
def test_hands_after_the_cut_card_are_few(hands: int) -> None:
    with pytest.raises(ValueError, match="0 to 3 hands"):
        ShoeProcedure(cut_cards=100, hands_after_cut=hands)


@pytest.mark.parametrize("value", [0, -1, True, "5"])
@pytest.mark.parametrize("name", ["side_bet_percent", "max_payout_minor", "differential_minor"])
def test_caps_are_positive_or_absent(name: str, value: Any) -> None:
    assert Caps.from_json(Caps(**{name: 5}).to_json()) == Caps(**{name: 5})
    with pytest.raises(ValueError, match=name):
        Caps(**{name: value})


@pytest.mark.parametrize(("low", "high"), [(0, 5), (-1, 5), (6, 5), (0, 0)])
def test_limits_are_not_empty(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="are empty"):
        StakeLimit(low, high)
    assert StakeLimit(5, 5).max_minor == 5


@pytest.mark.parametrize("member", sorted(CONFIG.to_json()))
def test_what_is_no_configuration_is_refused(member: str) -> None:
    value = CONFIG.to_json()
    with pytest.raises(ValueError, match="not a table configuration"):
        TableConfig.from_json({**value, member: None})
    with pytest.raises(ValueError, match="not a table configuration"):
        TableConfig.from_json({**value, "note": 1})
    del value[member]
    with pytest.raises(ValueError, match="not a table configuration"):
        TableConfig.from_json(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"TIE": None},
        {"TIE": {"min_minor": 1}},
        {"TIE": {"min_minor": "1", "max_minor": 2}},
        {"TIE": {"min_minor": 1, "max_minor": 2, "x": 3}},
        {"DRAGON": {"min_minor": 1, "max_minor": 2}},
    ],
)
def test_what_are_no_limits_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"limit|Spot"):
        limits_from_json(value)


@pytest.mark.parametrize("table_id", ["bac-1", "a", "0", "a" * 24])
def test_table_ids(table_id: str) -> None:
    table = Table.create(table_id, CONFIG, START_MS)
    assert (table.table_id, table.next_shoe_id) == (table_id, f"{table_id}.s1")
    assert table_of_round(table.next_round_id) == table_id


@pytest.mark.parametrize("table_id", ["", "-a", "A", "a.b", "a" * 25, "a\n", "é", "a b", "a#b"])
def test_wrong_table_ids(table_id: str) -> None:
    with pytest.raises(ValueError, match="use 1 to 24 of"):
        Table.create(table_id, CONFIG, START_MS)


def test_a_new_table() -> None:
    table = Table.create("bac-1", CONFIG, START_MS)
    assert table.status is TableStatus.OPEN
    assert (table.version, table.epoch, table.round_no, table.shoe_no) == (1, 0, 0, 0)
    assert (table.shoe, table.dealer_id, table.round_end) == (None, None, (0, 0))
    assert table.current_round_id is None
    assert table.next_round_id == "bac-1.000000001"
    assert table.lease_until_ms == START_MS
    assert replace(table, round_no=41).current_round_id == "bac-1.000000041"


def test_round_ids() -> None:
    assert round_id("bac-1", 42) == "bac-1.000000042"
    assert table_of_round("bac-1.000000042") == "bac-1"
    for wrong in ("", "bac-1", "bac-1.", ".1", "Bac.1", "bac-1.4x", "bac-1.²", "a.b.1"):
        with pytest.raises(ValueError, match="is not a round id such as"):
            table_of_round(wrong)


@pytest.mark.parametrize(("hands_left", "fresh"), [(None, False), (1, False), (0, True)])
def test_a_server_changes_a_finished_shoe(hands_left: int | None, fresh: bool) -> None:  # noqa: FBT001  what must come out
    unseen = Shoe.full("bac-1.s1", 8).without([Card("AS")])
    shoe = ShoeInPlay(unseen, "ab" * 32, 1, hands_left)
    table = replace(
        Table.create("bac-1", CONFIG, START_MS), shoe=shoe, shoe_no=1, history=("P", "B")
    )
    ready, facts = with_shoe_of_server(table)
    if not fresh:
        assert (ready, facts) == (table, [])
        return
    assert [type_.value for type_, _ in facts] == ["SHOE_CLOSED", "SHOE_OPENED"]
    assert facts[0][1] == {
        "shoeId": "bac-1.s1",
        "by": None,
        "drawn": 1,
        "unseen": unseen.composition,
        "counted": None,
        "reconciled": True,
        "opened": None,
    }
    assert ready.shoe == ShoeInPlay(Shoe.full("bac-1.s2", 8), "", 0)
    assert (ready.shoe_no, ready.history, ready.version) == (2, (), table.version)


def test_a_server_opens_the_first_shoe_and_leaves_physical_ones_alone() -> None:
    ready, facts = with_shoe_of_server(Table.create("bac-1", CONFIG, START_MS))
    assert [type_.value for type_, _ in facts] == ["SHOE_OPENED"]
    assert ready.shoe is not None
    assert (ready.shoe.unseen.shoe_id, ready.shoe_no) == ("bac-1.s1", 1)
    physical = Table.create("bac-1", by_hand(DealingMode.SHOE), START_MS)
    assert with_shoe_of_server(physical) == (physical, [])


@pytest.mark.parametrize("mode", list(DealingMode))
def test_what_a_table_is_missing(mode: DealingMode) -> None:
    table = Table.create("bac-1", replace(CONFIG, mode=mode), START_MS)
    closed = replace(table, status=TableStatus.CLOSED)
    assert closed.missing is Missing.OPENING
    assert replace(table, status=TableStatus.PAUSED).missing is Missing.OPENING
    shoe = ShoeInPlay(Shoe.full("bac-1.s1", 8), "ab" * 32, 0)
    steps = [
        table,
        replace(table, dealer_id="dora"),
        replace(table, dealer_id="dora", shoe=shoe),
        replace(table, dealer_id="dora", shoe=replace(shoe, hands_left=1)),
        replace(table, dealer_id="dora", shoe=replace(shoe, hands_left=0)),
        replace(table, shoe=shoe),
    ]
    physical = [Missing.DEALER, Missing.SHOE, None, None, Missing.SHOE, Missing.DEALER]
    assert [step.missing for step in steps] == (physical if mode.is_physical else [None] * 6)


def test_leases_outlast_what_they_are_for() -> None:
    table = Table.create("bac-1", CONFIG, START_MS)
    assert table.lease_for_round(START_MS) - START_MS == 15_000 + 6 * 1_000 + 45_000
    physical = Table.create("bac-1", by_hand(DealingMode.SHOE), START_MS)
    assert physical.lease_for_round(START_MS) - START_MS == 15_000 + 120_000 + 45_000
    assert physical.lease_for_pause(START_MS) - START_MS == 900_000 + 45_000
    waits = [table.lease_for_recovery(START_MS, n) - START_MS for n in (0, 1, 2, 6, 7, 999)]
    assert waits == [45_000, 90_000, 180_000, 2_880_000, 2_880_000, 2_880_000]


def test_a_corrected_hand_changes_its_own_letter() -> None:
    table = replace(Table.create("bac-1", CONFIG, START_MS), history=("P", "B", "T"))
    assert table.with_corrected(Outcome.BANKER, 0).history == ("P", "B", "B")
    assert table.with_corrected(Outcome.TIE, 2).history == ("T", "B", "T")
    assert table.with_corrected(Outcome.TIE, 3) == table
    out = table.with_corrected(None, 1)
    assert (out.results, table.results) == (("P", "T"), table.history)
    assert out.with_corrected(Outcome.PLAYER, 1).results == ("P", "P", "T")
    assert out.with_corrected(Outcome.BANKER, 2).results == ("B", "T")


def test_history_keeps_the_last_results() -> None:
    table = Table.create("bac-1", CONFIG, START_MS)
    for number in range(151):
        table = table.with_result(list(Outcome)[number % 3])
    assert len(table.history) == HISTORY_LENGTH == 416 // 4
    assert table.history[-3:] == ("B", "T", "P")
    assert Table.create("b", CONFIG, 0).with_result(Outcome.TIE).history == ("T",)
