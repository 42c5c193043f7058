"""The items of the four tables. These models are the only schema; infra takes the names from here.

Single items are read and written through the models; several at once go through ``transact``,
with what the models serialise. A write replaces the whole item on the version that was read, so no
attribute is ever added to or counted up in place (a repeated ``ADD`` would count twice).
"""

from __future__ import annotations

from typing import ClassVar

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

HASH_KEY = "pk"
RANGE_KEY = "sk"
TTL_ATTRIBUTE = "ttl"


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


class WalletItem(_Item):
    """ledger: pk ``PLAYER#`` and the player id, sk ``WALLET``."""

    class Meta(_Meta):
        pass

    currency = UnicodeAttribute()
    available_minor = NumberAttribute()
    version = NumberAttribute()
    exposure = JSONAttribute()


class DepositItem(_Item):
    """ledger: pk ``PLAYER#`` and the player id, sk ``DEPOSIT#`` and the deposit id."""

    class Meta(_Meta):
        pass

    amount_minor = NumberAttribute()
    currency = UnicodeAttribute()
    at_ms = NumberAttribute()
    wallet_version = NumberAttribute()


class AdjustmentItem(_Item):
    """ledger: pk ``PLAYER#`` and the player id, sk ``ADJUSTMENT#`` and the correction id."""

    class Meta(_Meta):
        pass

    amount_minor = NumberAttribute()
    currency = UnicodeAttribute()
    at_ms = NumberAttribute()
    wallet_version = NumberAttribute()


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


FLOOR_MODELS: tuple[type[Model], ...] = (
    TableItem,
    RoundItem,
    ShoeItem,
    DeskItem,
    CorrectionItem,
    TallyItem,
)
LOG_MODELS: tuple[type[Model], ...] = (EventItem,)
LEDGER_MODELS: tuple[type[Model], ...] = (
    WalletItem,
    DepositItem,
    AdjustmentItem,
    BetItem,
    PostingItem,
)
SESSION_MODELS: tuple[type[Model], ...] = (TicketItem, ConnectionItem, SeatItem)


def bind(models: tuple[type[Model], ...], table_name: str, region: str) -> None:
    """Point ``models`` at a table. Called once per process by the composition root."""
    for model in models:
        meta = model.Meta
        if (meta.table_name, meta.region) != (table_name, region):
            meta.table_name = table_name
            meta.region = region
            model._connection = None  # noqa: SLF001  drops a connection to an earlier binding
