"""The items of all tables. These models are the only schema; infra takes the names from here.

Single items are read and written through the models; several at once go through ``transact``,
with what the models serialise. A write replaces the whole item on the version that was read, so no
attribute is ever added to or counted up in place (a repeated ``ADD`` would count twice).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

from baccarat.domain.errors import IntegrityError
from baccarat.domain.tiers import tier_of

HASH_KEY = "pk"
RANGE_KEY = "sk"
TTL_ATTRIBUTE = "ttl"
OPEN_KEY = "PAYMENTS#OPEN"
"""Where open payments are listed; functions that end them may delete there alone."""


class _Meta:
    """Bound by ``bind`` in the composition root; nothing is read from the environment here."""

    table_name: ClassVar[str] = ""
    region: ClassVar[str] = ""
    connect_timeout_seconds: ClassVar[float] = 1
    read_timeout_seconds: ClassVar[float] = 3
    max_retry_attempts: ClassVar[int] = 3
    max_pool_connections: ClassVar[int] = 16


class _Item(Model):
    """Every item but the events has a string range key."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class TableItem(_Item):
    """floor: pk ``TABLES``, sk the table id."""

    class Meta(_Meta):
        pass

    config = JSONAttribute()
    status = UnicodeAttribute()
    version = NumberAttribute()
    epoch = NumberAttribute()
    lease_until_ms = NumberAttribute()
    round_no = NumberAttribute()
    round_end_epoch = NumberAttribute()
    round_end_seq = NumberAttribute()
    shoe_no = NumberAttribute()
    shoe = UnicodeAttribute(null=True)
    dealer_id = UnicodeAttribute(null=True)
    dealer_name = UnicodeAttribute(null=True)
    history = UnicodeAttribute()


class RoundItem(_Item):
    """floor: pk ``ROUND#`` and the round id, sk ``HEAD``."""

    class Meta(_Meta):
        pass

    table_id = UnicodeAttribute()
    round_no = NumberAttribute()
    state = UnicodeAttribute()
    version = NumberAttribute()
    epoch = NumberAttribute()
    writes = NumberAttribute()
    opened_epoch = NumberAttribute()
    starts_after_epoch = NumberAttribute()
    starts_after_seq = NumberAttribute()
    opened_at_ms = NumberAttribute()
    closes_at_ms = NumberAttribute()
    mode = UnicodeAttribute()
    dealer_id = UnicodeAttribute()
    currency = UnicodeAttribute()
    paytable = UnicodeAttribute()
    limits = UnicodeAttribute()
    caps = UnicodeAttribute()
    card_interval_ms = NumberAttribute()
    commitment = UnicodeAttribute(null=True)
    sealed_seed = BinaryAttribute(null=True, legacy_encoding=False)
    seed = BinaryAttribute(null=True, legacy_encoding=False)
    shoe = UnicodeAttribute()
    book_root = UnicodeAttribute(null=True)
    book_count = NumberAttribute()
    cards = UnicodeAttribute(null=True)
    openings = JSONAttribute(null=True)
    burned = UnicodeAttribute(null=True)
    taken_back = UnicodeAttribute(null=True)
    cut_card_out = BooleanAttribute()
    paused = UnicodeAttribute(null=True)
    pending = JSONAttribute(null=True)
    task_token = UnicodeAttribute(null=True)
    shown_at_ms = NumberAttribute()
    outcome = UnicodeAttribute(null=True)
    paid_minor = NumberAttribute()
    void_reason = UnicodeAttribute(null=True)


class TallyItem(_Item):
    """floor: pk ``ROUND#`` and the round id, sk ``TALLY``."""

    class Meta(_Meta):
        pass

    stakes = JSONAttribute()


class ShoeItem(_Item):
    """floor: pk ``SHOE#`` and the shoe id, sk ``SHOE``."""

    class Meta(_Meta):
        pass

    epoch = NumberAttribute()
    seq = NumberAttribute()
    closed_epoch = NumberAttribute(null=True)
    closed_seq = NumberAttribute(null=True)
    sealed_secret = BinaryAttribute(null=True, legacy_encoding=False)


class DeskItem(_Item):
    """floor: pk ``DESK#`` and the table id, sk ``DESK``."""

    class Meta(_Meta):
        pass

    dealer_id = UnicodeAttribute()
    heard_at_ms = NumberAttribute()


class CorrectionItem(_Item):
    """floor: pk ``CORRECTIONS#`` and the table id, sk the round id, ``#`` and the number."""

    class Meta(_Meta):
        pass

    state = UnicodeAttribute()
    cards = UnicodeAttribute(null=True)
    note = UnicodeAttribute()
    proposed_by = UnicodeAttribute()
    proposed_at_ms = NumberAttribute()
    decided_by = UnicodeAttribute(null=True)
    credited_minor = NumberAttribute()
    debited_minor = NumberAttribute()
    short_minor = NumberAttribute()


class EventItem(Model):
    """log: pk the table id, ``#`` and the epoch, sk the seq; ``event`` is the canonical JSON."""

    class Meta(_Meta):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = NumberAttribute(range_key=True)
    event = UnicodeAttribute()


class BetItem(_Item):
    """ledger: pk ``ROUND#`` and the round id, sk ``BET#``, player id, ``#``, bet id."""

    class Meta(_Meta):
        pass

    player_id = UnicodeAttribute()
    bet_id = UnicodeAttribute()
    table_id = UnicodeAttribute()
    round_no = NumberAttribute()
    spot = UnicodeAttribute()
    stake_minor = NumberAttribute()
    currency = UnicodeAttribute()
    paytable = UnicodeAttribute()
    state = UnicodeAttribute()
    placed_at_ms = NumberAttribute()
    placed_version = NumberAttribute()
    balance_after_minor = NumberAttribute()
    payout_minor = NumberAttribute()
    closed_at_ms = NumberAttribute(null=True)
    closed_version = NumberAttribute(null=True)
    reason = UnicodeAttribute(null=True)


class PostingItem(_Item):
    """ledger: pk ``HOUSE#`` and the table id, sk ``ROUND#`` and the round id, for a correction
    followed by ``#`` and its number.
    """

    class Meta(_Meta):
        pass

    currency = UnicodeAttribute()
    staked_minor = NumberAttribute()
    paid_minor = NumberAttribute()


class EntryItem(_Item):
    """journal: pk ``WALLET#``, player id, ``#``, currency; sk the version in twelve digits.

    ``entry`` is the canonical JSON of a journal entry with its hash.
    """

    class Meta(_Meta):
        pass

    entry = UnicodeAttribute()


class OpenPaymentItem(_Item):
    """journal: pk ``PAYMENTS#OPEN``, sk the payment id: it has not ended, as far as is known here.

    The truth is the payment's own item.
    """

    class Meta(_Meta):
        pass

    state = UnicodeAttribute()
    created_at_ms = NumberAttribute()


class WalletItem(_Item):
    """wallets of a tier: pk ``PLAYER#`` and the player id, sk ``WALLET#`` and the currency.

    ``last`` is the movement that led to this version: kind, added to available, added to held,
    when, reference.
    """

    class Meta(_Meta):
        pass

    currency = UnicodeAttribute()
    available_minor = NumberAttribute()
    held_minor = NumberAttribute()
    version = NumberAttribute()
    stopped = UnicodeAttribute(null=True)
    last = JSONAttribute(null=True)
    exposure = JSONAttribute()


class PaymentItem(_Item):
    """wallets of a tier: pk ``PLAYER#`` and the player id, sk ``PAYMENT#`` and the payment id."""

    class Meta(_Meta):
        pass

    currency = UnicodeAttribute()
    kind = UnicodeAttribute()
    method = UnicodeAttribute()
    amount_minor = NumberAttribute()
    state = UnicodeAttribute()
    version = NumberAttribute()
    created_at_ms = NumberAttribute()
    updated_at_ms = NumberAttribute()
    fingerprint = UnicodeAttribute()
    destination = UnicodeAttribute(null=True)
    provider_reference = UnicodeAttribute(null=True)
    opened_version = NumberAttribute(null=True)
    opened_at_ms = NumberAttribute(null=True)
    closed_version = NumberAttribute(null=True)
    closed_at_ms = NumberAttribute(null=True)
    approvals_needed = NumberAttribute()
    reasons = JSONAttribute()
    decisions = JSONAttribute()
    flags = JSONAttribute()
    task_token = UnicodeAttribute(null=True)


class AdjustmentItem(_Item):
    """wallets of a tier: pk ``PLAYER#`` and the player id, sk ``ADJUSTMENT#`` and its id."""

    class Meta(_Meta):
        pass

    kind = UnicodeAttribute()
    amount_minor = NumberAttribute()
    wanted_minor = NumberAttribute()
    currency = UnicodeAttribute()
    at_ms = NumberAttribute()
    wallet_version = NumberAttribute()


class StopItem(_Item):
    """wallets of a tier: pk ``PLAYER#`` and the player id, sk ``STOP#``, currency, ``#`` and the
    wallet's version in twelve digits.
    """

    class Meta(_Meta):
        pass

    kind = UnicodeAttribute()
    reason = UnicodeAttribute()
    by = UnicodeAttribute()
    at_ms = NumberAttribute()


class TicketItem(_Item):
    """sessions: pk ``TICKET#`` and the SHA-256 of the ticket, sk ``TICKET``."""

    class Meta(_Meta):
        pass

    player_id = UnicodeAttribute()
    role = UnicodeAttribute()
    origin = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    expires_at_ms = NumberAttribute()
    ttl = NumberAttribute()


class ConnectionItem(_Item):
    """sessions: who is behind a connection, and where it is listed.

    pk ``CONNECTION#`` id with sk ``CONNECTION`` (the connection) or ``TABLE#`` id (a table it
    watches); pk ``TABLE#`` id or ``PLAYER#`` id with sk ``CONNECTION#`` id for the way back.
    """

    class Meta(_Meta):
        pass

    player_id = UnicodeAttribute()
    role = UnicodeAttribute()
    ttl = NumberAttribute()


class SeatItem(_Item):
    """sessions: pk ``TABLE#`` id with sk ``SEAT#`` number (who sits there) and with sk ``SEATED#``
    player id (where he sits); both are always written together.
    """

    class Meta(_Meta):
        pass

    player_id = UnicodeAttribute()
    seat = NumberAttribute()
    since_ms = NumberAttribute()
    ttl = NumberAttribute()


class UsedItem(_Item):
    """video: pk what may be used once, sk ``USED``. Gone when it could not be used any more."""

    class Meta(_Meta):
        pass

    ttl = NumberAttribute()


FLOOR_MODELS: tuple[type[Model], ...] = (
    TableItem,
    RoundItem,
    ShoeItem,
    DeskItem,
    CorrectionItem,
    TallyItem,
)
LOG_MODELS: tuple[type[Model], ...] = (EventItem,)
LEDGER_MODELS: tuple[type[Model], ...] = (BetItem, PostingItem)
JOURNAL_MODELS: tuple[type[Model], ...] = (EntryItem, OpenPaymentItem)
SESSION_MODELS: tuple[type[Model], ...] = (TicketItem, ConnectionItem, SeatItem)
VIDEO_MODELS: tuple[type[Model], ...] = (UsedItem,)


def bind(models: tuple[type[Model], ...], table_name: str, region: str) -> None:
    """Point ``models`` at a table. Called once per process by the composition root."""
    for model in models:
        meta = model.Meta
        if (meta.table_name, meta.region) != (table_name, region):
            meta.table_name = table_name
            meta.region = region
            model._connection = None  # noqa: SLF001  drops a connection to an earlier binding


@dataclass(frozen=True, slots=True)
class WalletModels:
    """The items of the players of one tier."""

    wallet: type[WalletItem]
    payment: type[PaymentItem]
    adjustment: type[AdjustmentItem]
    stop: type[StopItem]


_wallets: dict[str, WalletModels] = {}


def bind_wallets(tables: str, region: str) -> None:
    """Point the wallets of each tier at its table; ``tables`` is ``tier=name`` with spaces between.

    Raises:
        ValueError: it is not of that form, or a tier comes twice.
    """
    found = dict(pair.split("=", 1) for pair in tables.split())
    if len(found) != len(tables.split()):
        raise ValueError(f"a tier comes twice in {tables!r}")
    _wallets.clear()
    for tier, table_name in found.items():
        _wallets[tier] = WalletModels(
            *(
                _bound(model, table_name, region)
                for model in (WalletItem, PaymentItem, AdjustmentItem, StopItem)
            )
        )


def _bound(model: type[Any], table_name: str, region: str) -> type[Any]:
    meta = type("Meta", (_Meta,), {"table_name": table_name, "region": region})
    return type(model.__name__, (model,), {"Meta": meta, "__doc__": model.__doc__})


def wallets_of(player_id: str) -> WalletModels:
    """Return the models of the tier that a player belongs to.

    Raises:
        IntegrityError: this deployment has no such tier.
    """
    tier = tier_of(player_id)
    if tier not in _wallets:
        raise IntegrityError(f"player {player_id} is of tier {tier}, which has no wallets here")
    return _wallets[tier]


def all_wallets() -> tuple[WalletModels, ...]:
    return tuple(_wallets.values())
