"""Tiers of players: each has its wallets apart from the others'.

A player's id says to which tier his account was opened, before the first dot; most have none. It
never changes: who rises to another tier gets a new account there, and his money goes over as a
payment out of one and into the other.
"""

from __future__ import annotations

from typing import Final

STANDARD: Final = "standard"
VIP: Final = "vip"

TIERS: Final = (STANDARD, VIP)

ACCOUNT_ATTRIBUTE: Final = "account"
"""Of a sign-in: the player id that it stands for, where that is not the sign-in's own id."""


def tier_of(player_id: str) -> str:
    """Return the tier of a player; whether this house has it is not known here."""
    tier, dot, _ = player_id.partition(".")
    return tier if dot else STANDARD
