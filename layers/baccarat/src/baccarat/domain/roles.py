"""Who may do what. A role that is not listed may not."""

from __future__ import annotations

from typing import Final

PLAYER: Final = "player"
DEALER: Final = "dealer"
PIT: Final = "pit"
OPS: Final = "ops"
CASHIER: Final = "cashier"
AUDITOR: Final = "auditor"
STUDIO: Final = "studio"
"""A camera's agent: it publishes the picture of a table."""
EDGE: Final = "edge"
"""A video server: it takes a table's picture from another one, and follows the log."""

ROLES: Final = frozenset({PLAYER, DEALER, PIT, OPS, CASHIER, AUDITOR, STUDIO, EDGE})
BETTORS: Final = frozenset({PLAYER})
DEALERS: Final = frozenset({DEALER})
PIT_BOSSES: Final = frozenset({PIT})
CASHIERS: Final = frozenset({CASHIER})
WATCHERS: Final = ROLES
