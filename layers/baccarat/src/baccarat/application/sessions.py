"""Sessions: one-time tickets, connections, joining a table with nothing missed."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from baccarat.application.drive_round import load_table
from baccarat.application.ports import (
    Clock,
    Connection,
    Connections,
    Entropy,
    Floor,
    Ledger,
    Seats,
    Ticket,
)
from baccarat.domain.errors import Forbidden, TooManyTablesWatched
from baccarat.domain.log import SignedEvent
from baccarat.domain.roles import BETTORS
from baccarat.domain.round import Round
from baccarat.domain.seats import Seat
from baccarat.domain.table import Table
from baccarat.domain.wallet import Bet, BetState, Wallet

TICKET_BYTES: Final = 32
TICKET_LIFE_MS: Final = 30_000
MAX_MISSED_EVENTS: Final = 60
"""More than this and a client gets a snapshot: 60 events of about 1 KB fit a 128 KB message."""
MAX_TABLES_WATCHED: Final = 8
"""By one connection: every event of a table is sent to each of them."""


def ticket_hash(ticket: str) -> str:
    """Return the form in which a ticket is stored: its SHA-256 in hex."""
    return hashlib.sha256(ticket.encode()).hexdigest()


def issue_ticket(
    player_id: str,
    role: str,
    origin: str,
    name: str,
    *,
    connections: Connections,
    entropy: Entropy,
    clock: Clock,
) -> tuple[str, int]:
    """Return a new one-time ticket and when it expires; only its hash is stored.

    ``name`` is how players may know the bearer; it may be empty.
    """
    ticket = base64.urlsafe_b64encode(entropy.token_bytes(TICKET_BYTES)).rstrip(b"=").decode()
    expires_at_ms = clock.now_ms() + TICKET_LIFE_MS
    connections.put_ticket(
        ticket_hash(ticket), Ticket(player_id, role, origin, expires_at_ms, name)
    )
    return ticket, expires_at_ms


def redeem_ticket(ticket: str, origin: str, *, connections: Connections, clock: Clock) -> Ticket:
    """Take a ticket out of the store and return what it allows.

    Raises:
        Forbidden: unknown, used, expired, or issued to a page of another origin.
    """
    found = connections.take_ticket(ticket_hash(ticket))
    if found is None or found.expires_at_ms <= clock.now_ms() or found.origin != origin:
        raise Forbidden("the ticket is unknown, used, expired or of another origin; get a new one")
    return found


@dataclass(frozen=True, slots=True)
class Joined:
    """What a client needs to stand where the table stands.

    With ``complete`` the events follow the client's own position without a gap; without, they are
    those of the newest round and replace what the client knew.
    """

    table: Table
    round: Round | None
    events: list[SignedEvent]
    complete: bool
    wallet: Wallet | None
    bets: list[Bet]
    seats: list[Seat]


def join_table(
    connection: Connection,
    table_id: str,
    last_seen: tuple[int, int] | None,
    *,
    floor: Floor,
    ledger: Ledger,
    connections: Connections,
    seats: Seats,
    clock: Clock,
) -> Joined:
    """Subscribe the connection to the table and return what it missed.

    ``last_seen`` is the ``(epoch, seq)`` of the newest event that the client has.

    Raises:
        TableNotFound, TooManyTablesWatched: nothing was subscribed.
    """
    load_table(floor, table_id)
    watched = connections.watched(connection.connection_id)
    if table_id not in watched and len(watched) >= MAX_TABLES_WATCHED:
        raise TooManyTablesWatched(
            f"one connection watches at most {MAX_TABLES_WATCHED} tables; leave one first",
            max_tables=MAX_TABLES_WATCHED,
        )
    # Subscribe first: an event that lands while we read is then sent as well, and dropped as a
    # repeat by its seq, instead of falling between the read and the subscription.
    connections.subscribe(table_id, connection, clock.now_ms())
    table = load_table(floor, table_id)
    record = floor.round(table.current_round_id) if table.current_round_id else None
    events: list[SignedEvent] = []
    complete = False
    if last_seen is not None and last_seen[0] <= table.epoch:
        events = floor.events(
            table_id, after=last_seen, until_epoch=table.epoch, limit=MAX_MISSED_EVENTS + 1
        )
        complete = len(events) <= MAX_MISSED_EVENTS
    if not complete:
        events = (
            floor.events(
                table_id,
                after=record.starts_after,
                until_epoch=table.epoch,
                limit=MAX_MISSED_EVENTS,
            )
            if record
            else []
        )
    is_player = connection.role in BETTORS
    return Joined(
        table=table,
        round=record.round if record else None,
        events=events,
        complete=complete,
        wallet=(ledger.wallet(connection.player_id, table.config.currency) if is_player else None),
        bets=[
            bet
            for bet in ledger.bets_of(record.round.round_id, connection.player_id)
            if bet.state is not BetState.CANCELLED
        ]
        if is_player and record
        else [],
        seats=seats.taken(table_id, clock.now_ms()),
    )
