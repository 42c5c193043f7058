"""The matchmaker, nicknames, and the lobby's message."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from baccarat.adapters.messages import lobby, matches, to_json
from baccarat.application.lobby import MAX_TABLES
from baccarat.domain.lobby import MAX_PROPOSALS, LobbyTable, Reason, Wish, propose
from baccarat.domain.paytable import PAYTABLES, Variant
from baccarat.domain.seats import SEATS, Seat, nickname
from baccarat.domain.table import HISTORY_LENGTH, Table, TableStatus
from baccarat.domain.table_config import Presentation, StakeLimit, TableConfig
from tests.builders import CONFIG, a_round


def config(version: str = "commission-8/1", **changes: object) -> TableConfig:
    low, high = changes.pop("limit", (100, 100_000))  # type: ignore[misc]
    limits = dict.fromkeys(PAYTABLES[version].odds, StakeLimit(low, high))
    return replace(CONFIG, paytable_version=version, limits=limits, **changes)  # type: ignore[arg-type]


def found(
    table_id: str, players: int = 0, seats_free: int = SEATS, **changes: object
) -> LobbyTable:
    version = str(changes.pop("version", "commission-8/1"))
    return LobbyTable(
        Table.create(table_id, config(version, **changes), 0), None, players, seats_free
    )


def ids(wish: Wish, *tables: LobbyTable) -> list[str]:
    return [proposal.table.table_id for proposal in propose(wish, tables)]


def test_a_table_must_be_open_take_the_stake_and_deal_the_variant() -> None:
    closed = found("closed")
    closed = replace(closed, table=replace(closed.table, status=TableStatus.CLOSED))
    ez, high, low = found("ez", version="ez-8/1"), found("high", limit=(500, 900)), found("low")
    assert ids(Wish(), closed) == []
    assert ids(Wish(variant=Variant.EZ), ez, high, low) == ["ez"]
    assert ids(Wish(stake_minor=499), high) == []
    assert ids(Wish(stake_minor=500), high) == ["high"]
    assert ids(Wish(stake_minor=900), high) == ["high"]
    assert ids(Wish(stake_minor=901), high) == []
    assert ids(Wish(variant=Variant.NO_COMMISSION, stake_minor=1), ez, high, low) == []


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param(
            found("z", language="de-AT", presentation=Presentation.STANDARD, seats_free=0),
            found("a", language="en", presentation=Presentation.SPEED),
            id="language before presentation",
        ),
        pytest.param(
            found("z", language="de", presentation=Presentation.SPEED, seats_free=0),
            found("a", language="de"),
            id="presentation before a free seat",
        ),
        pytest.param(
            found("z", players=9, seats_free=1), found("a", seats_free=0), id="seat before company"
        ),
        pytest.param(found("z", players=1), found("a", players=2), id="fewer players"),
        pytest.param(found("a"), found("z"), id="the smaller id"),
    ],
)
def test_the_order_of_what_counts(better: LobbyTable, worse: LobbyTable) -> None:
    wish = Wish(language="de", presentation=Presentation.SPEED)
    assert ids(wish, worse, better) == ids(wish, better, worse)
    assert ids(wish, worse, better)[0] == better.table.table_id


def test_three_are_proposed_with_what_holds() -> None:
    tables = [found(f"t{n}", players=n, seats_free=SEATS - n) for n in range(9) if n < SEATS]
    assert ids(Wish(), *reversed(tables)) == ["t0", "t1", "t2"]
    assert MAX_PROPOSALS == 3
    everything = Wish(Variant.COMMISSION, "EN", 500, Presentation.STANDARD)
    full = found("full", seats_free=0, language="en-GB")
    [proposal] = propose(everything, [full])
    assert proposal.reasons == (
        Reason.VARIANT,
        Reason.STAKE,
        Reason.LANGUAGE,
        Reason.PRESENTATION,
    )
    [proposal] = propose(Wish(), [found("any")])
    assert proposal.reasons == (Reason.SEAT_FREE,)
    assert to_json(matches("m1", [proposal]))["tables"] == [
        {"tableId": "any", "name": CONFIG.name, "reasons": ["SEAT_FREE"]}
    ]


def test_a_nickname_is_stable_and_tells_no_id() -> None:
    player_id = "7f3a0000-0000-4000-8000-000000000000"
    name = nickname(player_id)
    assert name == nickname(player_id) == "Player 7292"
    assert name != nickname(player_id[:-1] + "1")
    assert all(part not in player_id.upper() for part in name.split()[1:])


def test_seats_are_numbered() -> None:
    for number in (0, SEATS + 1):
        with pytest.raises(ValueError, match="1 to 7"):
            Seat("bac-1", number, "anna", 0)


def test_the_largest_lobby_fits_a_message() -> None:
    version = max(PAYTABLES, key=lambda v: len(PAYTABLES[v].odds))
    round_ = a_round(round_id=f"{'t' * 24}.000000001")
    full = found(
        "t" * 24,
        version=version,
        limit=(10**12, 10**12),
        name="n" * 40,
        dealer_id="d" * 40,
        language="l" * 24,
        group="g" * 24,
        presentation=Presentation.STANDARD,
    )
    table = replace(full.table, history=("P",) * HISTORY_LENGTH, dealer_name="d" * 24)
    largest = replace(full, table=table, round=round_, players=10**6)
    message = to_json(lobby("i" * 64, [largest] * MAX_TABLES, 10**13))
    assert len(json.dumps(message, separators=(",", ":"))) < 128 * 1024
