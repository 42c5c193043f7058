"""Is all money where it should be? Recomputed from the items themselves.

Money moves while they are read. So the house's postings are read first, then the wallets, then
everything else, each consistently: whatever a wallet's version stands on is then among the items,
and what is newer than that version is taken off again (``Items.as_of_wallets``). No movement under
way can look like a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Final, Protocol

from baccarat.application.ports import Clock, Journal, Ledger
from baccarat.application.retry import on_contention
from baccarat.domain import wallet as money
from baccarat.domain.errors import IntegrityError, NotStopped, WalletNotFound
from baccarat.domain.journal import entries_of, movements_of
from baccarat.domain.movement import MovementKind
from baccarat.domain.payment import Payment, PaymentKind, PaymentState
from baccarat.domain.tiers import TIERS, tier_of
from baccarat.domain.wallet import Adjustment, Bet, BetState, HousePosting, Stop, Wallet

BOOKS_DIFFER: Final = "BOOKS_DIFFER"
"""Why a wallet was stopped: its items, its balance and its journal do not agree."""

RECONCILER: Final = "reconciler"
"""Who stopped it."""

_SETTLING_MS: Final = 5 * 60_000
"""A round that pays its winners, or a correction that is applied, is posted within this time."""

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

    def items_of(self, player_id: str, currency: str) -> Items:
        """Return one wallet, read first, and its items."""


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
        """Read everything, in the order that makes it comparable."""
        postings, wallets = scan.postings(), scan.wallets()
        return cls(
            wallets, scan.all_bets(), scan.payments(), scan.adjustments(), scan.stops(), postings
        )

    def as_of_wallets(self) -> Items:
        """Return the items as they were when each wallet was at the version that was read.

        Items of a wallet that is not there stay as they are.
        """
        version = {(wallet.player_id, wallet.currency): wallet.version for wallet in self.wallets}

        def seen(item: _Owned, at: int | None) -> bool:
            newest = version.get((item.player_id, item.currency))
            return at is not None and (newest is None or at <= newest)

        return replace(
            self,
            bets=[
                bet
                if bet.closed_version is None or seen(bet, bet.closed_version)
                else replace(
                    bet,
                    state=BetState.PLACED,
                    payout_minor=0,
                    closed_at_ms=None,
                    closed_version=None,
                )
                for bet in self.bets
                if seen(bet, bet.placed_version)
            ],
            payments=[
                payment
                if payment.closed_version is None or seen(payment, payment.closed_version)
                else replace(
                    payment,
                    state=PaymentState.SENT
                    if payment.kind is PaymentKind.WITHDRAWAL
                    else PaymentState.PENDING,
                    closed_version=None,
                    closed_at_ms=None,
                )
                for payment in self.payments
                if payment.opened_version is None or seen(payment, payment.opened_version)
            ],
            adjustments=[a for a in self.adjustments if seen(a, a.wallet_version)],
            stops=[s for s in self.stops if seen(s, s.wallet_version)],
        )

    def by_wallet(self) -> dict[WalletKey, Items]:
        """Return each wallet with the items that moved it; without a wallet where none is there."""
        keys: dict[WalletKey, _Grouped] = {}

        def of(item: _Owned) -> _Grouped:
            return keys.setdefault((item.player_id, item.currency), _Grouped())

        for wallet in self.wallets:
            of(wallet).wallets.append(wallet)
        for bet in self.bets:
            of(bet).bets.append(bet)
        for payment in self.payments:
            if payment.opened_version or payment.closed_version:
                of(payment).payments.append(payment)
        for adjustment in self.adjustments:
            of(adjustment).adjustments.append(adjustment)
        for stop in self.stops:
            of(stop).stops.append(stop)
        return {
            key: Items(g.wallets, g.bets, g.payments, g.adjustments, g.stops)
            for key, g in sorted(keys.items())
        }


class _Owned(Protocol):
    @property
    def player_id(self) -> str: ...

    @property
    def currency(self) -> str: ...


@dataclass(slots=True)
class _Grouped:
    wallets: list[Wallet] = field(default_factory=list)
    bets: list[Bet] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)


@dataclass(slots=True)
class Sums:
    """Minor units of one currency: what players, open rounds (less what they have paid already),
    held withdrawals and the house have, and what came in from outside and went out.
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
    stopped: tuple[WalletKey, ...] = ()
    """Wallets that this reconciliation stopped."""

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


def double_check(
    *, scan: LedgerScan, journal: Journal, ledger: Ledger, clock: Clock, stops: bool = True
) -> Balances:
    """Recompute all balances from the items and compare them with wallets and journal.

    A wallet that differs is read once more by itself, and is stopped if it still differs; nothing
    else is stopped, and nothing that lies on a table is touched. With ``stops`` False it is only
    reported.
    """
    found = reconcile(Items.scanned(scan), journal)
    wrong: dict[WalletKey, tuple[str, ...]] = {}
    stopped: list[WalletKey] = []
    for key in found.wrong_wallets:

        def judge(key: WalletKey = key) -> tuple[tuple[str, ...], bool]:
            items = scan.items_of(*key)
            findings = wallet_findings(items, journal)
            wallet = next(iter(items.wallets), None)
            if not findings or wallet is None or wallet.stopped is not None or not stops:
                return findings, False
            # On the version that was judged: a wallet that moved meanwhile is judged anew.
            after, stop = money.stop(wallet, BOOKS_DIFFER, RECONCILER, clock.now_ms())
            ledger.stop(wallet, after, stop)
            return findings, True

        findings, was_stopped = on_contention(clock, judge)
        if findings:
            wrong[key] = findings
        if was_stopped:
            stopped.append(key)
    return replace(found, wrong_wallets=wrong, stopped=tuple(stopped))


def resume(
    player_id: str,
    currency: str,
    stop_version: int,
    reason: str,
    by: str,
    *,
    ledger: Ledger,
    clock: Clock,
) -> Wallet:
    """Let a stopped wallet work again. ``stop_version`` is the version of the stop that was looked
    at; the same request again changes nothing.

    Raises:
        WalletNotFound: there is no such wallet.
        NotStopped: the newest stop is another one; ``details`` name it.
    """

    def attempt() -> Wallet:
        wallet = ledger.wallet(player_id, currency) if tier_of(player_id) in TIERS else None
        if wallet is None:
            raise WalletNotFound(f"there is no wallet {player_id} {currency}")
        stops = [stop for stop in ledger.stops_of(player_id) if stop.currency == currency]
        halts = [stop for stop in stops if stop.kind is MovementKind.STOP]
        newest = max((stop.wallet_version for stop in halts), default=None)
        if newest != stop_version:
            raise NotStopped(
                f"the newest stop of this wallet is version {newest}, not {stop_version}",
                stop_version=newest,
            )
        if wallet.stopped is None:
            return wallet
        after, record = money.resume(wallet, reason, by, clock.now_ms())
        ledger.stop(wallet, after, record)
        return after

    return on_contention(clock, attempt)


def reconcile(items: Items, journal: Journal | None = None) -> Balances:
    """Check that money is conserved and every wallet replays to its balance, and to what its
    journal says if that is given.

    Invariant, for each currency: available + open stakes + held withdrawals + house = deposits −
    withdrawals; wallet versions are dense; a bet is open while it is PLACED and its round has no
    house posting.
    """
    items = items.as_of_wallets()
    wrong = {}
    for key, own in items.by_wallet().items():
        findings = wallet_findings(own, journal)
        if findings:
            wrong[key] = findings
    sums = _sums(items)
    lost = [
        f"{currency}: available {found.available_minor} + open stakes {found.open_stakes_minor} "
        f"+ held {found.held_minor} + house {found.house_minor} is not deposits "
        f"{found.deposits_minor} - withdrawals {found.withdrawals_minor}"
        for currency, found in sorted(sums.items())
        if found.balance_minor != 0
    ]
    return Balances(sums, wrong, (*lost, *_unposted(items)))


def wallet_findings(own: Items, journal: Journal | None = None) -> tuple[str, ...]:
    """Return what is wrong with one wallet, in words. ``own`` are its items and no others; the
    journal may be behind.
    """
    own = own.as_of_wallets()
    try:
        movements = movements_of(own.bets, own.payments, own.adjustments, own.stops)
    except IntegrityError as error:
        return (error.message,)
    if not own.wallets:
        return ("movements without a wallet",) if movements else ()
    [wallet] = own.wallets
    versions = [move.version for move in movements]
    if versions != list(range(1, wallet.version + 1)):
        return (f"movements do not cover versions 1 to {wallet.version}", *_differ(own, wallet))
    found = list(_differ(own, wallet))
    balances = [0, *accumulate(move.amount_minor for move in movements)]
    found += [
        f"bet {bet.bet_id} says {bet.balance_after_minor} was left, movements give "
        f"{balances[bet.placed_version]}"
        for bet in own.bets
        if bet.balance_after_minor != balances[bet.placed_version]
    ]
    if wallet.last is not None and (not movements or movements[-1] != wallet.last):
        found.append(f"the wallet's last movement is not that of its items: {wallet.last}")
    newest = max(own.stops, key=lambda stop: stop.wallet_version, default=None)
    expected = newest.reason if newest and newest.kind is MovementKind.STOP else None
    if wallet.stopped != expected:
        found.append(f"stops give {expected}, the wallet has {wallet.stopped}")
    derived = entries_of(wallet.player_id, wallet.currency, movements)
    try:
        entries = journal.entries(wallet.player_id, wallet.currency) if journal else []
    except IntegrityError as error:
        return (*found, error.message)
    found += [
        f"the journal's version {entry.movement.version} is not what the items give"
        for entry in entries
        if entry.movement.version <= wallet.version and entry != derived[entry.movement.version - 1]
    ]
    return tuple(found)


def _differ(own: Items, wallet: Wallet) -> Iterable[str]:
    movements = movements_of(own.bets, own.payments, own.adjustments, own.stops)
    for name, sum_minor, has_minor in (
        ("available", sum(m.amount_minor for m in movements), wallet.available_minor),
        ("held", sum(m.held_minor for m in movements), wallet.held_minor),
    ):
        if sum_minor != has_minor:
            yield f"movements give {sum_minor} {name}, the wallet has {has_minor}"


def _unposted(items: Items) -> list[str]:
    """Return the rounds and corrections that moved wallets and were never posted to the house."""
    posted = {_posting_key(posting) for posting in items.postings}
    at_ms: dict[str, int] = {}
    for bet in items.bets:
        if bet.state is BetState.PAID and bet.closed_at_ms is not None:
            at_ms[bet.round_id] = max(at_ms.get(bet.round_id, 0), bet.closed_at_ms)
    for adjustment in items.adjustments:
        if adjustment.kind is MovementKind.CORRECTION:
            id_ = adjustment.adjustment_id
            at_ms[id_] = max(at_ms.get(id_, 0), adjustment.at_ms)
    newest_ms = max((w.last.at_ms for w in items.wallets if w.last), default=0)
    return [
        f"{id_} moved money and has no posting of the house"
        for id_, moved_ms in sorted(at_ms.items())
        if id_ not in posted and moved_ms + _SETTLING_MS < newest_ms
    ]


def _posting_key(posting: HousePosting) -> str:
    """Return the round's or the correction's id."""
    no = posting.correction_no
    return posting.round_id if no is None else f"{posting.round_id}.c{no}"


def _sums(  # noqa: C901  one loop for each kind of item, side by side
    items: Items,
) -> dict[str, Sums]:
    sums: dict[str, Sums] = {}

    def of(currency: str) -> Sums:
        return sums.setdefault(currency, Sums())

    posted = {_posting_key(posting) for posting in items.postings}
    for posting in items.postings:
        of(posting.currency).house_minor += posting.staked_minor - posting.paid_minor
    for wallet in items.wallets:
        of(wallet.currency).available_minor += wallet.available_minor
        of(wallet.currency).held_minor += wallet.held_minor
    for bet in items.bets:
        if bet.state in (BetState.PLACED, BetState.PAID) and bet.round_id not in posted:
            of(bet.currency).open_stakes_minor += bet.stake_minor - bet.payout_minor
    for payment in items.payments:
        if payment.kind is PaymentKind.WITHDRAWAL:
            if payment.state in (PaymentState.PAID, PaymentState.REVERSED):
                of(payment.currency).withdrawals_minor += payment.amount_minor
        elif payment.closed_version is not None:
            of(payment.currency).deposits_minor += payment.amount_minor
    for adjustment in items.adjustments:
        if adjustment.kind is MovementKind.REVERSAL:
            of(adjustment.currency).deposits_minor += adjustment.amount_minor
        elif adjustment.adjustment_id not in posted:
            of(adjustment.currency).house_minor -= adjustment.amount_minor
    return sums
