"""Who may do what. A role that is not listed may not."""

from __future__ import annotations

from typing import Final

PLAYER: Final = "player"
DEALER: Final = "dealer"
PIT: Final = "pit"
OPS: Final = "ops"
CASHIER: Final = "cashier"
AUDITOR: Final = "auditor"

ROLES: Final = frozenset({PLAYER, DEALER, PIT, OPS, CASHIER, AUDITOR})
BETTORS: Final = frozenset({PLAYER})
DEALERS: Final = frozenset({DEALER})
PIT_BOSSES: Final = frozenset({PIT})
CASHIERS: Final = frozenset({CASHIER})
WATCHERS: Final = ROLES
