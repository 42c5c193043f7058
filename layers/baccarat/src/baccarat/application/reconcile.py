"""Is all money where it should be? Recomputed from the items themselves, with nothing else read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from baccarat.domain.errors import IntegrityError
from baccarat.domain.journal import movements_of
from baccarat.domain.movement import MovementKind
from baccarat.domain.payment import Payment, PaymentKind, PaymentState
from baccarat.domain.wallet import Adjustment, Bet, BetState, HousePosting, Stop, Wallet

WalletKey = tuple[str, str]
"""Player id and currency."""


class LedgerScan(Protocol):
    """Reads every item of the ledger, in any order; never in a player's path."""

    def wallets(self) -> list[Wallet]: ...

    def all_bets(self) -> list[Bet]: ...

    def payments(self) -> list[Payment]: ...

    def adjustments(self) -> list[Adjustment]: ...

    def stops(self) -> list[Stop]: ...

    def postings(self) -> list[HousePosting]: ...


@dataclass(frozen=True, slots=True)
class Items:
    """Every item of the ledger, as a scan found them."""

    wallets: Sequence[Wallet] = ()
    bets: Sequence[Bet] = ()
    payments: Sequence[Payment] = ()
    adjustments: Sequence[Adjustment] = ()
    stops: Sequence[Stop] = ()
    postings: Sequence[HousePosting] = ()

    @classmethod
    def scanned(cls, scan: LedgerScan) -> Items:
        """Read the items before the wallets: what a movement that lands meanwhile wrote is then
        known to be newer than nothing that is compared.
        """
        bets, payments = scan.all_bets(), scan.payments()
        adjustments, stops, postings = scan.adjustments(), scan.stops(), scan.postings()
        return cls(scan.wallets(), bets, payments, adjustments, stops, postings)


@dataclass(slots=True)
class Sums:
    """Minor units of one currency: what players, open rounds, held withdrawals and the house have,
    and what came in from outside less what went out.
    """

    available_minor: int = 0
    open_stakes_minor: int = 0
    held_minor: int = 0
    house_minor: int = 0
    deposits_minor: int = 0
    withdrawals_minor: int = 0

    @property
    def balance_minor(self) -> int:
        """Zero when money is conserved."""
        return (
            self.available_minor
            + self.open_stakes_minor
            + self.held_minor
            + self.house_minor
            - self.deposits_minor
            + self.withdrawals_minor
        )


@dataclass(frozen=True, slots=True)
class Balances:
    """What a reconciliation found; with no findings, money is conserved."""

    sums: Mapping[str, Sums]
    wrong_wallets: Mapping[WalletKey, tuple[str, ...]] = field(default_factory=dict)
    other_findings: tuple[str, ...] = ()

    def of(self, currency: str) -> Sums:
        return self.sums.get(currency, Sums())

    @property
    def findings(self) -> tuple[str, ...]:
        """Every finding in words."""
        return (
            *(
                f"{player_id} {currency}: {finding}"
                for (player_id, currency), found in self.wrong_wallets.items()
                for finding in found
            ),
            *self.other_findings,
        )


def reconcile(items: Items) -> Balances:
    """Check that money is conserved and every wallet replays to its balance.

    Invariant, for each currency: available + open stakes + held withdrawals + house = deposits −
    withdrawals; wallet versions are dense; a bet is open while it is PLACED and its round has no
    house posting.
    """
    by_wallet = _by_wallet(items)
    wallets = {(wallet.player_id, wallet.currency): wallet for wallet in items.wallets}
    wrong = {
        key: found for key in sorted(wallets) if (found := _wrong(wallets[key], by_wallet[key]))
    }
    orphans = [
        f"{player_id} {currency}: movements without a wallet"
        for player_id, currency in sorted(by_wallet.keys() - wallets.keys())
    ]
    sums = _sums(items)
    lost = [
        f"{currency}: available {found.available_minor} + open stakes {found.open_stakes_minor} "
        f"+ held {found.held_minor} + house {found.house_minor} is not deposits "
        f"{found.deposits_minor} - withdrawals {found.withdrawals_minor}"
        for currency, found in sorted(sums.items())
        if found.balance_minor != 0
    ]
    return Balances(sums, wrong, (*orphans, *lost))


@dataclass(slots=True)
class _OfWallet:
    bets: list[Bet] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)


class _Owned(Protocol):
    @property
    def player_id(self) -> str: ...

    @property
    def currency(self) -> str: ...


def _by_wallet(items: Items) -> dict[WalletKey, _OfWallet]:
    grouped: dict[WalletKey, _OfWallet] = {
        (wallet.player_id, wallet.currency): _OfWallet() for wallet in items.wallets
    }

    def of(item: _Owned) -> _OfWallet:
        return grouped.setdefault((item.player_id, item.currency), _OfWallet())

    for bet in items.bets:
        of(bet).bets.append(bet)
    for payment in items.payments:
        of(payment).payments.append(payment)
    for adjustment in items.adjustments:
        of(adjustment).adjustments.append(adjustment)
    for stop in items.stops:
        of(stop).stops.append(stop)
    wallets = {(wallet.player_id, wallet.currency) for wallet in items.wallets}
    return {key: found for key, found in grouped.items() if key in wallets or _moved(found)}


def _moved(found: _OfWallet) -> bool:
    """Return whether any of the items has touched a wallet; a deposit under way has not."""
    return bool(
        found.bets
        or found.adjustments
        or found.stops
        or any(p.opened_version or p.closed_version for p in found.payments)
    )


def _wrong(wallet: Wallet, of: _OfWallet) -> tuple[str, ...]:
    """Return what is wrong with one wallet, in words."""
    try:
        movements = movements_of(of.bets, of.payments, of.adjustments, of.stops)
    except IntegrityError as error:
        return (error.message,)
    found: list[str] = []
    # What landed between the reading of the items and of the wallet is judged the next time.
    versions = [move.version for move in movements]
    if versions != list(range(1, wallet.version + 1)):
        found.append(f"movements do not cover versions 1 to {wallet.version}")
    for name, sum_minor, has_minor in (
        ("available", sum(m.amount_minor for m in movements), wallet.available_minor),
        ("held", sum(m.held_minor for m in movements), wallet.held_minor),
    ):
        if sum_minor != has_minor:
            found.append(f"movements give {sum_minor} {name}, the wallet has {has_minor}")
    if wallet.last is not None and (not movements or movements[-1] != wallet.last):
        found.append(f"the wallet's last movement is not that of its items: {wallet.last}")
    return tuple(found)


def _sums(  # noqa: C901  one loop for each kind of item, side by side
    items: Items,
) -> dict[str, Sums]:
    sums: dict[str, Sums] = {}

    def of(currency: str) -> Sums:
        return sums.setdefault(currency, Sums())

    posted: set[str] = set()
    for posting in items.postings:
        of(posting.currency).house_minor += posting.staked_minor - posting.paid_minor
        if posting.correction_no is None:
            posted.add(posting.round_id)
    for wallet in items.wallets:
        of(wallet.currency).available_minor += wallet.available_minor
        of(wallet.currency).held_minor += wallet.held_minor
    for bet in items.bets:
        if bet.state is BetState.PLACED and bet.round_id not in posted:
            of(bet.currency).open_stakes_minor += bet.stake_minor
    for payment in items.payments:
        if payment.kind is PaymentKind.WITHDRAWAL:
            if payment.state in (PaymentState.PAID, PaymentState.REVERSED):
                of(payment.currency).withdrawals_minor += payment.amount_minor
        elif payment.closed_version is not None:
            of(payment.currency).deposits_minor += payment.amount_minor
    for adjustment in items.adjustments:
        if adjustment.kind is MovementKind.REVERSAL:
            of(adjustment.currency).deposits_minor += adjustment.amount_minor
    return sums
