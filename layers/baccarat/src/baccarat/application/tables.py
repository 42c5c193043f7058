"""Configuring tables.

The exact odds are checked here and not in ``TableConfig``: counting a shoe takes half a second, and
every Lambda that loads a table makes a ``TableConfig``. What is stored came in through this door,
and a paytable's version never changes its odds.
"""

from __future__ import annotations

from baccarat.application.ports import Clock, Floor
from baccarat.domain.odds import refuse_if_generous
from baccarat.domain.table import Table
from baccarat.domain.table_config import TableConfig


def configure_table(table_id: str, config: TableConfig, *, floor: Floor, clock: Clock) -> bool:
    """Create a table; return False when there is one with this id, which stays as it is.

    Raises:
        PaytableAbove100: a bet would give back more than is staked; nothing was written.
        ValueError: ``table_id`` is no table id.
    """
    refuse_if_generous(config.paytable)
    return floor.create_table(Table.create(table_id, config, clock.now_ms()))
