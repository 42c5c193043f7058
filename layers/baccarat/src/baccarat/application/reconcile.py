"""Is all money where it should be? Recomputed from the items themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from baccarat.domain.wallet import (
    Adjustment,
    Bet,
    BetState,
    Deposit,
    HousePosting,
    Wallet,
)


@dataclass(frozen=True, slots=True)
class Balances:
    """Sums in minor units and every finding in words; with none, money is conserved."""

    available_minor: int
    open_stakes_minor: int
    house_minor: int
    deposits_minor: int
    findings: tuple[str, ...]


def reconcile(  # noqa: C901  one loop for each kind of item, side by side
    wallets: Iterable[Wallet],
    bets: Iterable[Bet],
    deposits: Iterable[Deposit],
    postings: Iterable[HousePosting],
    adjustments: Iterable[Adjustment],
) -> Balances:
    """Check that money is conserved and every wallet replays to its balance.

    Invariant: available + open stakes + house = deposits, in one currency; wallet versions are
    dense; a bet is open while it is PLACED and its round has no house posting.
    """
    posted: set[str] = set()
    house = 0
    for posting in postings:
        house += posting.staked_minor - posting.paid_minor
        if posting.correction_no is None:
            posted.add(posting.round_id)
    movements: dict[str, dict[int, int]] = {}
    findings: list[str] = []

    def move(player_id: str, version: int | None, amount_minor: int) -> None:
        moves = movements.setdefault(player_id, {})
        if version is None:
            findings.append(f"{player_id}: a closed bet without a wallet version")
            return
        moves[version] = moves.get(version, 0) + amount_minor

    deposited = open_stakes = 0
    for deposit in deposits:
        deposited += deposit.amount_minor
        move(deposit.player_id, deposit.wallet_version, deposit.amount_minor)
    for adjustment in adjustments:
        move(adjustment.player_id, adjustment.wallet_version, adjustment.amount_minor)
    for bet in bets:
        move(bet.player_id, bet.placed_version, -bet.stake_minor)
        if bet.state is BetState.PLACED:
            open_stakes += bet.stake_minor if bet.round_id not in posted else 0
        else:
            returned = bet.stake_minor if bet.state is BetState.CANCELLED else bet.payout_minor
            move(bet.player_id, bet.closed_version, returned)
    available = 0
    for wallet in wallets:
        available += wallet.available_minor
        moves = movements.pop(wallet.player_id, {})
        if sorted(moves) != list(range(1, wallet.version + 1)):
            findings.append(
                f"{wallet.player_id}: movements do not cover versions 1 to {wallet.version}"
            )
        if sum(moves.values()) != wallet.available_minor:
            findings.append(
                f"{wallet.player_id}: movements give {sum(moves.values())}, "
                f"the wallet holds {wallet.available_minor}"
            )
    findings += [f"{player_id}: movements without a wallet" for player_id in movements]
    if available + open_stakes + house != deposited:
        findings.append(
            f"available {available} + open stakes {open_stakes} + house {house} "
            f"is not deposits {deposited}"
        )
    return Balances(available, open_stakes, house, deposited, tuple(findings))
