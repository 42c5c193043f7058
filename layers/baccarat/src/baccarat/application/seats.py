"""Sitting down and standing up, and leaving a table, which frees the seat.

A seat is freed when its player's last connection to the table is gone, however it went. Everybody
who watches the table is told at once.
"""

from __future__ import annotations

from baccarat.application.ports import Clock, Connection, Connections, Publisher, Seats
from baccarat.application.retry import on_contention
from baccarat.domain.canonical import Json, JsonObject
from baccarat.domain.errors import NotAtTable
from baccarat.domain.seats import Seat, nickname


def sit(
    connection: Connection,
    table_id: str,
    number: int,
    *,
    connections: Connections,
    seats: Seats,
    publisher: Publisher,
    clock: Clock,
) -> list[Seat]:
    """Take a seat at a table that the connection watches; return the table's taken seats.

    Sitting down where one sits already renews the seat.

    Raises:
        NotAtTable, SeatTaken, AlreadySeated, Contention: nothing was changed.
    """
    if table_id not in connections.watched(connection.connection_id):
        raise NotAtTable(f"join table {table_id} before you sit down there")
    on_contention(
        clock,
        lambda: seats.take(Seat(table_id, number, connection.player_id, clock.now_ms())),
    )
    return tell_seats(
        table_id,
        connections=connections,
        seats=seats,
        publisher=publisher,
        clock=clock,
        but=connection.connection_id,
    )


def stand(
    connection: Connection,
    table_id: str,
    *,
    connections: Connections,
    seats: Seats,
    publisher: Publisher,
    clock: Clock,
) -> list[Seat]:
    """Free the player's seat, if there is one; return the table's taken seats."""
    on_contention(clock, lambda: seats.free(table_id, connection.player_id, clock.now_ms()))
    return tell_seats(
        table_id,
        connections=connections,
        seats=seats,
        publisher=publisher,
        clock=clock,
        but=connection.connection_id,
    )


def leave_table(
    connection: Connection,
    table_id: str,
    *,
    connections: Connections,
    seats: Seats,
    publisher: Publisher,
    clock: Clock,
) -> None:
    """Stop watching a table."""
    connections.unsubscribe(table_id, connection.connection_id)
    _free_if_gone(
        table_id,
        connection.player_id,
        connections=connections,
        seats=seats,
        publisher=publisher,
        clock=clock,
    )


def disconnect(
    connection_id: str,
    *,
    connections: Connections,
    seats: Seats,
    publisher: Publisher,
    clock: Clock,
) -> None:
    """Forget a connection that is gone; one that is forgotten already is no error."""
    for table_id, player_id in connections.disconnect(connection_id):
        _free_if_gone(
            table_id,
            player_id,
            connections=connections,
            seats=seats,
            publisher=publisher,
            clock=clock,
        )


def tell_seats(
    table_id: str,
    *,
    connections: Connections,
    seats: Seats,
    publisher: Publisher,
    clock: Clock,
    but: str | None = None,
) -> list[Seat]:
    """Send the taken seats to all who watch the table, except ``but``; return them."""
    now_ms = clock.now_ms()
    taken = seats.taken(table_id, now_ms)
    seated = {seat.player_id for seat in taken}
    # One message for each player who sits, because it tells him which seat is his, and one for all
    # others.
    audiences: dict[str, list[str]] = {}
    for watcher in connections.watchers(table_id):
        if watcher.connection_id != but:
            player_id = watcher.player_id if watcher.player_id in seated else ""
            audiences.setdefault(player_id, []).append(watcher.connection_id)
    for player_id, connection_ids in audiences.items():
        message: JsonObject = {
            "type": "seats",
            "id": None,
            "tableId": table_id,
            "seats": seats_json(taken, player_id),
            "server_ms": now_ms,
        }
        # Connections that are gone are forgotten with the next event of the table.
        publisher.publish(connection_ids, message)
    return taken


def seats_json(taken: list[Seat], player_id: str) -> list[Json]:
    """Return seats as ``player_id`` may see them: others by nickname alone."""
    return [
        {
            "seat": seat.number,
            "nickname": nickname(seat.player_id),
            "since_ms": seat.since_ms,
            "you": seat.player_id == player_id,
        }
        for seat in taken
    ]


def _free_if_gone(
    table_id: str,
    player_id: str,
    *,
    connections: Connections,
    seats: Seats,
    publisher: Publisher,
    clock: Clock,
) -> None:
    if any(watcher.player_id == player_id for watcher in connections.watchers(table_id)):
        return
    freed = on_contention(clock, lambda: seats.free(table_id, player_id, clock.now_ms()))
    if freed:
        tell_seats(table_id, connections=connections, seats=seats, publisher=publisher, clock=clock)
