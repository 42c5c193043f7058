"""The lobby: every table at a glance, and the tables that suit a wish."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from baccarat.application.ports import Connections, Floor
from baccarat.domain.lobby import LobbyTable, Proposal, Wish, propose
from baccarat.domain.seats import SEATS

MAX_TABLES: Final = 64
"""A message has at most 128 KB; a table with all side bets and a whole shoe takes 1.6 KB of it."""
_TABLES_AT_ONCE: Final = 16


def list_lobby(*, floor: Floor, connections: Connections) -> list[LobbyTable]:
    """Return up to ``MAX_TABLES`` tables in the order of their ids."""
    tables = floor.tables(MAX_TABLES)
    newest = [table.current_round_id for table in tables]
    records = floor.rounds([round_id for round_id in newest if round_id is not None])
    rounds = {record.round.round_id: record.round for record in records}
    with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
        attendances = list(pool.map(connections.attendance, [t.table_id for t in tables]))
    return [
        LobbyTable(
            table,
            rounds.get(table.current_round_id or ""),
            attendance.players,
            SEATS - attendance.seats_taken,
        )
        for table, attendance in zip(tables, attendances, strict=True)
    ]


def propose_tables(wish: Wish, *, floor: Floor, connections: Connections) -> list[Proposal]:
    """Return up to three tables, best first."""
    return propose(wish, list_lobby(floor=floor, connections=connections))
