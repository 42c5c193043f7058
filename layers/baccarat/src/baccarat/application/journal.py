"""The journal: what the projector writes, how it is made anew, and what is read from it.

An entry is made of the movement that a wallet's stream tells and of the entry before it. Whatever
the stream repeats or leaves out, the durable items say the same movements, so that a journal that
was thrown away comes back byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from baccarat.application.ports import Journal
from baccarat.application.reconcile import Items, LedgerScan, WalletKey
from baccarat.domain.errors import IntegrityError, NotFound
from baccarat.domain.journal import (
    Entry,
    check_chain,
    entries_of,
    follow,
    movements_of,
    trial_balance,
)
from baccarat.domain.wallet import Wallet

MAX_PAGE: Final = 100
MAX_EXPORT: Final = 5_000
"""Entries in one file, about 2 MB: what a function may answer at once is 6 MB."""

_ACCOUNTS_OF_MANY: Final = frozenset({"PLAYER", "HELD", "STAKES"})
"""There is one of each player, or of each round."""

_CLOCKS_DIFFER_MS: Final = 10_000
"""By at most this much an entry is dated before one with a lower version."""


def project(wallet: Wallet, *, journal: Journal, scan: LedgerScan) -> int:
    """Write the entry of a wallet's newest movement, and those before it that are missing; return
    how many were written. The same wallet again writes nothing.

    Raises:
        IntegrityError: the journal or the items say something else of this version.
    """
    if wallet.version == 0:
        return 0
    before: Entry | None = None
    if wallet.version > 1:
        before = journal.entry(wallet.player_id, wallet.currency, wallet.version - 1)
    if wallet.last is None or (wallet.version > 1 and before is None):
        return _repair(wallet, journal=journal, scan=scan)
    return _append(follow(before, wallet.player_id, wallet.currency, wallet.last), journal)


def _append(entry: Entry, journal: Journal) -> int:
    if journal.append(entry):
        return 1
    version = entry.movement.version
    if journal.entry(entry.player_id, entry.currency, version) != entry:
        raise IntegrityError(
            f"the journal has another version {version} of {entry.player_id} {entry.currency}"
        )
    return 0


def _repair(wallet: Wallet, *, journal: Journal, scan: LedgerScan) -> int:
    """Fill the gap before a movement from the items."""
    derived = _derived(scan.items_of(wallet.player_id, wallet.currency))[: wallet.version]
    movement = derived[-1].movement if len(derived) == wallet.version else None
    if movement is None or wallet.last not in (None, movement):
        raise IntegrityError(
            f"the items do not give version {wallet.version} of {wallet.player_id} "
            f"{wallet.currency}"
        )
    return sum(_append(entry, journal) for entry in derived)


def _derived(own: Items) -> list[Entry]:
    [wallet] = own.wallets
    movements = movements_of(own.bets, own.payments, own.adjustments, own.stops)
    return entries_of(wallet.player_id, wallet.currency, movements)


def rebuild(player_id: str, currency: str, *, journal: Journal, scan: LedgerScan) -> list[Entry]:
    """Throw the journal of a wallet away and make it anew from the items.

    Raises:
        NotFound: there is no such wallet.
        IntegrityError: the items do not give every version; the journal stays as it is.
    """
    # Listed before the items are read: what the projector adds meanwhile is not taken for waste.
    written = journal.versions(player_id, currency)
    own = scan.items_of(player_id, currency)
    if not own.wallets:
        raise NotFound(f"there is no wallet {player_id} {currency}")
    return _rewrite(own.as_of_wallets(), written, journal)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many entries were written for how many wallets, and which journals stay as they are
    because their items do not give every version, with the reason.
    """

    wallets: int
    entries: int
    failed: Mapping[WalletKey, str]


def rebuild_all(*, journal: Journal, scan: LedgerScan) -> Rebuilt:
    """Throw the journals of all wallets away and make them anew, from one scan of the items."""
    # Listed first, as above.
    written = {
        (wallet.player_id, wallet.currency): journal.versions(wallet.player_id, wallet.currency)
        for wallet in scan.wallets()
    }
    wallets, entries, failed = 0, 0, {}
    for key, own in Items.scanned(scan).as_of_wallets().by_wallet().items():
        if not own.wallets:
            failed[key] = "movements without a wallet"
            continue
        try:
            entries += len(_rewrite(own, written.get(key, set()), journal))
        except IntegrityError as error:
            failed[key] = error.message
        else:
            wallets += 1
    return Rebuilt(wallets, entries, failed)


def _rewrite(own: Items, written: AbstractSet[int], journal: Journal) -> list[Entry]:
    """Write the entries that ``own``, the items of one wallet, give; take what else is ``written``
    away.
    """
    [wallet] = own.wallets
    player_id, currency = wallet.player_id, wallet.currency
    entries = _derived(own)
    if len(entries) != wallet.version:
        raise IntegrityError(f"the items do not give every version of {player_id} {currency}")
    journal.replace(entries)
    for version in written - {entry.movement.version for entry in entries}:
        journal.remove(player_id, currency, version)
    return entries


def sum_accounts(*, journal: Journal, scan: LedgerScan) -> dict[str, dict[str, int]]:
    """Return the trial balance of the journal by currency: players, held withdrawals and stakes
    each in one sum, the house by table, outside money by method.

    Raises:
        IntegrityError: an entry names a payment that is not there.
    """
    # What a wallet's version stands on is there when the wallet is; what is newer is left out.
    postings, wallets = scan.postings(), scan.wallets()
    methods = {payment.payment_id: payment.method for payment in scan.payments()}
    entries = (
        entry
        for wallet in wallets
        for entry in journal.entries(wallet.player_id, wallet.currency)
        if entry.movement.version <= wallet.version
    )
    sums: dict[str, dict[str, int]] = {}
    for currency, accounts in trial_balance(entries, methods, postings).items():
        grouped = sums.setdefault(currency, {})
        for account, amount_minor in accounts.items():
            kind = account.partition("#")[0]
            name = kind if kind in _ACCOUNTS_OF_MANY else account
            grouped[name] = grouped.get(name, 0) + amount_minor
    return sums


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first; ``before`` asks for those that are older, None when there are none."""

    entries: Sequence[Entry]
    before: int | None


def history(
    player_id: str, currency: str, *, before: int | None, limit: int, journal: Journal
) -> Page:
    """Return a page of a wallet's history."""
    found = journal.entries_before(player_id, currency, before=before, limit=limit)
    oldest = found[-1].movement.version if found else 1
    return Page(found, oldest if oldest > 1 else None)


def entry_at_version(
    player_id: str, currency: str, version: int, *, journal: Journal
) -> Entry | None:
    """Return the entry after which a wallet was at ``version``; None before the first."""
    return journal.entry(player_id, currency, version) if version > 0 else None


def entry_at(player_id: str, currency: str, at_ms: int, *, journal: Journal) -> Entry | None:
    """Return the newest entry that is dated ``at_ms`` or before; None when there is none.

    The clocks of those who write differ a little, so dates are not quite in the order of versions:
    halving finds the last version that can be meant, and from there it goes back.
    """
    last = journal.last(player_id, currency)
    if last is None:
        return None
    low, high = 0, last.movement.version
    while low < high:
        middle = (low + high + 1) // 2
        if _known(player_id, currency, middle, journal).movement.at_ms > at_ms + _CLOCKS_DIFFER_MS:
            high = middle - 1
        else:
            low = middle
    while low > 0:
        entry = _known(player_id, currency, low, journal)
        if entry.movement.at_ms <= at_ms:
            return entry
        low -= 1
    return None


def _known(player_id: str, currency: str, version: int, journal: Journal) -> Entry:
    entry = journal.entry(player_id, currency, version)
    if entry is None:
        raise IntegrityError(f"the journal of {player_id} {currency} lacks version {version}")
    return entry


def verify(player_id: str, currency: str, *, journal: Journal) -> Entry | None:
    """Check a wallet's whole chain and return its newest entry.

    Raises:
        IntegrityError: naming the first version where it does not hold.
    """
    entries = journal.entries(player_id, currency)
    if entries and entries[0].movement.version != 1:
        raise IntegrityError(f"the journal of {player_id} {currency} does not begin with version 1")
    check_chain(entries)
    return entries[-1] if entries else None
