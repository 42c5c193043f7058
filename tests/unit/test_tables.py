"""Configuring a table: nothing generous gets in."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import cast

import pytest

from baccarat.application.ports import Clock, Floor
from baccarat.application.tables import configure_table
from baccarat.domain.bets import Spot, Way
from baccarat.domain.errors import PaytableAbove100
from baccarat.domain.paytable import PAYTABLES
from baccarat.domain.table import Table
from baccarat.domain.table_config import StakeLimit
from tests.builders import CONFIG, START_MS


class OneFloor:
    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}

    def create_table(self, table: Table) -> bool:
        return self.tables.setdefault(table.table_id, table) is table


class StoppedClock:
    def now_ms(self) -> int:
        return START_MS


def configure(floor: OneFloor, version: str) -> bool:
    limits = dict.fromkeys(PAYTABLES[version].odds, StakeLimit(100, 10_000))
    config = replace(CONFIG, paytable_version=version, limits=limits)
    return configure_table(
        "bac-1", config, floor=cast("Floor", floor), clock=cast("Clock", StoppedClock())
    )


def test_a_table_with_side_bets_and_six_decks() -> None:
    floor = OneFloor()
    assert configure(floor, "ez-6/1")
    assert not configure(floor, "ez-8/1")
    table = floor.tables["bac-1"]
    assert (table.shoe, table.config.paytable.version) == (None, "ez-6/1")
    assert set(table.config.limits) == set(PAYTABLES["ez-6/1"].odds)


def test_a_generous_table_is_refused_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = PAYTABLES["commission-8/1"]
    odds = {**base.odds, Spot.TIE: {Way.WIN: Fraction(10)}}
    monkeypatch.setitem(PAYTABLES, "generous-8/1", replace(base, version="generous-8/1", odds=odds))
    floor = OneFloor()
    with pytest.raises(PaytableAbove100, match=r"TIE of paytable generous-8/1 .* 104\.671565 %"):
        configure(floor, "generous-8/1")
    assert floor.tables == {}
